//! Rows that an operation asks for, and what the database answers.

use std::collections::HashMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use tarbox_store::{Error, ErrorKind, Ino, LayerId, Result};

use crate::memtable::Xattr;
use crate::rows::{BUCKET, Block, Dentry, Hash, Inode, Layer, Map, Name, Tenant};

/// The most chunks that one answer holds, so that a file of any size costs bounded memory.
pub const CHUNKS: usize = 512;

/// Committed rows, by keys or by ranges. `At` means at the end of a layer, everything else is of the head.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "keys and bounds, which are inclusive")]
pub enum Want {
    /// The tenant itself.
    Tenant,
    /// An inode; its inline content stays where it is.
    Inode(Ino),
    /// The inline content of an inode, checked.
    Data(Ino),
    /// An inode with its inline content.
    InodeAt(Ino, LayerId),
    /// Up to `limit` entries of a directory, by cookie.
    Entries {
        dir: Ino,
        from: u64,
        to: u64,
        limit: usize,
    },
    EntriesAt {
        dir: Ino,
        from: u64,
        to: u64,
        limit: usize,
        layer: LayerId,
    },
    /// Every name of an inode.
    Names {
        ino: Ino,
        layer: Option<LayerId>,
    },
    /// Up to [`CHUNKS`] chunks, by index.
    Chunks {
        file: Ino,
        from: u64,
        to: u64,
    },
    ChunksAt {
        file: Ino,
        from: u64,
        to: u64,
        layer: LayerId,
    },
    /// The index of the first chunk at or behind `from`.
    NextChunk {
        file: Ino,
        from: u64,
        layer: Option<LayerId>,
    },
    /// How many bytes the chunks hold of `start..end`. The engine is asked for the chunks.
    Held {
        file: Ino,
        start: u64,
        end: u64,
    },
    /// All extended attributes of an inode.
    Xattrs(Ino),
    XattrsAt(Ino, LayerId),
    /// Where a block is.
    Block(Hash),
    /// A sealed layer, by number.
    Layer(LayerId),
    /// A sealed layer, by its name or a tag.
    LayerNamed(String),
    /// All sealed layers, the oldest first.
    Layers,
    /// All tags, by name.
    Tags,
    /// What forgetting the versions between two kept layers takes away.
    LossesOfPrune {
        kept: LayerId,
        next: LayerId,
    },
    /// What undoing everything after a layer takes away.
    LossesOfRewind(LayerId),
    /// Inodes with a version of such a row that began or ended in `from < layer <= to`.
    Touched {
        rows: Versioned,
        from: LayerId,
        to: LayerId,
    },
    /// Entries with such a version.
    TouchedEntries {
        from: LayerId,
        to: LayerId,
    },
    /// Up to `limit` inodes without names behind `after`.
    Orphans {
        after: Ino,
        limit: usize,
    },
    /// Whether no other process can have anything open. The engine is not asked as for rows, but by [`is_alone`](crate::Engine::is_alone).
    Alone,
    /// Whether another process has an inode open. The engine is asked by [`held_elsewhere`](crate::Engine::held_elsewhere).
    HeldElsewhere(Ino),
    /// What may wait for a commit. The engine is asked by [`room`](crate::Engine::room).
    Room,
    /// What an operation that goes up from an inode will want next: the inode, the entry that names it, the directory, and so on.
    /// A hint, answered by [`Found::Many`], for as many levels as the engine likes.
    Lineage {
        ino: Ino,
        layer: Option<LayerId>,
    },
    /// The same for one that goes down from a directory: the names that hash to these first cookies, and what they name.
    Descent {
        dir: Ino,
        names: Vec<(u64, Name)>,
        layer: Option<LayerId>,
    },
    /// What a listing of a directory of the head will want next: the directory, up to `limit` entries from a cookie on, and what they
    /// name. A hint, answered by [`Found::Many`].
    Listing {
        dir: Ino,
        from: u64,
        limit: usize,
    },
    /// All entries of a directory of the head, if there are at most `limit`. A hint of one who looks a name up; an engine for which
    /// looking up each name of a directory is dearer answers [`Found::Entries`], any other an empty [`Found::Many`].
    Directory {
        dir: Ino,
        limit: usize,
    },
    /// Neighbouring kept layers between which there are versions that neither shows.
    Hidden,
}

impl Want {
    /// An inode of the head, or at the end of a layer.
    pub fn inode_in(ino: Ino, layer: Option<LayerId>) -> Self {
        match layer {
            None => Self::Inode(ino),
            Some(layer) => Self::InodeAt(ino, layer),
        }
    }

    /// The entries of a directory between two cookies, which belong to one bucket, of the head or at the end of a layer.
    pub fn entries_in(dir: Ino, from: u64, to: u64, layer: Option<LayerId>) -> Self {
        let limit = (to - from + 1) as usize;
        match layer {
            None => Self::Entries { dir, from, to, limit },
            Some(layer) => Self::EntriesAt {
                dir,
                from,
                to,
                limit,
                layer,
            },
        }
    }

    /// The entries among which an operation on its way up looks for a name that is known by its place: of the head all that share
    /// its bucket, since another name may have come between.
    pub fn entries_at(dir: Ino, cookie: u64, layer: Option<LayerId>) -> Self {
        let bucket = cookie - cookie % BUCKET;
        match layer {
            None => Self::entries_in(dir, bucket, bucket + (BUCKET - 1), None),
            Some(_) => Self::entries_in(dir, cookie, cookie, layer),
        }
    }
}

/// Rows of files that have versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Versioned {
    /// Inodes.
    Inode,
    /// Chunks.
    Chunk,
    /// Extended attributes.
    Xattr,
}

/// A version of a directory entry, where it is and when it ended.
#[derive(Debug, Clone)]
pub struct TouchedEntry {
    /// The directory.
    pub dir: Ino,
    /// The version.
    pub entry: Dentry,
    /// The layer in which it ended; `None` for the head's.
    pub died: Option<LayerId>,
}

/// What a change of history takes away, for the counters.
#[derive(Debug, Clone, Default)]
pub struct Losses {
    /// How many chunk versions fewer name each block.
    pub blocks: HashMap<Hash, u64>,
    /// Bytes of inline data and extended attributes.
    pub bytes: i64,
    /// Inodes of the head.
    pub inodes: i64,
}

/// Room on the device.
#[derive(Debug, Clone, Copy, Default)]
pub struct Room {
    /// How many bytes may wait for a commit; `None` if the device does not say.
    pub allowance: Option<u64>,
    /// There is so little that commits should be small.
    pub is_scarce: bool,
}

/// A name of an inode: its directory, its cookie, and the name.
pub type NamePlace = ((Ino, u64), Name);

macro_rules! answers {
    ($($(#[$doc:meta])* $variant:ident $name:ident $type:ty),* $(,)?) => {
        /// The answer to a [`Want`].
        #[derive(Debug, Clone)]
        pub enum Found {
            $($(#[$doc])* $variant($type),)*
            /// Answers to other questions, which will be asked next.
            Many(Vec<(Want, Found)>),
        }
        impl Found {
            $(pub(crate) fn $name(&self) -> Result<&$type> {
                match self {
                    Self::$variant(rows) => Ok(rows),
                    _ => Err(Error::new(ErrorKind::Io).because("the engine answered something else than was asked")),
                }
            })*
        }
    };
}

answers! {
    /// A tenant.
    Tenant tenant Option<Tenant>,
    /// An inode.
    Inode inode Option<Inode>,
    /// Inline content.
    Data data Arc<[u8]>,
    /// Directory entries, by cookie.
    Entries entries Vec<Dentry>,
    /// Names of an inode.
    Names names Vec<NamePlace>,
    /// Chunks, by index.
    Chunks chunks Vec<(u64, Map)>,
    /// The index of a chunk.
    Index index Option<u64>,
    /// A number of bytes.
    Bytes bytes u64,
    /// Extended attributes, by name.
    Xattrs xattrs Vec<(Vec<u8>, Xattr)>,
    /// A block.
    Block block Option<Block>,
    /// A layer.
    Layer layer Option<Layer>,
    /// Layers, the oldest first.
    Layers layers Vec<Layer>,
    /// Tags, by name.
    Tags tags Vec<(String, LayerId)>,
    /// Losses.
    Losses losses Losses,
    /// Inodes, in order.
    Inodes inodes Vec<Ino>,
    /// Versions of entries.
    Touched touched Vec<TouchedEntry>,
    /// Whether it is so.
    Is is bool,
    /// Room on the device.
    Room room Room,
    /// Pairs of layers.
    Gaps gaps Vec<(LayerId, LayerId)>,
}

/// The rows that were loaded for one operation. They serve as long as nothing is committed.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    rows: FxHashMap<Want, Found>,
}

impl Loaded {
    pub(crate) fn get(&self, want: &Want) -> Option<&Found> {
        self.rows.get(want)
    }

    pub(crate) fn add(&mut self, wants: Vec<Want>, found: Vec<Found>) {
        for (want, found) in wants.into_iter().zip(found) {
            match found {
                Found::Many(more) => self.rows.extend(more),
                found => drop(self.rows.insert(want, found)),
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.rows.clear();
    }
}
