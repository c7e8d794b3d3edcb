//! Appending blocks to a tenant's segments.
//!
//! Whoever commits holds the lease, so all processes append to the same segment, behind the length that the last commit
//! recorded. What a crashed process left behind that length belongs to nobody and is overwritten.

use std::collections::HashMap;
use std::sync::Arc;

use tarbox_pool::PoolFile;
use tarbox_store::Result;

use super::BlockStore;
use super::early::EarlySync;
use crate::rows::{Block, Hash, TenantId};
use crate::sql::device;

/// A segment that is longer than this gets no further blocks.
pub(crate) const SEGMENT_MAX: u64 = 256 * 1024 * 1024;
/// Blocks are written together until they are so many bytes.
const BUFFER: usize = 1024 * 1024;
/// So many new bytes are worth a sync of their own before the commit's.
const EARLY: u64 = 2 * 1024 * 1024;

/// Adds blocks at the end of a segment.
#[derive(Debug)]
pub struct Appender<'a> {
    blocks: &'a BlockStore,
    tenant: TenantId,
    segment: u64,
    /// Where the next block goes.
    len: u64,
    /// Blocks that are not written yet; they end at `len`.
    buffer: Vec<u8>,
    added: HashMap<Hash, Block>,
    /// Files with blocks that are not durable yet.
    dirty: Vec<Arc<dyn PoolFile>>,
    /// Bytes written since the last early sync began.
    unsynced: u64,
    early: EarlySync,
}

impl<'a> Appender<'a> {
    pub(crate) fn new(blocks: &'a BlockStore, tenant: TenantId, segment: u64, len: u64) -> Self {
        Self {
            blocks,
            tenant,
            segment,
            len,
            buffer: Vec::new(),
            added: HashMap::new(),
            dirty: Vec::new(),
            unsynced: 0,
            early: EarlySync::default(),
        }
    }

    /// Returns when every block is on the device.
    pub(crate) fn sync_now(&mut self) -> Result<()> {
        self.write()?;
        self.early.end()?;
        for file in self.dirty.drain(..) {
            file.sync().map_err(device)?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let buffer = std::mem::take(&mut self.buffer);
        self.write_at(&buffer, self.len - buffer.len() as u64)
    }

    fn write_at(&mut self, bytes: &[u8], offset: u64) -> Result<()> {
        let file = self.blocks.segment(self.tenant, self.segment, true)?;
        if self.dirty.last().is_none_or(|last| !Arc::ptr_eq(last, &file)) {
            self.dirty.push(file.clone());
        }
        file.write_at(bytes, offset).map_err(device)?;
        self.unsynced += bytes.len() as u64;
        if self.unsynced >= EARLY && self.early.begin(&file)? {
            self.unsynced = 0;
        }
        Ok(())
    }
}

impl tarbox_store_core::Appender for Appender<'_> {
    fn position(&self) -> (u64, u64) {
        (self.segment, self.len)
    }

    fn added(&self, hash: &Hash) -> Option<Block> {
        self.added.get(hash).copied()
    }

    fn append(&mut self, hash: Hash, bytes: &[u8]) -> Result<()> {
        if self.len >= SEGMENT_MAX {
            self.write()?;
            self.segment += 1;
            self.len = 0;
        }
        let block = Block {
            segment: self.segment,
            offset: self.len,
            len: bytes.len() as u32,
            refs: 0,
        };
        if bytes.len() >= BUFFER / 16 {
            // Large enough to be written from where it is.
            self.write()?;
            self.write_at(bytes, self.len)?;
        } else {
            self.buffer.extend_from_slice(bytes);
        }
        self.len += bytes.len() as u64;
        self.added.insert(hash, block);
        if self.buffer.len() >= BUFFER {
            self.write()?;
        }
        Ok(())
    }

    async fn sync(&mut self) -> Result<()> {
        self.sync_now()
    }
}
