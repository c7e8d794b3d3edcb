//! Attributes, and content through handles.

use fuser::{FopenFlags, INodeNo, Request, TimeOrNow, WriteFlags};
use tarbox_fs::{FilesystemInterface, Handle, Realm, blocking};
use tarbox_store::{ErrorKind, Result, SetAttr, SetTime, WriteAt, Written};

use super::{Entry, Shared, stale};
use crate::convert;
use crate::gate::Answering;

/// What one `copy_file_range` answers at most: its answer is a 32-bit number.
const COPY_MAX: u64 = 1 << 30;
/// What the kernel keeps content in; larger pages only make it forget less.
const PAGE: u64 = 4096;

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
        let attr = blocking(self.fs.getattr(self.ino(node))).map_err(stale)?;
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
        let attr = blocking(self.fs.setattr(&self.who(request), self.ino(node), &set)).map_err(stale)?;
        // It went to what had the name before.
        if attr.nlink == 0 && self.nodes.is_unused(node) {
            return Err(ErrorKind::Stale.into());
        }
        match changes.mtime {
            Some(TimeOrNow::SpecificTime(_)) => self.nodes.note_time(node),
            _ if changes.size.is_some() => self.nodes.forget_time(node),
            _ => {}
        }
        Ok(self.entry(&attr, answering))
    }

    pub(super) fn open(
        &self,
        request: &Request,
        node: INodeNo,
        flags: i32,
        answering: &Answering<'_>,
    ) -> Result<(Handle, FopenFlags)> {
        let ino = self.ino(node);
        let handle =
            blocking(self.fs.open(&self.who(request), ino, convert::open_flags(flags))).map_err(stale)?;
        // What is written there would be nowhere.
        if Realm::of(ino) == Realm::Workspace && self.came_by_lost_name(node) {
            self.let_go(Some(handle));
            return Err(ErrorKind::Stale.into());
        }
        self.nodes.open(node);
        Ok((handle, self.open_answer(Realm::of(ino), flags, answering)))
    }

    /// How the kernel treats what was opened. Locks are the kernel's, and everything written is here.
    pub(super) fn open_answer(&self, realm: Realm, flags: i32, answering: &Answering<'_>) -> FopenFlags {
        let cache = match realm {
            // Its length is not known before it is read, and each write is a command.
            Realm::Hook => FopenFlags::FOPEN_DIRECT_IO,
            Realm::Snapshot => FopenFlags::FOPEN_KEEP_CACHE,
            Realm::Workspace if answering.keeps => FopenFlags::FOPEN_KEEP_CACHE,
            Realm::Workspace => FopenFlags::empty(),
        };
        // Through the page cache an append would be taken apart at the end of a page, and others come in between.
        let way = match flags & convert::O_APPEND != 0 {
            true => FopenFlags::FOPEN_DIRECT_IO,
            false => FopenFlags::empty(),
        };
        // What was written shows elsewhere when it is closed; where nobody else looks, there is nothing to do then.
        let close = match convert::open_flags(flags).write && self.has_others() {
            true => FopenFlags::empty(),
            false => FopenFlags::FOPEN_NOFLUSH,
        };
        cache | way | close
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
        let mapped = flags.0.contains(WriteFlags::FUSE_WRITE_CACHE);
        let appends = flags.1 & convert::O_APPEND != 0 && !mapped;
        let at = if appends {
            WriteAt::End
        } else {
            WriteAt::Offset(offset)
        };
        let written = match mapped && self.nodes.keeps_time(node) {
            true => {
                let written = self.write_back(node, handle, at, data)?;
                self.nodes.was_written_back(node);
                written
            }
            false => {
                let written = blocking(self.fs.write(handle, at, data))?;
                self.was_changed(node);
                written
            }
        };
        match Realm::of(self.ino(node)) {
            // A command may have changed everything, and whoever gave it expects to see that.
            Realm::Hook => self.feed.start_afresh(),
            // Somebody else appended meanwhile, so the kernel takes the file for shorter than it is.
            _ if appends && written.offset != offset => self.feed.mistaken(node, 0),
            // A reader may have the last page as it was before.
            _ if appends && self.nodes.handles(node) > 1 => {
                self.feed.mistaken(node, written.offset - written.offset % PAGE);
            }
            _ => {}
        }
        Ok(())
    }

    /// Writes pages of a memory map whose stores may be older than the time that the file was given since.
    fn write_back(&self, node: INodeNo, handle: Handle, at: WriteAt, data: &[u8]) -> Result<Written> {
        let ino = self.ino(node);
        let mtime = blocking(self.fs.getattr(ino))?.mtime;
        let written = blocking(self.fs.write(handle, at, data))?;
        let set = SetAttr {
            mtime: Some(SetTime::At(mtime)),
            ..SetAttr::default()
        };
        blocking(self.fs.setattr(&self.template, ino, &set))?;
        Ok(written)
    }

    /// The content was changed by a request, which may have taken setuid and setgid away. The kernel leaves that to us, and
    /// has to be told.
    pub(super) fn was_changed(&self, node: INodeNo) {
        if self.nodes.was_written(node) {
            // Without a mount there is nobody to be told.
            drop(self.notifier.attributes(node));
        }
    }

    pub(super) fn allocate(&self, node: INodeNo, handle: Handle, mode: i32, range: (u64, u64)) -> Result<()> {
        let how = convert::allocate(mode)?;
        blocking(self.fs.fallocate(handle, how, range.0, range.1))?;
        self.was_changed(node);
        Ok(())
    }

    pub(super) fn copy(&self, node: INodeNo, copy: &Copy) -> Result<u32> {
        for handle in [copy.source.0, copy.target.0] {
            if Realm::of(self.fs.handle(handle)?.ino) == Realm::Hook {
                // Then the kernel reads and writes instead.
                return Err(ErrorKind::Unsupported.into());
            }
        }
        let len = copy.len.min(COPY_MAX);
        let copied = blocking(self.fs.copy_range(copy.source, copy.target, len))?;
        self.was_changed(node);
        Ok(copied as u32)
    }
}
