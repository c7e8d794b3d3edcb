//! The last 64 bytes of a table, which say where everything is.

use tarbox_pool::{PoolFile, PoolFileExt};

use super::HEADER_LEN;
use crate::block::{seal, unseal};
use crate::bytes::Reader;
use crate::error::{Error, ErrorKind, Result};
use crate::filter;

pub(crate) const TABLE_MAGIC: &[u8; 8] = b"NERVTBL\n";
pub(crate) const VERSION: u32 = 1;
pub(super) const FOOTER_LEN: u64 = 64;

/// What a table says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Footer {
    pub(crate) entries: u64,
    pub(crate) tombstones: u64,
    /// The number of the newest commit it holds something of.
    pub(crate) sequence: u64,
    pub(crate) index_offset: u64,
    pub(crate) filter_offset: u64,
    pub(crate) index_len: u32,
    pub(crate) blocks: u32,
    pub(crate) filter_lines: u32,
    pub(crate) space: u8,
    /// The level it was written for.
    pub(crate) level: u8,
}

/// The first bytes of a table.
pub(crate) fn header(space: u8, level: u8) -> [u8; HEADER_LEN as usize] {
    let mut header = [0; HEADER_LEN as usize];
    header[..8].copy_from_slice(TABLE_MAGIC);
    header[8..12].copy_from_slice(&VERSION.to_le_bytes());
    header[12] = space;
    header[13] = level;
    header
}

impl Footer {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(FOOTER_LEN as usize);
        for word in [
            self.entries,
            self.tombstones,
            self.sequence,
            self.index_offset,
            self.filter_offset,
        ] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        for word in [self.index_len, self.blocks, self.filter_lines, VERSION] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(&[self.space, self.level, 0, 0]);
        seal(&mut out);
        out
    }

    /// Reads the header and the footer of a file of `len` bytes, and checks that its parts fit together.
    pub(crate) fn read(file: &dyn PoolFile, len: u64) -> Result<Self> {
        let bad = |offset, what| Error::corrupt(file.name(), offset, what);
        if len < HEADER_LEN + FOOTER_LEN {
            return Err(bad(len, "it is too short for a table"));
        }
        let mut start = [0; HEADER_LEN as usize];
        file.read_exact_at(&mut start, 0)?;
        if &start[..8] != TABLE_MAGIC {
            return Err(bad(0, "it is not a table"));
        }
        let version = u32::from_le_bytes([start[8], start[9], start[10], start[11]]);
        if version != VERSION {
            return Err(Error::from(ErrorKind::Version {
                file: file.name().to_owned(),
                found: version,
                supported: VERSION,
            }));
        }
        let mut bytes = [0; FOOTER_LEN as usize];
        let footer_at = len - FOOTER_LEN;
        file.read_exact_at(&mut bytes, footer_at)?;
        let content = unseal(&bytes).ok_or_else(|| bad(footer_at, "the checksum of the footer"))?;
        let footer = Self::parse(content).ok_or_else(|| bad(footer_at, "the footer"))?;
        let filter_end = footer
            .filter_offset
            .checked_add(filter::stored_len(footer.filter_lines));
        let index_end = footer.index_offset.checked_add(u64::from(footer.index_len));
        let fits = header(footer.space, footer.level) == start
            && filter_end == Some(footer.index_offset)
            && index_end == Some(footer_at);
        fits.then_some(footer)
            .ok_or_else(|| bad(footer_at, "the parts named by the footer"))
    }

    pub(super) fn parse(content: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(content);
        let footer = Self {
            entries: reader.u64()?,
            tombstones: reader.u64()?,
            sequence: reader.u64()?,
            index_offset: reader.u64()?,
            filter_offset: reader.u64()?,
            index_len: reader.u32()?,
            blocks: reader.u32()?,
            filter_lines: reader.u32()?,
            ..Self::default()
        };
        reader.u32()?;
        Some(Self {
            space: reader.byte()?,
            level: reader.byte()?,
            ..footer
        })
    }
}
