//! What a change rests on.

use serde::{Deserialize, Serialize};
use tarbox_store::{Ino, Seq};

use crate::Bytes;

/// What has to be so when a change is made: [`tarbox_store::Condition`] on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition<'a> {
    /// An inode has this mode and these owners.
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
    /// A name leads to this inode, or to none.
    Name {
        /// The directory.
        dir: Ino,
        /// The name in it.
        #[serde(borrow)]
        name: Bytes<'a>,
        /// Where it leads.
        ino: Option<Ino>,
    },
    /// An inode is at this version.
    Version {
        /// The inode.
        ino: Ino,
        /// The log position of its last change.
        version: Seq,
    },
}

impl<'a> From<&tarbox_store::Condition<'a>> for Condition<'a> {
    fn from(condition: &tarbox_store::Condition<'a>) -> Self {
        use tarbox_store::Condition as Store;
        match *condition {
            Store::Permissions { ino, mode, uid, gid } => Self::Permissions { ino, mode, uid, gid },
            Store::Name { dir, name, ino } => Self::Name {
                dir,
                name: name.into(),
                ino,
            },
            Store::Version { ino, version } => Self::Version { ino, version },
        }
    }
}

impl Condition<'_> {
    /// As the store takes it.
    pub fn to_store(&self) -> tarbox_store::Condition<'_> {
        use tarbox_store::Condition as Store;
        match self {
            &Self::Permissions { ino, mode, uid, gid } => Store::Permissions { ino, mode, uid, gid },
            Self::Name { dir, name, ino } => Store::Name {
                dir: *dir,
                name,
                ino: *ino,
            },
            &Self::Version { ino, version } => Store::Version { ino, version },
        }
    }
}
