//! Attributes that a file had elsewhere.

use tarbox_store::{Attr, ErrorKind, FileKind, Ino, Result, SetAttr, SetTime, Timestamp, XattrMode};

use crate::interface::{Credentials, FilesystemInterface};

/// Who owns what is brought into a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owners {
    /// Whoever owned it.
    Keep,
    /// Whoever makes it.
    Caller,
    /// This user and group.
    Fixed(u32, u32),
}

/// What a file was elsewhere, but for its name and content.
#[derive(Debug, Clone, Copy)]
pub struct Attributes<'a> {
    /// What it is.
    pub kind: FileKind,
    /// 12 permission bits.
    pub mode: u32,
    /// The owner; none leaves it with whoever makes it.
    pub uid: Option<u32>,
    /// The group, in the same way.
    pub gid: Option<u32>,
    /// Last read.
    pub atime: Timestamp,
    /// Last change of content.
    pub mtime: Timestamp,
    /// Names and values of extended attributes.
    pub xattrs: &'a [(Vec<u8>, Vec<u8>)],
}

impl Owners {
    /// The owner and group to set; `None` leaves them as they are made.
    pub fn of(self, attributes: &Attributes<'_>) -> (Option<u32>, Option<u32>) {
        match self {
            Self::Keep => (attributes.uid, attributes.gid),
            Self::Caller => (None, None),
            Self::Fixed(uid, gid) => (Some(uid), Some(gid)),
        }
    }

    /// The permissions to set: setuid and setgid of a file say "run as its owner", and go when that is another.
    pub fn mode_of(self, attributes: &Attributes<'_>) -> u32 {
        let is_same = self == Self::Keep && attributes.uid.is_some() && attributes.gid.is_some();
        match attributes.kind {
            FileKind::Directory => attributes.mode,
            _ if is_same => attributes.mode,
            _ => attributes.mode & !0o6000,
        }
    }
}

/// Gives a file the attributes it had. `made` is how it was made just now; without that, all of them are set.
///
/// # Errors
/// Those of [`setxattr`](FilesystemInterface::setxattr), but for namespaces that mean nothing here, and of
/// [`setattr`](FilesystemInterface::setattr).
pub async fn restore<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    (ino, made): (Ino, Option<&Attr>),
    attributes: &Attributes<'_>,
    owners: Owners,
) -> Result<()> {
    for (name, value) in attributes.xattrs {
        match fs.setxattr(who, ino, name, Some(value), XattrMode::Any).await {
            // Namespaces of a host's kernel mean nothing here.
            Err(e) if matches!(e.kind(), ErrorKind::Unsupported | ErrorKind::NotPermitted) => {}
            result => result?,
        }
    }
    let (uid, gid) = owners.of(attributes);
    let mode = owners.mode_of(attributes);
    let chown =
        made.is_none_or(|a| uid.is_some_and(|uid| uid != a.uid) || gid.is_some_and(|gid| gid != a.gid));
    let is_link = attributes.kind == FileKind::Symlink;
    let set = SetAttr {
        // A change of the owner may take bits away: then they are set again.
        mode: (!is_link && (chown || made.is_none_or(|a| a.mode != mode))).then_some(mode),
        uid: if chown { uid } else { None },
        gid: if chown { gid } else { None },
        atime: Some(SetTime::At(attributes.atime)),
        mtime: Some(SetTime::At(attributes.mtime)),
        ..SetAttr::default()
    };
    fs.setattr(who, ino, &set).await.map(drop)
}
