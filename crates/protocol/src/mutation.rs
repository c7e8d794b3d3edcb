//! Changes of files that are made as one: calls as mutations, and mutations as calls.

use tarbox_store::{Mutation, NewInode, Outcome};

use crate::{Answer, Call, Node, Wire};

impl<'a> Call<'a> {
    /// The same as a mutation, where it is one: a change of files. `resolve` says what a node stands for.
    ///
    /// # Errors
    /// Those of `resolve`.
    pub fn as_mutation<E>(
        &self,
        resolve: impl Fn(Node) -> Result<tarbox_store::InodeRef, E>,
    ) -> Result<Option<Mutation<'_>>, E> {
        Ok(Some(match self {
            Self::Create {
                dir,
                name,
                kind,
                mode,
                uid,
                gid,
                rdev,
                target,
            } => {
                let new = NewInode {
                    kind: *kind,
                    mode: *mode,
                    uid: *uid,
                    gid: *gid,
                    rdev: *rdev,
                    target,
                };
                let dir = resolve(*dir)?;
                Mutation::Create { dir, name, new }
            }
            Self::Link { ino, dir, name } => Mutation::Link {
                ino: resolve(*ino)?,
                dir: resolve(*dir)?,
                name,
            },
            Self::Unlink { dir, name, what } => Mutation::Unlink {
                dir: resolve(*dir)?,
                name,
                what: what.0,
            },
            Self::Rename {
                from_dir,
                from,
                to_dir,
                to,
                mode,
            } => Mutation::Rename {
                from: (resolve(*from_dir)?, from),
                to: (resolve(*to_dir)?, to),
                mode: mode.0,
            },
            Self::SetAttr { ino, set } => Mutation::SetAttr {
                ino: resolve(*ino)?,
                set: set.0,
            },
            Self::SetXattr {
                ino,
                name,
                value,
                mode,
            } => Mutation::SetXattr {
                ino: resolve(*ino)?,
                name,
                value,
                mode: mode.0,
            },
            Self::RemoveXattr { ino, name } => Mutation::RemoveXattr {
                ino: resolve(*ino)?,
                name,
            },
            Self::Write {
                ino,
                at,
                data,
                clear_setid,
            } => Mutation::Write {
                ino: resolve(*ino)?,
                at: at.0,
                data,
                clear_setid: *clear_setid,
            },
            Self::Allocate {
                ino,
                how,
                offset,
                len,
                clear_setid,
            } => Mutation::Allocate {
                ino: resolve(*ino)?,
                how: how.0,
                offset: *offset,
                len: *len,
                clear_setid: *clear_setid,
            },
            Self::CopyRange {
                view,
                source,
                source_offset,
                target,
                target_offset,
                len,
            } => Mutation::CopyRange {
                view: view.0,
                source: (resolve(*source)?, *source_offset),
                target: (resolve(*target)?, *target_offset),
                len: *len,
            },
            _ => return Ok(None),
        }))
    }

    /// The call that makes a mutation, in a batch that holds nothing else.
    pub fn of_mutation(mutation: &Mutation<'a>) -> Self {
        match *mutation {
            Mutation::Create { dir, name, ref new } => Self::Create {
                dir: dir.into(),
                name: name.into(),
                kind: new.kind,
                mode: new.mode,
                uid: new.uid,
                gid: new.gid,
                rdev: new.rdev,
                target: new.target.into(),
            },
            Mutation::Link { ino, dir, name } => Self::Link {
                ino: ino.into(),
                dir: dir.into(),
                name: name.into(),
            },
            Mutation::Unlink { dir, name, what } => Self::Unlink {
                dir: dir.into(),
                name: name.into(),
                what: Wire(what),
            },
            Mutation::Rename { from, to, mode } => Self::Rename {
                from_dir: from.0.into(),
                from: from.1.into(),
                to_dir: to.0.into(),
                to: to.1.into(),
                mode: Wire(mode),
            },
            Mutation::SetAttr { ino, set } => Self::SetAttr {
                ino: ino.into(),
                set: Wire(set),
            },
            Mutation::SetXattr {
                ino,
                name,
                value,
                mode,
            } => Self::SetXattr {
                ino: ino.into(),
                name: name.into(),
                value: value.into(),
                mode: Wire(mode),
            },
            Mutation::RemoveXattr { ino, name } => Self::RemoveXattr {
                ino: ino.into(),
                name: name.into(),
            },
            Mutation::Write {
                ino,
                at,
                data,
                clear_setid,
            } => Self::Write {
                ino: ino.into(),
                at: Wire(at),
                data: data.into(),
                clear_setid,
            },
            Mutation::Allocate {
                ino,
                how,
                offset,
                len,
                clear_setid,
            } => Self::Allocate {
                ino: ino.into(),
                how: Wire(how),
                offset,
                len,
                clear_setid,
            },
            Mutation::CopyRange {
                view,
                source,
                target,
                len,
            } => Self::CopyRange {
                view: Wire(view),
                source: source.0.into(),
                source_offset: source.1,
                target: target.0.into(),
                target_offset: target.1,
                len,
            },
        }
    }
}

impl From<tarbox_store::InodeRef> for Node {
    /// A place that no batch has becomes the last one, which none of its calls may name.
    fn from(node: tarbox_store::InodeRef) -> Self {
        match node {
            tarbox_store::InodeRef::Ino(ino) => Self::Ino(ino),
            tarbox_store::InodeRef::Outcome(at) => Self::Answer(u16::try_from(at).unwrap_or(u16::MAX)),
        }
    }
}

impl From<Outcome> for Answer<'_> {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::Done,
            Outcome::Attr(attr) => Self::Attr(Wire(attr)),
            Outcome::Written(written) => Self::Written(Wire(written)),
            Outcome::Copied(bytes) => Self::Number(bytes),
        }
    }
}

impl Answer<'_> {
    /// What a mutation did, where it is the answer to one.
    pub fn as_outcome(&self) -> Option<Outcome> {
        match *self {
            Self::Done => Some(Outcome::Done),
            Self::Attr(attr) => Some(Outcome::Attr(attr.0)),
            Self::Written(written) => Some(Outcome::Written(written.0)),
            Self::Number(bytes) => Some(Outcome::Copied(bytes)),
            _ => None,
        }
    }
}
