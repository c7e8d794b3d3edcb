//! Attributes, and content through handles.

use fuser::{FopenFlags, INodeNo, Request, TimeOrNow, WriteFlags};
use tarbox_fs::{FilesystemInterface, Handle, OpenFlags, Realm, blocking};
use tarbox_store::{ErrorKind, Result, SetAttr, WriteAt};

use super::{Entry, Shared};
use crate::convert;
use crate::gate::Answering;

/// What one `copy_file_range` answers at most: its answer is a 32-bit number.
const COPY_MAX: u64 = 1 << 30;

/// What a `setattr` request carries.
pub(super) struct Changes {
    pub(super) mode: Option<u32>,
    pub(super) uid: Option<u32>,
    pub(super) gid: Option<u32>,
    pub(super) size: Option<u64>,
    pub(super) atime: Option<TimeOrNow>,
    pub(super) mtime: Option<TimeOrNow>,
}

/// The two ends of a copy.
pub(super) struct Copy {
    pub(super) source: (Handle, u64),
    pub(super) target: (Handle, u64),
    pub(super) len: u64,
}

impl<F: FilesystemInterface> Shared<F> {
    pub(super) fn attributes(&self, node: INodeNo, answering: &Answering<'_>) -> Result<Entry> {
        let attr = blocking(self.fs.getattr(self.ino(node)))?;
        Ok(self.entry(&attr, answering))
    }

    pub(super) fn set_attributes(
        &self,
        request: &Request,
        node: INodeNo,
        changes: &Changes,
        answering: &Answering<'_>,
    ) -> Result<Entry> {
        let set = SetAttr {
            mode: changes.mode.map(|mode| mode & 0o7777),
            uid: changes.uid,
            gid: changes.gid,
            size: changes.size,
            atime: changes.atime.map(convert::set_time),
            mtime: changes.mtime.map(convert::set_time),
            clear_setid: false,
        };
        let attr = blocking(self.fs.setattr(&self.who(request), self.ino(node), &set))?;
        Ok(self.entry(&attr, answering))
    }

    pub(super) fn open(
        &self,
        request: &Request,
        node: INodeNo,
        flags: OpenFlags,
        answering: &Answering<'_>,
    ) -> Result<(Handle, FopenFlags)> {
        let ino = self.ino(node);
        let handle = blocking(self.fs.open(&self.who(request), ino, flags))?;
        Ok((handle, self.open_answer(Realm::of(ino), answering)))
    }

    /// How the kernel treats what was opened. There is nothing to do when a descriptor is closed: locks are the
    /// kernel's, and everything written is here.
    pub(super) fn open_answer(&self, realm: Realm, answering: &Answering<'_>) -> FopenFlags {
        let cache = match realm {
            // Its length is not known before it is read, and each write is a command.
            Realm::Hook => FopenFlags::FOPEN_DIRECT_IO,
            Realm::Snapshot => FopenFlags::FOPEN_KEEP_CACHE,
            Realm::Workspace if answering.keeps => FopenFlags::FOPEN_KEEP_CACHE,
            Realm::Workspace => FopenFlags::empty(),
        };
        cache | FopenFlags::FOPEN_NOFLUSH
    }

    pub(super) fn write(
        &self,
        node: INodeNo,
        handle: Handle,
        offset: u64,
        data: &[u8],
        flags: (WriteFlags, i32),
    ) -> Result<()> {
        // Pages of a memory map go where they are, though the handle at hand may be one that appends.
        let appends = flags.1 & convert::O_APPEND != 0 && !flags.0.contains(WriteFlags::FUSE_WRITE_CACHE);
        let at = if appends {
            WriteAt::End
        } else {
            WriteAt::Offset(offset)
        };
        let written = blocking(self.fs.write(handle, at, data))?;
        match Realm::of(self.ino(node)) {
            // A command may have changed everything, and whoever gave it expects to see that.
            Realm::Hook => self.feed.start_afresh(),
            // Somebody else appended meanwhile, so the kernel has the data in the wrong pages.
            _ if appends && written.offset != offset => self.feed.mistaken(node),
            _ => {}
        }
        Ok(())
    }

    pub(super) fn copy(&self, copy: &Copy) -> Result<u32> {
        for handle in [copy.source.0, copy.target.0] {
            if Realm::of(self.fs.handle(handle)?.ino) == Realm::Hook {
                // Then the kernel reads and writes instead.
                return Err(ErrorKind::Unsupported.into());
            }
        }
        let len = copy.len.min(COPY_MAX);
        let copied = blocking(self.fs.copy_range(copy.source, copy.target, len))?;
        Ok(copied as u32)
    }
}
