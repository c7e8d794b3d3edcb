//! The trait itself.

use std::future::Future;
use std::time::Duration;

use tarbox_store::{
    Allocate, Attr, Cookie, DirEntry, DirName, Error, ErrorKind, Follower, Ino, MaybeSend, MaybeSync,
    RenameMode, Result, SeekTo, Seq, SetAttr, Unlink, WriteAt, Written, XattrMode,
};

use super::{
    AccessMask, Changes, Credentials, FlockKind, Handle, HandleInfo, LockKind, LockOwner, LockRange,
    LockedRange, NewNode, OpenFlags, StatFs, Wait,
};

/// A file system of one tenant, for every way in: WASI, FUSE, REST, the command line, the browser, QuickJS.
///
/// It speaks inodes and handles and has the meaning POSIX and Linux give each operation, permissions included; who
/// asks is part of every call where that matters. Paths are in [`FilesystemExt`](crate::FilesystemExt).
///
/// Operations on an embedded store never wait, so a synchronous caller may drive each with
/// [`blocking`](super::blocking).
///
/// # Rules for all methods
///
/// * `Ino`s come from earlier answers; one that is gone is `NotFound`, also all of a snapshot that was dropped.
/// * `Handle`s are open until [`release`](Self::release); any other is `BadHandle`, as is one without the right that
///   the operation needs. What a handle may do was decided when it was opened, on behalf of who opened it.
/// * Names are 1 to 255 bytes without `/` and NUL and never `.` or `..`: those are the caller's to resolve, with
///   [`parent`](Self::parent). Others are `Invalid` or `NameTooLong`.
/// * Search permission on a directory is needed for every operation by name in it, write permission too where its
///   entries change; lack of either is `Access`. Only the owner of the entry, of the directory, or root removes or
///   renames in a sticky directory (`NotPermitted`).
/// * What lies in a snapshot is `ReadOnly`.
/// * Refused changes (`Access`, `NotPermitted`, `ReadOnly`, `QuotaExceeded`) are recorded in the audit.
pub trait FilesystemInterface: MaybeSend + MaybeSync {
    // Names

    /// The root directory.
    fn root(&self) -> Ino {
        Ino::ROOT
    }

    /// Looks up one name after the other, as far as directories lead: the answer holds the attributes of every entry
    /// found, and ends early behind the first that is not a directory, or before the first that is missing.
    ///
    /// # Errors
    /// `Access` if a directory on the way may not be searched; `NotDirectory` if `start` is none.
    fn walk(
        &self,
        who: &Credentials,
        start: Ino,
        names: &[&[u8]],
    ) -> impl Future<Output = Result<Vec<Attr>>> + MaybeSend;

    /// The attributes of the entry `name` of `dir`.
    ///
    /// # Errors
    /// `NotFound`; `Access` if `dir` may not be searched.
    fn lookup(
        &self,
        who: &Credentials,
        dir: Ino,
        name: &[u8],
    ) -> impl Future<Output = Result<Attr>> + MaybeSend {
        async move {
            match self.walk(who, dir, &[name]).await?.pop() {
                Some(attr) => Ok(attr),
                None => Err(Error::new(ErrorKind::NotFound).about(name)),
            }
        }
    }

    /// The directory that holds the directory `dir` (its `..`); the root holds itself.
    ///
    /// # Errors
    /// `Access` if `dir` may not be searched; `NotFound` if it was removed.
    fn parent(&self, who: &Credentials, dir: Ino) -> impl Future<Output = Result<Attr>> + MaybeSend;

    /// An absolute path of the inode (one of them, if it has several), for messages and logs.
    ///
    /// # Errors
    /// `NotFound` if it has no name any more.
    fn path_of(&self, ino: Ino) -> impl Future<Output = Result<Vec<u8>>> + MaybeSend;

    /// Makes an inode under a new name: owner, group (of a setgid directory: its group) and mode (less the umask)
    /// as POSIX has it.
    ///
    /// # Errors
    /// `Exists` if the name is taken; `NotPermitted` for a device node not by root.
    fn make(
        &self,
        who: &Credentials,
        dir: Ino,
        name: &[u8],
        node: &NewNode<'_>,
    ) -> impl Future<Output = Result<Attr>> + MaybeSend;

    /// Makes a directory.
    ///
    /// # Errors
    /// Those of [`make`](Self::make).
    fn mkdir(
        &self,
        who: &Credentials,
        dir: Ino,
        name: &[u8],
        mode: u32,
    ) -> impl Future<Output = Result<Attr>> + MaybeSend {
        async move { self.make(who, dir, name, &NewNode::Directory { mode }).await }
    }

    /// Makes a symbolic link.
    ///
    /// # Errors
    /// Those of [`make`](Self::make).
    fn symlink(
        &self,
        who: &Credentials,
        dir: Ino,
        name: &[u8],
        target: &[u8],
    ) -> impl Future<Output = Result<Attr>> + MaybeSend {
        async move { self.make(who, dir, name, &NewNode::Symlink { target }).await }
    }

    /// Gives an inode another name.
    ///
    /// # Errors
    /// `NotPermitted` for a directory; `Exists` if the name is taken; `NotFound` if it has no name left.
    fn link(
        &self,
        who: &Credentials,
        ino: Ino,
        dir: Ino,
        name: &[u8],
    ) -> impl Future<Output = Result<Attr>> + MaybeSend;

    /// Removes a name. The inode goes with its last name and its last handle.
    ///
    /// # Errors
    /// `IsDirectory` or `NotDirectory` if it is not `what`; `NotEmpty`; `Busy` for `/.tarbox`.
    fn remove(
        &self,
        who: &Credentials,
        dir: Ino,
        name: &[u8],
        what: Unlink,
    ) -> impl Future<Output = Result<()>> + MaybeSend;

    /// Removes a name that is not a directory's.
    ///
    /// # Errors
    /// Those of [`remove`](Self::remove).
    fn unlink(
        &self,
        who: &Credentials,
        dir: Ino,
        name: &[u8],
    ) -> impl Future<Output = Result<()>> + MaybeSend {
        self.remove(who, dir, name, Unlink::File)
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    /// Those of [`remove`](Self::remove).
    fn rmdir(
        &self,
        who: &Credentials,
        dir: Ino,
        name: &[u8],
    ) -> impl Future<Output = Result<()>> + MaybeSend {
        self.remove(who, dir, name, Unlink::Directory)
    }

    /// Moves a name, with every rule of `rename(2)` and `renameat2(2)`.
    ///
    /// # Errors
    /// `Invalid` if a directory would move below itself; `NotEmpty`, `IsDirectory`, `NotDirectory` by what is there;
    /// `Exists` with [`RenameMode::NoReplace`].
    fn rename(
        &self,
        who: &Credentials,
        from: (Ino, &[u8]),
        to: (Ino, &[u8]),
        mode: RenameMode,
    ) -> impl Future<Output = Result<()>> + MaybeSend;

    // Attributes

    /// The attributes of an inode; also of one that only has handles left.
    ///
    /// # Errors
    /// `NotFound`.
    fn getattr(&self, ino: Ino) -> impl Future<Output = Result<Attr>> + MaybeSend;

    /// Changes attributes, by the rules of `chmod`, `chown`, `truncate` and `utimensat`, and answers all of them.
    /// [`SetAttr::clear_setid`] is decided by these rules; what the caller puts there is ignored.
    ///
    /// # Errors
    /// `NotPermitted` for who is neither owner nor root; `Access` for a new size, or the times set to now, without
    /// write permission; `Invalid` and `IsDirectory` for a size of what is no file.
    fn setattr(
        &self,
        who: &Credentials,
        ino: Ino,
        set: &SetAttr,
    ) -> impl Future<Output = Result<Attr>> + MaybeSend;

    /// Whether `who` may do all of `mask`.
    ///
    /// # Errors
    /// `Access` if not; `ReadOnly` for writing where nothing can be written.
    fn access(
        &self,
        who: &Credentials,
        ino: Ino,
        mask: AccessMask,
    ) -> impl Future<Output = Result<()>> + MaybeSend;

    /// What a symbolic link says.
    ///
    /// # Errors
    /// `Invalid` if it is none.
    fn readlink(&self, ino: Ino) -> impl Future<Output = Result<Vec<u8>>> + MaybeSend;

    /// The value of an extended attribute.
    ///
    /// # Errors
    /// `NoData` if it is not there; `Access` without read permission for `user.*`; `Unsupported` for a namespace that
    /// is not kept.
    fn getxattr(
        &self,
        who: &Credentials,
        ino: Ino,
        name: &[u8],
    ) -> impl Future<Output = Result<Vec<u8>>> + MaybeSend;

    /// The names of the extended attributes that `who` may see, sorted.
    ///
    /// # Errors
    /// `NotFound`.
    fn listxattr(
        &self,
        who: &Credentials,
        ino: Ino,
    ) -> impl Future<Output = Result<Vec<Vec<u8>>>> + MaybeSend;

    /// Sets an extended attribute, or removes it (`value` is `None`).
    ///
    /// # Errors
    /// `Exists`, `NoData` by `mode` (a removal needs it there); `Access`, `NotPermitted` by its namespace; `TooBig` for
    /// a value over 64 KiB.
    fn setxattr(
        &self,
        who: &Credentials,
        ino: Ino,
        name: &[u8],
        value: Option<&[u8]>,
        mode: XattrMode,
    ) -> impl Future<Output = Result<()>> + MaybeSend;

    /// How full the file system is.
    ///
    /// # Errors
    /// Those of the store.
    fn statfs(&self) -> impl Future<Output = Result<StatFs>> + MaybeSend;

    // Handles

    /// Opens an inode. It stays readable through the handle when its last name goes.
    ///
    /// # Errors
    /// `Access`; `IsDirectory` to write a directory; `NotDirectory` by flag; `Loop` for a symbolic link without
    /// `path_only`; `NoSuchAddress` for pipes, sockets and devices; `TooManyOpen`.
    fn open(
        &self,
        who: &Credentials,
        ino: Ino,
        flags: OpenFlags,
    ) -> impl Future<Output = Result<Handle>> + MaybeSend;

    /// Makes a regular file and opens it, in one step. The mode does not bind this handle.
    ///
    /// # Errors
    /// Those of [`make`](Self::make), `Exists` above all, whatever `flags.exclusive` says.
    fn create(
        &self,
        who: &Credentials,
        dir: Ino,
        name: &[u8],
        mode: u32,
        flags: OpenFlags,
    ) -> impl Future<Output = Result<(Attr, Handle)>> + MaybeSend;

    /// What a handle is open on, and how. Never waits.
    ///
    /// # Errors
    /// `BadHandle`.
    fn handle(&self, handle: Handle) -> Result<HandleInfo>;

    /// Reads from `offset`, and answers how many bytes: fewer than asked for only at the end.
    ///
    /// # Errors
    /// `BadHandle`, `IsDirectory`, `Invalid` for an offset over 2^63 - 1.
    fn read(
        &self,
        handle: Handle,
        offset: u64,
        buffer: &mut [u8],
    ) -> impl Future<Output = Result<usize>> + MaybeSend;

    /// Writes all of `data`; with [`OpenFlags::append`] at the end, whatever `at` says. Atomic to 16 MiB.
    /// A write that is not by root takes setuid away, and setgid where the group may execute, as on Linux.
    ///
    /// # Errors
    /// `BadHandle`, `FileTooLarge`, `NoSpace`, `QuotaExceeded`.
    fn write(
        &self,
        handle: Handle,
        at: WriteAt,
        data: &[u8],
    ) -> impl Future<Output = Result<Written>> + MaybeSend;

    /// `ftruncate`: sets the length of a file open for writing, and answers its attributes.
    ///
    /// # Errors
    /// `Invalid` if it was not opened for writing; `FileTooLarge`.
    fn truncate(&self, handle: Handle, size: u64) -> impl Future<Output = Result<Attr>> + MaybeSend;

    /// `fallocate`: allocates, punches, zeroes, collapses or inserts a range of a file open for writing.
    ///
    /// # Errors
    /// `Invalid` for an empty range; `FileTooLarge`; `NoSpace`.
    fn fallocate(
        &self,
        handle: Handle,
        how: Allocate,
        offset: u64,
        len: u64,
    ) -> impl Future<Output = Result<()>> + MaybeSend;

    /// The next data or hole at or behind `offset` (`SEEK_DATA`, `SEEK_HOLE`).
    ///
    /// # Errors
    /// `NoSuchAddress` at or past the end, or where no data follows.
    fn seek(&self, handle: Handle, offset: u64, to: SeekTo) -> impl Future<Output = Result<u64>> + MaybeSend;

    /// `copy_file_range`: copies between two files (or places of one that do not overlap) and answers how many bytes:
    /// fewer than asked for only at the end of the source. Whole blocks are shared, not copied.
    ///
    /// # Errors
    /// `BadHandle` by the rights of either handle; `Invalid` for ranges that overlap; `IsDirectory`.
    fn copy_range(
        &self,
        source: (Handle, u64),
        target: (Handle, u64),
        len: u64,
    ) -> impl Future<Output = Result<u64>> + MaybeSend;

    /// Up to `limit` entries of an open directory behind `after`, in cookie order, without `.` and `..`. Fewer than
    /// `limit` means that the end was reached. Entries that live through the whole listing appear exactly once. Listing does
    /// not move the directory's access time.
    ///
    /// # Errors
    /// `BadHandle` if it was not opened for reading; `NotDirectory`.
    fn readdir(
        &self,
        handle: Handle,
        after: Cookie,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<DirEntry>>> + MaybeSend;

    /// The same without attributes, as `readdir(3)` has it: cheaper for those who need only names and kinds.
    ///
    /// # Errors
    /// As of [`readdir`](Self::readdir).
    fn readdir_names(
        &self,
        handle: Handle,
        after: Cookie,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<DirName>>> + MaybeSend;

    /// What each `close(2)` of a descriptor does while others share the handle: ends the byte-range locks that `owner`
    /// has on the file through any handle.
    ///
    /// # Errors
    /// `BadHandle`.
    fn flush(&self, handle: Handle, owner: LockOwner) -> impl Future<Output = Result<()>> + MaybeSend;

    /// Returns when everything written to the file is on the device; with `data_only` attributes that are not needed
    /// to read it back may follow later.
    ///
    /// # Errors
    /// `BadHandle`; those of the device.
    fn fsync(&self, handle: Handle, data_only: bool) -> impl Future<Output = Result<()>> + MaybeSend;

    /// Closes the handle and ends its locks. An inode without a name goes with its last handle.
    ///
    /// # Errors
    /// `BadHandle` if it is not open. The handle is closed whatever else is reported.
    fn release(&self, handle: Handle) -> impl Future<Output = Result<()>> + MaybeSend;

    /// Whether anybody has the inode open: through this object or another, in this process or another. In doubt somebody has.
    ///
    /// # Errors
    /// Those of the store.
    fn is_open(&self, ino: Ino) -> impl Future<Output = Result<bool>> + MaybeSend {
        let _ = ino;
        async { Ok(true) }
    }

    /// Returns when everything done so far is on the device.
    ///
    /// # Errors
    /// Those of the device.
    fn syncfs(&self) -> impl Future<Output = Result<()>> + MaybeSend;

    // Locks, within this file system object

    /// The first lock that keeps `owner` from setting this one, if any.
    ///
    /// # Errors
    /// `BadHandle`; `Invalid` for a range beyond 2^63 - 1.
    fn getlk(
        &self,
        handle: Handle,
        owner: LockOwner,
        kind: LockKind,
        range: LockRange,
    ) -> impl Future<Output = Result<Option<LockedRange>>> + MaybeSend;

    /// Sets, changes or (`kind` is `None`) ends the lock of `owner` on a byte range.
    ///
    /// # Errors
    /// `WouldBlock` without waiting; `Deadlock` where waiting would never end; `BadHandle` without the right that the
    /// kind needs.
    fn setlk(
        &self,
        handle: Handle,
        owner: LockOwner,
        kind: Option<LockKind>,
        range: LockRange,
        wait: Wait,
    ) -> impl Future<Output = Result<()>> + MaybeSend;

    /// Sets, changes or ends the handle's lock on the whole file. To change its kind it is given up first, as on Linux.
    ///
    /// # Errors
    /// `WouldBlock` without waiting.
    fn flock(
        &self,
        handle: Handle,
        kind: FlockKind,
        wait: Wait,
    ) -> impl Future<Output = Result<()>> + MaybeSend;

    // Changes

    /// The position of the last change; costs next to nothing, so it may be polled.
    ///
    /// # Errors
    /// Those of the store.
    fn last_change(&self) -> impl Future<Output = Result<Seq>> + MaybeSend;

    /// The position of the last change not made by `agent`, or a later one where that is not known exactly: as long as
    /// it does not move, everything new is the agent's own. As cheap as [`last_change`](Self::last_change).
    ///
    /// # Errors
    /// Those of the store.
    fn last_change_by_others(&self, agent: &str) -> impl Future<Output = Result<Seq>> + MaybeSend {
        let _ = agent;
        self.last_change()
    }

    /// Changes of `path` and what is below it, behind `after`: at most `limit` records are considered.
    ///
    /// # Errors
    /// Those of the store.
    fn changes(
        &self,
        path: &[u8],
        after: Seq,
        limit: usize,
    ) -> impl Future<Output = Result<Changes>> + MaybeSend;

    /// Waits for a change behind `after`; see [`Store::changed`](tarbox_store::Store::changed).
    ///
    /// # Errors
    /// Those of the store.
    fn changed(&self, after: Seq, patience: Duration) -> impl Future<Output = Result<Seq>> + MaybeSend;

    /// Ends each wait in [`changed`](Self::changed) that has begun.
    fn wake(&self);

    /// Begins to follow the changes; see [`Store::follow`](tarbox_store::Store::follow).
    ///
    /// # Errors
    /// Those of the store.
    fn follow(&self) -> impl Future<Output = Result<Box<dyn Follower>>> + MaybeSend;

    /// Whether anybody follows the changes, but for `besides`; see [`Store::is_followed`](tarbox_store::Store::is_followed).
    fn is_followed(&self, besides: Option<&dyn Follower>) -> bool;

    /// Returns when everything done so far was passed on by all who follow; see [`Store::settle`](tarbox_store::Store::settle).
    ///
    /// # Errors
    /// Those of the store.
    fn settle(&self, besides: Option<&dyn Follower>) -> impl Future<Output = Result<()>> + MaybeSend;
}
