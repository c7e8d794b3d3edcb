//! The directory itself: paths, creation, deletion, and which directories still have to be synced.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{DirectoryOptions, Sharing, host};
use crate::error::{Error, ErrorKind, Operation, Result};
use crate::name::ancestors;

/// How often creating a file is tried again when another process removes the directory it was to go in.
const CREATE_ATTEMPTS: usize = 16;

/// The relative name of the root itself among [`Root::changed`].
const ROOT: &str = "";

#[derive(Debug)]
pub(super) struct Root {
    path: PathBuf,
    read_only: bool,
    /// Holds the lock of [`Sharing::Exclusive`] for as long as it is open.
    _lock: Option<File>,
    /// Directories, relative to the root, with an entry made or removed since they were last synced. Also
    /// held while names change, so that a directory is not pruned while a file is created in it.
    changed: Mutex<BTreeSet<String>>,
}

impl Root {
    pub(super) fn open(path: &Path, options: DirectoryOptions) -> Result<Self> {
        let name = path.to_string_lossy();
        let failed = |error| Error::from_io(Operation::OpenPool, &name, error);
        if !options.read_only {
            create_durably(path).map_err(failed)?;
        }
        if !fs::metadata(path).map_err(failed)?.is_dir() {
            return Err(Error::new(ErrorKind::NotDirectory, Operation::OpenPool, &name));
        }
        let lock = match options.sharing {
            Sharing::Shared => None,
            Sharing::Exclusive => Some(lock(path, options.read_only).map_err(failed)?),
        };
        Ok(Self {
            path: path.to_owned(),
            read_only: options.read_only,
            _lock: lock,
            changed: Mutex::default(),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn is_read_only(&self) -> bool {
        self.read_only
    }

    pub(super) fn host_path(&self, name: &str) -> PathBuf {
        // Joining an empty name would add a separator, which some hosts follow.
        if name == ROOT {
            self.path.clone()
        } else {
            self.path.join(name)
        }
    }

    /// Creates a file that is not there, with the directories that lead to it.
    pub(super) fn create_file(&self, name: &str) -> Result<File> {
        let mut changed = self.changed();
        let path = self.host_path(name);
        for _ in 0..CREATE_ATTEMPTS {
            match fs::OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .open(&path)
            {
                Ok(file) => {
                    changed.insert(parent(name).to_owned());
                    return Ok(file);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.create_parents(&mut changed, name)?
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {
                    return Err(Error::new(ErrorKind::IsDirectory, Operation::Create, name));
                }
                Err(error) => return Err(Error::from_io(Operation::Create, name, error)),
            }
        }
        let cause = "another process keeps removing its directory";
        Err(Error::new(ErrorKind::Busy, Operation::Create, name).because(cause))
    }

    fn create_parents(&self, changed: &mut BTreeSet<String>, name: &str) -> Result<()> {
        // Where the pool's own directory is gone, it is not made again: that would hide the loss of all
        // files.
        fs::metadata(&self.path).map_err(|error| Error::from_io(Operation::Create, name, error))?;
        fs::create_dir_all(self.host_path(parent(name))).map_err(|error| match error.kind() {
            // `mkdir` over a file.
            io::ErrorKind::AlreadyExists => Error::new(ErrorKind::NotDirectory, Operation::Create, name),
            _ => Error::from_io(Operation::Create, name, error),
        })?;
        changed.extend(ancestors(name).map(str::to_owned));
        changed.insert(ROOT.to_owned());
        Ok(())
    }

    /// Removes a file, and the directories that are empty then.
    pub(super) fn delete_file(&self, name: &str) -> Result<()> {
        let mut changed = self.changed();
        let path = self.host_path(name);
        if let Err(error) = fs::remove_file(&path) {
            return Err(match path.is_dir() {
                true => Error::new(ErrorKind::IsDirectory, Operation::Delete, name),
                false => Error::from_io(Operation::Delete, name, error),
            });
        }
        changed.insert(parent(name).to_owned());
        for directory in ancestors(name) {
            // Fails where it is not empty, which ends the pruning.
            if fs::remove_dir(self.host_path(directory)).is_err() {
                break;
            }
            changed.remove(directory);
            changed.insert(parent(directory).to_owned());
        }
        Ok(())
    }

    /// Makes all names changed through this pool durable.
    pub(super) fn sync_changed_directories(&self) -> Result<()> {
        let mut changed = self.changed();
        while let Some(directory) = changed.first() {
            self.sync_directory(Operation::SyncNames, directory)?;
            changed.pop_first();
        }
        Ok(())
    }

    /// Makes the existence of one file durable: its entry, and the entries of the directories that lead to
    /// it.
    pub(super) fn sync_path_to(&self, name: &str) -> Result<()> {
        ancestors(name)
            .chain([ROOT])
            .try_for_each(|directory| self.sync_directory(Operation::Sync, directory))
    }

    fn sync_directory(&self, operation: Operation, directory: &str) -> Result<()> {
        match host::sync_directory(&self.host_path(directory)) {
            Ok(()) => Ok(()),
            // It was pruned after its last file was deleted, so nothing of it has to last.
            Err(error) if error.kind() == io::ErrorKind::NotFound && directory != ROOT => Ok(()),
            Err(error) => Err(Error::from_io(operation, directory, error)),
        }
    }

    fn changed(&self) -> MutexGuard<'_, BTreeSet<String>> {
        // No method panics while the set misses a change, so a poisoned set is a whole one.
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The directory a name lies in.
fn parent(name: &str) -> &str {
    name.rsplit_once('/').map_or(ROOT, |(directory, _)| directory)
}

/// Creates the pool's directory if it is missing, and makes its existence durable.
fn create_durably(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let missing: Vec<&Path> = path
        .ancestors()
        .take_while(|ancestor| !ancestor.exists())
        .collect();
    fs::create_dir_all(path)?;
    for created in missing {
        match created.parent() {
            Some(parent) if parent != Path::new("") => host::sync_directory(parent)?,
            _ => host::sync_directory(Path::new("."))?,
        }
    }
    Ok(())
}

fn lock(path: &Path, shared: bool) -> io::Result<File> {
    let directory = File::open(path)?;
    let locked = if shared {
        directory.try_lock_shared()
    } else {
        directory.try_lock()
    };
    match locked {
        Ok(()) => Ok(directory),
        Err(TryLockError::WouldBlock) => Err(io::ErrorKind::ResourceBusy.into()),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
