//! `fd_*` functions that move no bytes: closing, seeking, syncing, preopens.

use super::context::size;
use super::table::Object;
use super::{Context, Errno, Memory, Result, Rights};

/// `whence`: what an offset counts from.
const WHENCE_SET: u32 = 0;
const WHENCE_CUR: u32 = 1;
const WHENCE_END: u32 = 2;

impl Context {
    /// Tells how a file will be read. Nothing depends on it; the arguments are checked.
    ///
    /// # Errors
    /// `EBADF`, `ESPIPE`; `EINVAL` for advice that does not exist.
    pub fn fd_advise(&mut self, _: &mut Memory<'_>, fd: u32, _offset: u64, _len: u64, advice: u32) -> Result {
        self.table.get(fd)?.file(Rights::FD_ADVISE)?;
        if advice > 5 {
            return Err(Errno::Inval.into());
        }
        Ok(())
    }

    /// Makes sure that a file is at least `offset + len` long.
    ///
    /// # Errors
    /// `EBADF` if it was not opened to be written; `EINVAL` for an empty range; `EFBIG`, `EDQUOT`.
    pub fn fd_allocate(&mut self, _: &mut Memory<'_>, fd: u32, offset: u64, len: u64) -> Result {
        let file = self.table.get(fd)?.file(Rights::FD_ALLOCATE)?;
        if len == 0 {
            return Err(Errno::Inval.into());
        }
        Ok(file.allocate(offset, len)?)
    }

    /// Closes a descriptor; its number is free again.
    ///
    /// # Errors
    /// `EBADF`.
    pub fn fd_close(&mut self, _: &mut Memory<'_>, fd: u32) -> Result {
        self.table.remove(fd).map(drop)
    }

    /// Returns when the data of a file is on the device.
    ///
    /// # Errors
    /// `EBADF`; `EINVAL` for a stream; `EIO`.
    pub fn fd_datasync(&mut self, _: &mut Memory<'_>, fd: u32) -> Result {
        self.sync(fd, Rights::FD_DATASYNC, true)
    }

    /// Returns when the data and attributes of a file, or of everything in the directory's file system, are on the device.
    ///
    /// # Errors
    /// `EBADF`; `EINVAL` for a stream; `EIO`.
    pub fn fd_sync(&mut self, _: &mut Memory<'_>, fd: u32) -> Result {
        self.sync(fd, Rights::FD_SYNC, false)
    }

    fn sync(&mut self, fd: u32, right: Rights, data_only: bool) -> Result {
        let descriptor = self.table.get(fd)?;
        match &descriptor.object {
            Object::File { file, .. } => {
                descriptor.require(right)?;
                Ok(file.sync(data_only)?)
            }
            Object::Dir { dir, .. } => {
                descriptor.require(right)?;
                Ok(dir.sync()?)
            }
            Object::Input(_) | Object::Output(_) => Err(Errno::Inval.into()),
        }
    }

    /// Moves the descriptor `fd` to the number `to`, which is closed.
    ///
    /// # Errors
    /// `EBADF` if either is not open.
    pub fn fd_renumber(&mut self, _: &mut Memory<'_>, fd: u32, to: u32) -> Result {
        self.table.renumber(fd, to)
    }

    /// Moves the position of a file, and tells where it is.
    ///
    /// # Errors
    /// `EBADF` for a directory; `ESPIPE` for a stream; `EINVAL` for a position before the beginning.
    pub fn fd_seek(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        offset: i64,
        whence: u32,
        new_offset: u32,
    ) -> Result {
        let asks_only = offset == 0 && whence == WHENCE_CUR;
        let descriptor = self.table.get_mut(fd)?;
        let right = if asks_only && descriptor.base.contains(Rights::FD_TELL) {
            Rights::FD_TELL
        } else {
            Rights::FD_SEEK
        };
        descriptor.file(right)?;
        let Object::File { file, position } = &mut descriptor.object else {
            return Err(Errno::Badf.into());
        };
        let from = match whence {
            WHENCE_SET => 0,
            WHENCE_CUR => *position,
            WHENCE_END => file.stat()?.size,
            _ => return Err(Errno::Inval.into()),
        };
        let moved = from
            .checked_add_signed(offset)
            .filter(|to| i64::try_from(*to).is_ok());
        *position = moved.ok_or(Errno::Inval)?;
        memory.write_u64(new_offset, *position)
    }

    /// Tells the position of a file.
    ///
    /// # Errors
    /// `EBADF` for a directory; `ESPIPE` for a stream.
    pub fn fd_tell(&mut self, memory: &mut Memory<'_>, fd: u32, offset: u32) -> Result {
        let descriptor = self.table.get(fd)?;
        let right = descriptor.base & (Rights::FD_TELL | Rights::FD_SEEK);
        descriptor.file(if right.is_empty() { Rights::FD_TELL } else { right })?;
        match &descriptor.object {
            Object::File { position, .. } => memory.write_u64(offset, *position),
            _ => Err(Errno::Badf.into()),
        }
    }

    /// Tells how long the name of a preopened directory is.
    ///
    /// # Errors
    /// `EBADF` for any other descriptor.
    pub fn fd_prestat_get(&mut self, memory: &mut Memory<'_>, fd: u32, prestat: u32) -> Result {
        let Object::Dir {
            preopen: Some(name), ..
        } = &self.table.get(fd)?.object
        else {
            return Err(Errno::Badf.into());
        };
        // A tag, 0 for a directory, and the length of the name.
        let mut raw = [0; 8];
        raw[4..].copy_from_slice(&size(name.len())?.to_le_bytes());
        Ok(memory.write(prestat, 4, raw)?)
    }

    /// Tells the name of a preopened directory, without a NUL.
    ///
    /// # Errors
    /// `EBADF`; `ENOTDIR` for any other descriptor; `ENAMETOOLONG` if the buffer is too short.
    pub fn fd_prestat_dir_name(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result {
        let Object::Dir {
            preopen: Some(name), ..
        } = &self.table.get(fd)?.object
        else {
            return Err(Errno::Notdir.into());
        };
        let len = size(name.len())?;
        if len > path_len {
            return Err(Errno::Nametoolong.into());
        }
        memory.bytes_mut(path, len)?.copy_from_slice(name.as_bytes());
        Ok(())
    }
}
