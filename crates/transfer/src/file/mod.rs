//! The file: a header, and frames with the chain behind each.

mod reader;
mod writer;

pub use reader::Reader;
pub use writer::Writer;

use std::hash::{BuildHasher, RandomState};

use tarbox_store::{Error, ErrorKind, Result};
use tarbox_store_core::transfer::WIRE;

/// What a file begins with.
const MAGIC: [u8; 8] = *b"tarbox\x1a\n";
/// Bytes of the header.
pub(crate) const HEADER: usize = 32;
/// Bytes in front of the content of a frame.
const FRAME_HEAD: usize = 16;
/// The most bytes that a frame has.
pub(crate) const FRAME_MAX: usize = 16 * 1024 * 1024;

/// How the content of a frame is stored.
const PLAIN: u8 = 0;
const LZ4: u8 = 1;

/// What a file says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// The version of its rows.
    pub(crate) version: u32,
    /// Tells it from every other dump; 0 for what is no file.
    pub(crate) id: [u8; 16],
}

impl Header {
    /// That of a dump that begins now.
    pub(crate) fn new() -> Self {
        let mut id = [0; 16];
        let (one, two) = id.split_at_mut(8);
        one.copy_from_slice(&random().to_le_bytes());
        two.copy_from_slice(&random().to_le_bytes());
        Self { version: WIRE, id }
    }

    /// That of rows that go from one database to another.
    pub(crate) fn of_copy() -> Self {
        Self {
            version: WIRE,
            id: [0; 16],
        }
    }

    pub(crate) fn encode(self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&self.version.to_le_bytes());
        bytes[16..].copy_from_slice(&self.id);
        bytes
    }

    pub(crate) fn decode(bytes: &[u8; HEADER]) -> Result<Self> {
        let (magic, rest) = bytes.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err(Error::new(ErrorKind::Corrupt).because("this is no dump of a tenant"));
        }
        let mut id = [0; 16];
        id.copy_from_slice(&rest[8..]);
        let version = u32::from_le_bytes([rest[0], rest[1], rest[2], rest[3]]);
        match (version, &rest[4..8]) {
            (1..=WIRE, [0, 0, 0, 0]) => Ok(Self { version, id }),
            (0, _) => Err(Error::new(ErrorKind::Corrupt).because("this is no dump of a tenant")),
            _ => Err(Error::new(ErrorKind::Unsupported).because(format!(
                "the dump has version {version}, and this program reads versions up to {WIRE}: use a newer Tarbox"
            ))),
        }
    }
}

/// A number that nobody else has.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(std::time::SystemTime::now())
}
