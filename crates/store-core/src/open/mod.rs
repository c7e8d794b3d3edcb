//! One open tenant, and how operations on it are driven: run, loaded for, and run again.

mod holds;
mod load;

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tarbox_store::{By, Condition, Error, ErrorKind, Ino, MaybeSend, Result};

use crate::budget::Share;
use crate::commit;
use crate::database::Inner;
use crate::engine::Engine;
use crate::op::Op;
use crate::platform::{Body, Turn, at_once};
use crate::rows::TenantId;
use crate::state::{Queued, State};
use crate::step::{Step, Stop};
use crate::want::{Loaded, Want};

/// How often an operation is run again because another process committed meanwhile.
const TRIES: usize = 16;

/// A tenant that somebody uses.
pub(crate) struct Open<E: Engine> {
    pub(crate) tenant: TenantId,
    pub(crate) seat: E::Seat,
    state: Mutex<State>,
    /// Commits of the background that failed, one after the other.
    failures: AtomicU32,
    /// What it holds of the memory that all tenants share.
    pub(crate) share: Share,
    /// Whose turn it is to commit; always taken before the state is locked.
    pub(crate) turn: Arc<Turn>,
}

impl<E: Engine> fmt::Debug for Open<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Open")
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

impl<E: Engine> Open<E> {
    pub(crate) fn new(tenant: TenantId, seat: E::Seat, state: State, turn: Arc<Turn>) -> Self {
        Self {
            tenant,
            seat,
            state: Mutex::new(state),
            failures: AtomicU32::new(0),
            share: Share::default(),
            turn,
        }
    }

    /// Takes note of how a commit of the background ended, and answers how many have failed by now.
    #[cfg_attr(target_family = "wasm", expect(dead_code, reason = "there is no background"))]
    pub(crate) fn note_failure(&self, failed: bool) -> u32 {
        match failed {
            true => self.failures.fetch_add(1, Ordering::Relaxed) + 1,
            false => {
                self.failures.store(0, Ordering::Relaxed);
                0
            }
        }
    }

    /// Locks the state. A panic while it was held (a bug) poisons nothing that a restart would not have lost.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drives the operations of one tenant. Nothing here waits while the state is locked.
#[derive(Debug)]
pub(crate) struct Driver<'a, E: Engine> {
    pub(crate) inner: &'a Inner<E>,
    pub(crate) open: &'a Arc<Open<E>>,
}

impl<E: Engine> Clone for Driver<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E: Engine> Copy for Driver<'_, E> {}

/// How an operation is driven.
#[derive(Debug, Clone, Copy)]
pub(crate) enum How<'c> {
    /// It reads.
    Read,
    /// It changes something; with `files`, only where the head is in view. What has to hold is checked first, on the same state.
    Change {
        files: bool,
        conditions: &'c [Condition<'c>],
    },
    /// It changes history, with the tenant to itself.
    Rewrite,
    /// It reads what only committed rows tell, with the tenant to itself.
    ReadCommitted,
}

/// What has to happen before an operation can be run again.
enum Need {
    Rows(Vec<Want>),
    Lease,
    /// A commit: too much is waiting, or another process.
    Commit,
    /// A commit, which may make room.
    Room,
    /// Somebody changes history.
    Turn,
}

/// How one run of an operation ended.
enum Run {
    Done(Result<()>),
    Needs(Need),
    /// There is no room, but a commit may make some.
    Full(Error),
    /// Another process committed meanwhile.
    Stale,
}

/// Rows that were loaded for an operation, and as of which commit.
#[derive(Default)]
struct Rows {
    loaded: Loaded,
    generation: u64,
    /// How often they could not be loaded because they changed.
    failures: usize,
    /// Whether what the operation answered of them says of something that it is not there.
    lacks: bool,
    /// What was known of others then; see [`Engine::foreign`].
    seen: u64,
}

impl Rows {
    /// Those of the state as it is now.
    fn as_of(&mut self, state: &State) -> &Loaded {
        // While history changes, nobody can tell of before or behind the change rows are.
        if self.generation != state.generation || state.exclusive {
            self.loaded.clear();
            self.generation = state.generation;
        }
        &self.loaded
    }
}

impl<'a, E: Engine> Driver<'a, E> {
    pub(crate) fn lock(self) -> MutexGuard<'a, State> {
        self.open.lock()
    }

    /// See [`Engine::foreign`].
    pub(crate) fn foreign(self) -> u64 {
        self.inner.engine.foreign(&self.open.seat)
    }

    /// Runs an operation. Its driver knows nothing of its answer, so that there is one for all of them.
    pub(crate) async fn run<'d, R: MaybeSend>(
        self,
        how: How<'_>,
        mut f: impl FnMut(&mut Op<'_, 'd>) -> Step<R> + MaybeSend,
    ) -> Result<R> {
        let mut answer = None;
        at_once(self.drive(how, &mut |op| {
            answer = Some(f(op)?);
            Ok(())
        }))
        .await?;
        answer.ok_or_else(|| Error::new(ErrorKind::Io).because("an operation ended without an answer"))
    }

    async fn drive(self, how: How<'_>, f: &mut Body<'_, '_>) -> Result<()> {
        match how {
            How::Read => self.drive_read(f).await,
            How::Change { files, conditions } => self.drive_change(files, conditions, f).await,
            // Few and long: what they need to wait takes no room in all the others.
            How::Rewrite => Box::pin(self.drive_rewrite(f)).await,
            How::ReadCommitted => Box::pin(self.drive_committed(f)).await,
        }
    }

    /// Runs an operation that reads: as often as it takes for all its rows to be of one moment.
    pub(crate) async fn read<'d, R: MaybeSend>(
        self,
        f: impl FnMut(&mut Op<'_, 'd>) -> Step<R> + MaybeSend,
    ) -> Result<R> {
        self.run(How::Read, f).await
    }

    async fn drive_read(self, f: &mut Body<'_, '_>) -> Result<()> {
        let mut rows = Rows::default();
        let mut tries = 0;
        let mut looked = false;
        loop {
            match self.look(&mut rows, f) {
                // What is in memory may be too old; and what was missing a moment ago may have been made before this was asked.
                Run::Done(result) if !looked && self.is_doubtful(&rows, &result) => {
                    looked = true;
                    self.inner.engine.look(self.open.tenant).await?;
                    // Whoever looked: what became known behind the answer counts as new.
                    if self.foreign() == rows.seen {
                        return result;
                    }
                }
                Run::Done(result) => return self.weighed(&rows, result),
                Run::Needs(need) => self.provide(need, &mut rows).await?,
                Run::Full(error) => return Err(error),
                Run::Stale => {
                    rows.loaded.clear();
                    tries += 1;
                    if tries >= TRIES {
                        // Other processes commit without pause. Nobody does while this one holds the lease.
                        return self.read_alone(f).await;
                    }
                }
            }
        }
    }

    /// Whether an answer has to be confirmed by a look at what others did.
    fn is_doubtful(self, rows: &Rows, result: &Result<()>) -> bool {
        let is_missing = rows.lacks || matches!(result, Err(e) if e.kind() == ErrorKind::NotFound);
        is_missing || !self.inner.engine.is_fresh(&self.open.seat)
    }

    async fn read_alone(self, f: &mut Body<'_, '_>) -> Result<()> {
        let mut rows = Rows::default();
        let result = loop {
            let leased = self.lock().leased;
            if !leased {
                self.take_lease().await?;
            }
            match self.look(&mut rows, f) {
                Run::Done(result) => break result,
                Run::Needs(need) => self.provide(need, &mut rows).await?,
                Run::Full(error) => break Err(error),
                Run::Stale => rows.loaded.clear(),
            }
        };
        self.give_back_if_unused()?;
        result
    }

    /// Counts what an operation that ends has loaded.
    fn weighed(self, rows: &Rows, result: Result<()>) -> Result<()> {
        match rows.loaded.is_empty() {
            true => self.inner.budget.touch(&self.open.share),
            false => self.inner.weigh(self.open),
        }
        result
    }

    fn look(self, rows: &mut Rows, f: &mut Body<'_, '_>) -> Run {
        let mut guard = self.lock();
        let state = &mut *guard;
        if self.is_deposed(state) {
            return Run::Needs(Need::Commit);
        }
        if !state.leased {
            state.refresh(self.foreign());
        }
        let loaded = rows.as_of(state);
        if let Err(stop) = known(state, loaded) {
            return self.stopped(state, stop, vec![Want::Tenant]);
        }
        let mut op = Op::new(state, loaded, &self.inner.clock);
        let result = op.check_active().map_err(Stop::from).and_then(|()| f(&mut op));
        let wants = std::mem::take(&mut op.wants);
        let lacks = op.lacks;
        self.count(op.hits, op.misses);
        rows.lacks = lacks;
        let state = &mut *guard;
        rows.seen = state.seen;
        match result {
            Ok(_) | Err(Stop::Failed(_)) if !state.leased && self.foreign() != state.seen => Run::Stale,
            Ok(()) => Run::Done(Ok(())),
            Err(stop) => self.stopped(state, stop, wants),
        }
    }

    fn stopped(self, state: &State, stop: Stop, wants: Vec<Want>) -> Run {
        match stop {
            Stop::Failed(error) => Run::Done(Err(error)),
            // What is loaded now may be of before or of behind the change, while the caches are of before.
            Stop::Missing if state.exclusive => Run::Needs(Need::Turn),
            Stop::Missing => Run::Needs(Need::Rows(wants)),
        }
    }

    /// Runs an operation that changes files; over a quota, once more after a commit, which knows what blocks are shared
    /// and which nothing names any more.
    pub(crate) async fn write<'d, R: MaybeSend>(
        self,
        by: &dyn By,
        f: impl FnMut(&mut Op<'_, 'd>) -> Step<R> + MaybeSend,
    ) -> Result<R> {
        let (files, conditions) = (true, by.conditions());
        self.run(How::Change { files, conditions }, f).await
    }

    /// Notes an access.
    pub(crate) async fn touch(self, ino: Ino) -> Result<()> {
        let (files, conditions) = (true, &[][..]);
        self.run(How::Change { files, conditions }, |op| op.touch(ino))
            .await
    }

    /// Runs an operation that changes something, whatever layer is in view.
    pub(crate) async fn note<'d, R: MaybeSend>(
        self,
        f: impl FnMut(&mut Op<'_, 'd>) -> Step<R> + MaybeSend,
    ) -> Result<R> {
        let (files, conditions) = (false, &[][..]);
        self.run(How::Change { files, conditions }, f).await
    }

    async fn drive_change(
        self,
        files: bool,
        conditions: &[Condition<'_>],
        f: &mut Body<'_, '_>,
    ) -> Result<()> {
        let mut rows = Rows::default();
        let mut made_room = false;
        loop {
            let need = match self.attempt(files, conditions, &mut rows, f) {
                Run::Full(error) if made_room => return Err(error),
                // A commit knows what blocks are shared and which nothing names any more; and of processes that died, what they
                // had open can go.
                Run::Full(error) => {
                    made_room = true;
                    let was_committed = self.lock().is_committed();
                    let reaped = self.reap_orphans().await?;
                    // A commit of the background may have been about to remove what it had taken the last name of.
                    if reaped == 0 && was_committed && self.lock().generation == rows.generation {
                        return Err(error);
                    }
                    Need::Room
                }
                Run::Done(result) => return self.weighed(&rows, result),
                Run::Needs(need) => need,
                Run::Stale => continue,
            };
            if let Err(error) = self.provide(need, &mut rows).await {
                let _kept = self.give_back_if_unused();
                return Err(error);
            }
        }
    }

    fn attempt(
        self,
        files: bool,
        conditions: &[Condition<'_>],
        rows: &mut Rows,
        f: &mut Body<'_, '_>,
    ) -> Run {
        let mut guard = self.lock();
        let state = &mut *guard;
        if let Err(error) = state.check_whole() {
            return Run::Done(Err(error));
        }
        if state.exclusive {
            return Run::Needs(Need::Turn);
        }
        // Before it changes anything: an operation whose commit finds no room has not happened.
        if state.yielding || state.is_full() || self.is_pressed(state) || self.is_deposed(state) {
            return Run::Needs(Need::Commit);
        }
        if !state.leased {
            state.refresh(self.foreign());
        }
        let loaded = rows.as_of(state);
        if let Err(stop) = known(state, loaded) {
            return self.given_up(state, stop, vec![Want::Tenant]);
        }
        let mut op = Op::new(state, loaded, &self.inner.clock);
        // Looked at before the lease is taken, so that a refused change costs nothing.
        let refused = op.check_active().and_then(|()| match files {
            true => op.check_head(),
            false => Ok(()),
        });
        if let Err(error) = refused {
            return self.given_up(state, error.into(), Vec::new());
        }
        if !op.state.leased {
            return Run::Needs(Need::Lease);
        }
        let result = match op.check_conditions(conditions) {
            Ok(()) => f(&mut op),
            // What both want is loaded at once.
            Err(Stop::Missing) => {
                op.is_rehearsal = true;
                let _asked = f(&mut op);
                Err(Stop::Missing)
            }
            failed => failed,
        };
        let (wants, edits) = (std::mem::take(&mut op.wants), std::mem::take(&mut op.edits));
        self.count(op.hits, op.misses);
        let state = &mut *guard;
        match result {
            Ok(()) => {
                state.take_over(edits);
                self.inner.budget.weigh_pending(&self.open.share, state);
                self.queue(state);
                // Where nothing changed, no commit will give the lease back.
                Run::Done(self.give_back_unused(state))
            }
            Err(stop) => {
                state.delta.clear();
                match stop {
                    Stop::Failed(e) if e.kind() == ErrorKind::QuotaExceeded => Run::Full(e),
                    stop => self.given_up(state, stop, wants),
                }
            }
        }
    }

    fn given_up(self, state: &mut State, stop: Stop, wants: Vec<Want>) -> Run {
        if matches!(stop, Stop::Failed(_)) {
            // A lock that cannot be given back now is given back when the process ends.
            let _kept = self.give_back_unused(state);
        }
        self.stopped(state, stop, wants)
    }

    /// Whether all tenants together have so much to commit that this one commits what it has.
    pub(crate) fn is_pressed(self, state: &State) -> bool {
        self.inner.budget.is_pressed() && !state.is_committed()
    }

    /// Whether the lease was lost: what is in memory is of before, and what is loaded of behind what others did since. A commit
    /// finds out, and drops what was changed.
    pub(crate) fn is_deposed(self, state: &State) -> bool {
        state.leased && !state.exclusive && self.inner.engine.is_deposed(&self.open.seat)
    }

    /// Sees to it that what was changed is committed.
    fn queue(self, state: &mut State) {
        let wanted = match commit::is_due_early(&state.active) {
            true => Queued::First,
            false => Queued::InLine,
        };
        if state.queued < wanted && !state.active.is_empty() {
            state.queued = wanted;
            self.inner.committer.add(self.open, wanted == Queued::First);
        }
    }

    async fn provide(self, need: Need, rows: &mut Rows) -> Result<()> {
        match need {
            Need::Rows(wants) => match self.load(wants, &mut rows.loaded).await {
                // Rows that have changed since they were asked for may make no sense any more.
                Err(_) if rows.failures < TRIES && self.has_changed(rows) => {
                    rows.failures += 1;
                    Ok(())
                }
                loaded => loaded,
            },
            Need::Lease => self.take_lease().await,
            Need::Commit => self.relieve().await,
            Need::Room => self.commit_visible().await,
            Need::Turn => {
                self.open.turn.pass().await;
                Ok(())
            }
        }
    }

    /// Whether anything was or may have been committed since these rows were asked for, here or elsewhere.
    fn has_changed(self, rows: &Rows) -> bool {
        let state = self.lock();
        state.generation != rows.generation
            // The engine may have by now what is frozen here.
            || state.frozen.is_some()
            || (!state.leased && self.foreign() != state.seen)
            || self.is_deposed(&state)
    }

    /// Takes the lease for this tenant, which the next commit gives back.
    pub(crate) async fn take_lease(self) -> Result<()> {
        self.inner.engine.acquire(self.open.tenant).await?;
        let mut state = self.lock();
        if state.leased {
            // Another operation was quicker.
            return self.inner.engine.release(self.open.tenant);
        }
        state.leased = true;
        state.alone = None;
        state.generation += 1;
        state.refresh(self.foreign());
        Ok(())
    }

    pub(crate) fn release_lease(self, state: &mut State) -> Result<()> {
        state.alone = None;
        state.yielding = false;
        match std::mem::take(&mut state.leased) {
            true => self.inner.engine.release(self.open.tenant),
            false => Ok(()),
        }
    }

    /// An operation that took the lease and changed nothing gives it back: no commit will.
    fn give_back_unused(self, state: &mut State) -> Result<()> {
        match state.leased && state.is_committed() && !state.exclusive {
            true => self.release_lease(state),
            false => Ok(()),
        }
    }

    fn give_back_if_unused(self) -> Result<()> {
        self.give_back_unused(&mut self.lock())
    }

    fn count(self, hits: u64, misses: u64) {
        let counters = &self.inner.counters;
        if hits > 0 {
            counters.row_hits.fetch_add(hits, Ordering::Relaxed);
        }
        if misses > 0 {
            counters.row_misses.fetch_add(misses, Ordering::Relaxed);
        }
    }
}

/// Sees that the tenant's row is there.
pub(crate) fn known(state: &mut State, loaded: &Loaded) -> Step<()> {
    if state.tenant.is_none() {
        let found = loaded.get(&Want::Tenant).ok_or(Stop::Missing)?.tenant()?;
        let gone = || Error::new(ErrorKind::NotFound).because("the tenant was deleted");
        state.tenant = Some(found.clone().ok_or_else(gone)?);
    }
    Ok(())
}
