//! The program that has a database alone, where processes have no names that others could tell: its sign is a locked file.

use std::fs::{File, TryLockError};
use std::path::Path;

use tarbox_store::{Error, ErrorKind, Result};

/// The sign of this process, by number: the name of a file.
pub(crate) fn sign(number: u32) -> String {
    format!("{}-{number}", std::process::id())
}

/// Refuses a database that a program of Node.js has.
///
/// # Errors
/// `Busy`.
pub(crate) fn refuse_owner(directory: &Path) -> Result<()> {
    let lock = directory.join("owner");
    let is_free = match File::open(&lock) {
        Ok(file) => !matches!(file.try_lock(), Err(TryLockError::WouldBlock)),
        Err(e) => e.kind() == std::io::ErrorKind::NotFound,
    };
    if is_free {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Busy)
        .because("a program has the database open with the npm package tarbox, and alone"))
}
