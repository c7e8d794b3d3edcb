//! A pool in a directory of a workspace: what is built on pools, such as a graph, lives among the files.

mod directory;
mod error;
mod fence;
mod file;
mod lock;

use std::fmt;
use std::sync::Arc;

use tarbox_pool::{Operation, Pool, PoolFile, check_name, check_open};
use tarbox_store::{Attr, ErrorKind as Store, Ino};

use super::FilesystemExt;
use crate::interface::{AccessMask, Credentials, FilesystemInterface, OpenFlags, blocking};
use directory::{Directory, Found};
use error::map;
use file::FsFile;
pub use lock::DirectoryLock;

/// What an [`FsPool`] may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolAccess {
    /// Everything; the directory is made if it is missing.
    ReadWrite,
    /// Reads only, and leaves the files' access times alone where the user may: the only way to open a directory of the past.
    ReadOnly,
}

/// A pool whose files are the regular files below one directory of a workspace, and so have its checkpoints, quota, audit
/// and copies in common with all other files.
///
/// Since a workspace commits in order, [`sync`](PoolFile::sync) makes more durable than it has to: everything done before, to this
/// and all other files. After a crash the pool and the files around it are as they were together at one moment.
///
/// A checkpoint may be made at any time; it holds every byte that was handed to the pool. But once the workspace was *switched to
/// another layer*, every call fails with [`Busy`](tarbox_pool::ErrorKind::Busy) and says so: what the owner of the pool has in memory
/// belongs to other contents, and has to be opened again. So that the pool can tell its own changes from such a switch without
/// reading the log, the agent of its credentials must not be one by which layers are switched.
///
/// Several pools may be open on one directory, in one or several processes. Writers keep each other out with [`DirectoryLock`].
///
/// ```
/// use std::sync::Arc;
/// use tarbox_fs::{Credentials, Fs, FsPool, PoolAccess, blocking};
/// use tarbox_pool::{OpenOptions, Pool};
/// # use tarbox_store::{Database, Quota};
/// # use tarbox_store_sqlite::{Options, SqliteDatabase};
/// # let database = SqliteDatabase::in_memory(&Options::new())?;
/// # blocking(database.create_tenant("default", Quota::default()))?;
/// let fs = Arc::new(blocking(Fs::open_tenant(&database, "default"))?);
/// let pool = FsPool::open(fs, Credentials::root("pool"), b"/facts", PoolAccess::ReadWrite)?;
/// let file = pool.open("tables/1", OpenOptions::CREATE)?; // is /facts/tables/1
/// file.write_at(b"durable?", 0)?;
/// file.sync()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FsPool<F: FilesystemInterface + 'static> {
    directory: Arc<Directory<F>>,
}

impl<F: FilesystemInterface + 'static> FsPool<F> {
    /// Opens the pool in the directory at a path.
    ///
    /// # Errors
    /// `NotFound` if there is no such directory (or for a new one, no directory for it), `NotDirectory`, `PermissionDenied`;
    /// `ReadOnly` if it is to be written in a past layer.
    pub fn open(fs: Arc<F>, who: Credentials, path: &[u8], access: PoolAccess) -> tarbox_pool::Result<Self> {
        let name = String::from_utf8_lossy(path).into_owned();
        let failed = |error| map(Operation::OpenPool, &name, error);
        // Before the first look, so that no switch goes unseen.
        let fence = fence::Fence::new(&*fs, &who).map_err(failed)?;
        let mut attr = blocking(fs.stat(&who, path));
        if access == PoolAccess::ReadWrite && is(&attr, Store::NotFound) {
            attr = blocking(fs.create_dir(&who, path));
            if is(&attr, Store::Exists) {
                // Another one was quicker.
                attr = blocking(fs.stat(&who, path));
            }
        }
        let attr = attr.map_err(failed)?;
        Self::over(fs, who, &attr, access, fence).map_err(failed)
    }

    /// Opens the pool in a directory that is known by its inode.
    ///
    /// # Errors
    /// `NotDirectory`, `PermissionDenied`; `ReadOnly` if it is to be written in a past layer.
    pub fn in_directory(
        fs: Arc<F>,
        who: Credentials,
        directory: Ino,
        access: PoolAccess,
    ) -> tarbox_pool::Result<Self> {
        let failed = |error| map(Operation::OpenPool, "", error);
        let fence = fence::Fence::new(&*fs, &who).map_err(failed)?;
        let attr = blocking(fs.getattr(directory)).map_err(failed)?;
        Self::over(fs, who, &attr, access, fence).map_err(failed)
    }

    fn over(
        fs: Arc<F>,
        who: Credentials,
        attr: &Attr,
        access: PoolAccess,
        fence: fence::Fence,
    ) -> tarbox_store::Result<Self> {
        if !attr.is_dir() {
            return Err(Store::NotDirectory.into());
        }
        if access == PoolAccess::ReadWrite {
            blocking(fs.access(&who, attr.ino, AccessMask::WRITE))?;
        }
        Ok(Self {
            directory: Arc::new(Directory::new(fs, who, attr.ino, access, fence)),
        })
    }

    /// Keeps other writers out of the directory; see [`DirectoryLock::take`].
    ///
    /// # Errors
    /// As of [`DirectoryLock::take`].
    pub fn lock(&self, name: &str, owner: &str) -> tarbox_store::Result<DirectoryLock<F>> {
        let Directory { fs, who, root, .. } = &*self.directory;
        DirectoryLock::take(fs.clone(), who.clone(), (*root, name.as_bytes()), owner)
    }
}

fn is(outcome: &tarbox_store::Result<Attr>, kind: Store) -> bool {
    matches!(outcome, Err(error) if error.kind() == kind)
}

impl<F: FilesystemInterface + 'static> Pool for FsPool<F> {
    fn open(&self, name: &str, options: tarbox_pool::OpenOptions) -> tarbox_pool::Result<Arc<dyn PoolFile>> {
        let operation = options.operation();
        check_open(operation, name, options)?;
        let directory = &self.directory;
        if !options.read_only {
            directory.check_writable(operation, name)?;
        }
        directory.check_fence(operation, name)?;
        let flags = if options.read_only {
            OpenFlags::READ
        } else {
            OpenFlags::READ_WRITE
        };
        let handle = if options.creates() {
            directory.create(name, flags, options.create_new)?
        } else {
            directory.open(name, flags)?
        };
        Ok(Arc::new(FsFile::new(
            directory.clone(),
            name,
            handle,
            options.read_only,
        )))
    }

    fn exists(&self, name: &str) -> tarbox_pool::Result<bool> {
        check_name(Operation::Exists, name)?;
        self.directory.check_fence(Operation::Exists, name)?;
        Ok(matches!(
            self.directory.find(Operation::Exists, name)?,
            Found::File(_)
        ))
    }

    fn delete(&self, name: &str) -> tarbox_pool::Result<()> {
        check_name(Operation::Delete, name)?;
        self.directory.check_writable(Operation::Delete, name)?;
        self.directory.check_fence(Operation::Delete, name)?;
        self.directory.delete(name)
    }

    fn list(&self, prefix: &str) -> tarbox_pool::Result<Vec<String>> {
        self.directory.check_fence(Operation::List, prefix)?;
        self.directory.list(prefix)
    }

    fn sync_names(&self) -> tarbox_pool::Result<()> {
        if self.is_read_only() {
            return Ok(());
        }
        self.directory.check_fence(Operation::SyncNames, "")?;
        blocking(self.directory.fs.syncfs()).map_err(|error| map(Operation::SyncNames, "", error))
    }

    fn is_read_only(&self) -> bool {
        self.directory.access == PoolAccess::ReadOnly
    }
}

impl<F: FilesystemInterface + 'static> fmt::Debug for FsPool<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FsPool")
            .field("directory", &self.directory)
            .finish()
    }
}
