//! Moving live blocks out of segments, in steps between which others get their turn.
//!
//! Blocks never change, so they are read without keeping anybody out. Only to append them and to write down where they
//! are now, the lease is held. Whoever still reads at the old place finds the file there, or asks again.

use std::collections::HashSet;

use rusqlite::{Connection, params};
use tarbox_store::{ErrorKind, Result};
use tarbox_store_core::{Appender as _, CoreStore, Durability};

use crate::blocks::Appender;
use crate::engine::SqliteEngine;
use crate::rows::{Block, Hash, Numbered, TenantId};
use crate::sql::{self, engine as failed};

/// Bytes moved in one step: a few milliseconds of the device's time.
const STEP: u64 = 8 * 1024 * 1024;
/// Blocks moved in one step.
const BLOCKS: usize = 4_096;

/// A block in a segment that is to be emptied.
struct Found {
    hash: Hash,
    block: Block,
}

/// Moves all blocks out of these segments. Answers how many bytes were copied, and the segments that hold a block which
/// cannot be read: these must stay as they are.
pub(super) async fn relocate(
    store: &CoreStore<SqliteEngine>,
    tenant: TenantId,
    from: &HashSet<u64>,
) -> Result<(u64, HashSet<u64>)> {
    let engine = store.engine();
    let (mut copied, mut stuck) = (0, HashSet::new());
    let mut after: Option<Hash> = None;
    while !from.is_empty() {
        let page = engine.sql.snapshot(|c| page(c, tenant, from, after))?;
        let Some(last) = page.last() else { break };
        after = Some(last.hash);
        let mut read = Vec::with_capacity(page.len());
        for found in in_order(page) {
            match engine.blocks.whole(&engine.sql, tenant, found.hash) {
                Ok(bytes) => read.push((found, bytes)),
                Err(e) if matches!(e.kind(), ErrorKind::Corrupt | ErrorKind::Io) => {
                    stuck.insert(found.block.segment);
                }
                Err(e) => return Err(e),
            }
        }
        copied += move_blocks(store, tenant, &read).await?;
    }
    if copied > 0 {
        engine.blocks.forget_places();
    }
    Ok((copied, stuck))
}

/// Appends blocks to the last segment and names their new places, in one durable transaction.
async fn move_blocks(
    store: &CoreStore<SqliteEngine>,
    tenant: TenantId,
    read: &[(Found, Vec<u8>)],
) -> Result<u64> {
    let append = |engine: &SqliteEngine, c: &Connection| {
        let Some(mut row) = sql::tenant::by_id(c, tenant)? else {
            return Ok(0);
        };
        let mut appender = Appender::new(&engine.blocks, tenant, row.segment, row.segment_len);
        let mut copied = 0;
        let mut moved = Vec::new();
        for (found, bytes) in read {
            // It may have been let go of since, or moved by another collection.
            let now = sql::chunk::block(c, tenant, &found.hash)?;
            let Some(now) = now.filter(|now| now.segment == found.block.segment) else {
                continue;
            };
            appender.append(found.hash, bytes)?;
            if let Some(place) = appender.added(&found.hash) {
                copied += bytes.len() as u64;
                moved.push((
                    found.hash,
                    now,
                    Block {
                        refs: now.refs,
                        ..place
                    },
                ));
            }
        }
        // The bytes first, then the rows that name them.
        appender.sync_now()?;
        for (hash, old, new) in moved {
            sql::chunk::put_block(c, tenant, &hash, &new)?;
            sql::chunk::count_live(c, tenant, old.segment, -i64::from(old.len))?;
            sql::chunk::count_live(c, tenant, new.segment, i64::from(new.len))?;
        }
        (row.segment, row.segment_len) = appender.position();
        sql::tenant::put(c, &row)?;
        Ok(copied)
    };
    store
        .administer(|engine| engine.write(Durability::Durable, |c| append(engine, c)))
        .await
}

/// The next blocks in these segments, by their hashes.
fn page(c: &Connection, tenant: TenantId, from: &HashSet<u64>, after: Option<Hash>) -> Result<Vec<Found>> {
    let numbers: Vec<String> = from.iter().map(u64::to_string).collect();
    let sql = format!(
        "SELECT hash, segment, offset, len, refs FROM block WHERE tenant = ?1 AND hash > ?2 AND segment IN ({}) ORDER BY hash",
        numbers.join(", ")
    );
    let mut statement = c.prepare(&sql).map_err(failed)?;
    let after = after.map_or(Vec::new(), |hash| hash.to_vec());
    let mut rows = statement.query(params![tenant.sql(), after]).map_err(failed)?;
    let (mut page, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next().map_err(failed)? {
        let number = |i| row.get::<_, i64>(i).map(|n| n as u64).map_err(failed);
        let block = Block {
            segment: number(1)?,
            offset: number(2)?,
            len: row.get(3).map_err(failed)?,
            refs: number(4)?,
        };
        bytes += u64::from(block.len);
        page.push(Found {
            hash: row.get(0).map_err(failed)?,
            block,
        });
        if bytes >= STEP || page.len() >= BLOCKS {
            break;
        }
    }
    Ok(page)
}

/// In the order in which the device has them.
fn in_order(mut page: Vec<Found>) -> Vec<Found> {
    tarbox_store::sort_by_key(&mut page, |found| (found.block.segment, found.block.offset));
    page
}
