//! Extended attributes and their namespaces.
//!
//! * `user.*` is content: it needs read or write permission, and only regular files and directories have it; in a sticky
//!   directory's own attributes only its owner writes.
//! * `trusted.*` is root's; to others it is not there.
//! * `security.*` is kept as given for programs that carry it along: all may read it, root writes it, nothing here obeys it.
//! * `system.*`, access control lists above all, is `Unsupported`: a list that is kept but not obeyed would promise
//!   protection that is not there.

use tarbox_store::{Attr, Error, ErrorKind, Ino, Result, Store, XattrMode};

use super::Fs;
use super::entries::{fixed_hooks, read_only};
use super::grounds::{Grounds, decided};
use super::place::Place;
use crate::interface::{AccessMask, Credentials};
use crate::permission;

const NAME_MAX: usize = 255;
const VALUE_MAX: usize = 64 << 10;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Namespace {
    User,
    Trusted,
    Security,
}

fn namespace(name: &[u8]) -> Result<Namespace> {
    if name.is_empty() || name.len() > NAME_MAX {
        return Err(Error::new(ErrorKind::Range).because("the name of an attribute must have 1 to 255 bytes"));
    }
    let dot = name.iter().position(|b| *b == b'.').unwrap_or(name.len());
    let namespace = match &name[..dot] {
        b"user" => Namespace::User,
        b"trusted" => Namespace::Trusted,
        b"security" => Namespace::Security,
        _ => {
            return Err(Error::new(ErrorKind::Unsupported)
                .about(name)
                .because("only user.*, trusted.* and security.* attributes are supported"));
        }
    };
    match name.len() > dot + 1 && !name.contains(&0) {
        true => Ok(namespace),
        false => Err(Error::new(ErrorKind::Invalid).about(name)),
    }
}

fn may_read(who: &Credentials, attr: &Attr, namespace: Namespace) -> Result<()> {
    match namespace {
        Namespace::User if !attr.is_file() && !attr.is_dir() => Err(ErrorKind::NoData.into()),
        Namespace::User => permission::require(who, attr, AccessMask::READ),
        Namespace::Trusted if !who.is_exempt() => Err(ErrorKind::NoData.into()),
        Namespace::Trusted | Namespace::Security => Ok(()),
    }
}

fn may_write(who: &Credentials, attr: &Attr, namespace: Namespace) -> Result<()> {
    match namespace {
        Namespace::User if !attr.is_file() && !attr.is_dir() => Err(ErrorKind::NotPermitted.into()),
        Namespace::User if attr.is_dir() && attr.mode & permission::STICKY != 0 => {
            permission::require_owner(who, attr)?;
            permission::require(who, attr, AccessMask::WRITE)
        }
        Namespace::User => permission::require(who, attr, AccessMask::WRITE),
        Namespace::Trusted | Namespace::Security if who.is_exempt() => Ok(()),
        Namespace::Trusted | Namespace::Security => Err(ErrorKind::NotPermitted.into()),
    }
}

impl<S: Store> Fs<S> {
    pub(super) async fn read_xattr(&self, who: &Credentials, ino: Ino, name: &[u8]) -> Result<Vec<u8>> {
        let namespace = namespace(name)?;
        let place = self.place(ino)?;
        may_read(who, &self.attr_at(place).await?, namespace)?;
        match place.in_store() {
            Some((view, ino)) => self.store.xattr(view, ino, name).await,
            None => Err(ErrorKind::NoData.into()),
        }
    }

    pub(super) async fn list_xattrs(&self, who: &Credentials, ino: Ino) -> Result<Vec<Vec<u8>>> {
        let Some((view, ino)) = self.place(ino)?.in_store() else {
            return Ok(Vec::new());
        };
        let mut names = self.store.xattrs(view, ino).await?;
        if !who.is_root() {
            names.retain(|name| !name.starts_with(b"trusted."));
        }
        Ok(names)
    }

    pub(super) async fn write_xattr(
        &self,
        who: &Credentials,
        ino: Ino,
        name: &[u8],
        value: Option<&[u8]>,
        mode: XattrMode,
    ) -> Result<()> {
        let namespace = namespace(name)?;
        let ino = match self.place(ino)? {
            Place::Real(ino) => ino,
            Place::Snapshot(..) => return Err(read_only()),
            Place::Hook(_) => return Err(fixed_hooks()),
        };
        decided(|| self.write_allowed_xattr(who, ino, (name, namespace), value, mode)).await
    }

    async fn write_allowed_xattr(
        &self,
        who: &Credentials,
        ino: Ino,
        (name, namespace): (&[u8], Namespace),
        value: Option<&[u8]>,
        mode: XattrMode,
    ) -> Result<()> {
        let attr = self.real_attr(ino).await?;
        may_write(who, &attr, namespace)?;
        let mut grounds = Grounds::of(who);
        grounds.add_permissions(&attr);
        let by = &grounds.by();
        match value {
            Some(value) if value.len() > VALUE_MAX => {
                Err(Error::new(ErrorKind::TooBig)
                    .because("the value of an attribute can have at most 64 KiB"))
            }
            Some(value) => self.store.set_xattr(by, ino, name, value, mode).await,
            None => self.store.remove_xattr(by, ino, name).await,
        }
    }
}
