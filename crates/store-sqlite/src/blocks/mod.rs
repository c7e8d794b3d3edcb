//! Blocks: where they are, and reading them with their hash checked.

mod append;
#[cfg_attr(target_family = "wasm", path = "early_alone.rs")]
mod early;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quick_cache::unsync::Cache;
use tarbox_pool::{OpenOptions, Pool, PoolFile};
use tarbox_store::{Error, ErrorKind, Performance, Result};

use crate::rows::{Block, Hash, TenantId};
use crate::sql::{self, Connections, damaged, device};
pub(crate) use append::Appender;
pub(crate) use append::SEGMENT_MAX;
use tarbox_store_core::{Target, in_parallel};

/// Segment files kept open.
const OPEN_SEGMENTS: usize = 256;
/// So many blocks of one read are worth waking other threads for: checking hashes takes longer than copying.
const PARALLEL: usize = 4;
/// How often a block that moved while it was read is looked for again.
const TRIES: usize = 4;

type Name = (TenantId, Hash);

/// The blocks of a database: in segment files of a pool.
pub(crate) struct BlockStore {
    pool: Arc<dyn Pool>,
    /// Put before every file's name.
    prefix: String,
    files: Mutex<HashMap<(TenantId, u64), Arc<dyn PoolFile>>>,
    /// Where blocks are, as far as it was asked.
    places: Mutex<Cache<Name, Place>>,
    pub(crate) counters: BlockCounters,
}

#[derive(Debug, Default)]
pub(crate) struct BlockCounters {
    pub(crate) hits: AtomicU64,
    pub(crate) misses: AtomicU64,
    pub(crate) read: AtomicU64,
}

/// Where a block is, and whether its bytes there were compared with its hash since the database was opened. Blocks never
/// change, so one comparison serves all later reads.
#[derive(Debug, Clone, Copy)]
struct Place {
    block: Block,
    checked: bool,
}

impl fmt::Debug for BlockStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockStore")
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}

impl BlockStore {
    /// The blocks in a pool; places are remembered in so many bytes.
    pub(crate) fn new(pool: Arc<dyn Pool>, prefix: &str, cache_bytes: u64) -> Self {
        let places = usize::try_from(cache_bytes / 128).unwrap_or(usize::MAX).max(64);
        Self {
            pool,
            prefix: prefix.to_owned(),
            files: Mutex::default(),
            places: Mutex::new(Cache::new(places)),
            counters: BlockCounters::default(),
        }
    }

    pub(crate) fn pool(&self) -> &Arc<dyn Pool> {
        &self.pool
    }

    /// What is put before every file's name.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The file name of a segment.
    pub(crate) fn segment_name(&self, tenant: TenantId, segment: u64) -> String {
        format!("{}t{}/{segment:08}", self.prefix, tenant.0)
    }

    /// What the names of a tenant's segments begin with.
    pub(crate) fn tenant_prefix(&self, tenant: TenantId) -> String {
        format!("{}t{}/", self.prefix, tenant.0)
    }

    /// A segment's file, made if `create`.
    pub(crate) fn segment(&self, tenant: TenantId, segment: u64, create: bool) -> Result<Arc<dyn PoolFile>> {
        let mut files = lock(&self.files);
        if let Some(file) = files.get(&(tenant, segment)) {
            return Ok(file.clone());
        }
        let name = self.segment_name(tenant, segment);
        let options = match (create, self.pool.is_read_only()) {
            (true, _) => OpenOptions::CREATE,
            (false, false) => OpenOptions::EXISTING,
            (false, true) => OpenOptions::READ_ONLY,
        };
        let file = self.pool.open(&name, options).map_err(device)?;
        if files.len() >= OPEN_SEGMENTS {
            files.clear();
        }
        files.insert((tenant, segment), file.clone());
        Ok(file)
    }

    /// Forgets an open segment, so that the next use opens it anew.
    pub(crate) fn close_segment(&self, tenant: TenantId, segment: u64) {
        lock(&self.files).remove(&(tenant, segment));
    }

    /// Fills the targets of a read.
    pub(crate) fn fetch(
        &self,
        engine: &Connections,
        tenant: TenantId,
        targets: &[Target],
        buffer: &mut [u8],
    ) -> Result<()> {
        let fetch = |target: &Target, into: &mut [u8]| {
            self.fetch_one(engine, (tenant, target.hash), target.skip, into)
        };
        if targets.len() >= PARALLEL {
            let mut parts = Vec::with_capacity(targets.len());
            let mut order: Vec<&Target> = targets.iter().collect();
            tarbox_store::sort_by_key(&mut order, |target| target.at);
            let (mut rest, mut at) = (buffer, 0);
            for target in order {
                let here = target.at.checked_sub(at).and_then(|skip| rest.get_mut(skip..));
                let split = here.and_then(|here| here.split_at_mut_checked(target.len as usize));
                let (part, behind) = split.ok_or_else(|| damaged("two chunks claim the same bytes"))?;
                parts.push((target, part));
                at = target.at + target.len as usize;
                rest = behind;
            }
            return in_parallel(&mut parts, &|(target, into)| fetch(target, into));
        }
        for target in targets {
            fetch(target, &mut buffer[target.at..target.at + target.len as usize])?;
        }
        Ok(())
    }

    fn fetch_one(&self, engine: &Connections, name: Name, skip: u32, into: &mut [u8]) -> Result<()> {
        let place = self.place(engine, name)?;
        if u64::from(skip) + into.len() as u64 > u64::from(place.block.len) {
            return Err(damaged("a fragment lies outside its block"));
        }
        if place.checked && self.read_checked(name, place.block, skip, into) {
            self.counters.hits.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
        self.counters.misses.fetch_add(1, Ordering::Relaxed);
        if into.len() == place.block.len as usize {
            return self.load(engine, name, place.block, into);
        }
        let mut bytes = vec![0; place.block.len as usize];
        self.load(engine, name, place.block, &mut bytes)?;
        into.copy_from_slice(&bytes[skip as usize..skip as usize + into.len()]);
        Ok(())
    }

    /// Reads part of a block that was checked before. `false` if it cannot be had there any more.
    fn read_checked(&self, name: Name, block: Block, skip: u32, into: &mut [u8]) -> bool {
        let offset = block.offset + u64::from(skip);
        let read = self
            .segment(name.0, block.segment, false)
            .map(|file| file.read_at(into, offset));
        let whole = matches!(read, Ok(Ok(n)) if n == into.len());
        if whole {
            self.counters.read.fetch_add(into.len() as u64, Ordering::Relaxed);
        }
        whole
    }

    /// A whole block, checked now.
    pub(crate) fn whole(&self, engine: &Connections, tenant: TenantId, hash: Hash) -> Result<Vec<u8>> {
        let place = self.place(engine, (tenant, hash))?;
        let mut bytes = vec![0; place.block.len as usize];
        self.load(engine, (tenant, hash), place.block, &mut bytes)?;
        Ok(bytes)
    }

    fn place(&self, engine: &Connections, name: Name) -> Result<Place> {
        if let Some(place) = lock(&self.places).get(&name) {
            return Ok(*place);
        }
        let block = engine.read(|c| sql::chunk::block(c, name.0, &name.1))?;
        let block = block.ok_or_else(|| damaged(format!("block {} is missing", hex(&name.1))))?;
        if u64::from(block.len) > crate::rows::CHUNK {
            return Err(damaged(format!(
                "block {} claims {} bytes",
                hex(&name.1),
                block.len
            )));
        }
        let place = Place {
            block,
            checked: false,
        };
        lock(&self.places).insert(name, place);
        Ok(place)
    }

    /// Reads a block and checks it. A block can move while it is read (garbage collection): then its place is asked for again.
    fn load(&self, engine: &Connections, name: Name, mut block: Block, into: &mut [u8]) -> Result<()> {
        let mut tries = 1;
        loop {
            let error = match self.load_from(name, block, into) {
                Ok(()) => {
                    lock(&self.places).insert(name, Place { block, checked: true });
                    return Ok(());
                }
                Err(error) => error,
            };
            lock(&self.places).remove(&name);
            self.close_segment(name.0, block.segment);
            let moved = self.place(engine, name)?.block;
            if tries >= TRIES || (tries > 1 && moved == block) || moved.len as usize != into.len() {
                return Err(error);
            }
            block = moved;
            tries += 1;
        }
    }

    fn load_from(&self, name: Name, place: Block, into: &mut [u8]) -> Result<()> {
        let lost = |e: Error| {
            if e.kind() == ErrorKind::NotFound {
                damaged("a segment file is missing").caused_by(e)
            } else {
                e
            }
        };
        if place.is_lost() {
            return Err(Error::new(ErrorKind::Corrupt).because(format!(
                "block {} is lost; a repair moved what was left of it to /lost+found",
                hex(&name.1)
            )));
        }
        let file = self.segment(name.0, place.segment, false).map_err(lost)?;
        let read = file.read_at(into, place.offset).map_err(device)?;
        self.counters.read.fetch_add(read as u64, Ordering::Relaxed);
        if read < into.len() || blake3::hash(into).as_bytes() != &name.1 {
            return Err(damaged(format!(
                "block {} in segment {} at {} does not match its hash",
                hex(&name.1),
                self.segment_name(name.0, place.segment),
                place.offset
            )));
        }
        Ok(())
    }

    /// Takes note of where a commit put blocks: what was written is often read next. It is checked then, as any other.
    pub(crate) fn learn(&self, tenant: TenantId, blocks: &[(Hash, Option<Block>)]) {
        let mut places = lock(&self.places);
        for (hash, row) in blocks {
            let name = (tenant, *hash);
            match row {
                // A place that is known stays: this commit only named the block once more or less.
                Some(block) if places.get(&name).is_none() => places.insert(
                    name,
                    Place {
                        block: *block,
                        checked: false,
                    },
                ),
                Some(_) => {}
                None => {
                    places.remove(&name);
                }
            }
        }
    }

    /// Forgets where blocks are: they have been moved.
    pub(crate) fn forget_places(&self) {
        lock(&self.places).clear();
    }

    pub(crate) fn performance(&self) -> Performance {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Performance {
            block_hits: get(&self.counters.hits),
            block_misses: get(&self.counters.misses),
            bytes_read: get(&self.counters.read),
            ..Performance::default()
        }
    }
}

/// A hash for people: its first eight bytes.
pub(crate) fn hex(hash: &Hash) -> String {
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
