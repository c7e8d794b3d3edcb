//! Reading and writing: bytes go straight between guest memory and the file.

use tarbox_store::WriteAt;

use super::memory::{Memory, Vector};
use super::table::{Descriptor, Object};
use super::{Context, Errno, Failure, FdFlags, Input, Output, Result, Rights};
use crate::File;

/// Several buffers of together at most so many bytes are gathered and written at once: one operation of the file
/// system costs more than copying them.
const GATHER_MAX: u32 = 64 * 1024;

impl Context {
    /// Reads at the position of a file, or from a stream.
    ///
    /// # Errors
    /// `EBADF` if it was not opened to be read; `EISDIR`, `EAGAIN`, `EIO`; `EINVAL` for too many buffers.
    pub fn fd_read(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        nread: u32,
    ) -> Result {
        let descriptor = self.table.get_mut(fd)?;
        descriptor.may_read(Rights::FD_READ)?;
        let vector = memory.vector(iovs, iovs_len)?;
        vector.total(memory)?;
        let flags = descriptor.flags;
        let count = match &mut descriptor.object {
            Object::File { file, position } => {
                sync_before_read(file, flags)?;
                let count = read_file(file, *position, memory, vector)?;
                *position += u64::from(count);
                count
            }
            Object::Input(input) => read_stream(input.as_mut(), flags, memory, vector)?,
            Object::Dir { .. } | Object::Output(_) => return Err(Errno::Badf.into()),
        };
        memory.write_u32(nread, count)
    }

    /// Reads from an offset of a file; its position stays.
    ///
    /// # Errors
    /// As `fd_read`; `ESPIPE` for a stream.
    pub fn fd_pread(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        offset: u64,
        nread: u32,
    ) -> Result {
        let descriptor = self.table.get(fd)?;
        descriptor.may_read(Rights::FD_READ | Rights::FD_SEEK)?;
        let Object::File { file, .. } = &descriptor.object else {
            return Err(Errno::Spipe.into());
        };
        let vector = memory.vector(iovs, iovs_len)?;
        vector.total(memory)?;
        sync_before_read(file, descriptor.flags)?;
        let count = read_file(file, offset, memory, vector)?;
        memory.write_u32(nread, count)
    }

    /// Writes at the position of a file, at its end with `APPEND`, or to a stream.
    ///
    /// # Errors
    /// `EBADF` if it was not opened to be written; `EFBIG`, `ENOSPC`, `EDQUOT`, `EPIPE`, `EIO`; `EINVAL` for too many
    /// buffers.
    pub fn fd_write(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        nwritten: u32,
    ) -> Result {
        let descriptor = self.table.get_mut(fd)?;
        descriptor.may_write(Rights::FD_WRITE)?;
        let vector = memory.vector(iovs, iovs_len)?;
        let total = vector.total(memory)?;
        let flags = descriptor.flags;
        let count = match &mut descriptor.object {
            Object::File { file, position } => {
                let from = write_at(flags, *position);
                let (count, end) = write_file(file, from, memory, vector, total, &mut self.scratch)?;
                *position = end;
                sync_after_write(file, flags)?;
                count
            }
            Object::Output(output) => write_stream(output.as_mut(), memory, vector)?,
            Object::Dir { .. } | Object::Input(_) => return Err(Errno::Badf.into()),
        };
        memory.write_u32(nwritten, count)
    }

    /// Writes at an offset of a file; its position stays. With `APPEND` it writes at the end all the same, as on Linux.
    ///
    /// # Errors
    /// As `fd_write`; `ESPIPE` for a stream.
    pub fn fd_pwrite(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        offset: u64,
        nwritten: u32,
    ) -> Result {
        let descriptor = self.table.get(fd)?;
        descriptor.may_write(Rights::FD_WRITE | Rights::FD_SEEK)?;
        let Object::File { file, .. } = &descriptor.object else {
            return Err(Errno::Spipe.into());
        };
        let vector = memory.vector(iovs, iovs_len)?;
        let total = vector.total(memory)?;
        let from = write_at(descriptor.flags, offset);
        let (count, _) = write_file(file, from, memory, vector, total, &mut self.scratch)?;
        sync_after_write(file, descriptor.flags)?;
        memory.write_u32(nwritten, count)
    }
}

impl Descriptor {
    /// That it was opened to be read, and kept the rights. A stream lacks the right to seek, and is told so later.
    fn may_read(&self, rights: Rights) -> Result {
        match &self.object {
            Object::Dir { .. } => Err(Errno::Isdir.into()),
            Object::Output(_) => Err(Errno::Badf.into()),
            Object::File { file, .. } if !file.readable() => Err(Errno::Badf.into()),
            Object::File { .. } => self.require(rights).map(drop),
            Object::Input(_) => self.require(Rights::FD_READ).map(drop),
        }
    }

    fn may_write(&self, rights: Rights) -> Result {
        match &self.object {
            Object::Dir { .. } | Object::Input(_) => Err(Errno::Badf.into()),
            Object::File { file, .. } if !file.writable() => Err(Errno::Badf.into()),
            Object::File { .. } => self.require(rights).map(drop),
            Object::Output(_) => self.require(Rights::FD_WRITE).map(drop),
        }
    }
}

fn write_at(flags: FdFlags, offset: u64) -> WriteAt {
    if flags.contains(FdFlags::APPEND) {
        WriteAt::End
    } else {
        WriteAt::Offset(offset)
    }
}

fn sync_before_read(file: &File, flags: FdFlags) -> Result {
    if flags.contains(FdFlags::RSYNC) {
        file.sync(!flags.contains(FdFlags::SYNC))?;
    }
    Ok(())
}

fn sync_after_write(file: &File, flags: FdFlags) -> Result {
    if flags.intersects(FdFlags::SYNC | FdFlags::DSYNC) {
        file.sync(!flags.contains(FdFlags::SYNC))?;
    }
    Ok(())
}

/// Fills the buffers in turn, to the end of the file. An error behind bytes already read is left for the next call.
fn read_file(file: &File, mut offset: u64, memory: &mut Memory<'_>, vector: Vector) -> Result<u32> {
    let mut count = 0;
    for index in 0..vector.count() {
        let segment = vector.segment(memory, index)?;
        if segment.len == 0 {
            continue;
        }
        let buffer = memory.bytes_mut(segment.address, segment.len)?;
        let read = match file.read(offset, buffer) {
            Ok(read) => read,
            Err(_) if count > 0 => break,
            Err(kind) => return Err(kind.into()),
        };
        count += read as u32;
        offset += read as u64;
        if read < segment.len as usize {
            break;
        }
    }
    Ok(count)
}

/// Writes the buffers in turn, or gathered if they are small; answers how many bytes and where they ended.
fn write_file(
    file: &File,
    from: WriteAt,
    memory: &Memory<'_>,
    vector: Vector,
    total: u32,
    scratch: &mut Vec<u8>,
) -> Result<(u32, u64)> {
    if vector.count() > 1 && total <= GATHER_MAX {
        scratch.clear();
        for index in 0..vector.count() {
            let segment = vector.segment(memory, index)?;
            scratch.extend_from_slice(memory.bytes(segment.address, segment.len)?);
        }
        return Ok((total, file.write(from, scratch)?));
    }
    let mut count = 0;
    let mut at = from;
    let mut end = file.write(at, &[])?;
    for index in 0..vector.count() {
        let segment = vector.segment(memory, index)?;
        match file.write(at, memory.bytes(segment.address, segment.len)?) {
            Ok(now) => end = now,
            Err(_) if count > 0 => break,
            Err(kind) => return Err(kind.into()),
        }
        count += segment.len;
        if let WriteAt::Offset(_) = at {
            at = WriteAt::Offset(end);
        }
    }
    Ok((count, end))
}

/// Reads into the first buffer that has room: a stream gives what it has.
fn read_stream(
    input: &mut dyn Input,
    flags: FdFlags,
    memory: &mut Memory<'_>,
    vector: Vector,
) -> Result<u32> {
    for index in 0..vector.count() {
        let segment = vector.segment(memory, index)?;
        if segment.len == 0 {
            continue;
        }
        let buffer = memory.bytes_mut(segment.address, segment.len)?;
        if flags.contains(FdFlags::NONBLOCK) && !input.wait(Some(std::time::Duration::ZERO))? {
            return Err(Errno::Again.into());
        }
        return Ok(input.read(buffer)?.min(segment.len as usize) as u32);
    }
    Ok(0)
}

fn write_stream(output: &mut dyn Output, memory: &Memory<'_>, vector: Vector) -> Result<u32> {
    let mut count = 0;
    for index in 0..vector.count() {
        let segment = vector.segment(memory, index)?;
        let mut bytes = memory.bytes(segment.address, segment.len)?;
        while !bytes.is_empty() {
            match output.write(bytes) {
                Ok(0) => return Ok(count),
                Ok(written) => {
                    let written = written.min(bytes.len());
                    count += written as u32;
                    bytes = &bytes[written..];
                }
                Err(Failure::Errno(_)) if count > 0 => return Ok(count),
                Err(failure) => return Err(failure),
            }
        }
    }
    Ok(count)
}
