//! Bringing what was appended to the device while more is being made.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tarbox_pool::PoolFile;
use tarbox_store::Result;

use crate::sql::device;

/// A sync that goes on beside the appending.
///
/// It saves time only: the commit still syncs every file at its end. But an error that the device reports here it may not
/// report again there, so it must be asked for with [`end`](Self::end).
#[derive(Debug, Default)]
pub(super) struct EarlySync {
    thread: Option<JoinHandle<tarbox_pool::Result<()>>>,
}

impl EarlySync {
    /// Begins one, unless the last is still going on. A machine without a thread to spare does without.
    ///
    /// # Errors
    /// That of the last one.
    pub(super) fn begin(&mut self, file: &Arc<dyn PoolFile>) -> Result<bool> {
        if self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return Ok(false);
        }
        self.end()?;
        let file = file.clone();
        let named = thread::Builder::new().name("tarbox-sync".into());
        self.thread = named.spawn(move || file.sync()).ok();
        Ok(true)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// What the device reported.
    pub(super) fn end(&mut self) -> Result<()> {
        match self.thread.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(result)) => result.map_err(device),
            Some(Err(panic)) => std::panic::resume_unwind(panic),
        }
    }
}

impl Drop for EarlySync {
    /// A commit that failed begins anew with every block: what became of these no longer matters.
    fn drop(&mut self) {
        let _unneeded = self.end();
    }
}
