//! What all users of one database in this process share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rustc_hash::{FxHashMap, FxHashSet};
use tarbox_store::{Actor, Error, ErrorKind, LayerId, Performance, Result, TenantState, Timestamp};

use crate::authors::Authors;
use crate::blocks::BlockStore;
use crate::cache::Caches;
use crate::commit::Frozen;
use crate::lease::Lease;
use crate::memtable::Memtable;
use crate::redo::Redo;
use crate::room::Room;
use crate::rows::{Key, Tenant, TenantId};
use crate::sessions::Sessions;
use crate::sql::{Engine, Version};

/// Where the time comes from; tests inject one that replays.
pub(crate) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// One open database.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) blocks: BlockStore,
    pub(crate) clock: Clock,
    /// Everything operations read and change. Held for microseconds, except while a missing row is loaded.
    pub(crate) state: Mutex<State>,
    /// Held during a commit: there is one at a time. Always taken before `state`. Also the redo log, if there is one.
    pub(crate) commit: Mutex<Option<Redo>>,
    /// Wakes the background committer.
    pub(crate) wake: Condvar,
    pub(crate) counters: Counters,
    /// After the engine: it keeps what the last connection leaves.
    pub(crate) room: Room,
}

/// See [`Performance`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) row_hits: AtomicU64,
    pub(crate) row_misses: AtomicU64,
    pub(crate) commits: AtomicU64,
    pub(crate) syncs: AtomicU64,
}

/// The state that the mutex guards.
pub(crate) struct State {
    /// What operations changed since the last commit began.
    pub(crate) active: Memtable,
    /// What is being committed, or what the redo log holds.
    pub(crate) frozen: Option<Arc<Frozen>>,
    /// Tenants in use, with the counters as of the last operation.
    pub(crate) tenants: FxHashMap<TenantId, Tenant>,
    /// Layers that are known to be sealed and kept.
    pub(crate) sealed: FxHashSet<(TenantId, LayerId)>,
    /// The background waits for something to commit, not for the time to do so.
    pub(crate) committer_idle: bool,
    /// Paths of directories of the head, for the log; forgotten when any directory moves.
    pub(crate) paths: FxHashMap<Key, Arc<[u8]>>,
    /// Committed rows.
    pub(crate) caches: Caches,
    /// The database's version that the caches and tenants were read at.
    pub(crate) seen: Version,
    pub(crate) lease: Lease,
    /// Other processes; `None` where there are none.
    pub(crate) sessions: Option<Sessions>,
    /// Whether there are none, as long as that is sure.
    alone: Option<bool>,
    /// Another process wants the lease: no new operation before the next commit has given it back.
    pub(crate) yielding: bool,
    /// Open handles on inodes.
    pub(crate) holds: FxHashMap<Key, u32>,
    /// Who recorded the latest changes of each tenant.
    pub(crate) authors: FxHashMap<TenantId, Authors>,
    /// Bytes that writes since the last commit may add, for the quota.
    pub(crate) reserved: HashMap<TenantId, u64>,
    /// How many bytes may wait for a commit, as the device said when last asked.
    pub(crate) allowance: u64,
    /// The device has so little room that commits should be small.
    pub(crate) is_scarce: bool,
    /// Commits have been made that did not wait for the device.
    pub(crate) unsynced: bool,
    /// Why nothing can be committed any more: an operation failed half-way.
    pub(crate) broken: Option<String>,
    /// No more commits: the database is being closed.
    #[cfg_attr(
        target_family = "wasm",
        expect(dead_code, reason = "only a thread has to be told")
    )]
    pub(crate) closing: bool,
}

impl State {
    pub(crate) fn new(caches: Caches, lease: Lease, sessions: Option<Sessions>) -> Self {
        Self {
            active: Memtable::default(),
            frozen: None,
            tenants: FxHashMap::default(),
            sealed: FxHashSet::default(),
            committer_idle: false,
            paths: FxHashMap::default(),
            caches,
            seen: Version::default(),
            lease,
            sessions,
            alone: None,
            yielding: false,
            holds: FxHashMap::default(),
            authors: FxHashMap::default(),
            reserved: HashMap::new(),
            allowance: 0,
            is_scarce: false,
            unsynced: false,
            broken: None,
            closing: false,
        }
    }
}

impl State {
    /// Whether no other process can have anything open. Nobody new can while the lease is held, so it is found out once.
    pub(crate) fn is_alone(&mut self) -> bool {
        if let Some(alone) = self.alone {
            return alone;
        }
        let alone = self.sessions.as_ref().is_none_or(Sessions::alone);
        self.alone = self.lease.is_held().then_some(alone);
        alone
    }

    /// Forgets everything read from the database: it has changed.
    pub(crate) fn forget(&mut self) {
        self.caches.clear();
        self.tenants.clear();
        self.sealed.clear();
        self.paths.clear();
    }

    /// Gives the lease back.
    pub(crate) fn release_lease(&mut self) -> Result<()> {
        self.alone = None;
        self.lease.release()
    }

    /// Refuses everything once an operation has failed half-way.
    pub(crate) fn check_whole(&self) -> Result<()> {
        match &self.broken {
            Some(reason) => Err(Error::new(ErrorKind::Io).because(reason.clone())),
            None => Ok(()),
        }
    }

    /// The memtables, the older one first.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &Memtable> {
        self.frozen
            .as_ref()
            .map(|frozen| &frozen.table)
            .into_iter()
            .chain([&self.active])
    }
}

/// An operation in progress: the state, and for whom.
pub(crate) struct Op<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) state: MutexGuard<'a, State>,
    pub(crate) tenant: TenantId,
    /// Whether the lease was taken for it.
    pub(crate) took_lease: bool,
}

impl Shared {
    /// Locks the state. A panic while it was held (a bug) poisons nothing that a restart would not have lost.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an operation that reads.
    pub(crate) fn reading(&self, tenant: TenantId) -> Result<Op<'_>> {
        let mut op = Op {
            shared: self,
            state: self.lock(),
            tenant,
            took_lease: false,
        };
        op.refresh();
        op.tenant()?;
        Ok(op)
    }

    /// Begins an operation that changes something, whatever layer is in view.
    pub(crate) fn changing(&self, tenant: TenantId) -> Result<Op<'_>> {
        loop {
            let mut op = Op {
                shared: self,
                state: self.lock(),
                tenant,
                took_lease: false,
            };
            if op.state.yielding {
                drop(op);
                self.commit_visible()?;
                continue;
            }
            op.state.check_whole()?;
            if !op.state.lease.is_held() {
                op.state.lease.acquire()?;
                op.took_lease = true;
                op.state.refresh(&self.engine);
            }
            op.tenant()?;
            return Ok(op);
        }
    }

    /// Begins an operation that changes files: refused while the view is on a past layer.
    pub(crate) fn writing(&self, tenant: TenantId) -> Result<Op<'_>> {
        let op = self.reading(tenant)?;
        // Look before taking the lease, so that a refused write costs nothing.
        op.check_head()?;
        if op.state.lease.is_held() && !op.state.yielding && op.state.broken.is_none() {
            return Ok(op);
        }
        drop(op);
        let op = self.changing(tenant)?;
        op.check_head()?;
        Ok(op)
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(crate) fn performance(&self) -> Performance {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Performance {
            pending: self.lock().tables().map(|table| table.rows() as u64).sum(),
            row_hits: get(&self.counters.row_hits),
            row_misses: get(&self.counters.row_misses),
            commits: get(&self.counters.commits),
            syncs: get(&self.counters.syncs),
            ..self.blocks.performance()
        }
    }
}

impl Drop for Op<'_> {
    /// An operation that took the lease and changed nothing gives it back: no commit will.
    fn drop(&mut self) {
        if self.took_lease && self.state.active.is_empty() {
            // A lock that cannot be given back now is given back when the process ends.
            let _kept = self.state.release_lease();
        }
    }
}

impl Op<'_> {
    /// Forgets cached rows if another process has committed. While the lease is held nobody can.
    pub(crate) fn refresh(&mut self) {
        if !self.state.lease.is_held() {
            self.state.refresh(&self.shared.engine);
        }
    }

    /// Whether no other process has committed since the operation began. Nobody can while the lease is held.
    pub(crate) fn is_current(&self) -> bool {
        self.state.lease.is_held() || self.shared.engine.version() == self.state.seen
    }

    /// The tenant, loaded if need be. `NotFound` if it was deleted, `Suspended` if it may not be used.
    pub(crate) fn tenant(&mut self) -> Result<&Tenant> {
        if !self.state.tenants.contains_key(&self.tenant) {
            let row = self
                .shared
                .engine
                .read(|c| crate::sql::tenant::by_id(c, self.tenant))?;
            let row = row.ok_or_else(|| Error::new(ErrorKind::NotFound).because("the tenant was deleted"))?;
            self.state.tenants.insert(self.tenant, row);
        }
        let tenant = &self.state.tenants[&self.tenant];
        if tenant.state == TenantState::Suspended {
            return Err(Error::new(ErrorKind::Suspended)
                .about(&tenant.name)
                .because("resume it first"));
        }
        Ok(tenant)
    }

    /// The tenant, which `reading` or `changing` has loaded.
    pub(crate) fn row(&self) -> &Tenant {
        &self.state.tenants[&self.tenant]
    }

    /// The tenant's row, to change it; the next commit writes it.
    pub(crate) fn row_mut(&mut self) -> &mut Tenant {
        let state = &mut *self.state;
        if !state.active.tenants.contains(&self.tenant) {
            state.active.tenants.push(self.tenant);
        }
        state
            .tenants
            .get_mut(&self.tenant)
            .expect("the tenant of an operation in progress is loaded")
    }

    fn check_head(&self) -> Result<()> {
        let t = self.row();
        if t.current != t.head {
            return Err(Error::new(ErrorKind::ReadOnly).because(format!(
                "layer {}, which is sealed, is current: switch to 'head' to make changes, or make a checkpoint here that discards the later layers",
                t.current
            )));
        }
        Ok(())
    }

    /// Runs one operation's steps on the rows. Steps fail before they change anything; should one fail half-way (the
    /// engine could not load a row), nothing is committed any more, since half an operation must not be.
    pub(crate) fn step<R>(&mut self, f: &mut impl FnMut(&mut Self) -> Result<R>) -> Result<R> {
        let was_empty = self.state.active.is_empty();
        let before = self.state.active.changes();
        let result = f(self);
        if let Err(error) = &result
            && self.state.active.changes() != before
        {
            self.state.broken = Some(format!(
                "an operation failed half-way ({error}); nothing later was stored; reopen the database"
            ));
        }
        let state = &*self.state;
        let begins = was_empty && !state.active.is_empty() && state.committer_idle;
        if begins || crate::commit::is_due_early(&state.active) {
            self.shared.wake.notify_one();
        }
        result
    }

    pub(crate) fn key(&self, ino: tarbox_store::Ino) -> Result<Key> {
        if ino.0 == 0 || ino.0 >= tarbox_store::Ino::LIMIT {
            return Err(ErrorKind::NotFound.into());
        }
        Ok(self.tenant.key(ino))
    }

    pub(crate) fn count_hit(&self, hit: bool) {
        let counter = if hit {
            &self.shared.counters.row_hits
        } else {
            &self.shared.counters.row_misses
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Who does it, for the log; agents are cut at 255 bytes.
    pub(crate) fn agent(by: &Actor) -> Arc<str> {
        if by.agent.len() <= 255 {
            return by.agent.clone();
        }
        let end = (0..=255)
            .rev()
            .find(|&i| by.agent.is_char_boundary(i))
            .unwrap_or(0);
        by.agent[..end].into()
    }
}
