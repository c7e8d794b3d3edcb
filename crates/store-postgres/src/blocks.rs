//! Blocks: content too large for rows, named by its hash.
//!
//! A block is a row of its tenant, added by the transaction that first names it and removed by the one that names it last. So
//! no row is ever without its block, and nothing is left to collect.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tarbox_store::Result;
use tarbox_store_core::{Appender, Block, Hash, Target, TenantId, damaged};
use tokio_postgres::types::Type;

use crate::seat::Seat;
use crate::session::Shared;
use crate::wire::Value;

/// Blocks that one statement brings.
const TOGETHER: usize = 32;

#[derive(Debug, Clone)]
pub(crate) struct Weight;

impl Weighter<(TenantId, Hash), Bytes> for Weight {
    fn weight(&self, _: &(TenantId, Hash), bytes: &Bytes) -> u64 {
        128 + bytes.len() as u64
    }
}

/// Blocks in memory.
pub(crate) type Blocks = Cache<(TenantId, Hash), Bytes, Weight>;

pub(crate) fn cache(bytes: u64) -> Blocks {
    Cache::with_weighter(
        usize::try_from(bytes / 32_768).unwrap_or(16).max(16),
        bytes,
        Weight,
    )
}

/// Fills what is in memory, and answers the blocks that are not, each once.
pub(crate) fn fill(
    blocks: &Blocks,
    tenant: TenantId,
    targets: &[Target],
    buffer: &mut [u8],
) -> Result<Vec<Hash>> {
    let mut missing = Vec::new();
    for target in targets {
        match blocks.get(&(tenant, target.hash)) {
            Some(bytes) => copy(&bytes, target, buffer)?,
            None => missing.push(target.hash),
        }
    }
    missing.sort_unstable();
    missing.dedup();
    Ok(missing)
}

/// Fills what was loaded.
pub(crate) fn fill_from(loaded: &BTreeMap<Hash, Bytes>, targets: &[Target], buffer: &mut [u8]) -> Result<()> {
    for target in targets {
        if let Some(bytes) = loaded.get(&target.hash) {
            copy(bytes, target, buffer)?;
        }
    }
    Ok(())
}

fn copy(bytes: &[u8], target: &Target, buffer: &mut [u8]) -> Result<()> {
    let (skip, len) = (target.skip as usize, target.len as usize);
    let part = bytes.get(skip..skip + len);
    let place = buffer.get_mut(target.at..target.at + len);
    match (part, place) {
        (Some(part), Some(place)) => place.copy_from_slice(part),
        _ => return Err(damaged("a chunk names more of a block than there is")),
    }
    Ok(())
}

/// Loads blocks, each checked against its hash.
pub(crate) async fn load(
    shared: &Shared,
    tenant: TenantId,
    hashes: Vec<Hash>,
) -> Result<BTreeMap<Hash, Bytes>> {
    let sql = shared.sql(tenant);
    let steps = hashes.chunks(TOGETHER).map(|some| {
        let names = some.iter().map(|hash| Bytes::copy_from_slice(hash)).collect();
        sql.fixed(
            "SELECT hash, bytes FROM tarbox.block WHERE tenant = $1 AND hash = ANY($2)",
            &[Type::BYTEA_ARRAY],
            vec![Value::Blobs(names)],
        )
    });
    let steps: Vec<_> = steps.collect();
    let answers = shared.pool.fly(&steps).await?;
    let mut loaded = BTreeMap::new();
    for row in answers.iter().flatten() {
        let bytes = Bytes::copy_from_slice(crate::sql::bytes(row, 1)?);
        let hash = *blake3::hash(&bytes).as_bytes();
        if crate::sql::bytes(row, 0)? != hash {
            return Err(damaged("a block does not match its hash"));
        }
        shared.block_reads.fetch_add(1, Ordering::Relaxed);
        shared.bytes_read.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        loaded.insert(hash, bytes);
    }
    match loaded.len() == hashes.len() {
        true => Ok(loaded),
        false => Err(damaged("a block is missing")),
    }
}

/// Gathers the blocks of one commit, whose transaction brings them.
#[derive(Debug)]
pub struct Gathered {
    pub(crate) seat: Arc<Seat>,
    pub(crate) added: BTreeMap<Hash, Bytes>,
}

impl Appender for Gathered {
    fn append(&mut self, hash: Hash, bytes: &[u8]) -> Result<()> {
        self.added.insert(hash, Bytes::copy_from_slice(bytes));
        Ok(())
    }

    fn added(&self, hash: &Hash) -> Option<Block> {
        self.added.get(hash).map(|bytes| Block {
            segment: 1,
            offset: 0,
            len: bytes.len() as u32,
            refs: 0,
        })
    }

    async fn sync(&mut self) -> Result<()> {
        self.seat.lock().blocks = self.added.clone();
        Ok(())
    }

    fn position(&self) -> (u64, u64) {
        (1, 0)
    }
}
