//! What all connections of one registered VFS share.

use std::collections::HashSet;
use std::ffi::{CString, c_int};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tarbox_pool::{Error, Pool};

use crate::codes::result_code;
use crate::ffi;
use crate::locks::LockTable;
use crate::options::Options;
use crate::shm::ShmTable;

/// The state behind a registered VFS.
#[derive(Debug)]
pub(crate) struct VfsState {
    pub(crate) name: CString,
    pub(crate) options: Options,
    pub(crate) locks: LockTable,
    pub(crate) shm: ShmTable,
    /// `None` once the VFS is unregistered.
    pool: Mutex<Option<Arc<dyn Pool>>>,
    open_files: AtomicUsize,
    last_error: Mutex<Option<Error>>,
    /// Journals and logs that were synced, so that their deletion is a commit that has to last.
    synced: Mutex<HashSet<String>>,
}

impl VfsState {
    pub(crate) fn new(name: CString, pool: Arc<dyn Pool>, options: Options) -> Self {
        Self {
            name,
            options,
            locks: LockTable::default(),
            shm: ShmTable::default(),
            pool: Mutex::new(Some(pool)),
            open_files: AtomicUsize::new(0),
            last_error: Mutex::default(),
            synced: Mutex::default(),
        }
    }

    pub(crate) fn pool(&self) -> Option<Arc<dyn Pool>> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets go of the pool, unless files are open; then says how many.
    pub(crate) fn close(&self) -> Result<(), usize> {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        match self.open_files.load(Ordering::Acquire) {
            0 => {
                *pool = None;
                Ok(())
            }
            open => Err(open),
        }
    }

    /// Counts a file as open, unless the VFS is closed.
    pub(crate) fn file_opens(&self) -> Option<Arc<dyn Pool>> {
        let pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.is_some() {
            // Counted under the lock that `close` takes, so that no file opens on a closed VFS.
            self.open_files.fetch_add(1, Ordering::AcqRel);
        }
        pool.clone()
    }

    pub(crate) fn file_closes(&self) {
        self.open_files.fetch_sub(1, Ordering::AcqRel);
    }

    pub(crate) fn mark_synced(&self, name: &str) {
        self.synced
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned());
    }

    /// Whether the file was synced since this was asked last.
    pub(crate) fn take_synced(&self, name: &str) -> bool {
        self.synced
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(name)
    }

    pub(crate) fn last_error(&self) -> Option<Error> {
        self.last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Turns the pool's result into SQLite's, and remembers and logs the error.
    pub(crate) fn report<T>(&self, result: Result<T, Error>) -> Result<T, c_int> {
        result.map_err(|error| {
            let code = result_code(&error);
            log(code, &describe(&error));
            *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            code
        })
    }
}

/// The error and its causes in one line.
pub(crate) fn describe(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Writes to SQLite's error log, which its user may have configured.
pub(crate) fn log(code: c_int, message: &str) {
    let Ok(message) = CString::new(message.replace('\0', "\\0")) else {
        return;
    };
    // SAFETY: the format takes one string, and both strings end with NUL and outlive the call.
    unsafe { ffi::sqlite3_log(code, c"%s".as_ptr(), message.as_ptr()) }
}
