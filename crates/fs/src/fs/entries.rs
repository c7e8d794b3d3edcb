//! Making, linking, moving and removing names.

use tarbox_store::{
    Attr, Error, ErrorKind, FileKind, Ino, NewInode, RenameMode, Result, Store, Unlink, View,
};

use super::grounds::{Grounds, decided, require_expected};
use super::{Fs, Place};
use crate::hooks;
use crate::interface::{AccessMask, Credentials, NewNode};
use crate::permission;

const CHANGE: AccessMask = AccessMask::from_bits(3);
const TARGET_MAX: usize = 4095;

impl<S: Store> Fs<S> {
    pub(super) async fn make_entry(
        &self,
        who: &Credentials,
        dir: Ino,
        name: &[u8],
        node: &NewNode<'_>,
    ) -> Result<Attr> {
        let place = self.place(dir)?;
        let Place::Real(dir) = place else {
            return Err(self.refuse_virtual(who, place, name).await);
        };
        self.refuse_hook_name(dir, name, ErrorKind::Exists)?;
        decided(|| self.make_allowed(who, dir, name, node)).await
    }

    async fn make_allowed(
        &self,
        who: &Credentials,
        dir: Ino,
        name: &[u8],
        node: &NewNode<'_>,
    ) -> Result<Attr> {
        let mut grounds = Grounds::of(who);
        let new = self.new_inode(who, dir, name, node, &mut grounds).await?;
        self.store.create(&grounds.by(), dir, name, &new).await
    }

    async fn new_inode<'n>(
        &self,
        who: &Credentials,
        dir: Ino,
        name: &[u8],
        node: &NewNode<'n>,
        grounds: &mut Grounds<'_>,
    ) -> Result<NewInode<'n>> {
        let (kind, rdev, target) = shape(node)?;
        let parent = self.store.attr(View::Current, dir).await?;
        grounds.add_permissions(&parent);
        self.require_change(who, &parent, name).await?;
        if rdev.is_some() && !who.is_exempt() {
            return Err(Error::new(ErrorKind::NotPermitted).because("only root can create device nodes"));
        }
        let (mode, uid, gid) = permission::of_new_node(who, &parent, node);
        Ok(NewInode {
            kind,
            mode,
            uid,
            gid,
            rdev: rdev.unwrap_or(0),
            target,
        })
    }

    /// Permission to add `name`; where there is none, a name that is taken says so first, as on Linux.
    async fn require_change(&self, who: &Credentials, dir: &Attr, name: &[u8]) -> Result<()> {
        if !dir.is_dir() {
            return Err(ErrorKind::NotDirectory.into());
        }
        let allowed = permission::require(who, dir, CHANGE);
        if allowed.is_err()
            && permission::allows(who, dir, AccessMask::EXECUTE)
            && self.store.lookup(View::Current, dir.ino, name).await.is_ok()
        {
            return Err(ErrorKind::Exists.into());
        }
        allowed
    }

    /// Why no entry can be made in a place that is no directory of the workspace.
    async fn refuse_virtual(&self, who: &Credentials, place: Place, name: &[u8]) -> Error {
        if let Err(e) = self.require_search(who, place).await {
            return e;
        }
        let (there, refusal) = match place {
            Place::Snapshot(layer, dir) => {
                let there = self.store.lookup(View::Layer(layer), dir, name).await;
                (there.map(drop), read_only())
            }
            Place::Hook(node) => (self.hook_lookup(node, name).await.map(drop), fixed_hooks()),
            Place::Real(_) => (Ok(()), ErrorKind::Invalid.into()),
        };
        match there {
            Ok(()) => ErrorKind::Exists.into(),
            Err(e) if e.kind() == ErrorKind::NotFound => refusal,
            Err(e) => e,
        }
    }

    fn refuse_hook_name(&self, dir: Ino, name: &[u8], kind: ErrorKind) -> Result<()> {
        match self.is_hook_root(dir, name) {
            true => Err(Error::new(kind)
                .about(hooks::ROOT_PATH)
                .because("this name is reserved for control files")),
            false => Ok(()),
        }
    }

    pub(super) async fn link_entry(
        &self,
        who: &Credentials,
        ino: Ino,
        dir: Ino,
        name: &[u8],
    ) -> Result<Attr> {
        let (Place::Real(ino), Place::Real(dir)) = self.same_world(ino, dir)? else {
            return Err(read_only());
        };
        self.refuse_hook_name(dir, name, ErrorKind::Exists)?;
        decided(|| self.link_allowed(who, ino, dir, name)).await
    }

    async fn link_allowed(&self, who: &Credentials, ino: Ino, dir: Ino, name: &[u8]) -> Result<Attr> {
        let mut grounds = Grounds::of(who);
        let attr = self.store.attr(View::Current, ino).await?;
        if !who.is_exempt() {
            let parent = self.store.attr(View::Current, dir).await?;
            grounds.add_permissions(&parent);
            self.require_change(who, &parent, name).await?;
        }
        if attr.is_dir() {
            let taken = self.store.lookup(View::Current, dir, name).await.is_ok();
            let kind = if taken {
                ErrorKind::Exists
            } else {
                ErrorKind::NotPermitted
            };
            return Err(Error::new(kind).because("a directory can have only one name"));
        }
        self.store.link(&grounds.by(), ino, dir, name).await
    }

    /// Both places, if they are in the same file system; `CrossDevice` otherwise.
    fn same_world(&self, a: Ino, b: Ino) -> Result<(Place, Place)> {
        let places = (self.place(a)?, self.place(b)?);
        match places {
            (Place::Real(_), Place::Real(_)) => Ok(places),
            (Place::Snapshot(a, _), Place::Snapshot(b, _)) if a == b => Ok(places),
            (Place::Hook(_), Place::Hook(_)) => Err(fixed_hooks()),
            _ => Err(Error::new(ErrorKind::CrossDevice)
                .because("snapshots and control files are separate file systems")),
        }
    }

    pub(super) async fn remove_entry(
        &self,
        who: &Credentials,
        dir: Ino,
        name: &[u8],
        what: Unlink,
    ) -> Result<()> {
        let place = self.place(dir)?;
        match place {
            Place::Real(dir) => {
                self.refuse_hook_name(dir, name, ErrorKind::Busy)?;
                decided(|| self.remove_allowed(who, dir, name, what)).await
            }
            Place::Snapshot(layer, dir) => {
                self.require_search(who, place).await?;
                self.store.lookup(View::Layer(layer), dir, name).await?;
                Err(read_only())
            }
            Place::Hook(node) => {
                permission::require(who, &self.hook_attr(node).await?, CHANGE)?;
                self.hook_remove(who, node, name).await
            }
        }
    }

    async fn remove_allowed(&self, who: &Credentials, dir: Ino, name: &[u8], what: Unlink) -> Result<()> {
        let mut grounds = Grounds::of(who);
        self.require_take(who, dir, name, &mut grounds).await?;
        self.store.unlink(&grounds.by(), dir, name, what).await.map(drop)
    }

    /// Permission to take the entry `name` away from a directory.
    async fn require_take<'n>(
        &self,
        who: &Credentials,
        dir: Ino,
        name: &'n [u8],
        grounds: &mut Grounds<'n>,
    ) -> Result<()> {
        if who.expects.is_some() {
            let entry = self.store.lookup(View::Current, dir, name).await?;
            require_expected(who, &entry)?;
            grounds.add_name(dir, name, Some(&entry));
        }
        if who.is_exempt() {
            return Ok(());
        }
        let parent = self.store.attr(View::Current, dir).await?;
        grounds.add_permissions(&parent);
        permission::require(who, &parent, AccessMask::EXECUTE)?;
        if permission::allows(who, &parent, AccessMask::WRITE) && parent.mode & permission::STICKY == 0 {
            return Ok(());
        }
        let entry = self.store.lookup(View::Current, dir, name).await?;
        grounds.add_name(dir, name, Some(&entry));
        grounds.add_permissions(&entry);
        permission::require(who, &parent, CHANGE)?;
        permission::require_unstuck(who, &parent, &entry)
    }

    pub(super) async fn rename_entry(
        &self,
        who: &Credentials,
        from: (Ino, &[u8]),
        to: (Ino, &[u8]),
        mode: RenameMode,
    ) -> Result<()> {
        let (Place::Real(old), Place::Real(new)) = self.same_world(from.0, to.0)? else {
            return Err(read_only());
        };
        self.refuse_hook_name(old, from.1, ErrorKind::Busy)?;
        self.refuse_hook_name(new, to.1, ErrorKind::Busy)?;
        decided(|| self.rename_allowed(who, (old, from.1), (new, to.1), mode)).await
    }

    async fn rename_allowed(
        &self,
        who: &Credentials,
        from: (Ino, &[u8]),
        to: (Ino, &[u8]),
        mode: RenameMode,
    ) -> Result<()> {
        let mut grounds = Grounds::of(who);
        if !who.is_exempt() {
            self.require_rename(who, from, to, mode, &mut grounds).await?;
        }
        self.store.rename(&grounds.by(), from, to, mode).await
    }

    async fn require_rename<'n>(
        &self,
        who: &Credentials,
        from: (Ino, &'n [u8]),
        to: (Ino, &'n [u8]),
        mode: RenameMode,
        grounds: &mut Grounds<'n>,
    ) -> Result<()> {
        let old = self.store.attr(View::Current, from.0).await?;
        let new = self.store.attr(View::Current, to.0).await?;
        permission::require(who, &old, AccessMask::EXECUTE)?;
        permission::require(who, &new, AccessMask::EXECUTE)?;
        let moved = self.store.lookup(View::Current, from.0, from.1).await?;
        let target = match self.store.lookup(View::Current, to.0, to.1).await {
            Ok(_) if mode == RenameMode::NoReplace => return Err(ErrorKind::Exists.into()),
            Ok(attr) => Some(attr),
            Err(e) if e.kind() == ErrorKind::NotFound => None,
            Err(e) => return Err(e),
        };
        grounds.add_name(from.0, from.1, Some(&moved));
        grounds.add_name(to.0, to.1, target.as_ref());
        for attr in [Some(&old), Some(&new), Some(&moved), target.as_ref()]
            .into_iter()
            .flatten()
        {
            grounds.add_permissions(attr);
        }
        if target.is_some_and(|target| target.ino == moved.ino) {
            return Ok(());
        }
        permission::require(who, &old, CHANGE)?;
        permission::require_unstuck(who, &old, &moved)?;
        permission::require(who, &new, CHANGE)?;
        if let Some(target) = &target {
            permission::require_unstuck(who, &new, target)?;
        }
        if from.0 != to.0 {
            // A directory that changes hands changes its `..`.
            let exchanged = target.filter(|_| mode == RenameMode::Exchange);
            for dir in [Some(moved), exchanged]
                .into_iter()
                .flatten()
                .filter(Attr::is_dir)
            {
                permission::require(who, &dir, AccessMask::WRITE)?;
            }
        }
        Ok(())
    }
}

/// Kind, device number and link target of a new node.
fn shape<'n>(node: &NewNode<'n>) -> Result<(FileKind, Option<u64>, &'n [u8])> {
    Ok(match *node {
        NewNode::File { .. } => (FileKind::File, None, b""),
        NewNode::Directory { .. } => (FileKind::Directory, None, b""),
        NewNode::Fifo { .. } => (FileKind::Fifo, None, b""),
        NewNode::Socket { .. } => (FileKind::Socket, None, b""),
        NewNode::CharDevice { rdev, .. } => (FileKind::CharDevice, Some(rdev), b""),
        NewNode::BlockDevice { rdev, .. } => (FileKind::BlockDevice, Some(rdev), b""),
        NewNode::Symlink { target: b"" } => {
            return Err(
                Error::new(ErrorKind::NotFound).because("the target of a symbolic link cannot be empty")
            );
        }
        NewNode::Symlink { target } if target.len() > TARGET_MAX => {
            return Err(Error::new(ErrorKind::NameTooLong)
                .because("the target of a symbolic link can have at most 4095 bytes"));
        }
        NewNode::Symlink { target } if target.contains(&0) => return Err(ErrorKind::Invalid.into()),
        NewNode::Symlink { target } => (FileKind::Symlink, None, target),
    })
}

/// Why nothing changes in a snapshot.
pub(crate) fn read_only() -> Error {
    Error::new(ErrorKind::ReadOnly).because("snapshots are read-only")
}

/// Why the hooks are what they are.
pub(crate) fn fixed_hooks() -> Error {
    Error::new(ErrorKind::NotPermitted).because("only tags can be created or removed here, in layers/tags")
}
