//! Committing: the memtable of a tenant becomes one batch.
//!
//! A commit freezes the active memtable, so that operations go on in a new one. Then, without the state's lock, it
//! stores the new content as blocks ([`stage`]), makes these durable, and only then commits the rows that name them: a
//! crash never leaves a row without its block. The device is waited for here, in the background, and not by the operations.
//!
//! With a redo log ([`logged`]) a sync that has only rows to store appends them there. The frozen memtable then collects
//! what the log holds, until it is worth a transaction.

mod compose;
mod exclusive;
mod logged;
mod shipment;
mod stage;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tarbox_store::{Error, ErrorKind, Result};

use crate::batch::Batch;
use crate::boxed::Boxed;
use crate::engine::{Applied, Durability, Engine};
use crate::memtable::Memtable;
use crate::open::{Driver, Open};
use crate::platform::at_once;
use crate::state::{Frozen, State};
use shipment::{Freight, Shipment};
use stage::Staged;

pub(crate) use exclusive::Alone;
pub use exclusive::Exclusive;
pub(crate) use shipment::Kept;

/// Content in memory beyond which an operation waits for a commit.
const BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Changed rows beyond which an operation waits for a commit.
const ROWS_MAX: usize = 40_000;
/// The same where room is scarce: what was accepted must fit even if somebody else takes all the rest.
const BYTES_SCARCE: u64 = 2 * 1024 * 1024;
const ROWS_SCARCE: usize = 500;
/// A fraction of these begins a commit in the background.
const EARLY: u64 = 4;

/// Whether a commit should begin before its time.
pub(crate) fn is_due_early(table: &Memtable) -> bool {
    table.held() > BYTES_MAX / EARLY || table.rows() as u64 > ROWS_MAX as u64 / EARLY
}

impl<'a, E: Engine> Driver<'a, E> {
    /// Commits what operations did so far, without waiting for the device.
    pub(crate) async fn commit_visible(self) -> Result<()> {
        let before = self.lock().losses.count;
        self.commit_quietly().await?;
        self.lock().losses.after(before)
    }

    /// The same where nobody is there to be told of what was lost.
    pub(crate) async fn commit_quietly(self) -> Result<()> {
        at_once(async move {
            let _turn = self.open.turn.take().await;
            self.commit(Durability::Visible).await
        })
        .await
    }

    /// Adds what operations did so far to the redo log; `false` if there is none, or it is for a transaction to do.
    pub(crate) async fn commit_logged_rows(self) -> Result<bool> {
        at_once(async move {
            let _turn = self.open.turn.take().await;
            Ok(self.inner.engine.has_redo() && self.log().await?)
        })
        .await
    }

    /// Returns when what operations did so far, and everything before, is on the device.
    pub(crate) async fn commit_durable(self) -> Result<()> {
        let (wanted, is_behind, before) = {
            let state = self.lock();
            let wanted = state.number + u64::from(!state.active.is_empty());
            (wanted, state.durable < wanted, state.losses.count)
        };
        at_once(async move {
            let _turn = self.open.turn.take().await;
            if self.inner.engine.has_redo() && self.log().await? {
                return Ok(());
            }
            // Of many who sync at once, one makes durable what the others did before they began to wait. What was done since
            // is left to those who wait for that. A commit from before does not count: another process may have made one since.
            let is_durable = is_behind && self.lock().durable >= wanted;
            match is_durable {
                true => Ok(()),
                false => self.commit(Durability::Durable).await,
            }
        })
        .await?;
        // Whatever was lost while it waited may be its own.
        self.lock().losses.after(before)
    }

    /// Returns when what was committed is on the device.
    pub(crate) async fn sync_committed(self) -> Result<()> {
        match self.inner.engine.sync(self.open.tenant).await? {
            Applied::Yes => Ok(()),
            Applied::Fenced => self.drop_fenced(),
        }
    }

    /// Commits if so much is waiting that memory would grow without bound, or another process for the lease.
    pub(crate) async fn relieve(self) -> Result<()> {
        let _turn = self.open.turn.take().await;
        let is_due = {
            let state = self.lock();
            state.yielding || state.is_full() || self.is_pressed(&state) || self.is_deposed(&state)
        };
        // Another operation may have seen to it.
        match is_due {
            true => self.commit(Durability::Visible).await,
            false => Ok(()),
        }
    }

    /// Commits, in the caller's turn.
    async fn commit(self, durability: Durability) -> Result<()> {
        // What is in the redo log, or an earlier commit could not store, comes first: the order of operations is the order
        // of commits.
        let earlier = self.lock().frozen.clone();
        if let Some(frozen) = earlier {
            self.commit_frozen(frozen, durability).await?;
        }
        let frozen = {
            let mut state = self.lock();
            state.check_whole()?;
            if !state.active.is_empty() {
                Some(state.freeze()?)
            } else {
                if !state.leased {
                    state.refresh(self.foreign());
                }
                self.give_back(&mut state)?;
                None
            }
        };
        match (frozen, durability) {
            (Some(frozen), _) => self.commit_frozen(frozen, durability).await?,
            (None, Durability::Durable) => {
                self.inner.counters.syncs.fetch_add(1, Ordering::Relaxed);
                self.sync_committed().await?;
            }
            (None, Durability::Visible) => {}
        }
        if durability == Durability::Durable {
            // In this turn nothing else was frozen.
            let mut state = self.lock();
            state.durable = state.number;
        }
        Ok(())
    }

    /// Commits a frozen memtable. When that fails it stays, visible to this process, and the next commit tries again.
    fn commit_frozen(self, frozen: Arc<Frozen>, durability: Durability) -> Boxed<'a, Result<()>> {
        Box::pin(self.carry_over(frozen, durability))
    }

    async fn carry_over(self, frozen: Arc<Frozen>, durability: Durability) -> Result<()> {
        let engine = &self.inner.engine;
        engine.prepare();
        let stored = match self.store(&frozen, durability).await {
            // Where a user's share of the device ends, nothing but this tells.
            Err(e) if e.kind() == ErrorKind::NoSpace && engine.make_room() => {
                self.store(&frozen, durability).await?
            }
            stored => stored?,
        };
        engine.restore_room();
        drop(frozen);
        let Some(stored) = stored else {
            return self.drop_fenced();
        };
        for (freight, batch) in stored {
            let Freight { open, frozen, staged } = freight;
            let driver = Driver {
                inner: self.inner,
                open: &open,
            };
            let nameless = match engine.is_shared() {
                true => frozen.table.nameless(),
                false => Vec::new(),
            };
            {
                let mut state = open.lock();
                state.settle(frozen, &staged, &batch);
                self.inner.budget.weigh_pending(&open.share, &state);
            }
            self.inner.weigh(&open);
            // What cannot be removed now, a later collection removes.
            let _collected = driver.collect_all(&nameless).await;
            driver.give_back(&mut open.lock())?;
        }
        Ok(())
    }

    /// Commits what the redo log holds, of every tenant: the next transaction ends it.
    async fn commit_logged(self) -> Result<()> {
        if !self.inner.engine.holds_records() {
            return Ok(());
        }
        for open in &self.inner.opened() {
            let frozen = open.lock().frozen.clone();
            if let Some(frozen) = frozen {
                let inner = self.inner;
                // The first takes all the others along.
                return Driver { inner, open }
                    .commit_frozen(frozen, Durability::Durable)
                    .await;
            }
        }
        Ok(())
    }

    /// Makes one transaction of a memtable, and of all that the redo log has; `None` if another process took the lease over.
    async fn store(
        self,
        frozen: &Arc<Frozen>,
        durability: Durability,
    ) -> Result<Option<Vec<(Freight<E>, Batch)>>> {
        let mut due = vec![(self.open.clone(), frozen.clone())];
        if self.inner.engine.holds_records() {
            let others = self.inner.opened();
            let others = others.into_iter().filter(|open| !Arc::ptr_eq(open, self.open));
            due.extend(others.filter_map(|open| {
                let logged = open.lock().frozen.clone()?;
                Some((open, logged))
            }));
        }
        let mut all = Vec::with_capacity(due.len());
        for (open, frozen) in due {
            all.push(self.stage(open, frozen).await?);
        }
        if durability == Durability::Durable {
            self.inner.counters.syncs.fetch_add(1, Ordering::Relaxed);
        }
        let mut shipment = Shipment::new(all);
        let applied = self.inner.engine.apply(shipment.batches(), durability).await?;
        let arrived = shipment.arrived();
        if applied == Applied::Fenced {
            return Ok(None);
        }
        self.inner.counters.commits.fetch_add(1, Ordering::Relaxed);
        Ok(Some(arrived))
    }

    /// Drops what this process did since its last commit: another one has taken the lease over, as after a crash of this one.
    /// The tenant goes on from what is committed, and whoever syncs next is told.
    pub(super) fn drop_fenced(self) -> Result<()> {
        let mut state = self.lock();
        let lost: usize = state.tables().map(Memtable::rows).sum();
        state.losses.add(format!(
            "changes since the last sync are lost, {lost} of them not committed yet: this process did not answer for so long that \
             another one took its turn, or the database went back to what it had made durable"
        ));
        state.frozen = None;
        state.logged = false;
        state.active = Memtable::default();
        state.reserved = 0;
        state.forget();
        self.inner.budget.weigh_pending(&self.open.share, &state);
        self.release_lease(&mut state)
    }

    /// Gives up what cannot be committed, so that other processes get their turn. Nothing is accepted any more, and
    /// everyone who syncs or closes is told.
    #[cfg_attr(
        target_family = "wasm",
        expect(dead_code, reason = "there are no other processes")
    )]
    pub(crate) async fn abandon(self, error: &Error) {
        let _turn = self.open.turn.take().await;
        let mut state = self.lock();
        let lost: usize = state.tables().map(Memtable::rows).sum();
        if lost == 0 {
            return;
        }
        state.lost = Some(format!(
            "{lost} changes were accepted that could not be stored while other processes waited ({error}), and are lost: \
             open or mount the database again"
        ));
        state.frozen = None;
        state.active = Memtable::default();
        state.reserved = 0;
        state.forget();
        self.inner.budget.weigh_pending(&self.open.share, &state);
        // Whoever cannot give the lock back now gives it back when the process ends.
        let _kept = self.release_lease(&mut state);
    }

    async fn stage(self, open: Arc<Open<E>>, frozen: Arc<Frozen>) -> Result<Freight<E>> {
        let driver = Driver {
            inner: self.inner,
            open: &open,
        };
        let staged = match frozen.kept.take() {
            Some(staged) => staged,
            None => stage::stage(driver, &frozen).await?,
        };
        Ok(Freight { open, frozen, staged })
    }

    /// Gives the lease back if nothing waits for the next commit; otherwise sees to it that others get their turn.
    fn give_back(self, state: &mut State) -> Result<()> {
        state.yielding = false;
        if state.active.is_empty() && !state.exclusive {
            return self.release_lease(state);
        }
        state.yielding = !state.exclusive && self.inner.engine.is_wanted(self.open.tenant);
        Ok(())
    }
}

impl State {
    /// Whether so much is waiting that the next operation has to wait for a commit.
    pub(crate) fn is_full(&self) -> bool {
        let (bytes, rows) = match self.is_scarce {
            true => (BYTES_SCARCE, ROWS_SCARCE),
            false => (BYTES_MAX, ROWS_MAX),
        };
        self.active.held() > bytes || self.active.rows() > rows
    }

    /// Hands the active memtable over to a commit, and begins a new one.
    fn freeze(&mut self) -> Result<Arc<Frozen>> {
        let tenant = self.tenant.clone().ok_or(ErrorKind::Io)?;
        let frozen = Arc::new(Frozen {
            table: std::mem::take(&mut self.active),
            tenant,
            reserved: std::mem::take(&mut self.reserved),
            kept: Kept::default(),
        });
        self.number += 1;
        self.frozen = Some(frozen.clone());
        self.logged = false;
        self.allowance = 0;
        Ok(frozen)
    }

    /// Takes over what a commit has stored.
    fn settle(&mut self, frozen: Arc<Frozen>, staged: &Staged, batch: &Batch) {
        self.generation += 1;
        self.frozen = None;
        self.logged = false;
        self.allowance = 0;
        // Nobody else looks at it any more, so its rows can move.
        let inodes = Arc::into_inner(frozen)
            .map(|frozen| frozen.table.inodes)
            .unwrap_or_default();
        for (ino, slot) in inodes {
            let delta = staged.stored.get(&ino).copied().unwrap_or(0);
            match slot.row {
                Some(mut row) => {
                    row.stored = row.stored.saturating_add_signed(delta);
                    self.caches.admit(ino, row);
                }
                None => self.caches.forget(ino),
            }
            // Rows that were changed meanwhile were copied before the chunks were counted.
            if delta != 0
                && let Some(row) = self
                    .active
                    .inodes
                    .get_mut(&ino)
                    .and_then(|slot| slot.row.as_mut())
            {
                row.stored = row.stored.saturating_add_signed(delta);
            }
        }
        for (file, index, change) in &batch.chunks {
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
        if let Some(row) = &mut self.tenant {
            row.bytes = row.bytes.saturating_add_signed(staged.account.bytes);
            row.segment = staged.account.segment;
            row.segment_len = staged.account.segment_len;
        }
    }
}
