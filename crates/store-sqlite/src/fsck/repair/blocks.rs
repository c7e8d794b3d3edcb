//! Mending blocks. Bytes that do not match their hash are copied to `/lost+found`; the block itself is lost from then on:
//! whoever reads it gets an error, and whoever writes the right bytes again brings it back.

use rusqlite::params;
use tarbox_pool::PoolFileExt;
use tarbox_store::{FileKind, LayerId, Result};

use super::Mender;
use tarbox_store_core::Fragment;

use crate::blocks::hex;
use crate::fsck::check::blocks::{BlockFault, LOST, SEGMENT_END};
use crate::rows::{Block, CHUNK, Hash, Key, Map};
use crate::sql::{self, engine};

impl Mender<'_> {
    pub(super) fn mend_block(&self, fault: &BlockFault) -> Result<()> {
        match fault {
            BlockFault::Name { name } => self.set_block_aside(name),
            BlockFault::Missing { hash, len } => self.put_lost(hash, (*len).clamp(1, CHUNK as i64) as u32),
            BlockFault::Beyond { hash, end, .. } => self.mend_beyond(hash, *end),
            BlockFault::Hash { hash, .. } | BlockFault::Place { hash, .. } => self.lose_block(hash),
            BlockFault::Refs {
                hash, expected: 0, ..
            } => self.set_block_aside(hash),
            BlockFault::Refs { hash, expected, .. } => self
                .run(
                    "UPDATE block SET refs = ?3 WHERE tenant = ?1 AND hash = ?2",
                    params![self.tenant.id, hash, expected],
                )
                .map(drop),
            BlockFault::Live {
                segment, expected, ..
            } => self
                .run(
                    "INSERT OR REPLACE INTO segment(tenant, id, live) VALUES (?1, ?2, ?3)",
                    params![self.tenant.id, segment, expected],
                )
                .map(drop),
            BlockFault::Append {
                expected: (segment, len),
                ..
            } => self
                .run(
                    "UPDATE tenant SET segment = ?2, segment_len = ?3 WHERE id = ?1",
                    params![self.tenant.id, (*segment).max(1), (*len).max(0)],
                )
                .map(drop),
            BlockFault::Lost { .. } | BlockFault::Unreadable { .. } => Ok(()),
        }
    }

    /// What the device has at the place of a block; fewer bytes where the segment ends.
    fn bytes(&self, block: &Block, len: u64) -> Result<Vec<u8>> {
        let file = match self.shared.blocks.segment(self.id(), block.segment, false) {
            Ok(file) => file,
            Err(e) if e.kind() == tarbox_store::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(e),
        };
        let mut bytes = vec![0; len.min(CHUNK) as usize];
        let read = file.read_up_to(&mut bytes, block.offset).map_err(sql::device)?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// `segment, offset, len, refs` of a block, as they are.
    fn block_row(&self, hash: &[u8]) -> Result<Option<[i64; 4]>> {
        let rows = self.numbers(
            "SELECT segment, offset, len, refs FROM block WHERE tenant = ?1 AND hash = ?2",
            params![self.tenant.id, hash],
        )?;
        Ok(rows.first().copied())
    }

    /// The block's row, if its bytes can be somewhere.
    fn stored(&self, hash: &[u8]) -> Result<Option<Block>> {
        let row = self.block_row(hash)?;
        Ok(row.and_then(|[segment, offset, len, refs]| {
            let possible = segment > 0 && (0..=SEGMENT_END).contains(&offset);
            possible.then_some(Block {
                segment: segment as u64,
                offset: offset as u64,
                len: len.clamp(1, CHUNK as i64) as u32,
                refs: refs.max(0) as u64,
            })
        }))
    }

    /// Looks once more, now that nothing can move; then sets the wrong bytes aside.
    fn lose_block(&self, hash: &Hash) -> Result<()> {
        let Some([segment, _, row_len, _]) = self.block_row(hash)? else {
            return Ok(());
        };
        if segment == LOST {
            return Ok(());
        }
        let len = row_len.clamp(1, CHUNK as i64) as u32;
        if let Some(block) = self.stored(hash)? {
            let bytes = self.bytes(&block, u64::from(block.len))?;
            if bytes.len() as i64 == row_len && blake3::hash(&bytes).as_bytes() == hash {
                return Ok(());
            }
            if let Some(len) = self.true_length(hash, &block)? {
                return sql::chunk::put_block(self.c, self.id(), hash, &Block { len, ..block });
            }
            let name = format!("block-{}", hex(hash));
            self.note(format!(
                "the bytes of block {} are damaged; what is left of them is in {name}",
                hex(hash)
            ));
            if !bytes.is_empty() {
                self.put_bytes(&name, &bytes)?;
            }
        }
        self.put_lost(hash, len)
    }

    /// The length with which the bytes match the hash: the row may be what is damaged.
    fn true_length(&self, hash: &Hash, block: &Block) -> Result<Option<u32>> {
        let bytes = self.bytes(block, CHUNK)?;
        let mut hasher = blake3::Hasher::new();
        // The likely lengths are where fragments end.
        let mut ends: Vec<u32> = Vec::new();
        self.each_map(hash, |map| {
            ends.extend(
                map.fragments
                    .iter()
                    .filter(|f| f.hash == *hash)
                    .map(|f| f.skip + f.len),
            );
            false
        })?;
        tarbox_store::sort_by_key(&mut ends, |end| *end);
        ends.dedup();
        let mut at = 0;
        for end in ends {
            let Some(part) = bytes.get(at..end as usize) else {
                break;
            };
            hasher.update(part);
            at = end as usize;
            if hasher.finalize().as_bytes() == hash {
                return Ok(Some(end));
            }
        }
        Ok(None)
    }

    /// A fragment reaches behind a block: either the block's length is wrong, or the fragment.
    fn mend_beyond(&self, hash: &Hash, end: i64) -> Result<()> {
        let Some([segment, _, len, _]) = self.block_row(hash)? else {
            return Ok(());
        };
        if segment == LOST {
            return self.put_lost(hash, end.clamp(1, CHUNK as i64) as u32);
        }
        if let Some(block) = self.stored(hash)?
            && let Some(len) = self.true_length(hash, &block)?
        {
            return sql::chunk::put_block(self.c, self.id(), hash, &Block { len, ..block });
        }
        self.each_map(hash, |map| {
            let mut changed = false;
            for f in map.fragments.iter_mut() {
                if f.hash == *hash && i64::from(f.skip + f.len) > len {
                    // A block of this name is not there, so the next round finds it missing: lost.
                    f.hash = *blake3::hash(&[b"tarbox lost fragment", &f.hash[..]].concat()).as_bytes();
                    changed = true;
                }
            }
            changed
        })
    }

    /// Shows `f` every chunk map that names a block; maps that it changes are stored.
    fn each_map(&self, hash: &Hash, mut f: impl FnMut(&mut Map) -> bool) -> Result<()> {
        for (table, died) in [("chunk", "0"), ("chunk_past", "died")] {
            let sql = format!(
                "SELECT file, idx, {died}, map FROM {table} WHERE file >= ?1 AND file < ?2 AND instr(map, ?3) > 0"
            );
            let [from, to] = self.keys();
            let mut statement = self.c.prepare(&sql).map_err(engine)?;
            let mut rows = statement.query(params![from, to, hash]).map_err(engine)?;
            let mut changed: Vec<(i64, i64, i64, Vec<u8>)> = Vec::new();
            while let Some(row) = rows.next().map_err(engine)? {
                let bytes: Vec<u8> = row.get(3).map_err(engine)?;
                let number = |i| row.get::<_, i64>(i).map_err(engine);
                let (file, index, died) = (number(0)?, number(1)?, number(2)?);
                let chunk = (Key(file as u64), index as u64);
                let Some(mut map) = Map::decode(&bytes, chunk.0.0, chunk.1, LayerId(0)) else {
                    continue;
                };
                if f(&mut map) {
                    changed.push((file, index, died, map.encode(chunk.0.0, chunk.1)));
                }
            }
            let update = format!("UPDATE {table} SET map = ?4 WHERE file = ?1 AND idx = ?2 AND {died} = ?3");
            for (file, idx, died, map) in changed {
                self.run(&update, params![file, idx, died, map])?;
            }
        }
        Ok(())
    }

    /// A block that nothing names may be what is left of a file: it becomes one, sharing the bytes.
    fn set_block_aside(&self, hash: &[u8]) -> Result<()> {
        let Some(block) = self.stored(hash)? else {
            return self.forget_block(hash);
        };
        let bytes = self.bytes(&block, u64::from(block.len))?;
        let actual = *blake3::hash(&bytes).as_bytes();
        if actual != hash {
            self.give_back(&actual, &block, bytes.len())?;
            return self.forget_block(hash);
        }
        let key = self.new_inode(FileKind::File, 0o600)?;
        self.run("UPDATE inode SET data = NULL, sum = NULL WHERE key = ?1", [key])?;
        let fragment = Fragment {
            start: 0,
            len: block.len,
            skip: 0,
            hash: actual,
        };
        self.put_chunk(key, 0, vec![fragment])?;
        let hash = &actual;
        let name = format!("block-{}", hex(hash));
        self.note(format!("nothing refers to block {}; it is in {name}", hex(hash)));
        self.put_inode(key, FileKind::File as i64, &name)
    }

    /// Bytes found under a wrong name go by the right one, if they are missing there.
    fn give_back(&self, hash: &Hash, block: &Block, len: usize) -> Result<()> {
        let there = self.block_row(hash)?;
        if len != block.len as usize || there.is_some_and(|[segment, ..]| segment != LOST) {
            return Ok(());
        }
        let refs = there.map_or(0, |[.., refs]| refs.max(0) as u64);
        sql::chunk::put_block(self.c, self.id(), hash, &Block { refs, ..*block })
    }

    fn forget_block(&self, hash: &[u8]) -> Result<()> {
        self.set_aside(
            "block",
            "tenant = ?1 AND hash = ?2",
            params![self.tenant.id, hash],
        )
    }
}
