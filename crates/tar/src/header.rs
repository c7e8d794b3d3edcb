//! One header block: fixed fields of text, octal or binary numbers, and a checksum.

use std::ops::Range;

use crate::BLOCK;
use crate::number::{id, number, size};
use crate::sparse::Pieces;

const NAME: Range<usize> = 0..100;
const MODE: Range<usize> = 100..108;
const UID: Range<usize> = 108..116;
const GID: Range<usize> = 116..124;
const SIZE: Range<usize> = 124..136;
const MTIME: Range<usize> = 136..148;
const CHECKSUM: Range<usize> = 148..156;
const TYPE: usize = 156;
const LINK: Range<usize> = 157..257;
const MAGIC: Range<usize> = 257..265;
const USER: Range<usize> = 265..297;
const GROUP: Range<usize> = 297..329;
const MAJOR: Range<usize> = 329..337;
const MINOR: Range<usize> = 337..345;
const PREFIX: Range<usize> = 345..500;
/// Old GNU archives have a map of data here, where ustar has the prefix.
const GNU_MAP: Range<usize> = 386..482;
const GNU_MORE: usize = 482;
const GNU_REAL_SIZE: Range<usize> = 483..495;

/// A header block.
#[derive(Clone)]
pub(crate) struct Header(pub(crate) [u8; BLOCK]);

impl Header {
    /// An empty ustar header.
    pub(crate) fn new() -> Self {
        let mut header = Self([0; BLOCK]);
        header.0[MAGIC].copy_from_slice(b"ustar\x0000");
        header
    }

    /// Whether every byte is zero: the end of an archive.
    pub(crate) fn is_end(&self) -> bool {
        self.0.iter().all(|b| *b == 0)
    }

    /// Whether the checksum is right. Some old programs summed signed bytes.
    pub(crate) fn is_sound(&self) -> bool {
        let Some(stored) = self.number(CHECKSUM) else {
            return false;
        };
        let unsigned: i128 = self.checked_bytes().map(i128::from).sum();
        let signed: i128 = self.checked_bytes().map(|b| i128::from(b.cast_signed())).sum();
        stored == unsigned || stored == signed
    }

    fn checked_bytes(&self) -> impl Iterator<Item = u8> {
        self.0
            .iter()
            .enumerate()
            .map(|(i, b)| if CHECKSUM.contains(&i) { b' ' } else { *b })
    }

    pub(crate) fn kind(&self) -> u8 {
        self.0[TYPE]
    }

    pub(crate) fn is_gnu(&self) -> bool {
        &self.0[MAGIC] == b"ustar  \0"
    }

    /// Prefix and name.
    pub(crate) fn path(&self) -> Vec<u8> {
        let name = text(&self.0[NAME]);
        let ustar = self.0[MAGIC].starts_with(b"ustar\0");
        match text(&self.0[PREFIX]) {
            prefix if ustar && !prefix.is_empty() => [prefix, b"/", name].concat(),
            _ => name.to_vec(),
        }
    }

    pub(crate) fn link(&self) -> Vec<u8> {
        text(&self.0[LINK]).to_vec()
    }

    pub(crate) fn mode(&self) -> Option<u32> {
        Some((self.number(MODE)? & 0o7777) as u32)
    }

    pub(crate) fn uid(&self) -> Option<u32> {
        id(self.number(UID))
    }

    pub(crate) fn gid(&self) -> Option<u32> {
        id(self.number(GID))
    }

    pub(crate) fn size(&self) -> Option<u64> {
        size(self.number(SIZE))
    }

    /// Seconds, also before 1970, as far as they can be counted.
    pub(crate) fn mtime(&self) -> Option<i64> {
        let seconds = self.number(MTIME)?;
        Some(i64::try_from(seconds).unwrap_or(if seconds < 0 { i64::MIN } else { i64::MAX }))
    }

    /// The device number, as Linux packs it.
    pub(crate) fn device(&self) -> Option<u64> {
        Some(tarbox_fs::device(
            self.number(MAJOR)? as u32,
            self.number(MINOR)? as u32,
        ))
    }

    /// The first entries of the map of an old GNU sparse file, its real size, and whether blocks with more follow.
    pub(crate) fn gnu_map(&self) -> Option<(Pieces, u64, bool)> {
        let map = map_entries(&self.0[GNU_MAP])?;
        let real = size(number(&self.0[GNU_REAL_SIZE]))?;
        Some((map, real, self.0[GNU_MORE] != 0))
    }

    /// The entries of a block that continues such a map, and whether another follows.
    pub(crate) fn gnu_map_more(&self) -> Option<(Pieces, bool)> {
        Some((map_entries(&self.0[..504])?, self.0[504] != 0))
    }

    fn number(&self, field: Range<usize>) -> Option<i128> {
        number(&self.0[field])
    }

    // Writing

    pub(crate) fn set_kind(&mut self, kind: u8) {
        self.0[TYPE] = kind;
    }

    /// Whether the path fits without help.
    pub(crate) fn set_path(&mut self, path: &[u8]) -> bool {
        put_text(&mut self.0[NAME], path)
    }

    /// Whether the link's target fits without help.
    pub(crate) fn set_link(&mut self, link: &[u8]) -> bool {
        put_text(&mut self.0[LINK], link)
    }

    pub(crate) fn set_mode(&mut self, mode: u32) {
        put_octal(&mut self.0[MODE], u64::from(mode));
    }

    /// Whether it fits without help; so for the others.
    pub(crate) fn set_uid(&mut self, uid: u32) -> bool {
        put_octal(&mut self.0[UID], u64::from(uid))
    }

    pub(crate) fn set_gid(&mut self, gid: u32) -> bool {
        put_octal(&mut self.0[GID], u64::from(gid))
    }

    pub(crate) fn set_size(&mut self, size: u64) -> bool {
        put_octal(&mut self.0[SIZE], size)
    }

    pub(crate) fn set_mtime(&mut self, seconds: i64) -> bool {
        let octal = u64::try_from(seconds);
        put_octal(&mut self.0[MTIME], octal.unwrap_or(0)) && octal.is_ok()
    }

    pub(crate) fn set_names(&mut self, user: &str, group: &str) {
        // A name that does not fit is left out: the number says it too.
        put_text(&mut self.0[USER], user.as_bytes());
        put_text(&mut self.0[GROUP], group.as_bytes());
    }

    pub(crate) fn set_device(&mut self, rdev: u64) {
        let (major, minor) = tarbox_fs::major_minor(rdev);
        put_octal(&mut self.0[MAJOR], major.into());
        put_octal(&mut self.0[MINOR], minor.into());
    }

    /// The finished block, with its checksum.
    pub(crate) fn finish(mut self) -> [u8; BLOCK] {
        let sum: u64 = self.checked_bytes().map(u64::from).sum();
        put_octal(&mut self.0[CHECKSUM.start..CHECKSUM.end - 1], sum);
        self.0[CHECKSUM.end - 1] = b' ';
        self.0
    }
}

fn text(field: &[u8]) -> &[u8] {
    field.split(|b| *b == 0).next().unwrap_or_default()
}

/// Pairs of offset and length, up to the first that is empty.
fn map_entries(bytes: &[u8]) -> Option<Pieces> {
    bytes
        .chunks_exact(24)
        .take_while(|entry| entry[0] != 0 && entry[12] != 0)
        .map(|entry| Some((size(number(&entry[..12]))?, size(number(&entry[12..]))?)))
        .collect()
}

fn put_text(field: &mut [u8], text: &[u8]) -> bool {
    let fits = text.len() <= field.len();
    let len = text.len().min(field.len());
    field.fill(0);
    field[..len].copy_from_slice(&text[..len]);
    fits
}

/// Octal digits and a NUL. What does not fit becomes zero.
fn put_octal(field: &mut [u8], value: u64) -> bool {
    let digits = field.len() - 1;
    let fits = digits >= 22 || value < 1 << (3 * digits);
    let mut value = if fits { value } else { 0 };
    for byte in field[..digits].iter_mut().rev() {
        *byte = b'0' + (value & 7) as u8;
        value >>= 3;
    }
    field[digits] = 0;
    fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_reads_as_it_was_written() {
        let mut header = Header::new();
        assert!(header.set_path(b"a/b"));
        assert!(!header.set_link(&[b'x'; 101]));
        header.set_mode(0o4755);
        assert!(header.set_uid(1000));
        assert!(!header.set_gid(u32::MAX));
        assert!(header.set_size(0o77_777_777_777));
        assert!(!header.set_size(0o1_000_000_000_000));
        assert!(header.set_mtime(5));
        assert!(!header.set_mtime(-5));
        header.set_device(0x0801);
        header.set_kind(b'0');
        let read = Header(header.finish());
        assert!(read.is_sound() && !read.is_end());
        assert_eq!(read.path(), b"a/b");
        assert_eq!((read.mode(), read.uid()), (Some(0o4755), Some(1000)));
        assert_eq!(read.device(), Some(0x0801));
    }

    #[test]
    fn a_flipped_bit_is_noticed() {
        let mut block = Header::new().finish();
        block[3] ^= 1;
        assert!(!Header(block).is_sound());
    }
}
