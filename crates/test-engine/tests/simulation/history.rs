//! Changes, and what the reference makes of them.

use std::fmt;

use tarbox_store::*;

use crate::reference::Files;

/// A change that a client asks for.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Change {
    Create(Ino, Vec<u8>, FileKind),
    Link(Ino, Ino, Vec<u8>),
    Unlink(Ino, Vec<u8>, bool),
    Rename((Ino, Vec<u8>), (Ino, Vec<u8>)),
    Write(Ino, Option<u64>, Vec<u8>),
    Mode(Ino, u32),
    SetXattr(Ino, Vec<u8>, Vec<u8>),
    RemoveXattr(Ino, Vec<u8>),
    Checkpoint(String),
}

/// What it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Done,
    Made(Ino),
    Written(Written),
    Sealed(LayerId),
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy;
        match self {
            Self::Create(dir, name, kind) => write!(f, "create {kind:?} {dir}/{}", text(name)),
            Self::Link(ino, dir, name) => write!(f, "link {ino} as {dir}/{}", text(name)),
            Self::Unlink(dir, name, is_dir) => write!(f, "unlink {dir}/{} (directory: {is_dir})", text(name)),
            Self::Rename(from, to) => {
                write!(
                    f,
                    "rename {}/{} to {}/{}",
                    from.0,
                    text(&from.1),
                    to.0,
                    text(&to.1)
                )
            }
            Self::Write(ino, at, data) => write!(f, "write {} bytes to {ino} at {at:?}", data.len()),
            Self::Mode(ino, mode) => write!(f, "mode {mode:o} of {ino}"),
            Self::SetXattr(ino, name, _) => write!(f, "set attribute {} of {ino}", text(name)),
            Self::RemoveXattr(ino, name) => write!(f, "remove attribute {} of {ino}", text(name)),
            Self::Checkpoint(name) => write!(f, "checkpoint {name}"),
        }
    }
}

impl Change {
    /// Asks the store for it.
    pub(crate) async fn ask<S: Store>(&self, store: &S, by: &Actor) -> Result<Answer> {
        match self {
            Self::Create(dir, name, kind) => {
                let new = NewInode {
                    kind: *kind,
                    mode: 0o640,
                    uid: 0,
                    gid: 0,
                    rdev: 0,
                    target: b"",
                };
                let made = store.create(by, *dir, name, &new).await?;
                Ok(Answer::Made(made.ino))
            }
            Self::Link(ino, dir, name) => store.link(by, *ino, *dir, name).await.map(|_| Answer::Done),
            Self::Unlink(dir, name, is_dir) => {
                let removed = store.unlink(by, *dir, name, what(*is_dir)).await;
                removed.map(|_| Answer::Done)
            }
            Self::Rename(from, to) => {
                let (from, to) = ((from.0, &from.1[..]), (to.0, &to.1[..]));
                store.rename(by, from, to, RenameMode::Replace).await?;
                Ok(Answer::Done)
            }
            Self::Write(ino, at, data) => {
                let at = at.map_or(WriteAt::End, WriteAt::Offset);
                store.write(by, *ino, at, data, false).await.map(Answer::Written)
            }
            Self::Mode(ino, mode) => {
                let set = SetAttr {
                    mode: Some(*mode),
                    ..SetAttr::default()
                };
                store.set_attr(by, *ino, &set).await.map(|_| Answer::Done)
            }
            Self::SetXattr(ino, name, value) => {
                store.set_xattr(by, *ino, name, value, XattrMode::Any).await?;
                Ok(Answer::Done)
            }
            Self::RemoveXattr(ino, name) => {
                store.remove_xattr(by, *ino, name).await?;
                Ok(Answer::Done)
            }
            Self::Checkpoint(name) => {
                let sealed = store.checkpoint(by, name, None, LaterLayers::Keep).await?;
                Ok(Answer::Sealed(sealed.id))
            }
        }
    }

    /// Makes it on the reference. `made` is the inode that a creation answered, or made.
    pub(crate) fn make(&self, files: &mut Files, made: Ino, now: Timestamp) -> Result<Answer, ErrorKind> {
        match self {
            Self::Create(dir, name, kind) => {
                files.check_free(*dir, name)?;
                // In this state the number belongs to something else.
                if files.inodes.contains_key(&made) {
                    return Err(ErrorKind::Stale);
                }
                files.create((*dir, name), made, *kind, 0o640, now);
                Ok(Answer::Made(made))
            }
            Self::Link(ino, dir, name) => files.link(*ino, (*dir, name), now).map(|()| Answer::Done),
            Self::Unlink(dir, name, is_dir) => {
                let removed = files.unlink((*dir, name), what(*is_dir), now);
                removed.map(|_| Answer::Done)
            }
            Self::Rename(from, to) => {
                let (from, to) = ((from.0, &from.1[..]), (to.0, &to.1[..]));
                let renamed = files.rename(from, to, RenameMode::Replace, now);
                renamed.map(|_| Answer::Done)
            }
            Self::Write(ino, at, data) => {
                let at = at.map_or(WriteAt::End, WriteAt::Offset);
                files.write(*ino, at, data, now).map(Answer::Written)
            }
            Self::Mode(ino, mode) => files.set_mode(*ino, *mode, now).map(|()| Answer::Done),
            Self::SetXattr(ino, name, value) => {
                files.set_xattr(*ino, name, value, now).map(|()| Answer::Done)
            }
            Self::RemoveXattr(ino, name) => files.remove_xattr(*ino, name, now).map(|()| Answer::Done),
            Self::Checkpoint(_) => Ok(Answer::Done),
        }
    }

    /// Whether it changes nothing: two names of one inode are not renamed onto each other.
    pub(crate) fn is_idle(&self, files: &Files) -> bool {
        match self {
            Self::Rename(from, to) => {
                let of = |(dir, name): &(Ino, Vec<u8>)| entry(files, *dir, name);
                of(from).is_ok() && of(from) == of(to)
            }
            _ => false,
        }
    }

    /// Inodes that it needs to be there.
    pub(crate) fn inos(&self) -> Vec<Ino> {
        match self {
            Self::Create(dir, ..) | Self::Unlink(dir, ..) => vec![*dir],
            Self::Link(ino, dir, _) => vec![*ino, *dir],
            Self::Rename(from, to) => vec![from.0, to.0],
            Self::Write(ino, ..) | Self::Mode(ino, _) => vec![*ino],
            Self::SetXattr(ino, ..) | Self::RemoveXattr(ino, _) => vec![*ino],
            Self::Checkpoint(_) => Vec::new(),
        }
    }
}

/// What a name of a directory names.
pub(crate) fn entry(files: &Files, dir: Ino, name: &[u8]) -> Result<Ino, ErrorKind> {
    let inode = files.inodes.get(&dir).ok_or(ErrorKind::NotFound)?;
    match inode.kind {
        FileKind::Directory => inode.entries.get(name).copied().ok_or(ErrorKind::NotFound),
        _ => Err(ErrorKind::NotDirectory),
    }
}

fn what(is_dir: bool) -> Unlink {
    match is_dir {
        true => Unlink::Directory,
        false => Unlink::File,
    }
}
