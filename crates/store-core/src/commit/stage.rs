//! Staging: the new content of a memtable becomes blocks, and chunks that name them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustc_hash::{FxHashMap, FxHashSet};
use tarbox_store::{ErrorKind, Ino, LayerId, Result};

use super::compose::Work;
use crate::batch::{Batch, Change};
use crate::engine::{Appender, Engine, Target};
use crate::memtable::{DirtyFile, Pieces, Ranges};
use crate::open::Driver;
use crate::platform::in_parallel;
use crate::rows::{Block, CHUNK, Content, Hash, Map};
use crate::state::Frozen;
use crate::want::{CHUNKS, Want};

/// Rows looked up at once: many share the cost of a snapshot, while those who read files wait.
const LOOKUPS: usize = 256;

/// Chunks composed at once: enough to share among cores, and at most 4 MiB of blocks in memory.
const BATCH: usize = 32;

/// Everything a commit stores.
pub(super) struct Staged {
    pub(super) batch: Batch,
    /// By how many bytes the chunks of a file hold more.
    pub(super) stored: FxHashMap<Ino, i64>,
    pub(super) account: Account,
}

/// What staging changes in the tenant's counters.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Account {
    pub(super) bytes: i64,
    pub(super) segment: u64,
    pub(super) segment_len: u64,
}

/// Stores the content of a memtable as blocks, durably, and answers the rows that name them.
pub(super) async fn stage<E: Engine>(driver: Driver<'_, E>, frozen: &Frozen) -> Result<Staged> {
    let mut tenant = frozen.tenant.clone();
    let mut staged = Staged {
        batch: Batch::new(tenant.id),
        stored: FxHashMap::default(),
        account: Account {
            bytes: 0,
            segment: tenant.segment,
            segment_len: tenant.segment_len,
        },
    };
    if !frozen.table.files.is_empty() {
        let mut stager = Stager {
            driver,
            head: tenant.head,
            appender: driver.inner.engine.appender(&tenant),
            refs: FxHashMap::default(),
            lost: FxHashMap::default(),
            staged: &mut staged,
        };
        let mut files: Vec<Ino> = frozen.table.files.keys().copied().collect();
        tarbox_store::sort_by_key(&mut files, |ino| *ino);
        for ino in files {
            stager.file(frozen, ino).await?;
        }
        let account = stager.finish().await?;
        tenant.bytes = tenant.bytes.saturating_add_signed(account.bytes);
        (tenant.segment, tenant.segment_len) = (account.segment, account.segment_len);
        staged.account = account;
    }
    staged.batch.fill(&frozen.table, tenant.head, &staged.stored);
    staged.batch.row = Some(tenant);
    Ok(staged)
}

/// The staging of one tenant's files.
struct Stager<'a, 's, E: Engine> {
    driver: Driver<'a, E>,
    head: LayerId,
    appender: E::Appender<'a>,
    /// By how many chunk versions more (or fewer) each block is named.
    refs: FxHashMap<Hash, i64>,
    /// Blocks that were lost, and whose bytes have been written again.
    lost: FxHashMap<Hash, Block>,
    staged: &'s mut Staged,
}

impl<E: Engine> Stager<'_, '_, E> {
    async fn file(&mut self, frozen: &Frozen, ino: Ino) -> Result<()> {
        let file = &frozen.table.files[&ino];
        let slot = frozen.table.inodes.get(&ino);
        let is_new = slot.is_some_and(|slot| slot.base.is_none());
        let gone = slot.is_some_and(|s| s.row.as_ref().is_none_or(|row| row.content != Content::Chunked));
        let mut bases = Vec::new();
        if !is_new {
            bases = self.bases(ino, file).await?;
        }
        let mut indexes: Vec<u64> = bases.iter().map(|(index, _)| *index).collect();
        if !gone {
            indexes.extend(file.chunks.keys());
        }
        tarbox_store::sort_by_key(&mut indexes, |index| *index);
        indexes.dedup();
        let mut bases = bases.into_iter().peekable();
        let none = Pieces::default();
        let mut stored = 0;
        for some in indexes.chunks(BATCH) {
            let mut works: Vec<Work<'_>> = some
                .iter()
                .map(|index| {
                    let pieces = if gone { None } else { file.chunks.get(index) };
                    let base = bases.next_if(|(of, _)| of == index).map(|(_, map)| map);
                    Work::new(*index, base, pieces.unwrap_or(&none), &file.holes)
                })
                .collect();
            self.load_old(&mut works).await?;
            in_parallel(&mut works, &Work::compose)?;
            let known = self.known(&works).await?;
            for work in works {
                stored += self.chunk(ino, work, &known)?;
            }
        }
        if stored != 0 {
            self.staged.stored.insert(ino, stored);
        }
        Ok(())
    }

    /// The committed chunks that the new content touches, by index.
    async fn bases(&self, ino: Ino, file: &DirtyFile) -> Result<Vec<(u64, Map)>> {
        let mut bases = Vec::new();
        let mut wanted = Ranges::default();
        for (start, end) in file.holes.iter() {
            wanted.insert(start / CHUNK, (end - 1) / CHUNK + 1);
        }
        for index in file.chunks.keys() {
            wanted.insert(*index, index + 1);
        }
        for (mut from, end) in wanted.iter() {
            while from < end {
                let (file, to) = (ino, end - 1);
                let found = self.load(&[Want::Chunks { file, from, to }]).await?;
                let page = found.first().map(|found| found.chunks()).transpose()?;
                let Some(page) = page else { break };
                bases.extend(page.iter().cloned());
                from = page.last().map_or(end, |(index, _)| index + 1);
                if page.len() < CHUNKS {
                    break;
                }
            }
        }
        Ok(bases)
    }

    async fn load(&self, wants: &[Want]) -> Result<Vec<crate::want::Found>> {
        let driver = self.driver;
        driver.inner.engine.load(driver.open.tenant, wants).await
    }

    /// Reads what chunks have in blocks that are to be made whole.
    async fn load_old(&self, works: &mut [Work<'_>]) -> Result<()> {
        let mut places = Vec::new();
        let mut targets: Vec<Target> = Vec::new();
        for (i, work) in works.iter().enumerate().filter(|(_, work)| work.is_rewritten()) {
            let at = places.len() * CHUNK as usize;
            targets.extend(work.stored_parts(at));
            places.push((i, at));
        }
        if places.is_empty() {
            return Ok(());
        }
        let mut buffer = vec![0; places.len() * CHUNK as usize];
        match self.fetch(&targets, &mut buffer).await {
            Ok(()) => {
                let buffer = Arc::new(buffer);
                for (i, at) in places {
                    works[i].old = Some((buffer.clone(), at));
                }
            }
            // What is damaged stays where it is named, and must not keep everything else from being stored.
            Err(e) if matches!(e.kind(), ErrorKind::Corrupt | ErrorKind::Io) => {
                for (i, _) in places {
                    let targets: Vec<Target> = works[i].stored_parts(0).collect();
                    let mut buffer = vec![0; CHUNK as usize];
                    if self.fetch(&targets, &mut buffer).await.is_ok() {
                        works[i].old = Some((Arc::new(buffer), 0));
                    }
                }
            }
            Err(e) => return Err(e),
        }
        Ok(())
    }

    async fn fetch(&self, targets: &[Target], buffer: &mut [u8]) -> Result<()> {
        let driver = self.driver;
        driver
            .inner
            .engine
            .fetch(driver.open.tenant, targets, buffer)
            .await
    }

    /// Which of the blocks that chunks became are stored already. One that a repair found lost is not: these bytes bring it back.
    async fn known(&mut self, works: &[Work<'_>]) -> Result<FxHashSet<Hash>> {
        let blocks = works.iter().flat_map(|work| &work.composed.blocks);
        let hashes: FxHashSet<Hash> = blocks
            .map(|block| block.hash)
            .filter(|hash| self.appender.added(hash).is_none())
            .collect();
        let mut known = FxHashSet::default();
        for (hash, block) in self.stored_blocks(hashes.into_iter().collect()).await? {
            match block.is_lost() {
                true => drop(self.lost.insert(hash, block)),
                false => drop(known.insert(hash)),
            }
        }
        Ok(known)
    }

    /// Stages one chunk, and answers by how many bytes more it holds.
    fn chunk(&mut self, ino: Ino, work: Work<'_>, known: &FxHashSet<Hash>) -> Result<i64> {
        let Work {
            index,
            base,
            composed,
            ..
        } = work;
        for block in &composed.blocks {
            self.store(block.hash, &block.bytes, known)?;
        }
        let map = Map {
            fragments: composed.fragments,
            born: self.head,
        };
        let delta = map.stored() as i64 - base.as_ref().map_or(0, |b| b.stored() as i64);
        let preserve = base.as_ref().is_some_and(|b| b.born < self.head);
        for hash in map.hashes() {
            *self.refs.entry(hash).or_default() += 1;
        }
        if let Some(base) = base.as_ref().filter(|_| !preserve) {
            for hash in base.hashes() {
                *self.refs.entry(hash).or_default() -= 1;
            }
        }
        let row = (!map.fragments.is_empty()).then_some(map);
        if row.is_some() || base.is_some() {
            let preserve = preserve.then_some(self.head);
            self.staged
                .batch
                .chunks
                .push((ino, index, Change { preserve, row }));
        }
        Ok(delta)
    }

    /// Stores a block, unless it is there.
    fn store(&mut self, hash: Hash, bytes: &[u8], known: &FxHashSet<Hash>) -> Result<()> {
        let counters = &self.driver.inner.counters;
        let known = known.contains(&hash) || self.appender.added(&hash).is_some();
        let counter = if known {
            &counters.deduplicated
        } else {
            &counters.written
        };
        counter.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        match known {
            true => Ok(()),
            false => self.appender.append(hash, bytes),
        }
    }

    /// Blocks that the database has.
    async fn stored_blocks(&self, mut wanted: Vec<Hash>) -> Result<FxHashMap<Hash, Block>> {
        // In key order, neighbouring rows meet the same pages.
        tarbox_store::sort_by_key(&mut wanted, |hash| *hash);
        let mut found = FxHashMap::default();
        for some in wanted.chunks(LOOKUPS) {
            let wants: Vec<Want> = some.iter().map(|hash| Want::Block(*hash)).collect();
            for (hash, answer) in some.iter().zip(self.load(&wants).await?) {
                if let Some(block) = answer.block()? {
                    found.insert(*hash, *block);
                }
            }
        }
        Ok(found)
    }

    /// Makes the new blocks durable, and turns the references into rows.
    async fn finish(mut self) -> Result<Account> {
        self.appender.sync().await?;
        let changed = self.refs.iter().filter(|(_, delta)| **delta != 0);
        let wanted: Vec<Hash> = changed
            .map(|(hash, _)| *hash)
            .filter(|hash| self.appender.added(hash).is_none())
            .collect();
        let stored = self.stored_blocks(wanted).await?;
        let mut live: FxHashMap<u64, i64> = FxHashMap::default();
        let mut bytes = 0;
        for (hash, delta) in std::mem::take(&mut self.refs) {
            let added = self.appender.added(&hash);
            if delta == 0 && added.is_none() {
                continue;
            }
            let stored = match added {
                Some(_) => self.lost.get(&hash).copied(),
                None => stored.get(&hash).copied(),
            };
            let was_named = stored.map_or(0, |b| b.refs);
            let Some(block) = added.or(stored) else {
                continue;
            };
            let refs = was_named.saturating_add_signed(delta);
            // A block that is added and named no more in the same commit is garbage of its segment from the start.
            if let Some(old) = stored.filter(|_| added.is_some() || refs == 0) {
                bytes -= i64::from(old.len);
                *live.entry(old.segment).or_default() -= i64::from(old.len);
            }
            if added.is_some() {
                let len = if refs > 0 { i64::from(block.len) } else { 0 };
                bytes += len;
                *live.entry(block.segment).or_default() += len;
            }
            if stored.is_some() || refs > 0 {
                let row = (refs > 0).then_some(Block { refs, ..block });
                self.staged.batch.blocks.push((hash, row));
            }
        }
        self.staged.batch.live.extend(live);
        tarbox_store::sort_by_key(&mut self.staged.batch.blocks, |(hash, _)| *hash);
        let (segment, segment_len) = self.appender.position();
        Ok(Account {
            bytes,
            segment,
            segment_len,
        })
    }
}
