//! An open file of a directory pool.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::host::HostFile;
use super::root::Root;
use crate::error::{Error, Operation, Result};
use crate::pool::{MAX_FILE_LEN, PoolFile};
use crate::rules::check_change;

#[derive(Debug)]
pub(super) struct DirectoryFile {
    root: Arc<Root>,
    name: Box<str>,
    file: HostFile,
    read_only: bool,
    /// Whether this handle knows the entry to be durable. A file that was there when it was opened may have
    /// been created by a process that never synced it, so every handle finds out for itself.
    entry_is_durable: AtomicBool,
}

impl DirectoryFile {
    pub(super) fn new(root: Arc<Root>, name: &str, file: File, read_only: bool) -> Self {
        Self {
            root,
            name: name.into(),
            file: HostFile::new(file),
            read_only,
            entry_is_durable: AtomicBool::new(false),
        }
    }

    fn failed(&self, operation: Operation) -> impl Fn(std::io::Error) -> Error + '_ {
        move |error| Error::from_io(operation, &self.name, error)
    }
}

impl PoolFile for DirectoryFile {
    fn name(&self) -> &str {
        &self.name
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize> {
        if offset >= MAX_FILE_LEN {
            return Ok(0);
        }
        self.file
            .read_at(buf, offset)
            .map_err(self.failed(Operation::Read))
    }

    fn write_at(&self, data: &[u8], offset: u64) -> Result<()> {
        let end = offset.saturating_add(data.len() as u64);
        check_change(&self.name, Operation::Write, self.read_only, Some(end))?;
        self.file
            .write_at(data, offset)
            .map_err(self.failed(Operation::Write))
    }

    fn truncate(&self, len: u64) -> Result<()> {
        check_change(&self.name, Operation::Truncate, self.read_only, Some(len))?;
        self.file
            .get()
            .set_len(len)
            .map_err(self.failed(Operation::Truncate))
    }

    fn sync(&self) -> Result<()> {
        check_change(&self.name, Operation::Sync, self.read_only, None)?;
        self.file
            .get()
            .sync_data()
            .map_err(self.failed(Operation::Sync))?;
        if !self.entry_is_durable.load(Ordering::Acquire) {
            self.root.sync_path_to(&self.name)?;
            self.entry_is_durable.store(true, Ordering::Release);
        }
        Ok(())
    }

    fn len(&self) -> Result<u64> {
        Ok(self
            .file
            .get()
            .metadata()
            .map_err(self.failed(Operation::Len))?
            .len())
    }
}
