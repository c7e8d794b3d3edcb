//! Frames: rows of one kind, and the chain of hashes over them.

use tarbox_store_core::transfer::Wire;

/// What a frame holds. The order of the numbers is the order of the frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The tenant itself: one row.
    Tenant = 1,
    /// Sealed layers.
    Layer = 2,
    /// Tags.
    Tag = 3,
    /// Blocks, with their bytes.
    Block = 4,
    /// Versions of inodes, with content that is stored with them.
    Inode = 5,
    /// Versions of directory entries.
    Dentry = 6,
    /// Versions of extended attributes.
    Xattr = 7,
    /// Versions of chunks.
    Chunk = 8,
    /// Records of the log.
    Log = 9,
    /// How many rows of each kind there were. Nothing follows.
    End = 10,
}

impl Kind {
    /// All of them, in order.
    pub const ALL: [Self; 10] = [
        Self::Tenant,
        Self::Layer,
        Self::Tag,
        Self::Block,
        Self::Inode,
        Self::Dentry,
        Self::Xattr,
        Self::Chunk,
        Self::Log,
        Self::End,
    ];

    /// The kind of this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }

    /// What one row is called.
    pub fn row(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Layer => "layer",
            Self::Tag => "tag",
            Self::Block => "block",
            Self::Inode => "inode",
            Self::Dentry => "entry",
            Self::Xattr => "attribute",
            Self::Chunk => "chunk",
            Self::Log => "log record",
            Self::End => "count",
        }
    }
}

/// Rows of one kind, in the order of their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What they are.
    pub kind: Kind,
    /// How many they are.
    pub count: u32,
    /// The rows, [encoded](tarbox_store_core::transfer::encode).
    pub rows: Vec<u8>,
    /// Of blocks, the bytes of each; `None` for one that whoever takes the frame has already.
    pub bodies: Vec<Option<Vec<u8>>>,
}

/// The hash of everything so far. The bytes of blocks are covered by their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain(pub [u8; 32]);

impl Chain {
    /// That of nothing but a header.
    pub fn begin(header: &[u8]) -> Self {
        Self(*blake3::hash(header).as_bytes())
    }

    /// That of one frame more.
    #[must_use]
    pub fn with(self, frame: &Frame) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0);
        hasher.update(&[frame.kind as u8]);
        hasher.update(&frame.count.to_le_bytes());
        hasher.update(&frame.rows);
        Self(*hasher.finalize().as_bytes())
    }
}

/// How many rows of each kind there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts([u64; Kind::ALL.len()]);

impl Counts {
    /// Rows of a kind.
    pub fn of(&self, kind: Kind) -> u64 {
        self.0[kind as usize - 1]
    }

    /// All rows.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    pub(crate) fn add(&mut self, kind: Kind, rows: u64) {
        self.0[kind as usize - 1] += rows;
    }
}

impl Wire for Counts {
    fn put(&self, out: &mut Vec<u8>) {
        self.0
            .iter()
            .for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
    }

    fn take(from: &mut &[u8], _: u32) -> Option<Self> {
        let mut counts = Self::default();
        for count in &mut counts.0 {
            let (bytes, rest) = from.split_first_chunk()?;
            *count = u64::from_le_bytes(*bytes);
            *from = rest;
        }
        Some(counts)
    }
}
