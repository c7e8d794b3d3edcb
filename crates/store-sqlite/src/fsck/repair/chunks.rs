//! Mending chunk maps.

use rusqlite::params;
use tarbox_store::{LayerId, Result};

use super::Mender;
use tarbox_store_core::Fragment;

use crate::fsck::check::chunks::ChunkFault;
use crate::rows::{Block, CHUNK, Hash, Map};
use crate::sql;

impl Mender<'_> {
    pub(super) fn mend_chunk(&self, fault: &ChunkFault) -> Result<()> {
        match *fault {
            ChunkFault::Map { file, idx, died } => self.mend_map(file, idx, died),
            // The bytes are there, so the file is at least that long.
            ChunkFault::Beyond { file, died, end, .. } => self.set_inode(file, died, "size", end),
            ChunkFault::Unexpected { file, idx, died } => self.move_chunk(file, idx, died),
        }
    }

    /// Keeps the fragments that can be read; what lies between them is lost, since nobody knows whether it was a hole.
    fn mend_map(&self, file: i64, idx: i64, died: i64) -> Result<()> {
        let (table, version) = Self::table_of("chunk", died);
        let which = format!("file = ?1 AND {version} AND idx = ?3");
        let values = params![file, died, idx];
        self.note_rows(&table, &which, values)?;
        let bytes: Option<Vec<u8>> = self.one(&format!("SELECT map FROM {table} WHERE {which}"), values)?;
        let base = idx.checked_mul(CHUNK as i64).filter(|_| idx >= 0);
        let (Some(bytes), Some(base)) = (bytes, base) else {
            return self
                .run(&format!("DELETE FROM {table} WHERE {which}"), values)
                .map(drop);
        };
        let size = self.inode_number(file, died, "size")?.unwrap_or(0);
        let end = size.saturating_sub(base).clamp(0, CHUNK as i64) as u32;
        let map = self.fill(file, idx, died, Map::salvage(&bytes), end)?;
        if map.fragments.is_empty() {
            return self
                .run(&format!("DELETE FROM {table} WHERE {which}"), values)
                .map(drop);
        }
        self.run(
            &format!("UPDATE {table} SET map = ?4 WHERE {which}"),
            params![file, died, idx, map.encode(file as u64, idx as u64)],
        )
        .map(drop)
    }

    fn fill(&self, file: i64, idx: i64, died: i64, kept: Vec<Fragment>, end: u32) -> Result<Map> {
        let mut fragments: Vec<Fragment> = Vec::new();
        let mut at = 0;
        for fragment in kept {
            if at < fragment.start {
                fragments.push(self.lost_fragment(file, idx, died, (at, fragment.start))?);
            }
            at = fragment.end();
            fragments.push(fragment);
        }
        if at < end {
            fragments.push(self.lost_fragment(file, idx, died, (at, end))?);
        }
        Ok(Map {
            fragments,
            born: LayerId(0),
        })
    }

    /// A fragment of a block that is lost: reading it fails, until something is written over it.
    pub(super) fn lost_fragment(
        &self,
        file: i64,
        idx: i64,
        died: i64,
        (start, end): (u32, u32),
    ) -> Result<Fragment> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"tarbox lost content");
        for number in [file, idx, died, i64::from(start)] {
            hasher.update(&number.to_le_bytes());
        }
        let hash = *hasher.finalize().as_bytes();
        self.put_lost(&hash, end - start)?;
        Ok(Fragment {
            start,
            len: end - start,
            skip: 0,
            hash,
        })
    }

    /// Makes a block lost, or makes a row for one that is.
    pub(super) fn put_lost(&self, hash: &Hash, len: u32) -> Result<()> {
        let refs: Option<i64> = self.one(
            "SELECT refs FROM block WHERE tenant = ?1 AND hash = ?2",
            params![self.tenant.id, hash],
        )?;
        let block = Block {
            segment: Block::LOST,
            offset: 0,
            len,
            refs: refs.unwrap_or(0).max(0) as u64,
        };
        sql::chunk::put_block(self.c, self.id(), hash, &block)
    }
}
