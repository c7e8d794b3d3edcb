//! One header block: fixed fields of text, octal or binary numbers, and a checksum.

use std::ops::Range;

use super::sparse::Pieces;
use super::{BLOCK, TarError, damaged};

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
pub(super) struct Header(pub(super) [u8; BLOCK]);

impl Header {
    /// An empty ustar header.
    pub(super) fn new() -> Self {
        let mut header = Self([0; BLOCK]);
        header.0[MAGIC].copy_from_slice(b"ustar\x0000");
        header
    }

    /// Whether every byte is zero: the end of an archive.
    pub(super) fn is_end(&self) -> bool {
        self.0.iter().all(|b| *b == 0)
    }

    /// Whether the checksum is right. Some old programs summed signed bytes.
    pub(super) fn is_sound(&self) -> bool {
        let Ok(stored) = self.number(CHECKSUM) else {
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

    pub(super) fn kind(&self) -> u8 {
        self.0[TYPE]
    }

    fn is_gnu(&self) -> bool {
        &self.0[MAGIC] == b"ustar  \0"
    }

    /// Prefix and name.
    pub(super) fn path(&self) -> Vec<u8> {
        let name = text(&self.0[NAME]);
        let ustar = self.0[MAGIC].starts_with(b"ustar\0");
        match text(&self.0[PREFIX]) {
            prefix if ustar && !prefix.is_empty() => [prefix, b"/", name].concat(),
            _ => name.to_vec(),
        }
    }

    pub(super) fn link(&self) -> Vec<u8> {
        text(&self.0[LINK]).to_vec()
    }

    pub(super) fn mode(&self) -> Result<u32, TarError> {
        Ok((self.number(MODE)? & 0o7777) as u32)
    }

    pub(super) fn uid(&self) -> Result<u32, TarError> {
        id(self.number(UID)?)
    }

    pub(super) fn gid(&self) -> Result<u32, TarError> {
        id(self.number(GID)?)
    }

    pub(super) fn size(&self) -> Result<u64, TarError> {
        size(self.number(SIZE)?)
    }

    /// Seconds, also before 1970.
    pub(super) fn mtime(&self) -> Result<i64, TarError> {
        let seconds = self.number(MTIME)?;
        Ok(i64::try_from(seconds).unwrap_or(if seconds < 0 { i64::MIN } else { i64::MAX }))
    }

    /// The device number, as Linux packs it.
    pub(super) fn device(&self) -> Result<u64, TarError> {
        let (major, minor) = (
            self.number(MAJOR)? as u64 & 0xffff_ffff,
            self.number(MINOR)? as u64 & 0xffff_ffff,
        );
        Ok((major & 0xfff) << 8 | (major & 0xffff_f000) << 32 | minor & 0xff | (minor & 0xffff_ff00) << 12)
    }

    /// The first entries of the map of an old GNU sparse file, its real size, and whether blocks with more follow.
    pub(super) fn gnu_map(&self) -> Result<(Pieces, u64, bool), TarError> {
        if !self.is_gnu() {
            return damaged("a sparse file of an unknown kind");
        }
        let map = map_entries(&self.0[GNU_MAP])?;
        let real = size(number(&self.0[GNU_REAL_SIZE])?)?;
        Ok((map, real, self.0[GNU_MORE] != 0))
    }

    /// The entries of a block that continues such a map, and whether another follows.
    pub(super) fn gnu_map_more(&self) -> Result<(Pieces, bool), TarError> {
        Ok((map_entries(&self.0[..504])?, self.0[504] != 0))
    }

    fn number(&self, field: Range<usize>) -> Result<i128, TarError> {
        number(&self.0[field])
    }

    // Writing

    pub(super) fn set_kind(&mut self, kind: u8) {
        self.0[TYPE] = kind;
    }

    /// Whether the path fits without help.
    pub(super) fn set_path(&mut self, path: &[u8]) -> bool {
        put_text(&mut self.0[NAME], path)
    }

    /// Whether the link's target fits without help.
    pub(super) fn set_link(&mut self, link: &[u8]) -> bool {
        put_text(&mut self.0[LINK], link)
    }

    pub(super) fn set_mode(&mut self, mode: u32) {
        put_octal(&mut self.0[MODE], u64::from(mode));
    }

    /// Whether it fits without help; so for the others.
    pub(super) fn set_uid(&mut self, uid: u32) -> bool {
        put_octal(&mut self.0[UID], u64::from(uid))
    }

    pub(super) fn set_gid(&mut self, gid: u32) -> bool {
        put_octal(&mut self.0[GID], u64::from(gid))
    }

    pub(super) fn set_size(&mut self, size: u64) -> bool {
        put_octal(&mut self.0[SIZE], size)
    }

    pub(super) fn set_mtime(&mut self, seconds: i64) -> bool {
        let octal = u64::try_from(seconds);
        put_octal(&mut self.0[MTIME], octal.unwrap_or(0)) && octal.is_ok()
    }

    pub(super) fn set_names(&mut self, user: &str, group: &str) {
        // A name that does not fit is left out: the number says it too.
        put_text(&mut self.0[USER], user.as_bytes());
        put_text(&mut self.0[GROUP], group.as_bytes());
    }

    pub(super) fn set_device(&mut self, rdev: u64) {
        let major = (rdev >> 8) & 0xfff | (rdev >> 32) & 0xffff_f000;
        let minor = rdev & 0xff | (rdev >> 12) & 0xffff_ff00;
        put_octal(&mut self.0[MAJOR], major);
        put_octal(&mut self.0[MINOR], minor);
    }

    /// The finished block, with its checksum.
    pub(super) fn finish(mut self) -> [u8; BLOCK] {
        let sum: u64 = self.checked_bytes().map(u64::from).sum();
        put_octal(&mut self.0[CHECKSUM.start..CHECKSUM.end - 1], sum);
        self.0[CHECKSUM.end - 1] = b' ';
        self.0
    }
}

fn text(field: &[u8]) -> &[u8] {
    field.split(|b| *b == 0).next().unwrap_or_default()
}

/// Octal digits between spaces and NULs, or a big-endian binary number behind a byte with the highest bit set.
fn number(field: &[u8]) -> Result<i128, TarError> {
    match field.first() {
        Some(first) if first & 0x80 != 0 => binary(field),
        _ => octal(field),
    }
}

fn octal(field: &[u8]) -> Result<i128, TarError> {
    let digits = field
        .iter()
        .skip_while(|b| **b == b' ')
        .take_while(|b| **b != 0 && **b != b' ');
    digits.into_iter().try_fold(0, |value: i128, digit| match digit {
        b'0'..=b'7' => Ok(value * 8 + i128::from(digit - b'0')),
        _ => damaged("a number that is none"),
    })
}

/// At most 95 bits: fields have 12 bytes.
fn binary(field: &[u8]) -> Result<i128, TarError> {
    let negative = field[0] & 0x40 != 0;
    let first = i128::from(field[0] & 0x7f) - if negative { 0x80 } else { 0 };
    Ok(field[1..]
        .iter()
        .fold(first, |value, byte| value << 8 | i128::from(*byte)))
}

fn size(number: i128) -> Result<u64, TarError> {
    match u64::try_from(number) {
        Ok(size) if size <= i64::MAX as u64 => Ok(size),
        _ => damaged("a size that no file has"),
    }
}

fn id(number: i128) -> Result<u32, TarError> {
    u32::try_from(number).or_else(|_| damaged("a user or group number beyond 32 bits"))
}

/// Pairs of offset and length, up to the first that is empty.
fn map_entries(bytes: &[u8]) -> Result<Pieces, TarError> {
    let mut map = Vec::new();
    for entry in bytes.chunks_exact(24) {
        if entry[0] == 0 {
            break;
        }
        map.push((size(number(&entry[..12])?)?, size(number(&entry[12..])?)?));
    }
    Ok(map)
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
    fn numbers_in_both_forms() {
        assert_eq!(number(b"0000644\0").unwrap(), 0o644);
        assert_eq!(number(b"   644 \0").unwrap(), 0o644);
        assert_eq!(number(b"\0\0\0\0").unwrap(), 0);
        assert_eq!(number(&[0x80, 0, 0, 1, 0]).unwrap(), 256);
        assert_eq!(number(&[0xff, 0xff, 0xff, 0xfe]).unwrap(), -2);
        assert!(number(b"12x4567\0").is_err());
        assert!(size(-1).is_err());
    }

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
        assert_eq!((read.mode().unwrap(), read.uid().unwrap()), (0o4755, 1000));
        assert_eq!(read.device().unwrap(), 0x0801);
    }

    #[test]
    fn a_flipped_bit_is_noticed() {
        let mut block = Header::new().finish();
        block[3] ^= 1;
        assert!(!Header(block).is_sound());
    }
}
