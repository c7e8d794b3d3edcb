//! Committing: the memtable becomes one transaction.
//!
//! A commit freezes the active memtable, so that operations go on in a new one. Then, without the state's lock, it
//! stores the new content as blocks ([`stage`]), makes these durable, and only then commits the rows that name them: a
//! crash never leaves a row without its block. The blocks' `fdatasync` is waited for here, in the background, and not
//! by the operations.
//!
//! With a redo log ([`logged`]) a sync that has only rows to store appends them there. The frozen memtable then collects
//! what the log holds, until it is worth a transaction.

mod append;
#[cfg_attr(target_family = "wasm", path = "alone.rs")]
mod background;
mod compose;
#[cfg_attr(target_family = "wasm", path = "early_alone.rs")]
mod early;
mod logged;
mod stage;

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};

use rusqlite::Connection;
use tarbox_store::{ErrorKind, LayerId, Result};

pub(crate) use append::{Appender, SEGMENT_MAX};
pub(crate) use background::Committer;

use crate::memtable::Memtable;
use crate::redo::Redo;
use crate::rows::{Key, Tenant, TenantId};
use crate::shared::{Op, Shared, State};
use crate::sql::{self, Batch, Change, Durability, Engine};

/// A memtable that is being committed.
pub(crate) struct Frozen {
    pub(crate) table: Memtable,
    /// The tenants it changes, with the counters as of its last operation.
    tenants: Vec<Tenant>,
    /// Bytes its content may add, which count for the quota until the commit knows better.
    pub(crate) reserved: HashMap<TenantId, u64>,
}

/// Content in memory beyond which an operation waits for a commit.
const BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Changed rows beyond which an operation waits for a commit.
const ROWS_MAX: usize = 40_000;
/// The same where room is scarce: what was accepted must fit even if somebody else takes all the rest.
const BYTES_SCARCE: u64 = 2 * 1024 * 1024;
const ROWS_SCARCE: usize = 500;
/// Half of these begins a commit in the background.
const EARLY: u64 = 4;

impl Shared {
    /// Commits what operations did so far, without waiting for the device.
    pub(crate) fn commit_visible(&self) -> Result<()> {
        self.commit_locked(&mut self.lock_commit(), Durability::Visible)
    }

    /// Returns when what operations did so far, and everything before, is on the device.
    pub(crate) fn commit_durable(&self) -> Result<()> {
        let mut redo = self.lock_commit();
        if let Some(redo) = &mut *redo
            && self.log(redo)?
        {
            return Ok(());
        }
        self.commit_locked(&mut redo, Durability::Durable)
    }

    /// Commits if so much is waiting that memory would grow without bound.
    pub(crate) fn relieve(&self) -> Result<()> {
        let mut redo = self.lock_commit();
        // Another thread may have done it.
        let full = self.lock().is_full();
        if full {
            self.commit_locked(&mut redo, Durability::Visible)
        } else {
            Ok(())
        }
    }

    /// Returns when the commit that is under way, if there is one, has ended.
    pub(crate) fn wait_for_commit(&self) {
        drop(self.lock_commit());
    }

    fn lock_commit(&self) -> MutexGuard<'_, Option<Redo>> {
        self.commit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `f` with everything committed and the lease held; nothing else happens meanwhile. What it adds to the batch, and
    /// what it does to its tenant and the log, is one durable transaction.
    pub(crate) fn exclusively<R>(
        &self,
        tenant: TenantId,
        f: impl FnOnce(&mut Op<'_>, &mut Batch) -> Result<R>,
    ) -> Result<R> {
        let mut redo = self.lock_commit();
        self.room.prepare();
        loop {
            self.commit_locked(&mut redo, Durability::Visible)?;
            let mut op = Op {
                shared: self,
                state: self.lock(),
                tenant,
                took_lease: false,
            };
            if !op.state.lease.is_held() {
                op.state.lease.acquire()?;
                op.state.refresh(&self.engine);
            }
            if op.state.active.is_empty() {
                let result = self.run_exclusively(&mut op, f);
                // A failure leaves nothing behind, and a success is not in the caches.
                op.state.active = Memtable::default();
                op.state.forget();
                op.state.seen = self.engine.version();
                op.state.release_lease()?;
                return result;
            }
        }
    }

    /// Runs `f` in a durable transaction of its own, with everything committed and the lease held.
    pub(crate) fn administer<R>(&self, f: impl FnOnce(&Connection) -> Result<R>) -> Result<R> {
        let mut redo = self.lock_commit();
        self.room.prepare();
        loop {
            self.commit_locked(&mut redo, Durability::Visible)?;
            let mut state = self.lock();
            if !state.lease.is_held() {
                state.lease.acquire()?;
                state.refresh(&self.engine);
            }
            if state.active.is_empty() {
                let result = self.engine.write(Durability::Durable, f);
                state.forget();
                state.seen = self.engine.version();
                state.release_lease()?;
                return result;
            }
        }
    }

    fn run_exclusively<R>(
        &self,
        op: &mut Op<'_>,
        f: impl FnOnce(&mut Op<'_>, &mut Batch) -> Result<R>,
    ) -> Result<R> {
        let mut batch = Batch::default();
        let result = f(op, &mut batch)?;
        let table = std::mem::take(&mut op.state.active);
        batch.fill(&table, &HashMap::new(), &HashMap::new());
        batch.tenants.extend(
            table
                .tenants
                .iter()
                .filter_map(|id| op.state.tenants.get(id).cloned()),
        );
        self.counters.syncs.fetch_add(1, Ordering::Relaxed);
        self.engine.write(Durability::Durable, |c| batch.apply(c))?;
        op.state.unsynced = false;
        self.counters.commits.fetch_add(1, Ordering::Relaxed);
        Ok(result)
    }

    fn commit_locked(&self, redo: &mut Option<Redo>, durability: Durability) -> Result<()> {
        // What is in the redo log, or an earlier commit could not store, comes first: the order of operations is the order
        // of commits.
        let earlier = self.lock().frozen.clone();
        if let Some(frozen) = earlier {
            self.commit_frozen(frozen, redo, durability)?;
        }
        let frozen = {
            let mut state = self.lock();
            if let Err(error) = state.check_whole() {
                // Half an operation must not be stored, and nobody else should wait for it.
                state.drop_active();
                state.release_lease()?;
                return Err(error);
            }
            if state.active.is_empty() {
                if !state.lease.is_held() {
                    state.refresh(&self.engine);
                }
                if durability == Durability::Durable && state.unsynced {
                    return self.sync_log(state);
                }
                return self.give_back(&mut state);
            }
            state.freeze()
        };
        self.commit_frozen(frozen, redo, durability)
    }

    /// Commits a frozen memtable. When that fails it stays, visible to this process, and the next commit tries again.
    fn commit_frozen(
        &self,
        frozen: Arc<Frozen>,
        redo: &mut Option<Redo>,
        durability: Durability,
    ) -> Result<()> {
        self.room.prepare();
        let (staged, durability) = match self.store(&frozen, redo, durability) {
            // Where a quota ends, nothing but this tells.
            Err(e) if e.kind() == ErrorKind::NoSpace && self.room.spend() => {
                self.store(&frozen, redo, durability)?
            }
            stored => stored?,
        };
        if self.room.is_scarce() {
            self.engine.shorten_log();
        }
        self.room.restore();
        self.blocks.learn(&staged.batch.blocks);
        let nameless = frozen.table.nameless();
        let mut state = self.lock();
        state.settle(frozen, &staged);
        state.seen = self.engine.version();
        state.unsynced = durability == Durability::Visible;
        self.counters.commits.fetch_add(1, Ordering::Relaxed);
        if !nameless.is_empty() && state.sessions.is_some() {
            drop(state);
            self.collect(&nameless);
            state = self.lock();
        }
        self.give_back(&mut state)
    }

    /// Makes one transaction of a memtable. Answers what it stored, and how durably.
    fn store(
        &self,
        frozen: &Frozen,
        redo: &mut Option<Redo>,
        durability: Durability,
    ) -> Result<(stage::Staged, Durability)> {
        let logged = redo.as_mut().filter(|redo| redo.must_end());
        // The log begins anew, so the transaction must not be lost.
        let durability = if logged.is_some() {
            Durability::Durable
        } else {
            durability
        };
        let mut staged = self.stage(frozen)?;
        staged.batch.fill(&frozen.table, &staged.heads, &staged.stored);
        if durability == Durability::Durable {
            self.counters.syncs.fetch_add(1, Ordering::Relaxed);
        }
        self.engine.write(durability, |c| {
            staged.batch.apply(c)?;
            logged
                .as_ref()
                .map_or(Ok(()), |redo| sql::set_redone(c, redo.epoch()))
        })?;
        if let Some(redo) = logged {
            redo.begin_anew();
        }
        Ok((staged, durability))
    }

    /// Removes inodes that have lost their last name with the commit just made, and are open nowhere. What cannot be
    /// removed now, a later collection removes.
    fn collect(&self, nameless: &[Key]) {
        for key in nameless {
            let mut op = Op {
                shared: self,
                state: self.lock(),
                tenant: key.tenant(),
                took_lease: false,
            };
            if op.tenant().is_ok() {
                let _collected = op.step(&mut |op| op.collect(*key));
            }
        }
    }

    /// Gives up what cannot be committed, so that other processes get their turn. Nothing is accepted any more, and
    /// everyone who syncs or closes is told.
    #[cfg(not(target_family = "wasm"))]
    fn abandon(&self, error: &tarbox_store::Error) {
        let _commit = self.lock_commit();
        let mut state = self.lock();
        let lost: usize = state.tables().map(Memtable::rows).sum();
        if lost == 0 {
            return;
        }
        state.broken = Some(format!(
            "{lost} changes were accepted that could not be stored while other processes waited ({error}), and are lost: \
             open or mount the database again"
        ));
        state.frozen = None;
        state.drop_active();
        // Whoever cannot give the lock back now gives it back when the process ends.
        let _kept = state.release_lease();
    }

    /// Gives the lease back if nothing waits for the next commit; otherwise sees to it that others get their turn.
    fn give_back(&self, state: &mut State) -> Result<()> {
        state.yielding = false;
        if state.active.is_empty() {
            state.release_lease()
        } else {
            state.yielding = state.lease.is_wanted();
            Ok(())
        }
    }

    /// Makes commits durable that did not wait for the device: one more commit that does.
    fn sync_log(&self, mut state: MutexGuard<'_, State>) -> Result<()> {
        let was_held = state.lease.is_held();
        if !was_held {
            state.lease.acquire()?;
            state.refresh(&self.engine);
        }
        self.counters.syncs.fetch_add(1, Ordering::Relaxed);
        let result = self.engine.write(Durability::Durable, sql::touch);
        state.seen = self.engine.version();
        state.unsynced = result.is_err();
        if !was_held {
            state.release_lease()?;
        }
        result
    }
}

impl State {
    /// Whether so much is waiting that the next operation has to wait for a commit.
    pub(crate) fn is_full(&self) -> bool {
        let (bytes, rows) = if self.is_scarce {
            (BYTES_SCARCE, ROWS_SCARCE)
        } else {
            (BYTES_MAX, ROWS_MAX)
        };
        self.active.bytes > bytes || self.active.rows() > rows
    }

    /// Forgets cached rows if another process has committed.
    pub(crate) fn refresh(&mut self, engine: &Engine) {
        let version = engine.version();
        if version != self.seen {
            self.seen = version;
            self.forget();
            // Whoever syncs next syncs for everybody: what another process committed may not be on the device yet.
            self.unsynced = true;
        }
    }

    /// Forgets what no commit holds.
    fn drop_active(&mut self) {
        self.active = Memtable::default();
        self.reserved.clear();
        self.forget();
    }

    /// The tenants that the active memtable changes, with their counters.
    fn changed_tenants(&self) -> Vec<Tenant> {
        let ids = self.active.tenants.iter();
        ids.filter_map(|id| self.tenants.get(id).cloned()).collect()
    }

    /// Hands the active memtable over to a commit, and begins a new one.
    fn freeze(&mut self) -> Arc<Frozen> {
        let tenants = self.changed_tenants();
        let table = std::mem::take(&mut self.active);
        let reserved = std::mem::take(&mut self.reserved);
        let frozen = Arc::new(Frozen {
            table,
            tenants,
            reserved,
        });
        self.frozen = Some(frozen.clone());
        self.allowance = 0;
        frozen
    }

    /// Takes over what a commit has stored.
    fn settle(&mut self, frozen: Arc<Frozen>, staged: &stage::Staged) {
        self.frozen = None;
        self.allowance = 0;
        // Nobody else looks at it any more, so its rows can move.
        let inodes = Arc::into_inner(frozen)
            .map(|frozen| frozen.table.inodes)
            .unwrap_or_default();
        for (key, slot) in inodes {
            let delta = staged.stored.get(&key).copied().unwrap_or(0);
            match slot.row {
                Some(mut row) => {
                    row.stored = row.stored.saturating_add_signed(delta);
                    self.caches.admit(key, row);
                }
                None => self.caches.forget(key),
            }
            // Rows that were changed meanwhile were copied before the chunks were counted.
            if delta != 0
                && let Some(row) = self
                    .active
                    .inodes
                    .get_mut(&key)
                    .and_then(|slot| slot.row.as_mut())
            {
                row.stored = row.stored.saturating_add_signed(delta);
            }
        }
        for (file, index, change) in &staged.batch.chunks {
            match &change.row {
                Some(map) => {
                    self.caches
                        .chunks
                        .insert((*file, *index), map.fragments.clone().into());
                }
                None => {
                    self.caches.chunks.remove(&(*file, *index));
                }
            }
        }
        for (tenant, account) in &staged.accounts {
            if let Some(row) = self.tenants.get_mut(tenant) {
                row.bytes = row.bytes.saturating_add_signed(account.bytes);
                row.segment = account.segment;
                row.segment_len = account.segment_len;
            }
        }
    }
}

impl Batch {
    /// Takes over the rows of a memtable. `heads` are the layers being written, `stored` says by how many bytes the chunks of
    /// an inode hold more.
    fn fill(&mut self, frozen: &Memtable, heads: &HashMap<TenantId, LayerId>, stored: &HashMap<Key, i64>) {
        let preserve = |key: Key, base: Option<LayerId>| {
            let head = heads.get(&key.tenant()).copied()?;
            (base? < head).then_some(head)
        };
        for (key, slot) in &frozen.inodes {
            if slot.row.is_some() || slot.base.is_some() {
                let mut row = slot.row.clone();
                if let (Some(row), Some(delta)) = (&mut row, stored.get(key)) {
                    row.stored = row.stored.saturating_add_signed(*delta);
                }
                let change = Change {
                    preserve: preserve(*key, slot.base),
                    row,
                };
                self.inodes.push((*key, change));
            }
        }
        for ((dir, cookie), slot) in &frozen.dentries {
            let change = Change {
                preserve: preserve(*dir, slot.base),
                row: slot.row.clone(),
            };
            self.dentries.push((*dir, *cookie, change));
        }
        for ((key, name), slot) in &frozen.xattrs {
            let change = Change {
                preserve: preserve(*key, slot.base),
                row: slot.row.clone(),
            };
            self.xattrs.push((*key, name.clone(), change));
        }
        self.log.extend(frozen.log.iter().cloned());
        self.orphans
            .extend(frozen.orphans.iter().map(|(key, orphaned)| (*key, *orphaned)));
    }
}

/// Whether a commit should begin before its time.
pub(crate) fn is_due_early(table: &Memtable) -> bool {
    table.bytes > BYTES_MAX / EARLY || table.rows() as u64 > ROWS_MAX as u64 / EARLY
}
