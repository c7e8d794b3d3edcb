//! What can be wrong with blocks and segments.

use std::fmt;

use crate::blocks::SEGMENT_MAX;
use crate::blocks::hex;
use crate::fsck::scope::Scope;
use crate::rows::{Block, CHUNK, Hash, Key};

/// The segment of blocks that are lost.
pub(in crate::fsck) const LOST: i64 = Block::LOST as i64;

/// No block ends behind this byte of a segment: one more is added to a segment that is not full.
pub(in crate::fsck) const SEGMENT_END: i64 = (SEGMENT_MAX + CHUNK) as i64;
/// A block this many segments behind the last one is not in a segment that the tenant's row lags behind.
const LAG: i64 = 1_000;

impl Scope<'_> {
    /// Whether a block can be at such a place.
    pub(in crate::fsck) fn is_place(&self, segment: i64, offset: i64, len: i64) -> bool {
        let last = self.tenant.segment.clamp(1, i64::MAX - LAG) + LAG;
        (1..=last).contains(&segment)
            && (1..=CHUNK as i64).contains(&len)
            && (0..=SEGMENT_END - len).contains(&offset)
    }
}

/// What is wrong with a block or a segment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::fsck) enum BlockFault {
    /// Its name is no hash.
    Name { name: Vec<u8> },
    /// Chunks name it, and it has no row.
    Missing { hash: Hash, len: i64 },
    /// A fragment reaches behind its end.
    Beyond { hash: Hash, end: i64, len: i64 },
    /// It is named by more or fewer chunk versions than it says.
    Refs { hash: Hash, found: i64, expected: i64 },
    /// Its row says that it is where no block can be.
    Place {
        hash: Hash,
        segment: i64,
        offset: i64,
        len: i64,
    },
    /// Its bytes are not those that it is named after.
    Hash { hash: Hash, segment: i64, offset: i64 },
    /// Its bytes cannot be read.
    Unreadable {
        hash: Hash,
        segment: i64,
        offset: i64,
        why: String,
    },
    /// It was lost, and set aside by a repair.
    Lost {
        hash: Hash,
        len: i64,
        /// Some chunks that name it: the file, and the chunk's index.
        chunks: Vec<(i64, i64)>,
    },
    /// A segment holds more or fewer bytes of named blocks than its row says.
    Live { segment: i64, found: i64, expected: i64 },
    /// Blocks are appended to a segment before its end, or behind the last segment.
    Append {
        segment: i64,
        len: i64,
        expected: (i64, i64),
    },
}

impl BlockFault {
    pub(in crate::fsck) fn invariant(&self) -> &'static str {
        match self {
            Self::Name { .. } | Self::Missing { .. } => "reference",
            Self::Beyond { .. } => "map",
            Self::Refs { .. } => "refs",
            Self::Place { .. } => "block-place",
            Self::Hash { .. } | Self::Unreadable { .. } | Self::Lost { .. } => "block-hash",
            Self::Live { .. } => "counter",
            Self::Append { .. } => "segment",
        }
    }
}

impl fmt::Display for BlockFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { name } => write!(
                f,
                "a block is named by {} bytes, expected a hash of 32 bytes",
                name.len()
            ),
            Self::Missing { hash, .. } => {
                write!(f, "block {}: chunks refer to it, but it has no row", hex(hash))
            }
            Self::Beyond { hash, end, len } => write!(
                f,
                "block {}: a fragment ends at {end}, expected {len}, the block's length, or less",
                hex(hash)
            ),
            Self::Refs {
                hash,
                found,
                expected,
            } => write!(
                f,
                "block {}: refs is {found}, expected {expected}, the number of chunk versions that refer to it",
                hex(hash)
            ),
            Self::Place {
                hash,
                segment,
                offset,
                len,
            } => write!(
                f,
                "block {}: {len} bytes in segment {segment} at {offset} are not within that segment",
                hex(hash)
            ),
            Self::Hash {
                hash,
                segment,
                offset,
            } => write!(
                f,
                "block {}: the bytes in segment {segment} at {offset} do not match the hash",
                hex(hash)
            ),
            Self::Unreadable {
                hash,
                segment,
                offset,
                why,
            } => write!(
                f,
                "block {}: the bytes in segment {segment} at {offset} cannot be read: {why}",
                hex(hash)
            ),
            Self::Lost { hash, len, chunks } => {
                write!(
                    f,
                    "block {}: its {len} bytes are lost; write them again, or remove what refers to them:",
                    hex(hash)
                )?;
                for (i, (file, idx)) in chunks.iter().enumerate() {
                    let comma = if i == 0 { "" } else { "," };
                    write!(f, "{comma} chunk {idx} of inode {}", Key(*file as u64).ino())?;
                }
                Ok(())
            }
            Self::Live {
                segment,
                found,
                expected,
            } => write!(
                f,
                "segment {segment}: {found} bytes of it are counted as live, expected {expected}"
            ),
            Self::Append {
                segment,
                len,
                expected: (last, end),
            } => write!(
                f,
                "blocks are appended to segment {segment} at {len}, expected segment {last} at {end} or later"
            ),
        }
    }
}
