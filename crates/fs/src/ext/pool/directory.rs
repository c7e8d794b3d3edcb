//! The directory of a pool: from names to inodes, and directories that come and go with their files.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tarbox_pool::{Error, ErrorKind, Operation, Result, check_name};
use tarbox_store::{DirName, ErrorKind as Store, FileKind, Ino, Unlink};

use super::PoolAccess;
use super::error::map;
use super::fence::Fence;
use crate::ext::whole::names_in;
use crate::interface::{Credentials, FilesystemInterface, Handle, OpenFlags, blocking};

/// How often a file is made again when another process removes the directory it was to go in.
const ATTEMPTS: usize = 16;

pub(super) struct Directory<F> {
    pub(super) fs: Arc<F>,
    pub(super) who: Credentials,
    pub(super) root: Ino,
    pub(super) access: PoolAccess,
    fence: Fence,
    /// Held while names change, so that no directory is pruned while a file is made in it.
    names: Mutex<()>,
}

/// What a name leads to.
pub(super) enum Found {
    File(Ino),
    Directory,
    /// A link, pipe or the like, which no pool has made.
    Other,
    /// A leading part of the name is no directory.
    NotDirectory,
    Nothing,
}

impl<F: FilesystemInterface> Directory<F> {
    pub(super) fn new(fs: Arc<F>, who: Credentials, root: Ino, access: PoolAccess, fence: Fence) -> Self {
        Self {
            fs,
            who,
            root,
            access,
            fence,
            names: Mutex::new(()),
        }
    }

    pub(super) fn check_writable(&self, operation: Operation, name: &str) -> Result<()> {
        match self.access {
            PoolAccess::ReadWrite => Ok(()),
            PoolAccess::ReadOnly => Err(Error::new(ErrorKind::ReadOnly, operation, name)),
        }
    }

    pub(super) fn check_fence(&self, operation: Operation, name: &str) -> Result<()> {
        self.fence.check(&*self.fs).map_err(|error| match error.kind() {
            Store::Stale => Error::new(ErrorKind::Busy, operation, name).because(error),
            _ => map(operation, name, error),
        })
    }

    pub(super) fn find(&self, operation: Operation, name: &str) -> Result<Found> {
        let names: Vec<&[u8]> = name.split('/').map(str::as_bytes).collect();
        let found = blocking(self.fs.walk(&self.who, self.root, &names));
        let found = found.map_err(|error| map(operation, name, error))?;
        let is_whole = found.len() == names.len();
        Ok(match found.last() {
            Some(last) if is_whole => match last.kind {
                FileKind::File => Found::File(last.ino),
                FileKind::Directory => Found::Directory,
                _ => Found::Other,
            },
            Some(last) if !last.is_dir() => Found::NotDirectory,
            _ => Found::Nothing,
        })
    }

    /// Opens a file that is there.
    pub(super) fn open(&self, name: &str, flags: OpenFlags) -> Result<Handle> {
        let kind = match self.find(Operation::Open, name)? {
            Found::File(ino) => return self.open_inode(name, ino, flags),
            found => missing(&found),
        };
        Err(Error::new(kind, Operation::Open, name))
    }

    /// Without moving the access time, where the user may ask for that.
    fn open_inode(&self, name: &str, ino: Ino, flags: OpenFlags) -> Result<Handle> {
        let quiet = OpenFlags {
            no_atime: true,
            ..flags
        };
        blocking(self.fs.open(&self.who, ino, quiet))
            .or_else(|error| match error.kind() {
                Store::NotPermitted => blocking(self.fs.open(&self.who, ino, flags)),
                _ => Err(error),
            })
            .map_err(|error| map(Operation::Open, name, error))
    }

    /// Makes a file with the directories that lead to it; opens one that is there unless it has to be new.
    pub(super) fn create(&self, name: &str, flags: OpenFlags, is_new: bool) -> Result<Handle> {
        let failed = |kind| Err(Error::new(kind, Operation::Create, name));
        let _names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..ATTEMPTS {
            match self.find(Operation::Create, name)? {
                Found::File(_) if is_new => return failed(ErrorKind::Exists),
                Found::File(ino) => return self.open_inode(name, ino, flags),
                Found::Nothing => (),
                found => return failed(missing(&found)),
            }
            match self.make(name, flags) {
                Ok(handle) => return Ok(handle),
                // Another process was quicker, or removed the directory meanwhile.
                Err(error) if matches!(error.kind(), Store::Exists | Store::NotFound) => {}
                Err(error) => return Err(map(Operation::Create, name, error)),
            }
        }
        let cause = "another process keeps removing its directory";
        Err(Error::new(ErrorKind::Busy, Operation::Create, name).because(cause))
    }

    fn make(&self, name: &str, flags: OpenFlags) -> tarbox_store::Result<Handle> {
        let mut dir = self.root;
        let (parents, last) = split(name);
        for parent in parents {
            dir = match blocking(self.fs.lookup(&self.who, dir, parent)) {
                Ok(attr) => attr.ino,
                Err(error) if error.kind() == Store::NotFound => {
                    blocking(self.fs.mkdir(&self.who, dir, parent, 0o777))?.ino
                }
                Err(error) => return Err(error),
            };
        }
        let flags = OpenFlags {
            no_atime: true,
            ..flags
        };
        Ok(blocking(self.fs.create(&self.who, dir, last, 0o666, flags))?.1)
    }

    /// Removes a file, and the directories that are empty then.
    pub(super) fn delete(&self, name: &str) -> Result<()> {
        let _names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let found = self.find(Operation::Delete, name)?;
        if !matches!(found, Found::File(_)) {
            return Err(Error::new(missing(&found), Operation::Delete, name));
        }
        self.remove(name)
            .map_err(|error| map(Operation::Delete, name, error))
    }

    fn remove(&self, name: &str) -> tarbox_store::Result<()> {
        let (parents, last) = split(name);
        let mut dirs = vec![self.root];
        for parent in &parents {
            let dir = dirs.last().copied().unwrap_or(self.root);
            dirs.push(blocking(self.fs.lookup(&self.who, dir, parent))?.ino);
        }
        let dir = dirs.last().copied().unwrap_or(self.root);
        blocking(self.fs.remove(&self.who, dir, last, Unlink::File))?;
        for (dir, name) in dirs.iter().zip(&parents).rev() {
            // Fails where it is not empty, which ends the pruning.
            if blocking(self.fs.rmdir(&self.who, *dir, name)).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// All names that begin with the prefix, sorted.
    pub(super) fn list(&self, prefix: &str) -> Result<Vec<String>> {
        let mut found = Vec::new();
        let mut left = vec![(self.root, String::new())];
        while let Some((dir, path)) = left.pop() {
            for entry in self
                .entries(dir)
                .map_err(|error| map(Operation::List, prefix, error))?
            {
                let Ok(name) = std::str::from_utf8(&entry.name) else {
                    continue;
                };
                let name = format!("{path}{name}");
                match entry.kind {
                    FileKind::File
                        if name.starts_with(prefix) && check_name(Operation::List, &name).is_ok() =>
                    {
                        found.push(name);
                    }
                    FileKind::Directory => {
                        let below = name + "/";
                        if below.starts_with(prefix) || prefix.starts_with(&below) {
                            left.push((entry.ino, below));
                        }
                    }
                    _ => (),
                }
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    fn entries(&self, dir: Ino) -> tarbox_store::Result<Vec<DirName>> {
        match blocking(names_in(&*self.fs, &self.who, dir)) {
            // Pruned since its name was read.
            Err(error) if error.kind() == Store::NotFound && dir != self.root => Ok(Vec::new()),
            listed => listed,
        }
    }
}

impl<F> fmt::Debug for Directory<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory")
            .field("root", &self.root)
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

/// Why there is no file of a name.
fn missing(found: &Found) -> ErrorKind {
    match found {
        Found::Directory => ErrorKind::IsDirectory,
        Found::NotDirectory => ErrorKind::NotDirectory,
        Found::Other => ErrorKind::Unsupported,
        Found::File(_) | Found::Nothing => ErrorKind::NotFound,
    }
}

/// The directories of a name, and its last component.
fn split(name: &str) -> (Vec<&[u8]>, &[u8]) {
    let mut parents: Vec<&[u8]> = name.split('/').map(str::as_bytes).collect();
    let last = parents.pop().unwrap_or_default();
    (parents, last)
}
