//! An open file of the pool.

use std::fmt;
use std::sync::Arc;

use tarbox_pool::{Error, ErrorKind, MAX_FILE_LEN, Operation, PoolFile, Result};
use tarbox_store::WriteAt;

use super::directory::Directory;
use super::error::map;
use crate::interface::{FilesystemInterface, Handle, blocking};

pub(super) struct FsFile<F: FilesystemInterface + 'static> {
    directory: Arc<Directory<F>>,
    name: Box<str>,
    handle: Handle,
    read_only: bool,
}

impl<F: FilesystemInterface + 'static> FsFile<F> {
    pub(super) fn new(directory: Arc<Directory<F>>, name: &str, handle: Handle, read_only: bool) -> Self {
        Self {
            directory,
            name: name.into(),
            handle,
            read_only,
        }
    }

    fn fs(&self) -> &F {
        &self.directory.fs
    }

    /// What stands before every change.
    fn check_change(&self, operation: Operation) -> Result<()> {
        if self.read_only {
            return Err(Error::new(ErrorKind::ReadOnly, operation, &self.name));
        }
        self.directory.check_fence(operation, &self.name)
    }

    /// A result as it is for the owner of the pool: a switch of layers explains everything that follows it.
    fn since_no_switch<T>(&self, operation: Operation, result: tarbox_store::Result<T>) -> Result<T> {
        self.directory.check_fence(operation, &self.name)?;
        result.map_err(|error| map(operation, &self.name, error))
    }

    fn change<T>(&self, operation: Operation, result: tarbox_store::Result<T>) -> Result<()> {
        match result {
            Ok(_) => Ok(()),
            Err(error) => self.since_no_switch(operation, Err(error)),
        }
    }
}

impl<F: FilesystemInterface + 'static> PoolFile for FsFile<F> {
    fn name(&self) -> &str {
        &self.name
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize> {
        if offset > MAX_FILE_LEN || buf.is_empty() {
            return Ok(0);
        }
        let read = blocking(self.fs().read(self.handle, offset, buf));
        self.since_no_switch(Operation::Read, read)
    }

    fn write_at(&self, data: &[u8], offset: u64) -> Result<()> {
        self.check_change(Operation::Write)?;
        if data.is_empty() {
            return Ok(());
        }
        let written = blocking(self.fs().write(self.handle, WriteAt::Offset(offset), data));
        self.change(Operation::Write, written)
    }

    fn truncate(&self, len: u64) -> Result<()> {
        self.check_change(Operation::Truncate)?;
        self.change(
            Operation::Truncate,
            blocking(self.fs().truncate(self.handle, len)),
        )
    }

    fn sync(&self) -> Result<()> {
        self.check_change(Operation::Sync)?;
        let synced = blocking(self.fs().fsync(self.handle, false));
        // What became durable may be what another layer holds.
        self.since_no_switch(Operation::Sync, synced)
    }

    fn len(&self) -> Result<u64> {
        let handle = self.fs().handle(self.handle);
        let attr = handle.and_then(|info| blocking(self.fs().getattr(info.ino)));
        Ok(self.since_no_switch(Operation::Len, attr)?.size)
    }
}

impl<F: FilesystemInterface + 'static> fmt::Debug for FsFile<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FsFile")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl<F: FilesystemInterface + 'static> Drop for FsFile<F> {
    fn drop(&mut self) {
        // The handle is closed whatever is reported, and there is nobody to report it to.
        blocking(self.fs().release(self.handle)).ok();
    }
}
