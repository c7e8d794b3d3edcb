//! Surroundings with threads.

mod committer;
mod parallel;

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
