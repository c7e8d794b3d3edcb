//! Several changes as one.

use crate::{
    Allocate, Attr, Error, ErrorKind, Ino, NewInode, RenameMode, SetAttr, Unlink, View, WriteAt, Written,
    XattrMode,
};

/// The most mutations of one [`Store::apply`](crate::Store::apply).
pub const MUTATIONS_MAX: usize = 1024;
/// The most bytes of content that they bring together.
pub const MUTATIONS_CONTENT_MAX: usize = 16 * 1024 * 1024;

/// The inode that a mutation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InodeRef {
    /// By its number.
    Ino(Ino),
    /// The one whose attributes the mutation at this place answered; the first is 0.
    Outcome(usize),
}

impl From<Ino> for InodeRef {
    fn from(ino: Ino) -> Self {
        Self::Ino(ino)
    }
}

/// A change of files: what the method of [`Store`](crate::Store) with the same name does.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum Mutation<'a> {
    /// Answers [`Outcome::Attr`].
    Create {
        dir: InodeRef,
        name: &'a [u8],
        new: NewInode<'a>,
    },
    /// Answers [`Outcome::Attr`].
    Link {
        ino: InodeRef,
        dir: InodeRef,
        name: &'a [u8],
    },
    /// Answers [`Outcome::Attr`].
    Unlink {
        dir: InodeRef,
        name: &'a [u8],
        what: Unlink,
    },
    /// Answers [`Outcome::Done`].
    Rename {
        from: (InodeRef, &'a [u8]),
        to: (InodeRef, &'a [u8]),
        mode: RenameMode,
    },
    /// Answers [`Outcome::Attr`].
    SetAttr { ino: InodeRef, set: SetAttr },
    /// Answers [`Outcome::Done`].
    SetXattr {
        ino: InodeRef,
        name: &'a [u8],
        value: &'a [u8],
        mode: XattrMode,
    },
    /// Answers [`Outcome::Done`].
    RemoveXattr { ino: InodeRef, name: &'a [u8] },
    /// Answers [`Outcome::Written`].
    Write {
        ino: InodeRef,
        at: WriteAt,
        data: &'a [u8],
        clear_setid: bool,
    },
    /// Answers [`Outcome::Done`].
    Allocate {
        ino: InodeRef,
        how: Allocate,
        offset: u64,
        len: u64,
        clear_setid: bool,
    },
    /// Of at most 256 MiB. Answers [`Outcome::Copied`].
    CopyRange {
        view: View,
        source: (InodeRef, u64),
        target: (InodeRef, u64),
        len: u64,
    },
}

impl Mutation<'_> {
    /// The inodes that it names.
    pub fn inodes(&self) -> impl Iterator<Item = InodeRef> {
        let pair = match *self {
            Self::Create { dir, .. } | Self::Unlink { dir, .. } => [Some(dir), None],
            Self::Link { ino, dir, .. } => [Some(ino), Some(dir)],
            Self::Rename { from, to, .. } => [Some(from.0), Some(to.0)],
            Self::CopyRange { source, target, .. } => [Some(source.0), Some(target.0)],
            Self::SetAttr { ino, .. }
            | Self::SetXattr { ino, .. }
            | Self::RemoveXattr { ino, .. }
            | Self::Write { ino, .. }
            | Self::Allocate { ino, .. } => [Some(ino), None],
        };
        pair.into_iter().flatten()
    }

    /// The same about other inodes: those that `f` answers for those that it names.
    #[must_use]
    pub fn map_inodes(mut self, f: impl Fn(InodeRef) -> InodeRef) -> Self {
        let map = |ino: &mut InodeRef| *ino = f(*ino);
        match &mut self {
            Self::Create { dir, .. } | Self::Unlink { dir, .. } => map(dir),
            Self::Link { ino, dir, .. } => [ino, dir].into_iter().for_each(map),
            Self::Rename { from, to, .. } => [&mut from.0, &mut to.0].into_iter().for_each(map),
            Self::CopyRange { source, target, .. } => {
                [&mut source.0, &mut target.0].into_iter().for_each(map);
            }
            Self::SetAttr { ino, .. }
            | Self::SetXattr { ino, .. }
            | Self::RemoveXattr { ino, .. }
            | Self::Write { ino, .. }
            | Self::Allocate { ino, .. } => map(ino),
        }
        self
    }

    /// How many bytes of content it brings.
    pub fn content(&self) -> usize {
        match self {
            Self::Write { data, .. } => data.len(),
            Self::SetXattr { value, .. } => value.len(),
            _ => 0,
        }
    }
}

/// What a mutation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was made.
    Done,
    /// The attributes of its inode afterwards.
    Attr(Attr),
    /// Where a write went.
    Written(Written),
    /// So many bytes were copied.
    Copied(u64),
}

impl Outcome {
    /// The inode that it names.
    pub fn ino(&self) -> Option<Ino> {
        match self {
            Self::Attr(attr) => Some(attr.ino),
            _ => None,
        }
    }
}

/// Why mutations were refused: none of them was made.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct Refused {
    /// The place of the one that cannot be made; `None` if it is none of them: a condition, the tenant's state, a limit.
    pub at: Option<usize>,
    /// Why.
    pub error: Error,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self { at: None, error }
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        refused.error
    }
}

/// Refuses more than can be done at once, and outcomes that are not there yet.
///
/// # Errors
/// `Invalid`.
pub fn check_mutations(mutations: &[Mutation<'_>]) -> Result<(), Refused> {
    let content: usize = mutations.iter().map(Mutation::content).sum();
    if mutations.len() > MUTATIONS_MAX || content > MUTATIONS_CONTENT_MAX {
        let limits = "at most 1,024 changes with 16 MiB of content can be made as one";
        return Err(Error::new(ErrorKind::Invalid).because(limits).into());
    }
    for (at, mutation) in mutations.iter().enumerate() {
        if mutation
            .inodes()
            .any(|ino| matches!(ino, InodeRef::Outcome(place) if place >= at))
        {
            return Err(Refused {
                at: Some(at),
                error: no_outcome(),
            });
        }
    }
    Ok(())
}

/// A mutation names an outcome that names no inode, or that is none of those before it.
pub fn no_outcome() -> Error {
    let what = "a change names the outcome of one that does not come before it, or that has no inode";
    Error::new(ErrorKind::Invalid).because(what)
}
