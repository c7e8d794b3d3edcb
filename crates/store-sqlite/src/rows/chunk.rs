//! Chunks: a file's content on a fixed grid, each a short list of fragments of blocks.
//!
//! A fixed grid keeps lookups one B-tree probe and history one row a chunk. Fragments keep a small rewrite small:
//! it adds a block of its own size, and the chunk is made whole again only when fragments become many.

use tarbox_store::LayerId;

/// Bytes of a chunk.
pub(crate) const CHUNK: u64 = 128 * 1024;
/// A chunk with more fragments than this is rewritten as one block. One written page by page has 32, and stays as it is:
/// to rewrite it now and then would store each page several times over.
pub(crate) const MAX_FRAGMENTS: usize = 48;

/// The BLAKE3 hash that names a block.
pub(crate) type Hash = [u8; 32];

/// A piece of a block, at a place in a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fragment {
    /// Where it begins in the chunk.
    pub(crate) start: u32,
    pub(crate) len: u32,
    /// Where it begins in the block.
    pub(crate) skip: u32,
    pub(crate) hash: Hash,
}

impl Fragment {
    pub(crate) fn end(&self) -> u32 {
        self.start + self.len
    }

    /// The part within `start..end` of the chunk, if there is one.
    pub(crate) fn clip(&self, start: u32, end: u32) -> Option<Self> {
        let (from, to) = (self.start.max(start), self.end().min(end));
        (from < to).then(|| Self {
            start: from,
            len: to - from,
            skip: self.skip + (from - self.start),
            ..*self
        })
    }
}

/// One version of a chunk: fragments in order, without overlap; what none covers is a hole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Map {
    pub(crate) fragments: Vec<Fragment>,
    /// The layer in which this version began.
    pub(crate) born: LayerId,
}

const ENCODED: usize = 44;

impl Map {
    /// Bytes its fragments hold.
    pub(crate) fn stored(&self) -> u64 {
        self.fragments.iter().map(|f| u64::from(f.len)).sum()
    }

    /// The distinct blocks it names.
    pub(crate) fn hashes(&self) -> Vec<Hash> {
        let mut hashes: Vec<_> = self.fragments.iter().map(|f| f.hash).collect();
        hashes.sort_unstable();
        hashes.dedup();
        hashes
    }

    /// As stored: 44 bytes a fragment, `start len skip` as little-endian u32, then the hash.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.fragments.len() * ENCODED);
        for f in &self.fragments {
            bytes.extend_from_slice(&f.start.to_le_bytes());
            bytes.extend_from_slice(&f.len.to_le_bytes());
            bytes.extend_from_slice(&f.skip.to_le_bytes());
            bytes.extend_from_slice(&f.hash);
        }
        bytes
    }

    /// The reverse of [`encode`](Self::encode); `None` if the bytes break a rule.
    pub(crate) fn decode(bytes: &[u8], born: LayerId) -> Option<Self> {
        let mut fragments = Vec::with_capacity(bytes.len() / ENCODED);
        let (records, rest) = bytes.as_chunks::<ENCODED>();
        let mut end = 0;
        for record in records {
            let word =
                |at: usize| u32::from_le_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]]);
            let mut hash = [0; 32];
            hash.copy_from_slice(&record[12..]);
            let f = Fragment {
                start: word(0),
                len: word(4),
                skip: word(8),
                hash,
            };
            let past = u64::from(f.start) + u64::from(f.len);
            if f.start < end || f.len == 0 || past > CHUNK || u64::from(f.skip) + u64::from(f.len) > CHUNK {
                return None;
            }
            end = f.end();
            fragments.push(f);
        }
        rest.is_empty().then_some(Self { fragments, born })
    }
}

/// Where a block is, and how many chunk versions name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) segment: u64,
    pub(crate) offset: u64,
    pub(crate) len: u32,
    pub(crate) refs: u64,
}

impl Block {
    /// The number of no segment: what is there is lost. Only a repair puts blocks there.
    pub(crate) const LOST: u64 = 0;

    /// Whether its bytes are lost. Reading it fails; writing the same bytes again brings it back.
    pub(crate) fn is_lost(&self) -> bool {
        self.segment == Self::LOST
    }
}
