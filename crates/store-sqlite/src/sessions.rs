//! Who else has the database open. Each process keeps a locked file as long as it does; a file that can be locked was
//! left behind by a process that died. Its name says whose it is, for programs that cannot lock files ([`owner`](crate::owner)).
//! What each has open, [`holders`](Holders) say.
//!
//! Whoever is alone need not ask. A process that begins takes the lease once after its file is there, so that whoever
//! holds the lease afterwards sees the file.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind::NotFound;
use std::path::{Path, PathBuf};

use tarbox_store::{Error, ErrorKind, Result};

use crate::holders::Holders;
use crate::owner::sign;
use crate::rows::Key;

/// This process's sign, and what is known of others.
#[derive(Debug)]
pub(crate) struct Sessions {
    directory: PathBuf,
    name: PathBuf,
    holders: Holders,
    /// Locked until the process ends.
    _sign: File,
}

impl Sessions {
    /// Signs in to the database whose files are in this directory.
    pub(crate) fn begin(database: &Path) -> Result<Self> {
        let directory = database.join("sessions");
        fs::create_dir_all(&directory).map_err(|e| failed(&directory, e))?;
        let holders = Holders::of(database)?;
        for attempt in 0u32.. {
            let name = directory.join(sign(attempt));
            match OpenOptions::new().write(true).create_new(true).open(&name) {
                Ok(sign) => {
                    sign.lock().map_err(|e| failed(&name, e))?;
                    // Before it was locked, somebody may have taken it for one that was left behind.
                    if is_at(&sign, &name) {
                        let sessions = Self {
                            directory,
                            name,
                            holders,
                            _sign: sign,
                        };
                        // Of what dead processes have left, not everyone can tell that they are.
                        sessions.alone();
                        return Ok(sessions);
                    }
                }
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists && attempt < 100_000 => {}
                Err(e) => return Err(failed(&name, e)),
            }
        }
        Err(ErrorKind::TooManyOpen.into())
    }

    /// Tells others that this process has an inode open.
    pub(crate) fn hold(&self, key: Key) -> Result<()> {
        self.holders.hold(key)
    }

    /// Takes that back.
    pub(crate) fn release(&self, key: Key) {
        self.holders.release(key);
    }

    /// Whether another process has the inode open. Once its last name is gone for everybody, none begins to.
    pub(crate) fn is_open_elsewhere(&self, key: Key) -> bool {
        self.holders.is_held_by_others(key) && !self.alone()
    }

    /// Whether no other process has the database open. It stays so while the lease is held.
    pub(crate) fn alone(&self) -> bool {
        nobody_in(&self.directory, &self.name).unwrap_or(false)
    }

    /// Whether no process at all has the database open whose files are in this directory. Another may begin meanwhile.
    pub(crate) fn are_over(database: &Path) -> bool {
        nobody_in(&database.join("sessions"), Path::new("")).unwrap_or_else(|e| e.kind() == NotFound)
    }
}

/// Whether no process lives that left a sign in this directory, but for one.
fn nobody_in(directory: &Path, besides: &Path) -> std::io::Result<bool> {
    let mut nobody = true;
    for entry in fs::read_dir(directory)?.flatten() {
        let path = entry.path();
        nobody &= path == besides || remove_if_dead(&path);
    }
    Ok(nobody)
}

/// Removes the sign of a process that died; `false` if it lives.
pub(crate) fn remove_if_dead(path: &Path) -> bool {
    match File::open(path) {
        // Somebody else may have removed it first, and its name be another's by now.
        Ok(file) => file.try_lock().is_ok() && is_at(&file, path) && fs::remove_file(path).is_ok(),
        Err(e) => e.kind() == std::io::ErrorKind::NotFound,
    }
}

/// Whether the file is the one of this name.
#[cfg(unix)]
pub(crate) fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let number = |m: fs::Metadata| (m.dev(), m.ino());
    match (file.metadata().map(number), fs::metadata(path).map(number)) {
        (Ok(file), Ok(there)) => file == there,
        _ => false,
    }
}

/// Where an open file cannot be removed, it is.
#[cfg(not(unix))]
pub(crate) fn is_at(_: &File, _: &Path) -> bool {
    true
}

impl Drop for Sessions {
    fn drop(&mut self) {
        let _gone = fs::remove_file(&self.name);
    }
}

pub(crate) fn failed(path: &Path, e: std::io::Error) -> Error {
    let kind = match e.kind() {
        std::io::ErrorKind::PermissionDenied => ErrorKind::Access,
        std::io::ErrorKind::ReadOnlyFilesystem => ErrorKind::ReadOnly,
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => ErrorKind::NoSpace,
        _ => ErrorKind::Io,
    };
    Error::new(kind)
        .about(path.as_os_str().as_encoded_bytes())
        .caused_by(e)
}
