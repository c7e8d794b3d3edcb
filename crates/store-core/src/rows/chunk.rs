//! Chunks: a file's content on a fixed grid, each a short list of fragments of blocks.
//!
//! A fixed grid keeps lookups one B-tree probe and history one row a chunk. Fragments keep a small rewrite small:
//! it adds a block of its own size, and the chunk is made whole again only when fragments become many.

use tarbox_store::LayerId;

/// Bytes of a chunk.
pub const CHUNK: u64 = 128 * 1024;
/// A chunk with more fragments than this is rewritten as one block. One written page by page has 32, and stays as it is:
/// to rewrite it now and then would store each page several times over.
pub const MAX_FRAGMENTS: usize = 48;

/// The BLAKE3 hash that names a block.
pub type Hash = [u8; 32];

/// A piece of a block, at a place in a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment {
    /// Where it begins in the chunk.
    pub start: u32,
    /// How many bytes it has.
    pub len: u32,
    /// Where it begins in the block.
    pub skip: u32,
    /// The block.
    pub hash: Hash,
}

impl Fragment {
    /// Where it ends in the chunk.
    pub fn end(&self) -> u32 {
        self.start + self.len
    }

    /// The part within `start..end` of the chunk, if there is one.
    pub fn clip(&self, start: u32, end: u32) -> Option<Self> {
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
pub struct Map {
    /// In order, without overlap.
    pub fragments: Vec<Fragment>,
    /// The layer in which this version began.
    pub born: LayerId,
}

/// Bytes of a stored fragment.
const RECORD: usize = 44;
/// Bytes of the checksum behind them.
const SUM: usize = 8;

impl Map {
    /// Bytes its fragments hold.
    pub fn stored(&self) -> u64 {
        self.fragments.iter().map(|f| u64::from(f.len)).sum()
    }

    /// Bytes they hold of `start..end` of the chunk.
    pub fn stored_in(&self, start: u32, end: u32) -> u64 {
        let parts = self.fragments.iter().filter_map(|f| f.clip(start, end));
        parts.map(|f| u64::from(f.len)).sum()
    }

    /// The distinct blocks it names.
    pub fn hashes(&self) -> Vec<Hash> {
        let mut hashes: Vec<_> = self.fragments.iter().map(|f| f.hash).collect();
        tarbox_store::sort_by(&mut hashes, Hash::cmp);
        hashes.dedup();
        hashes
    }

    /// As stored: 44 bytes a fragment, `start len skip` as little-endian u32, then the hash; behind them a checksum that
    /// also covers which chunk it is.
    pub fn encode(&self, file: u64, index: u64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.fragments.len() * RECORD + SUM);
        for f in &self.fragments {
            bytes.extend_from_slice(&f.start.to_le_bytes());
            bytes.extend_from_slice(&f.len.to_le_bytes());
            bytes.extend_from_slice(&f.skip.to_le_bytes());
            bytes.extend_from_slice(&f.hash);
        }
        let sum = checksum(file, index, &bytes);
        bytes.extend_from_slice(&sum);
        bytes
    }

    /// The reverse of [`encode`](Self::encode); `None` if the bytes break a rule, or were those of another chunk.
    pub fn decode(bytes: &[u8], file: u64, index: u64, born: LayerId) -> Option<Self> {
        let (records, sum) = bytes.split_last_chunk()?;
        let fragments = fragments(records).filter(|_| *sum == checksum(file, index, records))?;
        Some(Self { fragments, born })
    }

    /// The fragments of a damaged map that obey its rules; for a repair.
    pub fn salvage(bytes: &[u8]) -> Vec<Fragment> {
        let mut kept: Vec<Fragment> = Vec::new();
        for record in bytes.chunks_exact(RECORD) {
            let after = kept.last().map_or(0, Fragment::end);
            let one = fragments(record).unwrap_or_default();
            kept.extend(one.into_iter().filter(|f| f.start >= after));
        }
        kept
    }
}

/// The fragments in a map without its checksum; `None` if they break a rule.
fn fragments(bytes: &[u8]) -> Option<Vec<Fragment>> {
    let mut fragments = Vec::with_capacity(bytes.len() / RECORD);
    let (records, rest) = bytes.as_chunks::<RECORD>();
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
    rest.is_empty().then_some(fragments)
}

/// SQLite does not notice when a bit of a row flips: the first eight bytes of a BLAKE3 hash do.
fn checksum(file: u64, index: u64, records: &[u8]) -> [u8; SUM] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&file.to_le_bytes());
    hasher.update(&index.to_le_bytes());
    hasher.update(records);
    let hash = hasher.finalize();
    std::array::from_fn(|i| hash.as_bytes()[i])
}

/// Where a block is, and how many chunk versions name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Numbers that mean something to the engine alone, but for 0: see [`LOST`](Self::LOST).
    pub segment: u64,
    /// Where it begins there.
    pub offset: u64,
    /// How many bytes it has.
    pub len: u32,
    /// How many chunk versions name it.
    pub refs: u64,
}

impl Block {
    /// The number of no segment: what is there is lost. Only a repair puts blocks there.
    pub const LOST: u64 = 0;

    /// Whether its bytes are lost. Reading it fails; writing the same bytes again brings it back.
    pub fn is_lost(&self) -> bool {
        self.segment == Self::LOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: (u64, u64) = (7, 3);

    fn map(places: &[(u32, u32)]) -> Map {
        let fragment = |&(start, len)| Fragment {
            start,
            len,
            skip: 0,
            hash: [7; 32],
        };
        Map {
            fragments: places.iter().map(fragment).collect(),
            born: LayerId(1),
        }
    }

    #[test]
    fn any_flipped_bit_is_told_and_so_is_another_chunk() {
        let map = map(&[(0, 10), (20, 5)]);
        let bytes = map.encode(HERE.0, HERE.1);
        let decode = |bytes: &[u8], file, index| Map::decode(bytes, file, index, LayerId(1));
        assert_eq!(decode(&bytes, HERE.0, HERE.1), Some(map));
        assert_eq!(decode(&bytes, HERE.0, HERE.1 + 1), None);
        assert_eq!(decode(&bytes, 8, HERE.1), None);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&flipped, HERE.0, HERE.1), None, "bit {bit}");
        }
        for len in 0..bytes.len() {
            assert_eq!(decode(&bytes[..len], HERE.0, HERE.1), None, "{len} bytes");
        }
    }

    #[test]
    fn fragments_that_overlap_or_reach_too_far_are_not_salvaged() {
        let bytes = map(&[(0, 10), (5, 10), (20, 200_000), (30, 5)]).encode(HERE.0, HERE.1);
        assert_eq!(Map::salvage(&bytes), map(&[(0, 10), (30, 5)]).fragments);
    }
}
