//! Directory entries in and out of SQL.

use rusqlite::{Connection, Row, params};
use tarbox_store::{FileKind, Ino, LayerId, Result};

use super::error::{damaged, engine};
use crate::rows::{Dentry, Key, Name, Numbered, TenantId};

/// Up to `limit` entries of the head with `from <= cookie <= to`, in order.
pub(crate) fn range(c: &Connection, dir: Key, from: u64, to: u64, limit: usize) -> Result<Vec<Dentry>> {
    let mut statement = c
        .prepare_cached(
            "SELECT cookie, born, ino, kind, name FROM dentry WHERE dir = ?1 AND cookie BETWEEN ?2 AND ?3 \
             ORDER BY cookie LIMIT ?4",
        )
        .map_err(engine)?;
    let mut rows = statement
        .query(params![dir.sql(), from as i64, to as i64, limit as i64])
        .map_err(engine)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(engine)? {
        found.push(decode(row, 0)?);
    }
    Ok(found)
}

/// The same for the end of a layer. Entries that came and went in other layers are stepped over by the index.
pub(crate) fn range_at(
    c: &Connection,
    dir: Key,
    from: u64,
    to: u64,
    limit: usize,
    layer: LayerId,
) -> Result<Vec<Dentry>> {
    let mut statement = c
        .prepare_cached(
            "SELECT cookie, born, ino, kind, name FROM dentry \
             WHERE dir = ?1 AND cookie BETWEEN ?2 AND ?3 AND born <= ?5 \
             UNION ALL SELECT cookie, born, ino, kind, name FROM dentry_past \
             WHERE dir = ?1 AND cookie BETWEEN ?2 AND ?3 AND born <= ?5 AND died > ?5 \
             ORDER BY cookie LIMIT ?4",
        )
        .map_err(engine)?;
    let mut rows = statement
        .query(params![
            dir.sql(),
            from as i64,
            to as i64,
            limit as i64,
            layer.0 as i64
        ])
        .map_err(engine)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(engine)? {
        found.push(decode(row, 0)?);
    }
    Ok(found)
}

/// A name of an inode: its directory, its cookie, and the name.
type Place = ((Key, u64), Name);

/// Every name of an inode in the head, or at the end of a layer. Looks at all entries of the tenant.
pub(crate) fn names_of(
    c: &Connection,
    tenant: TenantId,
    ino: Ino,
    layer: Option<LayerId>,
) -> Result<Vec<Place>> {
    let sql = match layer {
        None => {
            "SELECT dir, cookie, name FROM dentry WHERE dir >= ?1 AND dir < ?2 AND ino = ?3 AND ?4 IS NULL"
        }
        Some(_) => {
            "SELECT dir, cookie, name FROM dentry WHERE dir >= ?1 AND dir < ?2 AND ino = ?3 AND born <= ?4 UNION ALL \
             SELECT dir, cookie, name FROM dentry_past \
             WHERE dir >= ?1 AND dir < ?2 AND ino = ?3 AND born <= ?4 AND died > ?4"
        }
    };
    let (from, to) = (tenant.key(Ino(0)), TenantId(tenant.0 + 1).key(Ino(0)));
    let layer = layer.map(|l| l.0 as i64);
    let mut statement = c.prepare_cached(sql).map_err(engine)?;
    let mut rows = statement
        .query(params![from.sql(), to.sql(), ino.0 as i64, layer])
        .map_err(engine)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(engine)? {
        let (dir, cookie): (i64, i64) = (row.get(0).map_err(engine)?, row.get(1).map_err(engine)?);
        let name: Vec<u8> = row.get(2).map_err(engine)?;
        found.push(((Key(dir as u64), cookie as u64), name.into()));
    }
    Ok(found)
}

/// Decodes a version from the columns `cookie, born, ino, kind, name` that begin at `at`.
pub(crate) fn decode(row: &Row<'_>, at: usize) -> Result<Dentry> {
    let number = |i: usize| row.get::<_, i64>(at + i).map_err(engine);
    let kind = u8::try_from(number(3)?).ok().and_then(FileKind::from_number);
    let name = row.get_ref(at + 4).map_err(engine)?;
    Ok(Dentry {
        cookie: number(0)? as u64,
        born: LayerId(number(1)? as u64),
        ino: Ino(number(2)? as u64),
        kind: kind.ok_or_else(|| damaged("a directory entry is of no known kind"))?,
        name: name.as_blob().map_err(|_| damaged("a name is no blob"))?.into(),
    })
}

/// Writes the head's version.
pub(crate) fn put(c: &Connection, dir: Key, d: &Dentry) -> Result<()> {
    c.prepare_cached(
        "INSERT OR REPLACE INTO dentry(dir, cookie, born, ino, kind, name) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .map_err(engine)?
    .execute(params![
        dir.sql(),
        d.cookie as i64,
        d.born.0 as i64,
        d.ino.0 as i64,
        d.kind as u8,
        &d.name[..]
    ])
    .map_err(engine)?;
    Ok(())
}

/// Copies the head's version to the past.
pub(crate) fn preserve(c: &Connection, dir: Key, cookie: u64, died: LayerId) -> Result<()> {
    c.prepare_cached(
        "INSERT INTO dentry_past(dir, cookie, died, born, ino, kind, name) \
         SELECT dir, cookie, ?3, born, ino, kind, name FROM dentry WHERE dir = ?1 AND cookie = ?2",
    )
    .map_err(engine)?
    .execute(params![dir.sql(), cookie as i64, died.0 as i64])
    .map_err(engine)?;
    Ok(())
}

/// Removes the head's version.
pub(crate) fn delete(c: &Connection, dir: Key, cookie: u64) -> Result<()> {
    c.prepare_cached("DELETE FROM dentry WHERE dir = ?1 AND cookie = ?2")
        .map_err(engine)?
        .execute(params![dir.sql(), cookie as i64])
        .map_err(engine)?;
    Ok(())
}
