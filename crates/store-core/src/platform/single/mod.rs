//! Surroundings with one thread, where whoever is called runs to its end.

mod committer;
mod parallel;

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
}
