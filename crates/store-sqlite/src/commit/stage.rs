//! Staging: the new content of a memtable becomes blocks, and chunks that name them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::Ordering;

use tarbox_store::{Error, ErrorKind, LayerId, Result};

use super::Frozen;
use super::append::Appender;
use super::compose::{Composed, NewBlock, Work};
use crate::memtable::{DirtyFile, Pieces, Ranges};
use crate::parallel::in_parallel;
use crate::rows::{Block, CHUNK, Content, Hash, Key, Map, TenantId};
use crate::shared::Shared;
use crate::sql::{self, Batch, Change};

/// Rows looked up at once: many share the cost of a snapshot, while those who read files wait.
const LOOKUPS: usize = 256;

/// Chunks composed at once: enough to share among cores, and at most 4 MiB of blocks in memory.
const BATCH: usize = 32;

/// Everything a commit stores beyond the memtable's own rows.
pub(super) struct Staged {
    pub(super) batch: Batch,
    pub(super) heads: HashMap<TenantId, LayerId>,
    /// By how many bytes the chunks of a file hold more.
    pub(super) stored: HashMap<Key, i64>,
    pub(super) accounts: HashMap<TenantId, Account>,
}

/// What staging changes in a tenant's counters.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Account {
    pub(super) bytes: i64,
    pub(super) segment: u64,
    pub(super) segment_len: u64,
}

impl Shared {
    /// Stores the content of a memtable as blocks, durably, and answers the rows that name them.
    pub(super) fn stage(&self, frozen: &Frozen) -> Result<Staged> {
        let heads = frozen.tenants.iter().map(|t| (t.id, t.head)).collect();
        let mut staged = Staged {
            batch: Batch::default(),
            heads,
            stored: HashMap::new(),
            accounts: HashMap::new(),
        };
        let mut tenants: BTreeMap<TenantId, _> = BTreeMap::new();
        tenants.extend(frozen.tenants.iter().map(|t| (t.id, t.clone())));
        let mut by_tenant: BTreeMap<TenantId, BTreeSet<Key>> = BTreeMap::new();
        for key in frozen.table.files.keys() {
            by_tenant.entry(key.tenant()).or_default().insert(*key);
        }
        for (id, files) in by_tenant {
            // A file's content changes only together with its row and its tenant's counters.
            let Some(tenant) = tenants.get_mut(&id) else {
                continue;
            };
            let mut stager = Stager {
                shared: self,
                tenant: id,
                head: tenant.head,
                appender: Appender::new(self, id, tenant.segment, tenant.segment_len),
                refs: BTreeMap::new(),
                lost: BTreeMap::new(),
                staged: &mut staged,
            };
            for key in files {
                stager.file(frozen, key)?;
            }
            let account = stager.finish()?;
            tenant.bytes = tenant.bytes.saturating_add_signed(account.bytes);
            (tenant.segment, tenant.segment_len) = (account.segment, account.segment_len);
            staged.accounts.insert(id, account);
        }
        staged.batch.tenants = tenants.into_values().collect();
        Ok(staged)
    }
}

/// The staging of one tenant's files.
struct Stager<'a> {
    shared: &'a Shared,
    tenant: TenantId,
    head: LayerId,
    appender: Appender<'a>,
    /// By how many chunk versions more (or fewer) each block is named.
    refs: BTreeMap<Hash, i64>,
    /// Blocks that were lost, and whose bytes have been written again.
    lost: BTreeMap<Hash, Block>,
    staged: &'a mut Staged,
}

impl Stager<'_> {
    fn file(&mut self, frozen: &Frozen, key: Key) -> Result<()> {
        let file = &frozen.table.files[&key];
        let slot = frozen.table.inodes.get(&key);
        let is_new = slot.is_some_and(|slot| slot.base.is_none());
        let gone = slot.is_some_and(|s| s.row.as_ref().is_none_or(|row| row.content != Content::Chunked));
        let mut bases = BTreeMap::new();
        if !is_new {
            bases = self.bases(key, file)?;
        }
        let mut indexes: BTreeSet<u64> = BTreeSet::new();
        indexes.extend(bases.keys());
        if !gone {
            indexes.extend(file.chunks.keys());
        }
        let none = Pieces::default();
        let indexes: Vec<u64> = indexes.into_iter().collect();
        let mut stored = 0;
        for some in indexes.chunks(BATCH) {
            let mut works: Vec<Work<'_>> = some
                .iter()
                .map(|index| {
                    let pieces = if gone { None } else { file.chunks.get(index) };
                    Work::new(*index, bases.remove(index), pieces.unwrap_or(&none), &file.holes)
                })
                .collect();
            self.compose_all(&mut works)?;
            for work in works {
                stored += self.chunk(key, work)?;
            }
        }
        if stored != 0 {
            self.staged.stored.insert(key, stored);
        }
        Ok(())
    }

    /// Composes chunks on all cores, as far as they need no block of this very commit.
    fn compose_all(&mut self, works: &mut [Work<'_>]) -> Result<()> {
        let (appender, shared, tenant) = (&self.appender, self.shared, self.tenant);
        let compose = |work: &mut Work<'_>| {
            work.compose(&mut |hash| match appender.added(&hash) {
                Some(_) => Err(Error::new(ErrorKind::Busy)),
                None => shared.blocks.content(&shared.engine, tenant, hash),
            });
            Ok(())
        };
        in_parallel(works, &compose)
    }

    /// The committed chunks that the new content touches.
    fn bases(&self, key: Key, file: &DirtyFile) -> Result<BTreeMap<u64, Map>> {
        let mut bases = BTreeMap::new();
        let mut wanted = Ranges::default();
        for (start, end) in file.holes.iter() {
            wanted.insert(start / CHUNK, (end - 1) / CHUNK + 1);
        }
        for index in file.chunks.keys() {
            wanted.insert(*index, index + 1);
        }
        for (mut from, end) in wanted.iter() {
            while from < end {
                let page = self
                    .shared
                    .engine
                    .read(|c| sql::chunk::range(c, key, from, end - 1))?;
                let full = page.len() == sql::chunk::PAGE;
                from = page.last().map_or(end, |(index, _)| index + 1);
                bases.extend(page);
                if !full {
                    break;
                }
            }
        }
        Ok(bases)
    }

    /// Stages one chunk, and answers by how many bytes more it holds.
    fn chunk(&mut self, key: Key, mut work: Work<'_>) -> Result<i64> {
        let composed = match work.composed.take() {
            Some(Ok(composed)) => composed,
            _ => {
                work.compose(&mut |hash| self.load(hash));
                work.composed.take().unwrap_or_else(|| Ok(Composed::default()))?
            }
        };
        for block in &composed.blocks {
            self.store(block)?;
        }
        let Work { index, base, .. } = work;
        let fragments = composed.fragments;
        let map = Map {
            fragments,
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
            let change = Change {
                preserve: preserve.then_some(self.head),
                row,
            };
            self.staged.batch.chunks.push((key, index, change));
        }
        Ok(delta)
    }

    fn load(&mut self, hash: Hash) -> Result<Vec<u8>> {
        match self.appender.added(&hash) {
            Some(block) => self.appender.read_back(block),
            None => self.shared.blocks.content(&self.shared.engine, self.tenant, hash),
        }
    }

    /// Stores a block, unless it is there.
    fn store(&mut self, NewBlock { hash, bytes }: &NewBlock<'_>) -> Result<()> {
        let counters = &self.shared.blocks.counters;
        let known = self.appender.added(hash).is_some() || self.is_stored(hash)?;
        let counter = if known {
            &counters.deduplicated
        } else {
            &counters.written
        };
        counter.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        if !known {
            self.appender.append(*hash, bytes)?;
        }
        Ok(())
    }

    /// Whether a block is there. One that a repair found lost is not, and these bytes bring it back.
    fn is_stored(&mut self, hash: &Hash) -> Result<bool> {
        let stored = self
            .shared
            .engine
            .read(|c| sql::chunk::block(c, self.tenant, hash))?;
        match stored {
            Some(block) if block.is_lost() => {
                self.lost.insert(*hash, block);
                Ok(false)
            }
            other => Ok(other.is_some()),
        }
    }

    /// Every block that was there before and is named more or less often now.
    fn stored_blocks(&self) -> Result<HashMap<Hash, Block>> {
        let changed = self.refs.iter().filter(|(_, delta)| **delta != 0);
        let wanted: Vec<&Hash> = changed
            .map(|(hash, _)| hash)
            .filter(|hash| self.appender.added(hash).is_none())
            .collect();
        let mut found = HashMap::with_capacity(wanted.len());
        for some in wanted.chunks(LOOKUPS) {
            self.shared.engine.snapshot(|c| {
                for hash in some {
                    if let Some(block) = sql::chunk::block(c, self.tenant, hash)? {
                        found.insert(**hash, block);
                    }
                }
                Ok(())
            })?;
        }
        Ok(found)
    }

    /// Makes the new blocks durable, and turns the references into rows.
    fn finish(mut self) -> Result<Account> {
        self.appender.sync()?;
        let mut live: BTreeMap<u64, i64> = BTreeMap::new();
        let mut bytes = 0;
        let stored = self.stored_blocks()?;
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
                self.staged.batch.blocks.push((self.tenant, hash, row));
            }
        }
        let batch = &mut self.staged.batch;
        batch.live.extend(
            live.into_iter()
                .map(|(segment, delta)| (self.tenant, segment, delta)),
        );
        let (segment, segment_len) = self.appender.position();
        Ok(Account {
            bytes,
            segment,
            segment_len,
        })
    }
}
