//! Giving the space of dead blocks back: segments with nothing alive are removed, those that are mostly dead are
//! emptied first.
//!
//! A segment goes in this order: its blocks are elsewhere, durably; its row is gone, durably; its file is deleted. After
//! a crash in between, what is left is a file without a row, which the next collection removes. Numbers of segments
//! only grow and nobody appends to one that is not the last, so what was found dead stays dead.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, params};
use tarbox_pool::OpenOptions;
use tarbox_store::Result;
use tarbox_store_core::{CoreStore, Durability, Engine as _};

use super::relocate::relocate;
use crate::engine::SqliteEngine;
use crate::rows::{Block, Numbered, TenantId};
use crate::sql::{self, device, engine as failed};

/// A segment that blocks are appended to is closed for the sake of its dead bytes from this length on.
const CLOSE_FROM: u64 = 1024 * 1024;

/// What a compaction did.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Freed {
    pub(super) segments: u64,
    pub(super) bytes: u64,
}

/// The segments of a tenant: files, and bytes of named blocks in each.
struct Survey {
    /// The lengths of the files.
    files: HashMap<u64, u64>,
    /// By what blocks say, not by counters: what is deleted must be dead for certain.
    live: HashMap<u64, u64>,
    /// What is appended to.
    last: u64,
}

/// Removes and rewrites segments.
pub(super) async fn compact(store: &CoreStore<SqliteEngine>, tenant: TenantId) -> Result<Freed> {
    let engine = store.engine();
    // Removing needs little room, moving more.
    engine.prepare();
    if !close_last(store, tenant).await? {
        return Ok(Freed::default());
    }
    let Some(survey) = survey(engine, tenant)? else {
        return Ok(Freed::default());
    };
    let is_scarce = || engine.room().is_scarce;
    let mut freed = Freed::default();
    for group in survey.groups(is_scarce()) {
        if is_scarce() && survey.live_in(&group) > engine.device_free().unwrap_or(u64::MAX) {
            // Half of it moved would take room, and give none back.
            continue;
        }
        let part = empty(store, tenant, &survey, &group).await?;
        freed.segments += part.segments;
        freed.bytes += part.bytes;
    }
    engine.restore_room();
    Ok(freed)
}

/// Moves what is alive out of segments, and removes them.
async fn empty(
    store: &CoreStore<SqliteEngine>,
    tenant: TenantId,
    survey: &Survey,
    group: &HashSet<u64>,
) -> Result<Freed> {
    let engine = store.engine();
    let alive = group
        .iter()
        .copied()
        .filter(|id| survey.live_of(*id) > 0)
        .collect();
    let (copied, stuck) = relocate(store, tenant, &alive).await?;
    let gone: Vec<u64> = group.difference(&stuck).copied().collect();
    let mut freed = Freed::default();
    unname(store, tenant, &gone).await?;
    for id in gone {
        freed.bytes += survey.files.get(&id).copied().unwrap_or(0);
        freed.segments += 1;
        delete_segment(engine, tenant, id)?;
    }
    engine.blocks.pool().sync_names().map_err(device)?;
    freed.bytes = freed.bytes.saturating_sub(copied);
    Ok(freed)
}

/// Begins a new segment if the last one is mostly dead. Answers whether there can be anything to collect at all.
async fn close_last(store: &CoreStore<SqliteEngine>, tenant: TenantId) -> Result<bool> {
    let engine = store.engine();
    let files = segment_files(engine, tenant)?;
    let counted = engine.sql.snapshot(|c| {
        let row = sql::tenant::by_id(c, tenant)?;
        Ok((row, counted(c, tenant)?))
    })?;
    let (Some(row), counted) = counted else {
        return Ok(false);
    };
    let live = |id: u64| counted.get(&id).copied().unwrap_or(0);
    let is_scarce = engine.room().is_scarce;
    let closes = row.segment_len >= CLOSE_FROM && is_sparse(live(row.segment), row.segment_len, is_scarce);
    if closes {
        let close = |c: &Connection| {
            c.execute(
                "UPDATE tenant SET segment = segment + 1, segment_len = 0 WHERE id = ?1 AND segment = ?2",
                params![tenant.sql(), row.segment as i64],
            )
            .map_err(failed)
        };
        store
            .administer(|engine| engine.write(Durability::Durable, close))
            .await?;
    }
    // A row without a file is worth a look, too.
    let len = |id: u64| files.get(&id).copied().unwrap_or(0).max(1);
    let worth = |id: &u64| *id < row.segment && is_sparse(live(*id), len(*id), is_scarce);
    Ok(closes
        || files
            .keys()
            .chain(counted.keys())
            .any(|id| *id != Block::LOST && worth(id)))
}

/// The segment files of a tenant, with their lengths.
fn segment_files(engine: &SqliteEngine, tenant: TenantId) -> Result<HashMap<u64, u64>> {
    let (pool, prefix) = (engine.blocks.pool(), engine.blocks.tenant_prefix(tenant));
    let mut files = HashMap::new();
    for name in pool.list(&prefix).map_err(device)? {
        let Some(id) = name.strip_prefix(&prefix).and_then(|id| id.parse().ok()) else {
            continue;
        };
        // Another collection may have deleted it since.
        match pool.open(&name, OpenOptions::READ_ONLY) {
            Ok(file) => files.insert(id, file.len().map_err(device)?),
            Err(e) if e.kind() == tarbox_pool::ErrorKind::NotFound => None,
            Err(e) => return Err(device(e)),
        };
    }
    Ok(files)
}

fn survey(engine: &SqliteEngine, tenant: TenantId) -> Result<Option<Survey>> {
    let files = segment_files(engine, tenant)?;
    // After the files: what is in them, and was not when they were listed, is behind the last one.
    let rows = engine.sql.snapshot(|c| {
        let row = sql::tenant::by_id(c, tenant)?;
        Ok((row, by_blocks(c, tenant)?, counted(c, tenant)?))
    })?;
    let (Some(row), mut live, counted) = rows else {
        return Ok(None);
    };
    for id in counted.into_keys() {
        live.entry(id).or_default();
    }
    Ok(Some(Survey {
        files,
        live,
        last: row.segment,
    }))
}

/// Removes the rows of segments, durably.
async fn unname(store: &CoreStore<SqliteEngine>, tenant: TenantId, gone: &[u64]) -> Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let remove = |c: &Connection| {
        let mut statement = c
            .prepare_cached("DELETE FROM segment WHERE tenant = ?1 AND id = ?2")
            .map_err(failed)?;
        for id in gone {
            statement
                .execute(params![tenant.sql(), *id as i64])
                .map_err(failed)?;
        }
        // Also where there was no row: what was found dead is dead durably before a file goes.
        sql::touch(c)
    };
    store
        .administer(|engine| engine.write(Durability::Durable, remove))
        .await
}

fn delete_segment(engine: &SqliteEngine, tenant: TenantId, id: u64) -> Result<()> {
    engine.blocks.close_segment(tenant, id);
    let name = engine.blocks.segment_name(tenant, id);
    match engine.blocks.pool().delete(&name) {
        Err(e) if e.kind() != tarbox_pool::ErrorKind::NotFound => Err(device(e)),
        _ => Ok(()),
    }
}

impl Survey {
    /// Segments that nobody appends to, with their lengths and their live bytes.
    fn closed(&self) -> impl Iterator<Item = (u64, u64, u64)> + '_ {
        let mut ids: Vec<u64> = self.files.keys().chain(self.live.keys()).copied().collect();
        tarbox_store::sort_by_key(&mut ids, |id| *id);
        ids.dedup();
        ids.into_iter()
            .filter(|id| *id < self.last && *id != Block::LOST)
            .map(|id| {
                let len = self.files.get(&id).copied().unwrap_or(0);
                (id, len, self.live.get(&id).copied().unwrap_or(0))
            })
    }

    /// Those that are worth being removed, to be emptied together; where room is scarce one after the other, and first what
    /// gives most.
    fn groups(&self, is_scarce: bool) -> Vec<HashSet<u64>> {
        let mut worth: Vec<_> = self
            .closed()
            .filter(|(_, len, live)| is_sparse(*live, *len, is_scarce))
            .collect();
        if !is_scarce {
            return vec![worth.into_iter().map(|(id, ..)| id).collect()];
        }
        tarbox_store::sort_by_key(&mut worth, |(_, _, live)| *live);
        worth.into_iter().map(|(id, ..)| HashSet::from([id])).collect()
    }

    fn live_of(&self, id: u64) -> u64 {
        self.live.get(&id).copied().unwrap_or(0)
    }

    fn live_in(&self, group: &HashSet<u64>) -> u64 {
        group.iter().map(|id| self.live_of(*id)).sum()
    }
}

/// Whether so little of a segment is alive that what is should be moved out of it: less than half, or less than three
/// quarters where room is scarce.
fn is_sparse(live: u64, len: u64, is_scarce: bool) -> bool {
    live == 0
        || if is_scarce {
            live * 4 < len * 3
        } else {
            live * 2 < len
        }
}

/// Live bytes by the segments' rows.
fn counted(c: &Connection, tenant: TenantId) -> Result<HashMap<u64, u64>> {
    numbers(c, tenant, "SELECT id, live FROM segment WHERE tenant = ?1")
}

/// Live bytes by the blocks: one scan of them.
fn by_blocks(c: &Connection, tenant: TenantId) -> Result<HashMap<u64, u64>> {
    let mut live: HashMap<u64, u64> = HashMap::new();
    let mut statement = c
        .prepare_cached("SELECT segment, len FROM block WHERE tenant = ?1")
        .map_err(failed)?;
    let mut rows = statement.query([tenant.sql()]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let (segment, len): (i64, i64) = (row.get(0).map_err(failed)?, row.get(1).map_err(failed)?);
        *live.entry(segment as u64).or_default() += len.max(0) as u64;
    }
    Ok(live)
}

fn numbers(c: &Connection, tenant: TenantId, sql: &str) -> Result<HashMap<u64, u64>> {
    let mut statement = c.prepare_cached(sql).map_err(failed)?;
    let rows = statement
        .query_map([tenant.sql()], |row| {
            let (id, live): (i64, i64) = (row.get(0)?, row.get(1)?);
            Ok((id as u64, live.max(0) as u64))
        })
        .map_err(failed)?;
    rows.collect::<rusqlite::Result<_>>().map_err(failed)
}
