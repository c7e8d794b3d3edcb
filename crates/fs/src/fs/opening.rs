//! Opening, creating and closing.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use tarbox_store::{Attr, Error, ErrorKind, FileKind, Ino, Operation, Result, SetAttr, Store};

use super::audit::Subject;
use super::grounds::{Grounds, decided, require_expected};
use super::handles::Reservation;
use super::{Fs, Open, Place};
use crate::hooks::Node;
use crate::interface::{AccessMask, Credentials, FilesystemInterface, Handle, LockOwner, NewNode, OpenFlags};
use crate::permission;

/// How often to make a file again that another removes at once.
const ATTEMPTS: usize = 16;

impl<S: Store> Fs<S> {
    pub(super) async fn open_inode(&self, who: &Credentials, ino: Ino, flags: OpenFlags) -> Result<Handle> {
        decided(|| self.open_allowed(who, ino, flags)).await
    }

    async fn open_allowed(&self, who: &Credentials, ino: Ino, flags: OpenFlags) -> Result<Handle> {
        let place = self.place(ino)?;
        let attr = self.attr_at(place).await?;
        let changes = !flags.path_only && (flags.write || flags.truncate);
        let checked = self.check_open(who, place, &attr, flags).await;
        if changes {
            self.audited(who, Operation::Write, Subject::Inode(ino), checked)
                .await?;
        } else {
            checked?;
        }
        require_expected(who, &attr)?;
        let room = self.handles.reserve()?;
        let handle = self.hold_open(room, who, place, attr.kind, flags).await?;
        if changes && flags.truncate && attr.is_file() {
            if let Err(e) = self.cut_on_open(who, place, &attr).await {
                self.close(handle).await?;
                return self
                    .audited(who, Operation::Truncate, Subject::Inode(ino), Err(e))
                    .await;
            }
            self.open_handle(handle)?.has_changed();
        }
        Ok(handle)
    }

    async fn check_open(&self, who: &Credentials, place: Place, attr: &Attr, flags: OpenFlags) -> Result<()> {
        if flags.directory && !attr.is_dir() {
            return Err(ErrorKind::NotDirectory.into());
        }
        if flags.path_only {
            return Ok(());
        }
        let writes = flags.write || flags.truncate;
        match attr.kind {
            FileKind::Directory if writes => return Err(ErrorKind::IsDirectory.into()),
            FileKind::Symlink => return Err(ErrorKind::Loop.into()),
            FileKind::File | FileKind::Directory => {}
            FileKind::Fifo | FileKind::Socket | FileKind::CharDevice | FileKind::BlockDevice => {
                return Err(Error::new(ErrorKind::NoSuchAddress)
                    .because("pipes, sockets and devices cannot be opened"));
            }
        }
        if writes {
            self.require_writable(place).await?;
        }
        let read = if flags.read {
            AccessMask::READ
        } else {
            AccessMask::EXISTS
        };
        let write = if writes {
            AccessMask::WRITE
        } else {
            AccessMask::EXISTS
        };
        permission::require(who, attr, read | write)?;
        match flags.no_atime {
            true => permission::require_owner(who, attr),
            false => Ok(()),
        }
    }

    async fn cut_on_open(&self, who: &Credentials, place: Place, attr: &Attr) -> Result<()> {
        let Place::Real(ino) = place else { return Ok(()) };
        let cut = SetAttr {
            size: Some(0),
            ..SetAttr::default()
        };
        let allowed = permission::of_set_attr(who, attr, &cut)?;
        let mut grounds = Grounds::of(who);
        grounds.add_permissions(attr);
        self.store.set_attr(&grounds.by(), ino, &allowed).await.map(drop)
    }

    pub(super) async fn create_file(
        &self,
        who: &Credentials,
        dir: Ino,
        name: &[u8],
        mode: u32,
        flags: OpenFlags,
    ) -> Result<(Attr, Handle)> {
        if flags.directory {
            return Err(Error::new(ErrorKind::Invalid).because("a directory cannot be created by opening it"));
        }
        let place = self.place(dir)?;
        for _ in 1..ATTEMPTS {
            match self.try_create(who, place, dir, name, mode, flags).await {
                // It was made, and gone again before it could be held.
                Err(e)
                    if e.kind() == ErrorKind::NotFound
                        && self.getattr(dir).await.is_ok_and(|a| a.nlink > 0) => {}
                result => return result,
            }
        }
        self.try_create(who, place, dir, name, mode, flags).await
    }

    async fn try_create(
        &self,
        who: &Credentials,
        place: Place,
        dir: Ino,
        name: &[u8],
        mode: u32,
        flags: OpenFlags,
    ) -> Result<(Attr, Handle)> {
        let room = self.handles.reserve()?;
        let (place, attr) = match place {
            Place::Hook(Node::TAGS) => {
                let node = self.new_tag_node(who, name).await?;
                (Place::Hook(node), self.hook_attr(node).await?)
            }
            _ => {
                let attr = self.make_entry(who, dir, name, &NewNode::File { mode }).await?;
                (Place::Real(attr.ino), attr)
            }
        };
        let handle = self.hold_open(room, who, place, FileKind::File, flags).await?;
        Ok((attr, handle))
    }

    /// Adds the handle, and keeps the inode alive for it.
    async fn hold_open(
        &self,
        room: Reservation<'_>,
        who: &Credentials,
        place: Place,
        kind: FileKind,
        flags: OpenFlags,
    ) -> Result<Handle> {
        let ino = self.number(place)?;
        if let Place::Real(ino) = place {
            self.store.hold(ino).await?;
        }
        Ok(room.insert(Open {
            place,
            ino,
            kind,
            flags,
            who: who.clone(),
            changed: AtomicBool::new(false),
            locked: AtomicBool::new(false),
            answer: Mutex::new(None),
        }))
    }

    pub(super) async fn close(&self, handle: Handle) -> Result<()> {
        let open = self.handles.remove(handle)?;
        if open.locked.load(Ordering::Acquire) {
            self.locks.forget_handle(open.ino, handle);
        }
        match open.place {
            Place::Real(ino) => self.store.release(ino).await,
            Place::Snapshot(..) | Place::Hook(_) => Ok(()),
        }
    }

    pub(super) fn end_locks(&self, handle: Handle, owner: LockOwner) -> Result<()> {
        let open = self.open_handle(handle)?;
        self.locks.forget_owner(open.ino, handle, owner);
        Ok(())
    }
}
