//! What a descriptor is and may do.

use super::table::{Descriptor, Object};
use super::{Context, Errno, FdFlags, FileType, Memory, Result, Rights};

impl Context {
    /// Tells type, flags and rights of a descriptor.
    ///
    /// # Errors
    /// `EBADF`.
    pub fn fd_fdstat_get(&mut self, memory: &mut Memory<'_>, fd: u32, stat: u32) -> Result {
        let descriptor = self.table.get(fd)?;
        let mut raw = [0; 24];
        raw[0] = descriptor.file_type() as u8;
        raw[2..4].copy_from_slice(&descriptor.flags.bits().to_le_bytes());
        raw[8..16].copy_from_slice(&descriptor.base.bits().to_le_bytes());
        raw[16..24].copy_from_slice(&descriptor.inheriting.bits().to_le_bytes());
        Ok(memory.write(stat, 8, raw)?)
    }

    /// Sets the flags of a file or a stream, as `fcntl(F_SETFL)`.
    ///
    /// # Errors
    /// `EBADF` for a directory; `ENOTCAPABLE`; `EINVAL` for a flag that does not exist.
    pub fn fd_fdstat_set_flags(&mut self, _: &mut Memory<'_>, fd: u32, flags: u32) -> Result {
        let descriptor = self.table.get_mut(fd)?;
        if matches!(descriptor.object, Object::Dir { .. }) {
            return Err(Errno::Badf.into());
        }
        descriptor.require(Rights::FD_FDSTAT_SET_FLAGS)?;
        descriptor.flags = FdFlags::decode(flags)?;
        Ok(())
    }

    /// Gives up rights of a descriptor.
    ///
    /// # Errors
    /// `EBADF`; `ENOTCAPABLE` for rights that it does not have.
    pub fn fd_fdstat_set_rights(
        &mut self,
        _: &mut Memory<'_>,
        fd: u32,
        base: u64,
        inheriting: u64,
    ) -> Result {
        let descriptor = self.table.get_mut(fd)?;
        let kept = |had: Rights, bits: u64| {
            let wanted = Rights::from_bits(bits).filter(|wanted| had.contains(*wanted));
            wanted.ok_or(Errno::Notcapable)
        };
        let base = kept(descriptor.base, base)?;
        let inheriting = kept(descriptor.inheriting, inheriting)?;
        descriptor.base = base;
        descriptor.inheriting = inheriting;
        Ok(())
    }
}

impl Descriptor {
    pub(crate) fn file_type(&self) -> FileType {
        let stream = |terminal| {
            if terminal {
                FileType::CharacterDevice
            } else {
                FileType::Unknown
            }
        };
        match &self.object {
            Object::Input(input) => stream(input.is_terminal()),
            Object::Output(output) => stream(output.is_terminal()),
            Object::File { .. } => FileType::RegularFile,
            Object::Dir { .. } => FileType::Directory,
        }
    }
}
