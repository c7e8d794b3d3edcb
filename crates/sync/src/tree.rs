//! What one side has: every inode that a name leads to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use tarbox_store::{FileKind, Ino, Seq, Timestamp};

/// The BLAKE3 hash of a content, or of the target of a symbolic link.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// Its first eight hexadecimal digits: what tells conflict copies apart.
    pub fn short(&self) -> String {
        self.0[..4].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

/// One name of an inode.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Name {
    /// The directory it is in.
    pub dir: Ino,
    /// The name there.
    pub name: Vec<u8>,
}

impl Name {
    /// The name `name` in `dir`.
    pub fn new(dir: Ino, name: impl Into<Vec<u8>>) -> Self {
        Self {
            dir,
            name: name.into(),
        }
    }
}

/// What is merged field by field. Times of directories are not: they tell of entries, which are merged themselves.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Meta {
    /// 12 bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Last change of the content; 0 for a directory.
    pub mtime: Timestamp,
    /// Extended attributes, with the hashes of their values.
    pub xattrs: BTreeMap<Vec<u8>, Digest>,
}

/// What is in an inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// A directory, or a kind of which only the inode is kept, with its device number.
    Nothing(u64),
    /// Bytes with this hash and this length.
    Known(Digest, u64),
    /// So many bytes that nobody has read yet.
    Unread(u64),
}

impl Content {
    /// The hash, where it is known.
    pub fn digest(self) -> Option<Digest> {
        match self {
            Self::Known(digest, _) => Some(digest),
            Self::Nothing(_) | Self::Unread(_) => None,
        }
    }

    /// How many bytes there are.
    pub fn size(self) -> u64 {
        match self {
            Self::Known(_, size) | Self::Unread(size) => size,
            Self::Nothing(_) => 0,
        }
    }

    /// Whether two are the same; `None` if somebody has to read first.
    pub fn same(self, other: Self) -> Option<bool> {
        match (self, other) {
            (Self::Known(a, _), Self::Known(b, _)) => Some(a == b),
            (Self::Nothing(a), Self::Nothing(b)) => Some(a == b),
            (Self::Nothing(_), _) | (_, Self::Nothing(_)) => Some(false),
            (a, b) if a.size() != b.size() => Some(false),
            _ => None,
        }
    }
}

/// An inode as one side has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: FileKind,
    /// Its version: the same one is the same state.
    pub version: Seq,
    /// Attributes.
    pub meta: Meta,
    /// Content.
    pub content: Content,
    /// Where it is. Empty for the root, and for what a round that was interrupted left [parked](crate::Step::Park).
    pub names: BTreeSet<Name>,
}

impl Node {
    /// Whether it is a directory.
    pub fn is_dir(&self) -> bool {
        self.kind == FileKind::Directory
    }
}

/// What one side has.
pub type Tree = BTreeMap<Ino, Node>;
