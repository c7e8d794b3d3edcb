//! Changing history, and whatever else needs a tenant to itself for a while.

use tarbox_store::{Error, ErrorKind, MaybeSend, Result};

use crate::batch::Batch;
use crate::delta::Delta;
use crate::engine::{Applied, Durability, Engine};
use crate::op::Op;
use crate::open::{Driver, How};
use crate::platform::{Body, TurnGuard};
use crate::step::{Step, Stop};
use crate::want::{Loaded, Want};

/// A tenant with everything committed and the lease held; nothing but reads from memory happens meanwhile.
///
pub(crate) struct Alone<'a, E: Engine> {
    driver: Driver<'a, E>,
    /// Everything that was read before is forgotten when it ends.
    changes: bool,
    /// `None` in a turn of the caller's.
    _turn: Option<TurnGuard<'a>>,
}

/// A tenant that the engine has to itself, with everything committed, until this goes.
pub struct Exclusive<'a, E: Engine> {
    _alone: Alone<'a, E>,
}

fn overtaken() -> Error {
    Error::new(ErrorKind::Io).because(
        "this process did not answer for so long that another one took its turn; nothing was changed",
    )
}

impl<E: Engine> std::fmt::Debug for Exclusive<'_, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exclusive").finish_non_exhaustive()
    }
}

impl<E: Engine> Drop for Alone<'_, E> {
    fn drop(&mut self) {
        let mut state = self.driver.lock();
        state.exclusive = false;
        if self.changes {
            state.forget();
        }
        // A lock that cannot be given back now is given back when the process ends.
        let _kept = self.driver.release_lease(&mut state);
    }
}

impl<'a, E: Engine> Driver<'a, E> {
    pub(crate) async fn alone(self, changes: bool) -> Result<Alone<'a, E>> {
        let turn = self.open.turn.take().await;
        self.inner.engine.prepare();
        self.alone_in_turn(changes, Some(turn)).await
    }

    /// The same where the caller has the turn, unless it is given here.
    pub(crate) async fn alone_in_turn(
        self,
        changes: bool,
        turn: Option<TurnGuard<'a>>,
    ) -> Result<Alone<'a, E>> {
        let before = self.lock().losses.count;
        loop {
            self.commit_logged().await?;
            self.commit(Durability::Visible).await?;
            let leased = self.lock().leased;
            if !leased {
                self.take_lease().await?;
            }
            let mut state = self.lock();
            if let Err(lost) = state.losses.after(before) {
                self.release_lease(&mut state)?;
                return Err(lost);
            }
            if state.leased && state.is_committed() {
                state.exclusive = true;
                return Ok(Alone {
                    driver: self,
                    changes,
                    _turn: turn,
                });
            }
        }
    }

    /// Runs an operation that changes history, in a durable transaction of its own.
    pub(crate) async fn rewrite<'d, R: MaybeSend>(
        self,
        f: impl FnMut(&mut Op<'_, 'd>) -> Step<R> + MaybeSend,
    ) -> Result<R> {
        self.run(How::Rewrite, f).await
    }

    pub(crate) async fn drive_rewrite(self, f: &mut Body<'_, '_>) -> Result<()> {
        let _alone = self.alone(true).await?;
        let delta = self.run_alone(f).await?;
        let mut batch = Batch::new(self.open.tenant);
        batch.row = delta.tenant;
        batch.log = delta.log.clone();
        batch.history = delta.rewrite.history;
        batch.blocks = delta.rewrite.blocks;
        batch.live = delta.rewrite.live;
        let batches = std::slice::from_mut(&mut batch);
        if self.inner.engine.apply(batches, Durability::Durable).await? == Applied::Fenced {
            // What was committed before and not durable may be lost with it, and the engine says so only once.
            self.drop_fenced()?;
            return Err(overtaken());
        }
        self.inner.count_commit();
        let mut state = self.lock();
        for record in delta.log {
            state.authors.note(&record.agent, record.seq);
        }
        Ok(())
    }

    /// Reads what only committed rows tell, with nothing else to be seen.
    pub(crate) async fn read_committed<'d, R: MaybeSend>(
        self,
        f: impl FnMut(&mut Op<'_, 'd>) -> Step<R> + MaybeSend,
    ) -> Result<R> {
        self.run(How::ReadCommitted, f).await
    }

    pub(crate) async fn drive_committed(self, f: &mut Body<'_, '_>) -> Result<()> {
        let _alone = self.alone(false).await?;
        self.run_alone(f).await.map(drop)
    }

    /// Has the tenant to itself.
    pub(crate) async fn exclusive(self) -> Result<Exclusive<'a, E>> {
        let _alone = self.alone(true).await?;
        Ok(Exclusive { _alone })
    }

    /// Lets the engine work on the tenant's rows, with everything committed and nobody else at them.
    pub(crate) async fn administer<R>(self, f: impl FnOnce(&E) -> Result<R>) -> Result<R> {
        let _alone = self.alone(true).await?;
        f(&self.inner.engine)
    }

    /// Runs an operation with the tenant to itself, and answers what it changes.
    async fn run_alone(self, f: &mut Body<'_, '_>) -> Result<Delta> {
        let mut loaded = Loaded::default();
        loop {
            let wants = match self.try_alone(&loaded, f) {
                Ok(delta) => return Ok(delta),
                Err((Stop::Failed(error), _)) => return Err(error),
                Err((Stop::Missing, wants)) => wants,
            };
            self.load(wants, &mut loaded).await?;
            if self.inner.engine.is_deposed(&self.open.seat) {
                return Err(overtaken());
            }
        }
    }

    fn try_alone(
        self,
        loaded: &Loaded,
        f: &mut Body<'_, '_>,
    ) -> std::result::Result<Delta, (Stop, Vec<Want>)> {
        let mut guard = self.lock();
        let state = &mut *guard;
        if let Err(stop) = crate::open::known(state, loaded) {
            return Err((stop, vec![Want::Tenant]));
        }
        let mut op = Op::new(state, loaded, &self.inner.clock);
        let result = f(&mut op);
        let wants = std::mem::take(&mut op.wants);
        let delta = std::mem::take(&mut state.delta);
        match result {
            Ok(()) => Ok(delta),
            Err(stop) => Err((stop, wants)),
        }
    }
}
