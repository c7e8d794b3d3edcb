//! What a change rests on: who makes it, and what has to be as it was when it was decided.

use crate::{Actor, Attr, Ino, MaybeSend, MaybeSync, Seq};

/// Who makes a change, and under which conditions.
///
/// A decision (may they? is it still what they read?) is made above the store, from attributes that were read a moment before.
/// The conditions carry what it rested on into the operation, which checks them on the very state that it changes: nobody gets
/// in between. An [`Actor`] by itself is without conditions.
pub trait By: MaybeSend + MaybeSync {
    /// Who it is.
    fn actor(&self) -> &Actor;

    /// What has to hold. Where something does not, the operation changes nothing and fails as the [`Condition`] says, whatever else
    /// it would have answered.
    fn conditions(&self) -> &[Condition<'_>] {
        &[]
    }
}

impl By for Actor {
    fn actor(&self) -> &Actor {
        self
    }
}

/// An actor with conditions.
#[derive(Debug, Clone, Copy)]
pub struct Guarded<'a> {
    /// Who it is.
    pub actor: &'a Actor,
    /// What has to hold.
    pub conditions: &'a [Condition<'a>],
}

impl By for Guarded<'_> {
    fn actor(&self) -> &Actor {
        self.actor
    }

    fn conditions(&self) -> &[Condition<'_>] {
        self.conditions
    }
}

/// What has to be so, in the view that is changed. What else happens to an inode or in a directory fails no condition, so that those
/// who work side by side do not hinder each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition<'a> {
    /// An inode has these permissions: what a decision rested on its mode or owners for. Else `Changed`.
    Permissions {
        /// The inode.
        ino: Ino,
        /// 12 bits.
        mode: u32,
        /// The owner.
        uid: u32,
        /// The group.
        gid: u32,
    },
    /// A name leads to this inode, or to none. Else `Changed`.
    Name {
        /// The directory.
        dir: Ino,
        /// The name in it.
        name: &'a [u8],
        /// Where it leads.
        ino: Option<Ino>,
    },
    /// An inode is at this version. Else, also if it is gone, `Stale`: it is for the caller to read it again.
    Version {
        /// The inode.
        ino: Ino,
        /// Its [`Attr::version`].
        version: Seq,
    },
}

impl Condition<'_> {
    /// That the permissions are those that were read.
    pub fn permissions(attr: &Attr) -> Self {
        Self::Permissions {
            ino: attr.ino,
            mode: attr.mode,
            uid: attr.uid,
            gid: attr.gid,
        }
    }
}
