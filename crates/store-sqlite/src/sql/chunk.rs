//! Chunk maps and block places in and out of SQL.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};
use tarbox_store::{LayerId, Result};
use tarbox_store_core::CHUNKS;

use super::error::{damaged, engine};
use crate::rows::{Block, Hash, Key, Map, Numbered, TenantId};

/// Up to [`CHUNKS`] chunks of the head with `from <= index <= to`, in order.
pub(crate) fn range(c: &Connection, file: Key, from: u64, to: u64) -> Result<Vec<(u64, Map)>> {
    let mut statement = c
        .prepare_cached(
            "SELECT idx, born, map FROM chunk WHERE file = ?1 AND idx BETWEEN ?2 AND ?3 ORDER BY idx LIMIT ?4",
        )
        .map_err(engine)?;
    let rows = statement
        .query(params![file.sql(), from as i64, to as i64, CHUNKS as i64])
        .map_err(engine)?;
    collect(file, rows)
}

/// The same for the end of a layer.
pub(crate) fn range_at(
    c: &Connection,
    file: Key,
    from: u64,
    to: u64,
    layer: LayerId,
) -> Result<Vec<(u64, Map)>> {
    let mut statement = c
        .prepare_cached(
            "SELECT idx, born, map FROM chunk WHERE file = ?1 AND idx BETWEEN ?2 AND ?3 AND born <= ?5 \
             UNION ALL SELECT idx, born, map FROM chunk_past \
             WHERE file = ?1 AND idx BETWEEN ?2 AND ?3 AND born <= ?5 AND died > ?5 ORDER BY idx LIMIT ?4",
        )
        .map_err(engine)?;
    let rows = statement
        .query(params![
            file.sql(),
            from as i64,
            to as i64,
            CHUNKS as i64,
            layer.0 as i64
        ])
        .map_err(engine)?;
    collect(file, rows)
}

/// The first chunk at or behind `from` that the head, or a layer, has.
pub(crate) fn next(c: &Connection, file: Key, from: u64, layer: Option<LayerId>) -> Result<Option<u64>> {
    let sql = match layer {
        None => "SELECT min(idx) FROM chunk WHERE file = ?1 AND idx >= ?2 AND ?3 IS NULL",
        Some(_) => {
            "SELECT min(idx) FROM (SELECT idx FROM chunk WHERE file = ?1 AND idx >= ?2 AND born <= ?3 UNION ALL \
             SELECT idx FROM chunk_past WHERE file = ?1 AND idx >= ?2 AND born <= ?3 AND died > ?3)"
        }
    };
    let layer = layer.map(|l| l.0 as i64);
    let next: Option<i64> = c
        .prepare_cached(sql)
        .map_err(engine)?
        .query_row(params![file.sql(), from as i64, layer], |row| row.get(0))
        .map_err(engine)?;
    Ok(next.map(|index| index as u64))
}

fn collect(file: Key, mut rows: rusqlite::Rows<'_>) -> Result<Vec<(u64, Map)>> {
    let mut found: Vec<(u64, Map)> = Vec::new();
    while let Some(row) = rows.next().map_err(engine)? {
        let index = row.get::<_, i64>(0).map_err(engine)? as u64;
        let born = LayerId(row.get::<_, i64>(1).map_err(engine)? as u64);
        let bytes = row.get_ref(2).map_err(engine)?;
        let map = decode(bytes, file, index, born)?;
        if found.last().is_some_and(|(before, _)| *before >= index) {
            return Err(damaged("two versions of a chunk are valid at once"));
        }
        found.push((index, map));
    }
    Ok(found)
}

/// Decodes the map of a version.
pub(super) fn decode(bytes: ValueRef<'_>, file: Key, index: u64, born: LayerId) -> Result<Map> {
    let map = bytes.as_blob().ok();
    let map = map.and_then(|bytes| Map::decode(bytes, file.0, index, born));
    map.ok_or_else(|| damaged("the map of a chunk breaks its format"))
}

/// Writes the head's version.
pub(crate) fn put(c: &Connection, file: Key, index: u64, map: &Map) -> Result<()> {
    c.prepare_cached("INSERT OR REPLACE INTO chunk(file, idx, born, map) VALUES (?1, ?2, ?3, ?4)")
        .map_err(engine)?
        .execute(params![
            file.sql(),
            index as i64,
            map.born.0 as i64,
            map.encode(file.0, index)
        ])
        .map_err(engine)?;
    Ok(())
}

/// Copies the head's version to the past.
pub(crate) fn preserve(c: &Connection, file: Key, index: u64, died: LayerId) -> Result<()> {
    c.prepare_cached(
        "INSERT INTO chunk_past(file, idx, died, born, map) \
         SELECT file, idx, ?3, born, map FROM chunk WHERE file = ?1 AND idx = ?2",
    )
    .map_err(engine)?
    .execute(params![file.sql(), index as i64, died.0 as i64])
    .map_err(engine)?;
    Ok(())
}

/// Removes the head's version.
pub(crate) fn delete(c: &Connection, file: Key, index: u64) -> Result<()> {
    c.prepare_cached("DELETE FROM chunk WHERE file = ?1 AND idx = ?2")
        .map_err(engine)?
        .execute(params![file.sql(), index as i64])
        .map_err(engine)?;
    Ok(())
}

/// Where a block is.
pub(crate) fn block(c: &Connection, tenant: TenantId, hash: &Hash) -> Result<Option<Block>> {
    c.prepare_cached("SELECT segment, offset, len, refs FROM block WHERE tenant = ?1 AND hash = ?2")
        .map_err(engine)?
        .query_row(params![tenant.sql(), hash], decode_block)
        .optional()
        .map_err(engine)
}

/// Decodes the columns `segment, offset, len, refs`.
pub(super) fn decode_block(row: &Row<'_>) -> rusqlite::Result<Block> {
    Ok(Block {
        segment: row.get::<_, i64>(0)? as u64,
        offset: row.get::<_, i64>(1)? as u64,
        len: row.get(2)?,
        refs: row.get::<_, i64>(3)? as u64,
    })
}

/// Writes where a block is.
pub(crate) fn put_block(c: &Connection, tenant: TenantId, hash: &Hash, b: &Block) -> Result<()> {
    c.prepare_cached(
        "INSERT OR REPLACE INTO block(tenant, hash, segment, offset, len, refs) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .map_err(engine)?
    .execute(params![tenant.sql(), hash, b.segment as i64, b.offset as i64, b.len, b.refs as i64])
    .map_err(engine)?;
    Ok(())
}

/// Forgets a block that nothing names any more.
pub(crate) fn delete_block(c: &Connection, tenant: TenantId, hash: &Hash) -> Result<()> {
    c.prepare_cached("DELETE FROM block WHERE tenant = ?1 AND hash = ?2")
        .map_err(engine)?
        .execute(params![tenant.sql(), hash])
        .map_err(engine)?;
    Ok(())
}

/// Counts bytes of named blocks in a segment, which is made if it is new.
pub(crate) fn count_live(c: &Connection, tenant: TenantId, segment: u64, delta: i64) -> Result<()> {
    c.prepare_cached(
        "INSERT INTO segment(tenant, id, live) VALUES (?1, ?2, ?3) \
         ON CONFLICT(tenant, id) DO UPDATE SET live = live + excluded.live",
    )
    .map_err(engine)?
    .execute(params![tenant.sql(), segment as i64, delta])
    .map_err(engine)?;
    Ok(())
}
