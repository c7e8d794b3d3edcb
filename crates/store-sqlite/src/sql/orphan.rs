//! Inodes without names that lived because somebody had them open.

use rusqlite::{Connection, params};
use tarbox_store::Result;

use super::error::engine;
use crate::rows::Key;

/// Notes that an inode has no name any more, or that it is gone.
pub(crate) fn set(c: &Connection, key: Key, orphaned: bool) -> Result<()> {
    let sql = if orphaned {
        "INSERT OR IGNORE INTO orphan(key) VALUES (?1)"
    } else {
        "DELETE FROM orphan WHERE key = ?1"
    };
    c.prepare_cached(sql)
        .map_err(engine)?
        .execute([key.sql()])
        .map_err(engine)?;
    Ok(())
}

/// Up to `limit` of them with `after < key <= to`.
pub(crate) fn range(c: &Connection, after: Key, to: Key, limit: usize) -> Result<Vec<Key>> {
    let mut statement = c
        .prepare_cached("SELECT key FROM orphan WHERE key > ?1 AND key <= ?2 ORDER BY key LIMIT ?3")
        .map_err(engine)?;
    let rows = statement
        .query_map(params![after.sql(), to.sql(), limit as i64], |row| {
            row.get::<_, i64>(0)
        })
        .map_err(engine)?;
    rows.map(|key| key.map(|key| Key(key as u64)).map_err(engine))
        .collect()
}
