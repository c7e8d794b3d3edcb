//! [`FilesystemInterface`] for [`Fs`]: each method says what the audit calls it, and where it is done.

use std::time::Duration;

use tarbox_store::{
    Allocate, Attr, Cookie, DirEntry, DirName, Follower, Ino, Operation, RenameMode, Result, SeekTo, Seq,
    SetAttr, Store, Unlink, WriteAt, Written, XattrMode,
};

use super::attributes::operation_of;
use super::audit::Subject;
use super::{Fs, Place};
use crate::interface::*;

impl<S: Store> FilesystemInterface for Fs<S> {
    async fn walk(&self, who: &Credentials, start: Ino, names: &[&[u8]]) -> Result<Vec<Attr>> {
        self.walk_names(who, start, names).await
    }

    async fn parent(&self, who: &Credentials, dir: Ino) -> Result<Attr> {
        self.parent_of(who, dir).await
    }

    async fn path_of(&self, ino: Ino) -> Result<Vec<u8>> {
        self.path_of_place(self.place(ino)?).await
    }

    async fn make(&self, who: &Credentials, dir: Ino, name: &[u8], node: &NewNode<'_>) -> Result<Attr> {
        let operation = match node {
            NewNode::Directory { .. } => Operation::Mkdir,
            _ => Operation::Create,
        };
        let made = self.make_entry(who, dir, name, node).await;
        self.audited(who, operation, Subject::Entry(dir, name), made)
            .await
    }

    async fn link(&self, who: &Credentials, ino: Ino, dir: Ino, name: &[u8]) -> Result<Attr> {
        let linked = self.link_entry(who, ino, dir, name).await;
        self.audited(who, Operation::Link, Subject::Entry(dir, name), linked)
            .await
    }

    async fn remove(&self, who: &Credentials, dir: Ino, name: &[u8], what: Unlink) -> Result<()> {
        let operation = match what {
            Unlink::File => Operation::Unlink,
            Unlink::Directory => Operation::Rmdir,
        };
        let removed = self.remove_entry(who, dir, name, what).await;
        self.audited(who, operation, Subject::Entry(dir, name), removed)
            .await
    }

    async fn rename(
        &self,
        who: &Credentials,
        from: (Ino, &[u8]),
        to: (Ino, &[u8]),
        mode: RenameMode,
    ) -> Result<()> {
        let renamed = self.rename_entry(who, from, to, mode).await;
        self.audited(who, Operation::Rename, Subject::Entry(from.0, from.1), renamed)
            .await
    }

    async fn getattr(&self, ino: Ino) -> Result<Attr> {
        self.attr_at(self.place(ino)?).await
    }

    async fn setattr(&self, who: &Credentials, ino: Ino, set: &SetAttr) -> Result<Attr> {
        let changed = self.change_attr(who, ino, set).await;
        self.audited(who, operation_of(set), Subject::Inode(ino), changed)
            .await
    }

    async fn access(&self, who: &Credentials, ino: Ino, mask: AccessMask) -> Result<()> {
        self.check_access(who, ino, mask).await
    }

    async fn readlink(&self, ino: Ino) -> Result<Vec<u8>> {
        self.link_target(ino).await
    }

    async fn getxattr(&self, who: &Credentials, ino: Ino, name: &[u8]) -> Result<Vec<u8>> {
        self.read_xattr(who, ino, name).await
    }

    async fn listxattr(&self, who: &Credentials, ino: Ino) -> Result<Vec<Vec<u8>>> {
        self.list_xattrs(who, ino).await
    }

    async fn setxattr(
        &self,
        who: &Credentials,
        ino: Ino,
        name: &[u8],
        value: Option<&[u8]>,
        mode: XattrMode,
    ) -> Result<()> {
        let changed = self.write_xattr(who, ino, name, value, mode).await;
        self.audited(who, Operation::Xattr, Subject::Inode(ino), changed)
            .await
    }

    async fn statfs(&self) -> Result<StatFs> {
        self.space().await
    }

    async fn open(&self, who: &Credentials, ino: Ino, flags: OpenFlags) -> Result<Handle> {
        self.open_inode(who, ino, flags).await
    }

    async fn create(
        &self,
        who: &Credentials,
        dir: Ino,
        name: &[u8],
        mode: u32,
        flags: OpenFlags,
    ) -> Result<(Attr, Handle)> {
        let created = self.create_file(who, dir, name, mode, flags).await;
        self.audited(who, Operation::Create, Subject::Entry(dir, name), created)
            .await
    }

    fn handle(&self, handle: Handle) -> Result<HandleInfo> {
        self.open_handle(handle).map(|open| open.info())
    }

    async fn read(&self, handle: Handle, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.read_at(handle, offset, buffer).await
    }

    async fn write(&self, handle: Handle, at: WriteAt, data: &[u8]) -> Result<Written> {
        self.write_at(handle, at, data).await
    }

    async fn truncate(&self, handle: Handle, size: u64) -> Result<Attr> {
        self.truncate_open(handle, size).await
    }

    async fn fallocate(&self, handle: Handle, how: Allocate, offset: u64, len: u64) -> Result<()> {
        self.allocate_open(handle, how, offset, len).await
    }

    async fn seek(&self, handle: Handle, offset: u64, to: SeekTo) -> Result<u64> {
        self.seek_open(handle, offset, to).await
    }

    async fn copy_range(&self, source: (Handle, u64), target: (Handle, u64), len: u64) -> Result<u64> {
        self.copy_open(source, target, len).await
    }

    async fn readdir_names(&self, handle: Handle, after: Cookie, limit: usize) -> Result<Vec<DirName>> {
        self.list_open_names(handle, after, limit).await
    }

    async fn readdir(&self, handle: Handle, after: Cookie, limit: usize) -> Result<Vec<DirEntry>> {
        self.list_open(handle, after, limit).await
    }

    async fn flush(&self, handle: Handle, owner: LockOwner) -> Result<()> {
        self.end_locks(handle, owner)
    }

    async fn fsync(&self, handle: Handle, _data_only: bool) -> Result<()> {
        self.sync_open(handle).await
    }

    async fn release(&self, handle: Handle) -> Result<()> {
        self.close(handle).await
    }

    async fn is_open(&self, ino: Ino) -> Result<bool> {
        match self.place(ino)? {
            Place::Real(ino) => self.store().is_held(ino).await,
            // What never changes is not held.
            Place::Snapshot(..) | Place::Hook(_) => Ok(false),
        }
    }

    async fn syncfs(&self) -> Result<()> {
        self.store().sync().await
    }

    async fn getlk(
        &self,
        handle: Handle,
        owner: LockOwner,
        kind: LockKind,
        range: LockRange,
    ) -> Result<Option<LockedRange>> {
        self.find_lock(handle, owner, kind, range)
    }

    async fn setlk(
        &self,
        handle: Handle,
        owner: LockOwner,
        kind: Option<LockKind>,
        range: LockRange,
        wait: Wait,
    ) -> Result<()> {
        self.set_lock(handle, owner, kind, range, wait).await
    }

    async fn flock(&self, handle: Handle, kind: FlockKind, wait: Wait) -> Result<()> {
        self.set_flock(handle, kind, wait).await
    }

    async fn last_change(&self) -> Result<Seq> {
        self.store().last_seq().await
    }

    async fn last_change_by_others(&self, agent: &str) -> Result<Seq> {
        self.store().last_seq_by_others(agent).await
    }

    async fn changes(&self, path: &[u8], after: Seq, limit: usize) -> Result<Changes> {
        crate::watch::changes(self.store(), path, after, limit).await
    }

    async fn changed(&self, after: Seq, patience: Duration) -> Result<Seq> {
        self.store().changed(after, patience).await
    }

    fn wake(&self) {
        self.store().wake();
    }

    async fn follow(&self) -> Result<Box<dyn Follower>> {
        self.store().follow().await
    }

    fn is_followed(&self, besides: Option<&dyn Follower>) -> bool {
        self.store().is_followed(besides)
    }

    async fn settle(&self, besides: Option<&dyn Follower>) -> Result<()> {
        self.store().settle(besides).await
    }
}
