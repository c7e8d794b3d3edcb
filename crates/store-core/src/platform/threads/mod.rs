//! Surroundings with threads.

mod committer;
mod parallel;

use std::future::Future;
use std::pin::Pin;

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
}

/// What an operation does. Its driver knows no more of it, so that there is one driver and not one for each operation.
pub(crate) type Body<'x, 'd> = dyn FnMut(&mut Op<'_, 'd>) -> Step<()> + Send + 'x;

/// A future of which nobody needs to know the type.
pub(crate) type Boxed<'a, R> = Pin<Box<dyn Future<Output = R> + Send + 'a>>;

/// Leaves a future as it is: whoever waits lets others go on.
pub(crate) fn at_once<F>(future: F) -> F {
    future
}
