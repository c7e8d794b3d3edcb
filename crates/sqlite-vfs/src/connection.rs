//! What the files of one connection to one database share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::gather::Gather;

/// The gather buffer of a database and its journal or log, as one connection has them open.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    gather: Arc<Mutex<Gather>>,
}

impl Connection {
    pub(crate) fn new(gather_limit: usize) -> Self {
        Self {
            gather: Arc::new(Mutex::new(Gather::new(gather_limit))),
        }
    }

    /// SQLite calls into the files of a connection one at a time, so this never waits.
    pub(crate) fn gather(&self) -> MutexGuard<'_, Gather> {
        self.gather.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
