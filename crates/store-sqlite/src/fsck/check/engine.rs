//! SQLite's own check of its B-trees, indexes and types.

use rusqlite::Connection;
use tarbox_store::Result;

use super::is_damage;
use crate::sql;

/// Lines that are asked for; one damaged page can be the cause of thousands.
const LINES: u32 = 100;

/// What SQLite finds wrong with its structure; nothing if it is sound.
pub(in crate::fsck) fn integrity(c: &Connection) -> Result<Vec<String>> {
    match lines(c) {
        Err(e) if is_damage(&e) => Ok(vec![e.to_string()]),
        other => other,
    }
}

fn lines(c: &Connection) -> Result<Vec<String>> {
    let mut statement = c
        .prepare(&format!("PRAGMA integrity_check({LINES})"))
        .map_err(sql::engine)?;
    let rows = statement
        .query_map([], |row| row.get::<_, String>(0))
        .map_err(sql::engine)?;
    let lines: Vec<String> = rows.collect::<rusqlite::Result<_>>().map_err(sql::engine)?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}
