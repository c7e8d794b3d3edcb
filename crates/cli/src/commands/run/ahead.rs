//! Making a program ready while the database is opened: each takes about as long, and neither needs the other.

use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use tarbox_host::{Host, Program, RunError};

/// A program that can start, and the host that compiled it.
pub(super) type Ready = Result<(Host, Program), RunError>;

/// What another thread is making ready, if anything.
#[derive(Debug, Default)]
pub(super) struct Ahead(Mutex<Option<JoinHandle<Ready>>>);

impl Ahead {
    /// Begins. A machine without a thread to spare does it later.
    pub(super) fn begin(&self, prepare: impl FnOnce() -> Ready + Send + 'static) {
        let thread = Builder::new().name("tarbox-compile".into()).spawn(prepare).ok();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = thread;
    }

    /// Waits for what was begun; `None` if nothing was.
    pub(super) fn end(&self) -> Option<Ready> {
        let thread = self.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some(thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
    }
}
