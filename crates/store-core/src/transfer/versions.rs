//! Versions of rows with the layers in which they are valid.

use tarbox_store::{Ino, LayerId};

use crate::memtable::Xattr;
use crate::rows::{Dentry, Inode, Map};

/// One version of a row: valid in `born <= layer < died`; `born` is in the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version<K, R> {
    /// What finds the row.
    pub key: K,
    /// Where it ended; `None` for the head's.
    pub died: Option<LayerId>,
    /// The row.
    pub row: R,
}

/// Inodes by number.
pub type InodeVersion = Version<Ino, Inode>;
/// Entries by directory and cookie.
pub type DentryVersion = Version<(Ino, u64), Dentry>;
/// Chunks by file and index.
pub type ChunkVersion = Version<(Ino, u64), Map>;
/// Extended attributes by inode and name.
pub type XattrVersion = Version<(Ino, Vec<u8>), Xattr>;

/// Which versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    /// The head's, one of each row.
    Head,
    /// Those that ended.
    Past,
}

/// A version's place among the others of its table and era: its key, and where it ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place<K> {
    /// The key.
    pub key: K,
    /// Where it ended; the last there is for the head's, which come behind all others of their key.
    pub died: LayerId,
}

/// The end of what has none, as it is ordered.
const NEVER: LayerId = LayerId(i64::MAX as u64);

/// Where an end stands among the others.
pub fn order_of(died: Option<LayerId>) -> LayerId {
    died.unwrap_or(NEVER)
}

impl<K: Clone, R> Version<K, R> {
    /// Its place.
    pub fn place(&self) -> Place<K> {
        Place {
            key: self.key.clone(),
            died: order_of(self.died),
        }
    }
}

/// Versions that ended.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "rows by their keys")]
pub struct Past {
    pub inodes: Vec<InodeVersion>,
    pub dentries: Vec<DentryVersion>,
    pub chunks: Vec<ChunkVersion>,
    pub xattrs: Vec<XattrVersion>,
}
