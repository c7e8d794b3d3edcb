//! Surroundings with one thread, where whoever is called runs to its end.

mod committer;
mod parallel;

use std::future::{Future, Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use tarbox_store::{Error, ErrorKind, Result};

use crate::op::Op;
use crate::step::Step;

pub(crate) use committer::Committer;
pub use parallel::in_parallel;

/// A turn that nobody ever waits for.
#[derive(Debug, Default)]
pub(crate) struct Turn;

/// Ends the turn when it goes.
#[derive(Debug)]
pub(crate) struct TurnGuard<'a>(std::marker::PhantomData<&'a Turn>);

impl Turn {
    pub(crate) async fn take(&self) -> TurnGuard<'_> {
        TurnGuard(std::marker::PhantomData)
    }

    /// Returns when the turn of whoever has it is over.
    pub(crate) async fn pass(&self) {}
}

/// What an operation does. Its driver knows no more of it, so that there is one driver and not one for each operation.
pub(crate) type Body<'x, 'd> = dyn FnMut(&mut Op<'_, 'd>) -> Step<()> + 'x;

/// Runs a future to its end. There is nobody to wait for: what an engine does here is done when it returns. Whoever awaits
/// this has no state to keep, which is a good part of the code of everything above.
pub(crate) fn at_once<R>(future: impl Future<Output = Result<R>>) -> Ready<Result<R>> {
    let ended = match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => {
            Err(Error::new(ErrorKind::Io).because("the engine waits where there is no thread to wait on"))
        }
    };
    ready(ended)
}
