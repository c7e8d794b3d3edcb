//! [`fuser::Filesystem`]: takes each request apart and answers it.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use fuser::{
    BsdFileFlags, CopyFileRangeFlags, FileHandle, Filesystem, FopenFlags, INodeNo, InitFlags, KernelConfig,
    LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyDirectoryPlus,
    ReplyEmpty, ReplyEntry, ReplyLseek, ReplyOpen, ReplyStatfs, ReplyWrite, ReplyXattr, Request, TimeOrNow,
    WriteFlags,
};
use tarbox_fs::{FilesystemInterface, Handle, NewNode, Realm, blocking};
use tarbox_store::{Result, Unlink};

use super::content::{Changes, Copy};
use super::names::Found;
use super::{Adapter, Entry, GENERATION, KEPT, stale, xattrs};
use crate::convert::{self, errno};
use crate::gate::Answering;

/// What is asked of the kernel, as far as it can do it.
///
/// Not `FUSE_ATOMIC_O_TRUNC`: a program that runs would be cut before the kernel finds that it may not be written. Not
/// `FUSE_AUTO_INVAL_DATA`: the feed says when pages are out of date, and what was just written here is not. Not
/// `FUSE_EXPLICIT_INVAL_DATA`: pages that a new length contradicts must not be shown for the moment until it does.
const WANTED: [InitFlags; 9] = [
    InitFlags::FUSE_DO_READDIRPLUS,
    InitFlags::FUSE_READDIRPLUS_AUTO,
    InitFlags::FUSE_PARALLEL_DIROPS,
    InitFlags::FUSE_ASYNC_DIO,
    InitFlags::FUSE_CACHE_SYMLINKS,
    // Writes and cuts take setuid and setgid away by themselves, in the same step.
    InitFlags::FUSE_HANDLE_KILLPRIV_V2,
    InitFlags::FUSE_DIRECT_IO_ALLOW_MMAP,
    InitFlags::FUSE_BIG_WRITES,
    InitFlags::FUSE_MAX_PAGES,
];
/// The protocol that knows epochs of names.
const EPOCHS: u32 = 44;
/// The largest write, and with it the largest request.
const WRITE_MAX: u32 = 1 << 20;

thread_local! {
    /// What a worker reads into; it keeps its size.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

fn handle(handle: FileHandle) -> Handle {
    Handle(handle.0)
}

fn done(result: Result<()>, reply: ReplyEmpty) {
    match result {
        Ok(()) => reply.ok(),
        Err(e) => reply.error(errno(&e)),
    }
}

fn entry(result: Result<Entry>, reply: ReplyEntry, keeps: bool) {
    match result {
        Ok(entry) => reply.entry(&entry.kept_if(keeps), &entry.attr, GENERATION),
        Err(e) => reply.error(errno(&e)),
    }
}

fn attr(result: Result<Entry>, reply: ReplyAttr, keeps: bool) {
    match result {
        Ok(entry) => reply.attr(&entry.kept_if(keeps), &entry.attr),
        Err(e) => reply.error(errno(&e)),
    }
}

impl<F: FilesystemInterface + Send + Sync + 'static> Adapter<F> {
    fn made(&self, answering: Answering<'_>, result: Result<Entry>, reply: ReplyEntry) {
        match result {
            Ok(_) => self
                .0
                .answer(Some(answering), move |keeps| entry(result, reply, keeps)),
            Err(_) => entry(result, reply, false),
        }
    }

    /// Answers when what was written to a file shows elsewhere. Everything else waited for that itself.
    fn shown(&self, node: INodeNo, result: Result<()>, reply: ReplyEmpty) {
        match self.0.nodes.unshown(node) {
            Some(writes) if result.is_ok() => {
                let shared = self.0.clone();
                self.0.answer(None, move |_| {
                    shared.nodes.was_shown(node, writes);
                    reply.ok();
                });
            }
            _ => done(result, reply),
        }
    }

    fn changed(&self, result: Result<()>, reply: ReplyEmpty) {
        match result {
            Ok(()) => self.0.answer(None, move |_| reply.ok()),
            Err(_) => done(result, reply),
        }
    }
}

fn opened(result: Result<(Handle, FopenFlags)>, reply: ReplyOpen) {
    match result {
        Ok((handle, flags)) => reply.opened(FileHandle(handle.0), flags),
        Err(e) => reply.error(errno(&e)),
    }
}

impl<F: FilesystemInterface + Send + Sync + 'static> Filesystem for Adapter<F> {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> io::Result<()> {
        for flag in WANTED {
            // An older kernel does without; nothing depends on any of them.
            let _ = config.add_capabilities(flag);
        }
        let _ = config.set_max_write(WRITE_MAX);
        let _ = config.set_max_background(64);
        let abi = config.kernel_abi();
        self.0.has_epochs.store(abi.1 >= EPOCHS, Ordering::Release);
        Ok(())
    }

    fn destroy(&mut self) {
        self.0.end();
    }

    fn lookup(&self, request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let answering = self.0.gate.enter();
        match self.0.look_up(request, parent, name.as_bytes(), &answering) {
            Ok(Found::Entry(found)) => entry(Ok(found), reply, true),
            Ok(Found::Nothing) => reply.entry(&KEPT, &convert::no_attr(), GENERATION),
            Err(e) => reply.error(errno(&e)),
        }
    }

    fn forget(&self, _: &Request, ino: INodeNo, nlookup: u64) {
        self.0.forget(ino, nlookup);
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        let answering = self.0.gate.enter();
        attr(self.0.attributes(ino, &answering), reply, true);
    }

    fn setattr(
        &self,
        request: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        size: Option<u64>,
        atime: Option<TimeOrNow>,
        mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let changes = Changes {
            mode,
            uid,
            gid,
            size,
            atime,
            mtime,
        };
        let answering = self.0.gate.enter();
        let set = self.0.set_attributes(request, ino, &changes, &answering);
        match set {
            Ok(_) => self
                .0
                .answer(Some(answering), move |keeps| attr(set, reply, keeps)),
            Err(_) => attr(set, reply, false),
        }
    }

    fn readlink(&self, _: &Request, ino: INodeNo, reply: ReplyData) {
        match blocking(self.0.fs.readlink(self.0.ino(ino))).map_err(stale) {
            Ok(target) => reply.data(&target),
            Err(e) => reply.error(errno(&e)),
        }
    }

    fn mknod(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _umask: u32,
        rdev: u32,
        reply: ReplyEntry,
    ) {
        let answering = self.0.gate.enter();
        let made = convert::new_node(mode, rdev)
            .and_then(|node| self.0.make(request, parent, name.as_bytes(), &node, &answering));
        self.made(answering, made, reply);
    }

    fn mkdir(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _umask: u32,
        reply: ReplyEntry,
    ) {
        let node = NewNode::Directory { mode: mode & 0o7777 };
        let answering = self.0.gate.enter();
        let made = self.0.make(request, parent, name.as_bytes(), &node, &answering);
        self.made(answering, made, reply);
    }

    fn symlink(&self, request: &Request, parent: INodeNo, name: &OsStr, target: &Path, reply: ReplyEntry) {
        let node = NewNode::Symlink {
            target: target.as_os_str().as_bytes(),
        };
        let answering = self.0.gate.enter();
        let made = self.0.make(request, parent, name.as_bytes(), &node, &answering);
        self.made(answering, made, reply);
    }

    fn link(&self, request: &Request, ino: INodeNo, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let answering = self.0.gate.enter();
        let linked = self.0.link(request, ino, parent, name.as_bytes(), &answering);
        self.made(answering, linked, reply);
    }

    fn unlink(&self, request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let removed = self.0.remove(request, parent, name.as_bytes(), Unlink::File);
        self.changed(removed, reply);
    }

    fn rmdir(&self, request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let removed = self.0.remove(request, parent, name.as_bytes(), Unlink::Directory);
        self.changed(removed, reply);
    }

    fn rename(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        newparent: INodeNo,
        newname: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let (from, to) = ((parent, name.as_bytes()), (newparent, newname.as_bytes()));
        self.changed(self.0.rename(request, from, to, flags), reply);
    }

    fn open(&self, request: &Request, ino: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        let answering = self.0.gate.enter();
        opened(self.0.open(request, ino, flags.0, &answering), reply);
    }

    fn create(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _umask: u32,
        flags: i32,
        reply: ReplyCreate,
    ) {
        let answering = self.0.gate.enter();
        let created = self
            .0
            .create(request, parent, name.as_bytes(), (mode, flags), &answering);
        match created {
            Ok((entry, handle)) => {
                let realm = Realm::of(tarbox_store::Ino(entry.attr.ino.0));
                let flags = self.0.open_answer(realm, flags, &answering);
                self.0.answer(Some(answering), move |keeps| {
                    let kept = entry.kept_if(keeps);
                    reply.created(&kept, &entry.attr, GENERATION, FileHandle(handle.0), flags);
                });
            }
            Err(e) => reply.error(errno(&e)),
        }
    }

    fn read(
        &self,
        _: &Request,
        _: INodeNo,
        fh: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        BUFFER.with_borrow_mut(|buffer| {
            let size = size as usize;
            if buffer.len() < size {
                buffer.resize(size, 0);
            }
            match blocking(self.0.fs.read(handle(fh), offset, &mut buffer[..size])) {
                Ok(read) => reply.data(&buffer[..read]),
                Err(e) => reply.error(errno(&e)),
            }
        });
    }

    fn write(
        &self,
        _: &Request,
        ino: INodeNo,
        fh: FileHandle,
        offset: u64,
        data: &[u8],
        write_flags: WriteFlags,
        flags: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self
            .0
            .write(ino, handle(fh), offset, data, (write_flags, flags.0))
        {
            Ok(()) => {
                let written = data.len() as u32;
                match Realm::of(self.0.ino(ino)) {
                    // A command may have changed everything.
                    Realm::Hook => self.0.answer(None, move |_| reply.written(written)),
                    // Shown when the file is closed or synced: a commit for each write would wait for the device.
                    Realm::Workspace | Realm::Snapshot => reply.written(written),
                }
            }
            Err(e) => reply.error(errno(&e)),
        }
    }

    fn flush(&self, _: &Request, ino: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        self.shown(ino, Ok(()), reply);
    }

    fn release(
        &self,
        _: &Request,
        ino: INodeNo,
        fh: FileHandle,
        _: OpenFlags,
        _: Option<LockOwner>,
        _: bool,
        reply: ReplyEmpty,
    ) {
        self.0.nodes.close(ino);
        done(self.0.release(handle(fh)), reply);
    }

    fn fsync(&self, _: &Request, ino: INodeNo, fh: FileHandle, datasync: bool, reply: ReplyEmpty) {
        self.shown(ino, blocking(self.0.fs.fsync(handle(fh), datasync)), reply);
    }

    fn opendir(&self, request: &Request, ino: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        let answering = self.0.gate.enter();
        opened(self.0.open_dir(request, ino, &answering), reply);
    }

    fn readdir(
        &self,
        request: &Request,
        ino: INodeNo,
        fh: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        // The kernel may keep it.
        let _answering = self.0.gate.enter();
        match self.0.list(request, (ino, handle(fh)), offset, &mut reply) {
            Ok(()) => reply.ok(),
            Err(e) => reply.error(errno(&e)),
        }
    }

    fn readdirplus(
        &self,
        request: &Request,
        ino: INodeNo,
        fh: FileHandle,
        offset: u64,
        mut reply: ReplyDirectoryPlus,
    ) {
        let answering = self.0.gate.enter();
        match self
            .0
            .list_plus(request, (ino, handle(fh)), offset, &mut reply, &answering)
        {
            Ok(()) => reply.ok(),
            Err(e) => reply.error(errno(&e)),
        }
    }

    fn releasedir(&self, _: &Request, _: INodeNo, fh: FileHandle, _: OpenFlags, reply: ReplyEmpty) {
        done(self.0.release(handle(fh)), reply);
    }

    fn fsyncdir(&self, _: &Request, _: INodeNo, fh: FileHandle, datasync: bool, reply: ReplyEmpty) {
        done(blocking(self.0.fs.fsync(handle(fh), datasync)), reply);
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        self.0.answer_space(reply);
    }

    fn setxattr(
        &self,
        request: &Request,
        ino: INodeNo,
        name: &OsStr,
        value: &[u8],
        flags: i32,
        _position: u32,
        reply: ReplyEmpty,
    ) {
        let set = self
            .0
            .set_xattr(request, ino, name.as_bytes(), Some(value), flags);
        self.changed(set, reply);
    }

    fn getxattr(&self, request: &Request, ino: INodeNo, name: &OsStr, size: u32, reply: ReplyXattr) {
        xattrs::answer(self.0.xattr(request, ino, name.as_bytes()), size, reply);
    }

    fn listxattr(&self, request: &Request, ino: INodeNo, size: u32, reply: ReplyXattr) {
        xattrs::answer(self.0.xattrs(request, ino), size, reply);
    }

    fn removexattr(&self, request: &Request, ino: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        self.changed(self.0.set_xattr(request, ino, name.as_bytes(), None, 0), reply);
    }

    fn fallocate(
        &self,
        _: &Request,
        ino: INodeNo,
        fh: FileHandle,
        offset: u64,
        length: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        self.changed(self.0.allocate(ino, handle(fh), mode, (offset, length)), reply);
    }

    fn lseek(&self, _: &Request, _: INodeNo, fh: FileHandle, offset: i64, whence: i32, reply: ReplyLseek) {
        let found = convert::seek_to(whence).and_then(|to| {
            let offset = u64::try_from(offset).map_err(|_| tarbox_store::ErrorKind::NoSuchAddress)?;
            blocking(self.0.fs.seek(handle(fh), offset, to))
        });
        match found {
            Ok(offset) => reply.offset(offset as i64),
            Err(e) => reply.error(errno(&e)),
        }
    }

    fn copy_file_range(
        &self,
        _: &Request,
        _: INodeNo,
        fh_in: FileHandle,
        offset_in: u64,
        ino_out: INodeNo,
        fh_out: FileHandle,
        offset_out: u64,
        len: u64,
        _: CopyFileRangeFlags,
        reply: ReplyWrite,
    ) {
        let copy = Copy {
            source: (handle(fh_in), offset_in),
            target: (handle(fh_out), offset_out),
            len,
        };
        match self.0.copy(ino_out, &copy) {
            Ok(copied) => self.0.answer(None, move |_| reply.written(copied)),
            Err(e) => reply.error(errno(&e)),
        }
    }
}
