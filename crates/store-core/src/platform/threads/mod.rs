//! Surroundings with threads.

mod committer;
mod parallel;

use crate::op::Op;
use crate::step::Step;

pub(crate) use committer::Committer;
pub use parallel::in_parallel;

/// A turn that one of several takes, and others wait for without holding up their thread.
#[derive(Debug, Default)]
pub(crate) struct Turn(async_lock::Mutex<()>);

/// Ends the turn when it goes.
pub(crate) type TurnGuard<'a> = async_lock::MutexGuard<'a, ()>;

impl Turn {
    pub(crate) async fn take(&self) -> TurnGuard<'_> {
        match self.0.try_lock() {
            Some(guard) => guard,
            None => self.0.lock().await,
        }
    }

    /// Returns when the turn of whoever has it is over.
    pub(crate) async fn pass(&self) {
        drop(self.0.lock().await);
    }
}

/// What an operation does. Its driver knows no more of it, so that there is one driver and not one for each operation.
pub(crate) type Body<'x, 'd> = dyn FnMut(&mut Op<'_, 'd>) -> Step<()> + Send + 'x;

/// Leaves a future as it is: whoever waits lets others go on.
pub(crate) fn at_once<F>(future: F) -> F {
    future
}
