//! [`CoreDatabase`]: many tenants over one engine.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tarbox_store::{Performance, Result};

use crate::budget::Budget;
use crate::commit::Alone;
use crate::engine::Engine;
use crate::op::Clock;
use crate::open::{Driver, Open};
use crate::platform::{Committer, Turn};
use crate::redo;
use crate::rows::TenantId;
use crate::state::State;
use crate::step::damaged;
use crate::store::CoreStore;

/// What a database is opened with.
#[derive(Clone)]
pub struct Settings {
    /// Bytes of rows kept in memory.
    pub cache_bytes: u64,
    /// Entries beyond which a directory is not kept whole in memory: the more, the dearer it is to look up a name.
    pub listing_max: usize,
    /// Where the time comes from.
    pub clock: Clock,
    /// Whether a thread commits what nobody waits for.
    pub background: bool,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("cache_bytes", &self.cache_bytes)
            .field("background", &self.background)
            .finish_non_exhaustive()
    }
}

/// See [`Performance`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) row_hits: AtomicU64,
    pub(crate) row_misses: AtomicU64,
    pub(crate) commits: AtomicU64,
    pub(crate) syncs: AtomicU64,
    pub(crate) written: AtomicU64,
    pub(crate) deduplicated: AtomicU64,
}

/// What all tenants of a database in this process share.
pub(crate) struct Inner<E: Engine> {
    pub(crate) engine: E,
    pub(crate) clock: Clock,
    pub(crate) counters: Counters,
    pub(crate) committer: Committer<E>,
    pub(crate) budget: Budget,
    opened: Mutex<HashMap<TenantId, Arc<Open<E>>>>,
    /// The turn of every tenant, where commits share a redo log.
    turn: Arc<Turn>,
}

impl<E: Engine> fmt::Debug for Inner<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}

impl<E: Engine> Inner<E> {
    pub(crate) fn tenants(&self) -> MutexGuard<'_, HashMap<TenantId, Arc<Open<E>>>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every tenant that is in memory.
    pub(crate) fn opened(&self) -> Vec<Arc<Open<E>>> {
        self.tenants().values().cloned().collect()
    }

    /// The tenant of this number, in memory from now on.
    fn open(&self, tenant: TenantId) -> Arc<Open<E>> {
        let mut tenants = self.tenants();
        if tenants.len() == tenants.capacity() && !tenants.contains_key(&tenant) {
            drop(tenants);
            self.forget_unused();
            tenants = self.tenants();
        }
        let open = tenants.entry(tenant).or_insert_with(|| {
            let turn = match self.engine.has_redo() {
                true => self.turn.clone(),
                false => Arc::default(),
            };
            Arc::new(Open::new(
                tenant,
                self.engine.seat(tenant),
                State::new(self.budget.caches()),
                turn,
            ))
        });
        open.clone()
    }

    pub(crate) fn count_commit(&self) {
        self.counters.syncs.fetch_add(1, Ordering::Relaxed);
        self.counters.commits.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn performance(&self) -> Performance {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let pending =
            |open: &Arc<Open<E>>| open.lock().tables().map(|table| table.rows() as u64).sum::<u64>();
        Performance {
            pending: self.opened().iter().map(pending).sum(),
            cached: self.budget.cached(),
            tenants: self.tenants().len() as u64,
            row_hits: get(&self.counters.row_hits),
            row_misses: get(&self.counters.row_misses),
            commits: get(&self.counters.commits),
            syncs: get(&self.counters.syncs),
            bytes_written: get(&self.counters.written),
            bytes_deduplicated: get(&self.counters.deduplicated),
            ..self.engine.performance()
        }
    }

    async fn commit_all(&self) -> Result<()> {
        for open in &self.opened() {
            Driver { inner: self, open }.commit_visible().await?;
            tell(open)?;
        }
        Ok(())
    }
}

/// Tells of changes that were lost, if nobody has been told.
fn tell<E: Engine>(open: &Open<E>) -> Result<()> {
    let losses = &mut open.lock().losses;
    match losses.untold {
        true => Err(losses.tell()),
        false => Ok(()),
    }
}

/// An open database, ended by its last user.
#[derive(Debug)]
pub(crate) struct Core<E: Engine> {
    inner: Arc<Inner<E>>,
    #[cfg(not(target_family = "wasm"))]
    thread: Option<std::thread::JoinHandle<()>>,
}

impl<E: Engine> Core<E> {
    pub(crate) fn inner(&self) -> &Inner<E> {
        &self.inner
    }
}

impl<E: Engine> Drop for Core<E> {
    fn drop(&mut self) {
        #[cfg(not(target_family = "wasm"))]
        self.inner.committer.stop(self.thread.take());
        // Whoever wants to hear of errors calls `close` or `sync`.
        let _left = pollster::block_on(self.inner.commit_all());
    }
}

/// A database of tenants. Clones are the same database; the last one to go commits what is left.
#[derive(Debug)]
pub struct CoreDatabase<E: Engine> {
    core: Arc<Core<E>>,
}

impl<E: Engine> Clone for CoreDatabase<E> {
    fn clone(&self) -> Self {
        Self {
            core: self.core.clone(),
        }
    }
}

impl<E: Engine> CoreDatabase<E> {
    /// A database over an engine.
    ///
    /// # Errors
    /// When there is no thread to commit in the background.
    pub fn new(engine: E, settings: &Settings) -> Result<Self> {
        let inner = Arc::new(Inner {
            engine,
            clock: settings.clock.clone(),
            counters: Counters::default(),
            committer: Committer::default(),
            budget: Budget::new(settings.cache_bytes, settings.listing_max),
            opened: Mutex::default(),
            turn: Arc::default(),
        });
        let core = Core {
            #[cfg(not(target_family = "wasm"))]
            thread: match settings.background {
                true => Some(Committer::start(&inner)?),
                false => None,
            },
            inner,
        };
        Ok(Self { core: Arc::new(core) })
    }

    /// The engine below.
    pub fn engine(&self) -> &E {
        &self.core.inner.engine
    }

    /// The time.
    pub fn now(&self) -> tarbox_store::Timestamp {
        (self.core.inner.clock)()
    }

    /// The store of a tenant, whether there is one or not, and whether it may be used or not.
    pub fn open(&self, tenant: TenantId) -> CoreStore<E> {
        CoreStore::new(self.core.clone(), self.core.inner.open(tenant))
    }

    /// Forgets what is in memory of a tenant whose rows the engine was given by somebody else than the core.
    pub fn forget(&self, tenant: TenantId) {
        let open = self.core.inner().tenants().get(&tenant).cloned();
        if let Some(open) = open {
            open.lock().forget();
        }
    }

    /// Commits what every tenant did so far.
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn commit(&self) -> Result<()> {
        self.core.inner.commit_all().await
    }

    /// Returns when everything done so far, by any tenant, is on the device.
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn sync(&self) -> Result<()> {
        let inner = self.core.inner();
        let opened = inner.opened();
        if inner.engine.has_redo() {
            for open in &opened {
                Driver { inner, open }.commit_durable().await?;
                tell(open)?;
            }
            return Ok(());
        }
        // Where tenants share a device, the first sync is one for all of them.
        for open in &opened {
            Driver { inner, open }.commit_visible().await?;
        }
        for open in &opened {
            Driver { inner, open }.sync_committed().await?;
            tell(open)?;
        }
        Ok(())
    }

    /// Lets the engine work on the rows of all tenants, with everything committed and nobody else at them.
    ///
    /// # Errors
    /// Those of the engine, and of what it does.
    pub async fn administer<R>(&self, f: impl FnOnce(&E) -> Result<R>) -> Result<R> {
        let inner = self.core.inner();
        let shared = match inner.engine.has_redo() {
            true => Some(inner.turn.take().await),
            false => None,
        };
        loop {
            let mut opened = inner.opened();
            // Always in the same order, so that two of these do not wait for each other.
            opened.sort_unstable_by_key(|open| open.tenant);
            let mut alone: Vec<Alone<'_, E>> = Vec::with_capacity(opened.len());
            for open in &opened {
                let driver = Driver { inner, open };
                alone.push(match shared {
                    Some(_) => driver.alone_in_turn(true, None).await?,
                    None => driver.alone(true).await?,
                });
            }
            let tenants = inner.tenants();
            if tenants.len() == opened.len() {
                return f(&inner.engine);
            }
        }
    }

    /// Goes on where a redo log ends.
    ///
    /// # Errors
    /// `Corrupt` if a record is none that this program knows.
    pub async fn redo(&self, records: &[Vec<u8>]) -> Result<()> {
        for record in records {
            let unknown = || damaged("the redo log holds a record of another program, or of a newer Tarbox");
            for part in redo::decode(record).ok_or_else(unknown)? {
                let open = self.core.inner.open(part.tenant);
                let inner = self.core.inner();
                Driver { inner, open: &open }.redo(part).await?;
            }
        }
        Ok(())
    }
}
