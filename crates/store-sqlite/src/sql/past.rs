//! Versions that ended, in and out of SQL: those of a tenant that is copied.

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};
use tarbox_store::{Ino, LayerId, Result};
use tarbox_store_core::transfer::{
    ChunkVersion, DentryVersion, Era, InodeVersion, Past, Place, Version, XattrVersion, order_of,
};

use super::error::{damaged, engine};
use super::{chunk, dentry, inode};
use crate::rows::{Block, Hash, Key, LogRow, Numbered, TenantId, Xattr};

/// Adds earlier versions of a tenant's rows.
pub(super) fn insert(c: &Connection, t: TenantId, past: &Past) -> Result<()> {
    for version in &past.inodes {
        insert_inode(c, t, version)?;
    }
    for Version { key, died, row } in &past.dentries {
        c.prepare_cached(
            "INSERT OR REPLACE INTO dentry_past(dir, cookie, died, born, ino, kind, name) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )
        .map_err(engine)?
        .execute(params![
            t.key(key.0).sql(),
            key.1 as i64,
            end(*died),
            row.born.0 as i64,
            row.ino.0 as i64,
            row.kind as u8,
            &row.name[..]
        ])
        .map_err(engine)?;
    }
    for Version { key, died, row } in &past.chunks {
        let file = t.key(key.0);
        c.prepare_cached(
            "INSERT OR REPLACE INTO chunk_past(file, idx, died, born, map) VALUES (?1, ?2, ?3, ?4, ?5)",
        )
        .map_err(engine)?
        .execute(params![
            file.sql(),
            key.1 as i64,
            end(*died),
            row.born.0 as i64,
            row.encode(file.0, key.1)
        ])
        .map_err(engine)?;
    }
    for Version { key, died, row } in &past.xattrs {
        c.prepare_cached(
            "INSERT OR REPLACE INTO xattr_past(key, name, died, born, value) VALUES (?1, ?2, ?3, ?4, ?5)",
        )
        .map_err(engine)?
        .execute(params![
            t.key(key.0).sql(),
            key.1,
            end(*died),
            row.born.0 as i64,
            row.value
        ])
        .map_err(engine)?;
    }
    Ok(())
}

fn end(died: Option<LayerId>) -> i64 {
    order_of(died).0 as i64
}

fn insert_inode(c: &Connection, t: TenantId, version: &InodeVersion) -> Result<()> {
    let key = t.key(version.key);
    let mut statement = c
        .prepare_cached(
            "INSERT OR REPLACE INTO inode_past(born, kind, mode, uid, gid, nlink, size, stored, rdev, atime, mtime, ctime, btime, \
             parent, cookie, xattrs, version, key, data, sum, died) \
             VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21)",
        )
        .map_err(engine)?;
    inode::bind(&mut statement, key, &version.row)?;
    statement
        .raw_bind_parameter(21, end(version.died))
        .map_err(engine)?;
    statement.raw_execute().map_err(engine)?;
    Ok(())
}

/// Where a page begins, as its statement takes it.
type Bounds = Vec<Value>;

/// The rows of one page. `columns` are those of a version, behind its keys and its end.
fn page<T>(
    c: &Connection,
    (table, era): (&str, Era),
    (keys, columns): (&[&str], &str),
    tenant: TenantId,
    after: Option<Bounds>,
    limit: usize,
    mut decode: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let (suffix, died) = match era {
        Era::Head => ("", "NULL"),
        Era::Past => ("_past", "died"),
    };
    let mut order: Vec<&str> = keys.to_vec();
    if era == Era::Past {
        order.push("died");
    }
    let list = order.join(", ");
    let key = keys[0];
    // The place before all others, or that of the last row.
    let from = after.unwrap_or_else(|| vec![Value::from(tenant.key(Ino(1)).sql() - 1); 1]);
    let (names, marks): (Vec<&str>, Vec<String>) = order
        .iter()
        .zip(&from)
        .enumerate()
        .map(|(i, (name, _))| (*name, format!("?{}", i + 3)))
        .unzip();
    let sql = format!(
        "SELECT {}, {died}, {columns} FROM {table}{suffix} WHERE ({}) > ({}) AND {key} < ?1 ORDER BY {list} LIMIT ?2",
        keys.join(", "),
        names.join(", "),
        marks.join(", ")
    );
    let mut bound = vec![
        Value::from(TenantId(tenant.0 + 1).key(Ino(0)).sql()),
        Value::from(limit as i64),
    ];
    bound.extend(from.into_iter().take(order.len()));
    let mut statement = c.prepare_cached(&sql).map_err(engine)?;
    let mut rows = statement.query(params_from_iter(bound)).map_err(engine)?;
    let mut found = Vec::with_capacity(limit.min(4096));
    while let Some(row) = rows.next().map_err(engine)? {
        found.push(decode(row)?);
    }
    Ok(found)
}

fn number(row: &Row<'_>, i: usize) -> Result<i64> {
    row.get(i).map_err(engine)
}

fn died(row: &Row<'_>, i: usize) -> Result<Option<LayerId>> {
    let died: Option<i64> = row.get(i).map_err(engine)?;
    Ok(died.map(|died| LayerId(died as u64)))
}

fn place(numbers: &[u64], died: LayerId) -> Bounds {
    let all = numbers.iter().chain([&died.0]);
    all.map(|n| Value::from(*n as i64)).collect()
}

/// See [`Moment`](tarbox_store_core::transfer::Moment), also for the others.
pub(crate) fn inodes(
    c: &Connection,
    t: TenantId,
    era: Era,
    after: Option<Place<Ino>>,
    limit: usize,
) -> Result<Vec<InodeVersion>> {
    let after = after.map(|after| place(&[t.key(after.key).0], after.died));
    page(
        c,
        ("inode", era),
        (&["key"], inode::COLUMNS),
        t,
        after,
        limit,
        |row| {
            let key = Key(number(row, 0)? as u64);
            Ok(Version {
                key: key.ino(),
                died: died(row, 1)?,
                row: inode::decode(row, key, 2)?,
            })
        },
    )
}

pub(crate) fn dentries(
    c: &Connection,
    t: TenantId,
    era: Era,
    after: Option<Place<(Ino, u64)>>,
    limit: usize,
) -> Result<Vec<DentryVersion>> {
    let after = after.map(|after| place(&[t.key(after.key.0).0, after.key.1], after.died));
    let columns = (&["dir", "cookie"][..], "cookie, born, ino, kind, name");
    page(c, ("dentry", era), columns, t, after, limit, |row| {
        Ok(Version {
            key: (Key(number(row, 0)? as u64).ino(), number(row, 1)? as u64),
            died: died(row, 2)?,
            row: dentry::decode(row, 3)?,
        })
    })
}

pub(crate) fn chunks(
    c: &Connection,
    t: TenantId,
    era: Era,
    after: Option<Place<(Ino, u64)>>,
    limit: usize,
) -> Result<Vec<ChunkVersion>> {
    let after = after.map(|after| place(&[t.key(after.key.0).0, after.key.1], after.died));
    page(
        c,
        ("chunk", era),
        (&["file", "idx"], "born, map"),
        t,
        after,
        limit,
        |row| {
            let (file, index) = (Key(number(row, 0)? as u64), number(row, 1)? as u64);
            let born = LayerId(number(row, 3)? as u64);
            let bytes = row.get_ref(4).map_err(engine)?;
            Ok(Version {
                key: (file.ino(), index),
                died: died(row, 2)?,
                row: chunk::decode(bytes, file, index, born)?,
            })
        },
    )
}

pub(crate) fn xattrs(
    c: &Connection,
    t: TenantId,
    era: Era,
    after: Option<Place<(Ino, Vec<u8>)>>,
    limit: usize,
) -> Result<Vec<XattrVersion>> {
    let after = after.map(|after| {
        let (key, name) = after.key;
        vec![
            Value::from(t.key(key).sql()),
            Value::from(name),
            Value::from(after.died.0 as i64),
        ]
    });
    page(
        c,
        ("xattr", era),
        (&["key", "name"], "born, value"),
        t,
        after,
        limit,
        |row| {
            Ok(Version {
                key: (Key(number(row, 0)? as u64).ino(), row.get(1).map_err(engine)?),
                died: died(row, 2)?,
                row: Xattr {
                    born: LayerId(number(row, 3)? as u64),
                    value: row.get(4).map_err(engine)?,
                },
            })
        },
    )
}

pub(crate) fn blocks(
    c: &Connection,
    t: TenantId,
    after: Option<Hash>,
    upto: Option<Hash>,
    limit: Option<usize>,
) -> Result<Vec<(Hash, Block)>> {
    let mut statement = c
        .prepare_cached(
            "SELECT segment, offset, len, refs, hash FROM block WHERE tenant = ?1 AND hash > ?2 AND hash <= ?3 ORDER BY hash LIMIT ?4",
        )
        .map_err(engine)?;
    let limit = limit.map_or(-1, |limit| limit as i64);
    let (after, upto) = (
        after.map_or(Vec::new(), |hash| hash.to_vec()),
        upto.unwrap_or([0xff; 32]),
    );
    let mut rows = statement
        .query(params![t.sql(), after, upto, limit])
        .map_err(engine)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(engine)? {
        let hash: Vec<u8> = row.get(4).map_err(engine)?;
        let hash: Hash = hash
            .try_into()
            .map_err(|_| damaged("the hash of a block has a wrong length"))?;
        let block = chunk::decode_block(row).map_err(engine)?;
        if block.len == 0 || u64::from(block.len) > crate::rows::CHUNK {
            return Err(damaged(format!("a block claims {} bytes", block.len)));
        }
        found.push((hash, block));
    }
    Ok(found)
}

pub(crate) fn log(c: &Connection, t: TenantId, after: u64, limit: usize) -> Result<Vec<LogRow>> {
    let mut statement = c
        .prepare_cached(
            "SELECT seq, time, uid, agent, operation, ino, path, source, bytes, layer, errno FROM log \
             WHERE tenant = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
        )
        .map_err(engine)?;
    let mut rows = statement
        .query(params![t.sql(), after as i64, limit as i64])
        .map_err(engine)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(engine)? {
        found.push(LogRow::from(super::log::decode(row)?));
    }
    Ok(found)
}
