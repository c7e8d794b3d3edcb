//! Blocks against the chunks that name them, and segments against the blocks in them.
//!
//! Both sides can be far larger than memory, so they are compared part by part, by the first byte of the hash.

use std::collections::HashMap;

use rusqlite::params;
use tarbox_store::{LayerId, Result};

use super::blocks::{BlockFault, LOST, SEGMENT_END};
use crate::fsck::finding::Fault;
use crate::fsck::scope::Scope;
use crate::rows::{Hash, Key, Map};
use crate::sql::engine;

/// Blocks whose counts are kept in memory at once: about 60 MiB of them.
const PART: u64 = 500_000;
/// No segment has a number like this: it would be 256 EiB of blocks.
const SEGMENTS: i64 = 1 << 40;
/// Files named in the report of a lost block.
const FILES: usize = 10;

/// What chunks say of one block.
#[derive(Debug, Default)]
struct Named {
    refs: i64,
    /// Where the fragment ends that reaches furthest into it.
    end: u32,
    chunks: Vec<(i64, i64)>,
}

pub(in crate::fsck) fn check(scope: &Scope<'_>) -> Result<()> {
    misnamed(scope)?;
    let count = "SELECT count(*) FROM block WHERE tenant = ?1";
    let blocks: i64 = scope
        .c
        .query_row(count, [scope.tenant.id], |row| row.get(0))
        .map_err(engine)?;
    let parts = (blocks as u64).div_ceil(PART).next_power_of_two().min(256) as usize;
    let mut segments = Segments::default();
    for part in 0..parts {
        let (from, to) = (part * 256 / parts, (part + 1) * 256 / parts);
        check_part(scope, from as u8, (to - 1) as u8, &mut segments)?;
    }
    segments.check(scope)
}

/// Finds blocks that are not named by a hash.
fn misnamed(scope: &Scope<'_>) -> Result<()> {
    let mut statement = scope
        .c
        .prepare("SELECT hash FROM block WHERE tenant = ?1 AND length(hash) <> 32")
        .map_err(engine)?;
    let mut rows = statement.query([scope.tenant.id]).map_err(engine)?;
    while let Some(row) = rows.next().map_err(engine)? {
        let name = row.get(0).map_err(engine)?;
        scope.found(Fault::Block(BlockFault::Name { name }));
    }
    Ok(())
}

/// Compares the blocks whose hash begins with a byte in `from..=to`.
fn check_part(scope: &Scope<'_>, from: u8, to: u8, segments: &mut Segments) -> Result<()> {
    let mut named = named(scope, from, to)?;
    let mut statement = scope
        .c
        .prepare(
            "SELECT hash, segment, offset, len, refs FROM block WHERE tenant = ?1 AND hash >= ?2 AND hash <= ?3 \
             AND length(hash) = 32 ORDER BY hash",
        )
        .map_err(engine)?;
    let (first, last) = (vec![from], [[to].as_slice(), &[0xff; 32]].concat());
    let mut rows = statement
        .query(params![scope.tenant.id, first, last])
        .map_err(engine)?;
    while let Some(row) = rows.next().map_err(engine)? {
        let get = |i| row.get::<_, i64>(i).map_err(engine);
        let hash: Hash = row.get(0).map_err(engine)?;
        let (segment, offset, len, refs) = (get(1)?, get(2)?, get(3)?, get(4)?);
        let by = named.remove(&hash).unwrap_or_default();
        let found = |fault| scope.found(Fault::Block(fault));
        scope.totals.add_bytes(len);
        if by.refs != refs {
            found(BlockFault::Refs {
                hash,
                found: refs,
                expected: by.refs,
            });
        }
        if i64::from(by.end) > len {
            let end = i64::from(by.end);
            found(BlockFault::Beyond { hash, end, len });
        }
        if segment == LOST {
            let chunks = by.chunks;
            found(BlockFault::Lost { hash, len, chunks });
        } else if !scope.is_place(segment, offset, len) {
            found(BlockFault::Place {
                hash,
                segment,
                offset,
                len,
            });
        }
        let end = if scope.is_place(segment, offset, len) {
            offset + len
        } else {
            0
        };
        segments.add(segment, len, end);
    }
    for (hash, by) in named {
        let len = i64::from(by.end);
        scope.found(Fault::Block(BlockFault::Missing { hash, len }));
    }
    Ok(())
}

/// What the chunks of all layers name.
fn named(scope: &Scope<'_>, from: u8, to: u8) -> Result<HashMap<Hash, Named>> {
    let mut named: HashMap<Hash, Named> = HashMap::new();
    for table in ["chunk", "chunk_past"] {
        let sql = format!("SELECT file, idx, map FROM {table} WHERE file >= ?1 AND file < ?2");
        scope.each(&sql, |row| {
            if from == 0 {
                scope.progress.step();
            }
            let place: (i64, i64) = (row.get(0)?, row.get(1)?);
            let (file, index) = (Key(place.0 as u64), place.1 as u64);
            // A map that breaks its format is a finding of another check, and names nothing.
            let Some(map) = Map::decode(row.get_ref(2)?.as_blob()?, file.0, index, LayerId(0)) else {
                return Ok(());
            };
            let mine = |hash: &Hash| (from..=to).contains(&hash[0]);
            for hash in map.hashes().into_iter().filter(mine) {
                let by = named.entry(hash).or_default();
                by.refs += 1;
                if by.chunks.len() < FILES {
                    by.chunks.push(place);
                }
            }
            for f in map.fragments.iter().filter(|f| mine(&f.hash)) {
                let by = named.entry(f.hash).or_default();
                by.end = by.end.max(f.skip + f.len);
            }
            Ok(())
        })?;
    }
    Ok(named)
}

/// What the blocks of each segment add up to: bytes, and where the last one ends.
#[derive(Debug, Default)]
struct Segments(HashMap<i64, (i64, i64)>);

impl Segments {
    fn add(&mut self, segment: i64, len: i64, end: i64) {
        let (live, last) = self.0.entry(segment).or_default();
        *live = live.saturating_add(len);
        *last = (*last).max(end);
    }

    fn check(&self, scope: &Scope<'_>) -> Result<()> {
        let (segment, len) = (scope.tenant.segment, scope.tenant.segment_len);
        let used = self.0.iter().filter(|(_, (_, end))| *end > 0);
        let last = used.map(|(id, (_, end))| (*id, *end)).max().unwrap_or((1, 0));
        if (segment, len) < last || segment > SEGMENTS || !(0..=SEGMENT_END).contains(&len) {
            let expected = last;
            scope.found(Fault::Block(BlockFault::Append {
                segment,
                len,
                expected,
            }));
        }
        let counted = self.counted(scope)?;
        let mut all: Vec<i64> = self.0.keys().chain(counted.keys()).copied().collect();
        tarbox_store::sort_by_key(&mut all, |segment| *segment);
        all.dedup();
        for segment in all {
            let found = counted.get(&segment).copied().unwrap_or(0);
            let expected = self.0.get(&segment).map_or(0, |(live, _)| *live);
            self.compare(scope, segment, found, expected);
        }
        Ok(())
    }

    fn counted(&self, scope: &Scope<'_>) -> Result<HashMap<i64, i64>> {
        let mut statement = scope
            .c
            .prepare("SELECT id, live FROM segment WHERE tenant = ?1")
            .map_err(engine)?;
        let rows = statement
            .query_map([scope.tenant.id], |row| {
                scope.progress.step();
                Ok((row.get(0)?, row.get(1)?))
            })
            .map_err(engine)?;
        rows.collect::<rusqlite::Result<_>>().map_err(engine)
    }

    fn compare(&self, scope: &Scope<'_>, segment: i64, found: i64, expected: i64) {
        if found != expected {
            scope.found(Fault::Block(BlockFault::Live {
                segment,
                found,
                expected,
            }));
        }
    }
}
