//! The connection that reads while another commits.

use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};

use rusqlite::Connection;
use tarbox_store::Result;

use super::open::{Place, connect_beside};

/// Opened when a read first meets a commit: most programs end before that, and opening it takes as long as they do.
#[derive(Debug)]
pub(super) struct Reader {
    /// From the root, since the process may change its directory.
    path: PathBuf,
    connection: OnceLock<Mutex<Connection>>,
}

impl Reader {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            connection: OnceLock::new(),
        }
    }

    /// The connection, if it was needed before.
    pub(super) fn opened(&self) -> Option<&Mutex<Connection>> {
        self.connection.get()
    }

    /// The connection.
    ///
    /// # Errors
    /// When the database cannot be opened once more.
    pub(super) fn get(&self) -> Result<&Mutex<Connection>> {
        if let Some(connection) = self.connection.get() {
            return Ok(connection);
        }
        let another = Mutex::new(connect_beside(&Place::File(self.path.clone()))?);
        Ok(self.connection.get_or_init(|| another))
    }
}
