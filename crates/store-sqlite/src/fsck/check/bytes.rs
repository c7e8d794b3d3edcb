//! The bytes of blocks: read in the order in which they are stored, and compared with the hash that names them.

use rusqlite::params;
use tarbox_pool::PoolFileExt;
use tarbox_store::{ErrorKind, Result};

use super::blocks::BlockFault;
use crate::blocks::BlockStore;
use crate::fsck::finding::Fault;
use crate::fsck::scope::{Scope, count};
use crate::rows::Hash;
use crate::sql::{device, engine};

/// A block as its row has it.
#[derive(Debug, Clone, Copy)]
pub(in crate::fsck) struct Stored {
    pub(in crate::fsck) hash: Hash,
    pub(in crate::fsck) segment: i64,
    pub(in crate::fsck) offset: i64,
    pub(in crate::fsck) len: i64,
}

pub(in crate::fsck) fn check(scope: &Scope<'_>, blocks: &BlockStore) -> Result<()> {
    let mut statement = scope
        .c
        .prepare("SELECT hash, segment, offset, len FROM block WHERE tenant = ?1 AND length(hash) = 32 ORDER BY segment, offset")
        .map_err(engine)?;
    let mut rows = statement.query(params![scope.tenant.id]).map_err(engine)?;
    let mut buffer = Vec::new();
    while let Some(row) = rows.next().map_err(engine)? {
        scope.progress.step();
        let stored = Stored {
            hash: row.get(0).map_err(engine)?,
            segment: row.get(1).map_err(engine)?,
            offset: row.get(2).map_err(engine)?,
            len: row.get(3).map_err(engine)?,
        };
        if !scope.is_place(stored.segment, stored.offset, stored.len) {
            continue;
        }
        count(&scope.seen.blocks, 1);
        count(&scope.seen.bytes, stored.len as u64);
        if let Some(fault) = stored.verify(scope, blocks, &mut buffer) {
            scope.found(Fault::Block(fault));
        }
    }
    Ok(())
}

impl Stored {
    /// Reads the block; what is wrong with it, if anything is.
    fn verify(&self, scope: &Scope<'_>, blocks: &BlockStore, buffer: &mut Vec<u8>) -> Option<BlockFault> {
        let &Self {
            hash,
            segment,
            offset,
            len,
        } = self;
        match self.read(scope, blocks, buffer) {
            Ok(()) if buffer.len() as i64 == len => {
                let wrong = BlockFault::Hash {
                    hash,
                    segment,
                    offset,
                };
                (*blake3::hash(buffer).as_bytes() != hash).then_some(wrong)
            }
            Ok(()) => Some(BlockFault::Place {
                hash,
                segment,
                offset,
                len,
            }),
            Err(e) if e.kind() == ErrorKind::NotFound => Some(BlockFault::Place {
                hash,
                segment,
                offset,
                len,
            }),
            Err(e) => Some(BlockFault::Unreadable {
                hash,
                segment,
                offset,
                why: e.to_string(),
            }),
        }
    }

    /// Reads what is there of the block.
    pub(in crate::fsck) fn read(
        &self,
        scope: &Scope<'_>,
        blocks: &BlockStore,
        buffer: &mut Vec<u8>,
    ) -> Result<()> {
        buffer.resize(self.len as usize, 0);
        let file = blocks.segment(scope.id(), self.segment as u64, false)?;
        let read = file.read_up_to(buffer, self.offset as u64).map_err(device)?;
        buffer.truncate(read);
        Ok(())
    }
}
