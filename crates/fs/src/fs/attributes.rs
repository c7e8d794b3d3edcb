//! Reading and changing attributes.

use tarbox_store::{Attr, ErrorKind, Ino, Operation, Result, SetAttr, SetTime, Store, View};

use super::entries::{fixed_hooks, read_only};
use super::grounds::{Grounds, decided};
use super::{Fs, Place};
use crate::interface::{AccessMask, Credentials};
use crate::permission;

/// Which operation of the audit a change of attributes is.
pub(super) fn operation_of(set: &SetAttr) -> Operation {
    match set.size {
        Some(_) => Operation::Truncate,
        None => Operation::SetAttr,
    }
}

impl<S: Store> Fs<S> {
    pub(super) async fn change_attr(&self, who: &Credentials, ino: Ino, set: &SetAttr) -> Result<Attr> {
        decided(|| self.change_allowed_attr(who, ino, set)).await
    }

    async fn change_allowed_attr(&self, who: &Credentials, ino: Ino, set: &SetAttr) -> Result<Attr> {
        let place = self.place(ino)?;
        let attr = self.attr_at(place).await?;
        let ino = match place {
            Place::Real(ino) => ino,
            Place::Snapshot(..) => return Err(read_only()),
            Place::Hook(_) => return self.change_hook_attr(who, attr, set),
        };
        if set.size.is_some() && !attr.is_file() {
            let kind = if attr.is_dir() {
                ErrorKind::IsDirectory
            } else {
                ErrorKind::Invalid
            };
            return Err(kind.into());
        }
        let allowed = permission::of_set_attr(who, &attr, set)?;
        if allowed == SetAttr::default() {
            return Ok(attr);
        }
        let mut grounds = Grounds::of(who);
        grounds.add_permissions(&attr);
        self.store.set_attr(&grounds.by(), ino, &allowed).await
    }

    /// Hooks have no attributes to change; but cutting and touching them, as writers do, is no error.
    fn change_hook_attr(&self, who: &Credentials, attr: Attr, set: &SetAttr) -> Result<Attr> {
        let touches = |time| matches!(time, None | Some(SetTime::Now));
        if set.mode.is_some()
            || set.uid.is_some()
            || set.gid.is_some()
            || !touches(set.atime)
            || !touches(set.mtime)
        {
            return Err(fixed_hooks());
        }
        match set.size {
            Some(_) if attr.is_dir() => Err(ErrorKind::IsDirectory.into()),
            _ => permission::require(who, &attr, AccessMask::WRITE).map(|()| attr),
        }
    }

    pub(super) async fn check_access(&self, who: &Credentials, ino: Ino, mask: AccessMask) -> Result<()> {
        let place = self.place(ino)?;
        let attr = self.attr_at(place).await?;
        let stored = attr.is_file() || attr.is_dir() || attr.is_symlink();
        if mask.contains(AccessMask::WRITE) && stored {
            self.require_writable(place).await?;
        }
        permission::require(who, &attr, mask)
    }

    /// `ReadOnly` in snapshots, and in the workspace while it is switched to the past.
    pub(super) async fn require_writable(&self, place: Place) -> Result<()> {
        match place {
            Place::Snapshot(..) => Err(read_only()),
            Place::Hook(_) => Ok(()),
            Place::Real(_) => {
                let position = self.store.position().await?;
                match position.current == position.head {
                    true => Ok(()),
                    false => Err(tarbox_store::Error::new(ErrorKind::ReadOnly)
                        .because("a past layer is current; switch to 'head', or make a checkpoint that discards the later layers")),
                }
            }
        }
    }

    pub(super) async fn link_target(&self, ino: Ino) -> Result<Vec<u8>> {
        match self.place(ino)?.in_store() {
            Some((view, ino)) => {
                let attr = self.store.attr(view, ino).await?;
                match attr.is_symlink() {
                    true => self.store.read_link(view, ino).await,
                    false => Err(ErrorKind::Invalid.into()),
                }
            }
            None => Err(ErrorKind::Invalid.into()),
        }
    }

    /// The attributes of an inode of the workspace, for operations that work on nothing else.
    pub(super) async fn real_attr(&self, ino: Ino) -> Result<Attr> {
        self.store.attr(View::Current, ino).await
    }
}
