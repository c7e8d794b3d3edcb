//! The program that has a database alone: one of Node.js, which cannot take the locks that native processes share a database by.
//!
//! Its sign is a directory, `owner`, with one entry, which the process has named after itself (`packages/device/src/node/lock`); the
//! sign of a native process is its session. Each side shows its own first and looks for the other's afterwards, so that at least one
//! of two that begin at the same moment sees the other, and withdraws. What a dead process has left counts for nothing.

mod process;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

use tarbox_store::{Error, ErrorKind, Result};

use process::Process;
pub(crate) use process::sign;

/// Refuses a database that a program of Node.js has.
///
/// # Errors
/// `Busy`, with who it is.
pub(crate) fn refuse_owner(directory: &Path) -> Result<()> {
    let lock = directory.join("owner");
    let entries = match fs::read_dir(&lock) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotADirectory => return refuse_locked(&lock),
        Err(e) => return Err(crate::sessions::failed(&lock, e)),
    };
    for entry in entries {
        let entry = entry.map_err(|e| crate::sessions::failed(&lock, e))?;
        let owner = entry.file_name().to_str().and_then(Process::parse);
        match owner {
            Some(owner) if !owner.is_alive(&entry.path()) => {
                // No other process ever has that name, so whoever does this late removes nothing.
                let _gone = fs::remove_file(entry.path());
            }
            owner => {
                return Err(busy(
                    &lock,
                    owner.map_or("another program".into(), |owner| owner.to_string()),
                ));
            }
        }
    }
    Ok(())
}

/// Where Node.js can lock files, its sign is a locked one.
fn refuse_locked(lock: &Path) -> Result<()> {
    match File::open(lock).map(|file| file.try_lock()) {
        Ok(Err(TryLockError::WouldBlock)) => Err(busy(lock, "another program".into())),
        _ => Ok(()),
    }
}

fn busy(lock: &Path, who: String) -> Error {
    Error::new(ErrorKind::Busy).because(format!(
        "{who} has the database open with the npm package tarbox, and alone; close it there, or if no such program runs on any \
         machine that uses these files, remove {}",
        lock.display()
    ))
}
