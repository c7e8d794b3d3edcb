//! Attributes of files: by descriptor and by path.

use tarbox_store::{Attr, Timestamp};

use super::table::Object;
use super::{Context, Errno, FileType, LookupFlags, Memory, Result, Rights, SetTimesFlags};
use crate::{Follow, NewTime, NewTimes};

impl Context {
    /// Tells the attributes of what is open. Those of a stream are zero but for its type.
    ///
    /// # Errors
    /// `EBADF`, `ENOTCAPABLE`.
    pub fn fd_filestat_get(&mut self, memory: &mut Memory<'_>, fd: u32, stat: u32) -> Result {
        let descriptor = self.table.get(fd)?.require(Rights::FD_FILESTAT_GET)?;
        let raw = match &descriptor.object {
            Object::File { file, .. } => encode(file.volume().device(), &file.stat()?),
            Object::Dir { dir, .. } => encode(dir.volume().device(), &dir.stat()?),
            Object::Input(_) | Object::Output(_) => {
                let mut raw = [0; 64];
                raw[16] = descriptor.file_type() as u8;
                raw
            }
        };
        Ok(memory.write(stat, 8, raw)?)
    }

    /// Sets the length of a file; what is added reads as zeros.
    ///
    /// # Errors
    /// `EBADF` for what is no file; `EINVAL` if it was not opened to be written; `EFBIG`, `EDQUOT`.
    pub fn fd_filestat_set_size(&mut self, _: &mut Memory<'_>, fd: u32, size: u64) -> Result {
        let descriptor = self.table.get(fd)?;
        match &descriptor.object {
            // As for writing: what it was opened for comes before what rights it kept.
            Object::File { file, .. } if !file.writable() => Err(Errno::Inval.into()),
            Object::File { file, .. } => {
                descriptor.require(Rights::FD_FILESTAT_SET_SIZE)?;
                Ok(file.set_size(size)?)
            }
            _ => Err(Errno::Badf.into()),
        }
    }

    /// Sets the times of a file or directory.
    ///
    /// # Errors
    /// `EBADF` for a stream; `EINVAL` for a time that is both given and now; `EROFS`, `EPERM`.
    pub fn fd_filestat_set_times(
        &mut self,
        _: &mut Memory<'_>,
        fd: u32,
        access: u64,
        modification: u64,
        flags: u32,
    ) -> Result {
        let descriptor = self.table.get(fd)?;
        let times = new_times(access, modification, flags)?;
        match &descriptor.object {
            Object::File { file, .. } => {
                descriptor.require(Rights::FD_FILESTAT_SET_TIMES)?;
                Ok(file.set_times(times)?)
            }
            Object::Dir { dir, .. } => {
                descriptor.require(Rights::FD_FILESTAT_SET_TIMES)?;
                Ok(dir.set_times(times)?)
            }
            Object::Input(_) | Object::Output(_) => Err(Errno::Badf.into()),
        }
    }

    /// Tells the attributes of what is at a path.
    ///
    /// # Errors
    /// Those of resolving a path; `ENOTCAPABLE`.
    pub fn path_filestat_get(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        lookup: u32,
        path: u32,
        path_len: u32,
        stat: u32,
    ) -> Result {
        let dir = self.dir(fd, Rights::PATH_FILESTAT_GET)?;
        let follow = Follow::from(LookupFlags::decode(lookup)?);
        let attr = dir.stat_at(memory.path(path, path_len)?, follow)?;
        Ok(memory.write(stat, 8, encode(dir.volume().device(), &attr))?)
    }

    /// Sets the times of what is at a path.
    ///
    /// # Errors
    /// Those of resolving a path; `EINVAL` for a time that is both given and now; `EROFS`, `EPERM`, `ENOTCAPABLE`.
    #[expect(clippy::too_many_arguments, reason = "the interface has them")]
    pub fn path_filestat_set_times(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        lookup: u32,
        path: u32,
        path_len: u32,
        access: u64,
        modification: u64,
        flags: u32,
    ) -> Result {
        let dir = self.dir(fd, Rights::PATH_FILESTAT_SET_TIMES)?;
        let times = new_times(access, modification, flags)?;
        let follow = Follow::from(LookupFlags::decode(lookup)?);
        Ok(dir.set_times_at(memory.path(path, path_len)?, follow, times)?)
    }
}

impl From<LookupFlags> for Follow {
    fn from(flags: LookupFlags) -> Self {
        if flags.contains(LookupFlags::SYMLINK_FOLLOW) {
            Self::Yes
        } else {
            Self::No
        }
    }
}

/// `filestat` as it lies in guest memory.
fn encode(device: u64, attr: &Attr) -> [u8; 64] {
    let mut raw = [0; 64];
    let mut put = |at: usize, value: u64| raw[at..at + 8].copy_from_slice(&value.to_le_bytes());
    put(0, device);
    put(8, attr.ino.0);
    put(24, u64::from(attr.nlink));
    put(32, attr.size);
    put(40, since_epoch(attr.atime));
    put(48, since_epoch(attr.mtime));
    put(56, since_epoch(attr.ctime));
    raw[16] = FileType::from(attr.kind) as u8;
    raw
}

/// Times before 1970 cannot be told; they are 1970.
fn since_epoch(time: Timestamp) -> u64 {
    u64::try_from(time.0).unwrap_or(0)
}

fn new_times(access: u64, modification: u64, flags: u32) -> Result<NewTimes> {
    let flags = SetTimesFlags::decode(flags)?;
    let new = |given: SetTimesFlags, now: SetTimesFlags, time: u64| match (
        flags.contains(given),
        flags.contains(now),
    ) {
        (true, true) => Err(Errno::Inval),
        (true, false) => Ok(NewTime::At(Timestamp::from_nanos(time.into()))),
        (false, true) => Ok(NewTime::Now),
        (false, false) => Ok(NewTime::Keep),
    };
    Ok(NewTimes {
        access: new(SetTimesFlags::ATIM, SetTimesFlags::ATIM_NOW, access)?,
        modification: new(SetTimesFlags::MTIM, SetTimesFlags::MTIM_NOW, modification)?,
    })
}
