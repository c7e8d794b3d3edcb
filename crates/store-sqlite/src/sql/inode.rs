//! Inode rows in and out of SQL.

use rusqlite::types::Null;
use rusqlite::{Connection, OptionalExtension, Row, Statement, params};
use tarbox_store::{FileKind, Ino, LayerId, Result, Seq, Timestamp};

use super::error::{damaged, engine};
use crate::rows::{Content, Inode, Key};

/// The columns of a version, in the order that [`decode`] and [`put`] use.
pub(crate) const COLUMNS: &str = "born, kind, mode, uid, gid, nlink, size, stored, rdev, atime, mtime, ctime, btime, parent, cookie, xattrs, version, data, sum";

/// The head's version; its inline content stays where it is.
pub(crate) fn get(c: &Connection, key: Key) -> Result<Option<Inode>> {
    let mut statement = c
        .prepare_cached(
            "SELECT born, kind, mode, uid, gid, nlink, size, stored, rdev, atime, mtime, ctime, btime, parent, cookie, xattrs, \
             version, data IS NULL FROM inode WHERE key = ?1",
        )
        .map_err(engine)?;
    let row = statement
        .query_row([key.sql()], |row| {
            let content = if row.get(17)? {
                Content::Chunked
            } else {
                Content::Stored
            };
            Ok(attributes(row, 0, content))
        })
        .optional()
        .map_err(engine)?;
    row.transpose()
}

/// The head's version with its inline content.
pub(crate) fn get_full(c: &Connection, key: Key) -> Result<Option<Inode>> {
    let mut statement = c
        .prepare_cached(
            "SELECT born, kind, mode, uid, gid, nlink, size, stored, rdev, atime, mtime, ctime, btime, parent, cookie, xattrs, \
             version, data, sum FROM inode WHERE key = ?1",
        )
        .map_err(engine)?;
    let row = statement
        .query_row([key.sql()], |row| Ok(decode(row, key, 0)))
        .optional()
        .map_err(engine)?;
    row.transpose()
}

/// The inline content of the head's version, checked.
pub(crate) fn data(c: &Connection, key: Key) -> Result<Vec<u8>> {
    let row = c
        .prepare_cached("SELECT data, sum, size, kind FROM inode WHERE key = ?1")
        .map_err(engine)?
        .query_row([key.sql()], |row| {
            Ok((
                row.get::<_, Option<Vec<u8>>>(0)?,
                row.get::<_, Option<i64>>(1)?,
                row.get::<_, i64>(2)?,
                row.get::<_, i64>(3)? == FileKind::Directory as i64,
            ))
        })
        .optional()
        .map_err(engine)?;
    match row {
        Some((Some(data), Some(sum), size, is_dir))
            if sum == checksum(key, &data) && (data.len() as i64 == size || is_dir) =>
        {
            Ok(data)
        }
        _ => Err(damaged(format!(
            "the data of inode {} does not match its checksum",
            key.ino()
        ))),
    }
}

/// The version that was valid at the end of a layer.
pub(crate) fn get_at(c: &Connection, key: Key, layer: LayerId) -> Result<Option<Inode>> {
    let mut statement = c
        .prepare_cached(
            "SELECT born, kind, mode, uid, gid, nlink, size, stored, rdev, atime, mtime, ctime, btime, parent, cookie, xattrs, \
             version, data, sum FROM inode_past WHERE key = ?1 AND died > ?2 ORDER BY died LIMIT 1",
        )
        .map_err(engine)?;
    let past = statement
        .query_row(params![key.sql(), layer.0 as i64], |row| Ok(decode(row, key, 0)))
        .optional()
        .map_err(engine)?
        .transpose()?;
    match past {
        Some(row) if row.born <= layer => Ok(Some(row)),
        _ => Ok(get_full(c, key)?.filter(|row| row.born <= layer)),
    }
}

/// Decodes a version from the columns that begin at `at`.
pub(crate) fn decode(row: &Row<'_>, key: Key, at: usize) -> Result<Inode> {
    let data = row.get_ref(at + 17).map_err(engine)?;
    let content = match data
        .as_blob_or_null()
        .map_err(|_| damaged("an inode's data is no blob"))?
    {
        None => Content::Chunked,
        Some(bytes) => {
            if row.get::<_, i64>(at + 18).map_err(engine)? != checksum(key, bytes) {
                return Err(damaged("the data of a small file does not match its checksum"));
            }
            Content::Inline(bytes.to_vec())
        }
    };
    attributes(row, at, content)
}

/// Decodes the columns before the content.
fn attributes(row: &Row<'_>, at: usize, content: Content) -> Result<Inode> {
    let number = |i: usize| row.get::<_, i64>(at + i).map_err(engine);
    let kind = u8::try_from(number(1)?).ok().and_then(FileKind::from_number);
    let kind = kind.ok_or_else(|| damaged("an inode is of no known kind"))?;
    let (size, stored) = (number(6)?, number(7)?);
    let fits = match &content {
        Content::Inline(data) => kind == FileKind::Directory || data.len() as i64 == size,
        Content::Stored | Content::Chunked => true,
    };
    if size < 0 || stored < 0 || !fits {
        return Err(damaged("an inode's size does not fit its content"));
    }
    let born = LayerId(number(0)? as u64);
    // Rows of format 1 have none.
    let version: Option<i64> = row.get(at + 16).map_err(engine)?;
    Ok(Inode {
        born,
        version: version.map_or(Inode::unversioned(born), |version| Seq(version as u64)),
        kind,
        mode: number(2)? as u32,
        uid: number(3)? as u32,
        gid: number(4)? as u32,
        nlink: number(5)? as u32,
        size: size as u64,
        stored: stored as u64,
        rdev: number(8)? as u64,
        atime: Timestamp(number(9)?),
        mtime: Timestamp(number(10)?),
        ctime: Timestamp(number(11)?),
        btime: Timestamp(number(12)?),
        parent: Ino(number(13)? as u64),
        cookie: number(14)? as u64,
        xattrs: number(15)? as u32,
        content,
    })
}

/// The first eight bytes of the BLAKE3 hash of an inode's key and data: it tells damaged data, and that of another file.
/// Empty data needs none.
pub(crate) fn checksum(key: Key, data: &[u8]) -> i64 {
    if data.is_empty() {
        return 0;
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(&key.0.to_le_bytes());
    let hash = hasher.update(data).finalize();
    let (first, _) = hash.as_bytes().split_at(8);
    i64::from_le_bytes(first.try_into().unwrap_or_default())
}

/// Writes the head's version. Content that is [`Stored`](Content::Stored) stays as it is.
pub(crate) fn put(c: &Connection, key: Key, n: &Inode) -> Result<()> {
    if n.content == Content::Stored {
        return update(c, key, n);
    }
    let mut statement = c
        .prepare_cached(
            "INSERT OR REPLACE INTO inode(born, kind, mode, uid, gid, nlink, size, stored, rdev, atime, mtime, ctime, btime, \
             parent, cookie, xattrs, version, key, data, sum) \
             VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20)",
        )
        .map_err(engine)?;
    bind(&mut statement, key, n)?;
    statement.raw_execute().map_err(engine)?;
    Ok(())
}

/// Binds all of a version: 17 attributes, the key, the content and its checksum.
pub(super) fn bind(statement: &mut Statement<'_>, key: Key, n: &Inode) -> Result<()> {
    bind_attributes(statement, key, n).map_err(engine)?;
    if let Content::Inline(data) = &n.content {
        statement
            .raw_bind_parameter(19, data.as_slice())
            .map_err(engine)?;
        statement
            .raw_bind_parameter(20, checksum(key, data))
            .map_err(engine)
    } else {
        statement.raw_bind_parameter(19, Null).map_err(engine)?;
        statement.raw_bind_parameter(20, Null).map_err(engine)
    }
}

/// Writes all of the head's version but its content.
fn update(c: &Connection, key: Key, n: &Inode) -> Result<()> {
    let mut statement = c
        .prepare_cached(
            "UPDATE inode SET born = ?1, kind = ?2, mode = ?3, uid = ?4, gid = ?5, nlink = ?6, size = ?7, stored = ?8, \
             rdev = ?9, atime = ?10, mtime = ?11, ctime = ?12, btime = ?13, parent = ?14, cookie = ?15, xattrs = ?16, \
             version = ?17 WHERE key = ?18",
        )
        .map_err(engine)?;
    bind_attributes(&mut statement, key, n).map_err(engine)?;
    statement.raw_execute().map_err(engine)?;
    Ok(())
}

fn bind_attributes(statement: &mut Statement<'_>, key: Key, n: &Inode) -> rusqlite::Result<()> {
    let numbers = [
        n.born.0 as i64,
        i64::from(n.kind as u8),
        i64::from(n.mode),
        i64::from(n.uid),
        i64::from(n.gid),
        i64::from(n.nlink),
        n.size as i64,
        n.stored as i64,
        n.rdev as i64,
        n.atime.0,
        n.mtime.0,
        n.ctime.0,
        n.btime.0,
        n.parent.0 as i64,
        n.cookie as i64,
        i64::from(n.xattrs),
        n.version.0 as i64,
        key.sql(),
    ];
    for (i, number) in numbers.into_iter().enumerate() {
        statement.raw_bind_parameter(i + 1, number)?;
    }
    Ok(())
}

/// Copies the head's version to the past: it ends with the layer before `died`.
pub(crate) fn preserve(c: &Connection, key: Key, died: LayerId) -> Result<()> {
    let mut statement = c
        .prepare_cached(
            "INSERT INTO inode_past(key, died, born, kind, mode, uid, gid, nlink, size, stored, rdev, atime, mtime, ctime, \
             btime, parent, cookie, xattrs, version, data, sum) SELECT key, ?2, born, kind, mode, uid, gid, nlink, size, stored, \
             rdev, atime, mtime, ctime, btime, parent, cookie, xattrs, version, data, sum FROM inode WHERE key = ?1",
        )
        .map_err(engine)?;
    statement
        .execute(params![key.sql(), died.0 as i64])
        .map_err(engine)?;
    Ok(())
}

/// Removes the head's version.
pub(crate) fn delete(c: &Connection, key: Key) -> Result<()> {
    c.prepare_cached("DELETE FROM inode WHERE key = ?1")
        .map_err(engine)?
        .execute([key.sql()])
        .map_err(engine)?;
    Ok(())
}
