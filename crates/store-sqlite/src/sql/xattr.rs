//! Extended attributes in and out of SQL.

use rusqlite::{Connection, params};
use tarbox_store::{LayerId, Result};

use super::error::engine;
use crate::rows::{Key, Xattr};

/// All attributes of the head's inode, by name.
pub(crate) fn all(c: &Connection, key: Key) -> Result<Vec<(Vec<u8>, Xattr)>> {
    let mut statement = c
        .prepare_cached("SELECT name, value, born FROM xattr WHERE key = ?1 ORDER BY name")
        .map_err(engine)?;
    let rows = statement.query(params![key.sql()]).map_err(engine)?;
    collect(rows)
}

/// The same for the end of a layer.
pub(crate) fn all_at(c: &Connection, key: Key, layer: LayerId) -> Result<Vec<(Vec<u8>, Xattr)>> {
    let mut statement = c
        .prepare_cached(
            "SELECT name, value, born FROM xattr WHERE key = ?1 AND born <= ?2 UNION ALL \
             SELECT name, value, born FROM xattr_past WHERE key = ?1 AND born <= ?2 AND died > ?2 ORDER BY name",
        )
        .map_err(engine)?;
    let rows = statement
        .query(params![key.sql(), layer.0 as i64])
        .map_err(engine)?;
    collect(rows)
}

fn collect(mut rows: rusqlite::Rows<'_>) -> Result<Vec<(Vec<u8>, Xattr)>> {
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(engine)? {
        let value = row.get::<_, Vec<u8>>(1).map_err(engine)?;
        let born = LayerId(row.get::<_, i64>(2).map_err(engine)? as u64);
        found.push((row.get(0).map_err(engine)?, Xattr { value, born }));
    }
    Ok(found)
}

/// Writes the head's version.
pub(crate) fn put(c: &Connection, key: Key, name: &[u8], x: &Xattr) -> Result<()> {
    c.prepare_cached("INSERT OR REPLACE INTO xattr(key, name, born, value) VALUES (?1, ?2, ?3, ?4)")
        .map_err(engine)?
        .execute(params![key.sql(), name, x.born.0 as i64, x.value])
        .map_err(engine)?;
    Ok(())
}

/// Copies the head's version to the past.
pub(crate) fn preserve(c: &Connection, key: Key, name: &[u8], died: LayerId) -> Result<()> {
    c.prepare_cached(
        "INSERT INTO xattr_past(key, name, died, born, value) \
         SELECT key, name, ?3, born, value FROM xattr WHERE key = ?1 AND name = ?2",
    )
    .map_err(engine)?
    .execute(params![key.sql(), name, died.0 as i64])
    .map_err(engine)?;
    Ok(())
}

/// Removes the head's version.
pub(crate) fn delete(c: &Connection, key: Key, name: &[u8]) -> Result<()> {
    c.prepare_cached("DELETE FROM xattr WHERE key = ?1 AND name = ?2")
        .map_err(engine)?
        .execute(params![key.sql(), name])
        .map_err(engine)?;
    Ok(())
}
