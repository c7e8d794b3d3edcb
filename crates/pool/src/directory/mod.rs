//! A pool in a directory of the host: native file systems, and WASI's preopened directories.

mod file;
#[cfg_attr(unix, path = "host_unix.rs")]
#[cfg_attr(not(unix), path = "host_portable.rs")]
mod host;
mod names;
mod root;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Operation, Result};
use crate::name::check_name;
use crate::pool::{OpenOptions, Pool, PoolFile};
use crate::rules::check_open;
use file::DirectoryFile;
use root::Root;

/// Whether other owners may use the same directory at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// Anyone may; what they make of each other's writes is up to the layer above.
    #[default]
    Shared,
    /// The directory is locked as long as the pool or one of its files lives: alone for a pool that writes,
    /// together with other readers for a read-only one. Only pools that ask for it see the lock. Not
    /// available on WASI.
    Exclusive,
}

/// How a [`DirectoryPool`] is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DirectoryOptions {
    /// Refuses every change, and needs no write permission.
    pub read_only: bool,
    /// Keeps other pools out.
    pub sharing: Sharing,
}

/// A pool whose files are the regular files below one directory.
///
/// The directory belongs to the pool: links and names a pool does not accept are left alone and not listed.
/// An open file keeps its descriptor, so it goes on working after [`delete`](Pool::delete). `sync` is
/// `fdatasync`, and at a handle's first sync also `fsync` of the directories that lead to the file.
///
/// ```
/// use tarbox_pool::{DirectoryPool, OpenOptions, Pool, PoolFile};
/// let directory = tempfile::tempdir()?;
/// let pool = DirectoryPool::open(directory.path())?;
/// pool.open("tables/1", OpenOptions::CREATE)?.write_at(b"durable?", 0)?;
/// pool.sync_names()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct DirectoryPool {
    root: Arc<Root>,
}

impl DirectoryPool {
    /// Opens the pool in `directory` for reading and writing, creating the directory if it is missing.
    ///
    /// # Errors
    /// As [`open_with`](Self::open_with).
    pub fn open(directory: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(directory, DirectoryOptions::default())
    }

    /// Opens the pool in `directory`. A missing directory is created, unless the pool is read-only.
    ///
    /// # Errors
    /// `NotFound`, `NotDirectory`, `PermissionDenied`; `Busy` if another pool holds the directory against
    /// this one; `Unsupported` if exclusive use is asked for on a host without locks.
    pub fn open_with(directory: impl AsRef<Path>, options: DirectoryOptions) -> Result<Self> {
        Ok(Self {
            root: Arc::new(Root::open(directory.as_ref(), options)?),
        })
    }

    /// The directory the files are in.
    pub fn path(&self) -> &Path {
        self.root.path()
    }

    fn check_writable(&self, operation: Operation, name: &str) -> Result<()> {
        match self.root.is_read_only() {
            true => Err(Error::new(ErrorKind::ReadOnly, operation, name)),
            false => Ok(()),
        }
    }

    fn open_existing(&self, name: &str, path: PathBuf, options: OpenOptions) -> Result<Arc<dyn PoolFile>> {
        let opened = fs::OpenOptions::new()
            .read(true)
            .write(!options.read_only)
            .open(path);
        let file = opened.map_err(|error| Error::from_io(Operation::Open, name, error))?;
        // Some hosts open a directory for reading as if it were a file.
        let metadata = file
            .metadata()
            .map_err(|error| Error::from_io(Operation::Open, name, error))?;
        match metadata.is_dir() {
            true => Err(Error::new(ErrorKind::IsDirectory, Operation::Open, name)),
            false => Ok(Arc::new(DirectoryFile::new(
                self.root.clone(),
                name,
                file,
                options.read_only,
            ))),
        }
    }
}

impl Pool for DirectoryPool {
    fn open(&self, name: &str, options: OpenOptions) -> Result<Arc<dyn PoolFile>> {
        check_open(Operation::Open, name, options)?;
        if !options.read_only {
            self.check_writable(Operation::Open, name)?;
        }
        if !options.create_new {
            match self.open_existing(name, self.root.host_path(name), options) {
                Err(error) if error.kind() == ErrorKind::NotFound && options.creates() => (),
                result => return result,
            }
        }
        match self.root.create_file(name) {
            Ok(file) => Ok(Arc::new(DirectoryFile::new(self.root.clone(), name, file, false))),
            // Someone else was faster, which `create` allows.
            Err(error) if error.kind() == ErrorKind::Exists && !options.create_new => {
                self.open_existing(name, self.root.host_path(name), options)
            }
            Err(error) => Err(error),
        }
    }

    fn exists(&self, name: &str) -> Result<bool> {
        check_name(Operation::Exists, name)?;
        match fs::symlink_metadata(self.root.host_path(name)) {
            Ok(metadata) => Ok(metadata.is_file()),
            Err(error) => match Error::from_io(Operation::Exists, name, error) {
                error if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotDirectory) => Ok(false),
                error => Err(error),
            },
        }
    }

    fn delete(&self, name: &str) -> Result<()> {
        check_name(Operation::Delete, name)?;
        self.check_writable(Operation::Delete, name)?;
        self.root.delete_file(name)
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>> {
        names::list(self.root.path(), prefix)
    }

    fn sync_names(&self) -> Result<()> {
        self.root.sync_changed_directories()
    }

    fn is_read_only(&self) -> bool {
        self.root.is_read_only()
    }
}
