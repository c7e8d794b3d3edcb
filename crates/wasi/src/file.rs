//! An open regular file.

use std::sync::Arc;

use tarbox_fs::{Handle, OpenFlags};
use tarbox_store::{Allocate, Attr, Ino, WriteAt};

use crate::{ErrorKind, NewTimes, Result, Volume};

/// A regular file that was opened through a [`Dir`](crate::Dir). Closing is dropping.
#[derive(Debug)]
pub struct File {
    volume: Arc<Volume>,
    ino: Ino,
    handle: Handle,
    flags: OpenFlags,
}

impl File {
    pub(crate) fn new(volume: Arc<Volume>, ino: Ino, handle: Handle, flags: OpenFlags) -> Self {
        Self {
            volume,
            ino,
            handle,
            flags,
        }
    }

    /// What the directory it was opened from was lent with.
    pub fn volume(&self) -> &Arc<Volume> {
        &self.volume
    }

    /// Its inode.
    pub fn ino(&self) -> Ino {
        self.ino
    }

    /// Whether it was opened to be read.
    pub fn readable(&self) -> bool {
        self.flags.read
    }

    /// Whether it was opened to be written.
    pub fn writable(&self) -> bool {
        self.flags.write
    }

    /// Whether both are open on one file.
    pub fn same(&self, other: &Self) -> bool {
        self.ino == other.ino && self.volume.same_files(&other.volume)
    }

    /// Its attributes.
    ///
    /// # Errors
    /// Those of the store.
    pub fn stat(&self) -> Result<Attr> {
        self.volume.files.getattr(self.ino).map_err(|e| e.kind())
    }

    /// Reads from `offset`, and answers how many bytes: fewer than asked for only at the end.
    ///
    /// # Errors
    /// `BadHandle` if it was not opened to be read; `Invalid` for an offset over 2^63 - 1.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        if !self.flags.read {
            return Err(ErrorKind::BadHandle);
        }
        self.volume
            .files
            .read(self.handle, offset, buffer)
            .map_err(|e| e.kind())
    }

    /// Writes all of `data`, and answers where it ended.
    ///
    /// # Errors
    /// `BadHandle` if it was not opened to be written; `FileTooLarge`, `NoSpace`, `QuotaExceeded`.
    pub fn write(&self, at: WriteAt, data: &[u8]) -> Result<u64> {
        if !self.flags.write {
            return Err(ErrorKind::BadHandle);
        }
        if data.is_empty() {
            return self.end_of_nothing(at);
        }
        let written = self
            .volume
            .files
            .write(self.handle, at, data)
            .map_err(|e| e.kind())?;
        Ok(written.offset.saturating_add(data.len() as u64))
    }

    /// Sets its length.
    ///
    /// # Errors
    /// `Invalid` if it was not opened to be written; `FileTooLarge`, `QuotaExceeded`.
    pub fn set_size(&self, size: u64) -> Result<()> {
        if !self.flags.write {
            return Err(ErrorKind::Invalid);
        }
        let set = self.volume.files.truncate(self.handle, size);
        set.map(drop).map_err(|e| e.kind())
    }

    /// Makes sure that it is at least `offset + len` long.
    ///
    /// # Errors
    /// `BadHandle` if it was not opened to be written; `Invalid` for an empty range; `FileTooLarge`, `QuotaExceeded`.
    pub fn allocate(&self, offset: u64, len: u64) -> Result<()> {
        if !self.flags.write {
            return Err(ErrorKind::BadHandle);
        }
        let files = &self.volume.files;
        let done = files.fallocate(self.handle, Allocate::Extend, offset, len);
        done.map_err(|e| e.kind())
    }

    /// Sets its times.
    ///
    /// # Errors
    /// `ReadOnly`, `NotPermitted`, `Access`.
    pub fn set_times(&self, times: NewTimes) -> Result<()> {
        self.volume.writable()?;
        let set = self
            .volume
            .files
            .setattr(&self.volume.who, self.ino, &times.into());
        set.map(drop).map_err(|e| e.kind())
    }

    /// Returns when what was written is on the device; with `data_only` attributes may follow later.
    ///
    /// # Errors
    /// Those of the device.
    pub fn sync(&self, data_only: bool) -> Result<()> {
        self.volume
            .files
            .fsync(self.handle, data_only)
            .map_err(|e| e.kind())
    }

    fn end_of_nothing(&self, at: WriteAt) -> Result<u64> {
        match at {
            WriteAt::Offset(offset) => Ok(offset),
            WriteAt::End => self.stat().map(|attr| attr.size),
        }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // Whoever must know that everything was kept has synced before; there is nobody left to tell.
        let _ = self.volume.files.release(self.handle);
    }
}
