//! The first bytes of a slot: whose file it holds. The form is that of SQLite's `opfs-sahpool`.
//!
//! ```text
//!   0        512     516        524                        4096
//!   ├─ path ──┼ flags ┼─ digest ─┼─ zeros ─────────────────┼─ contents …
//!   │ UTF-8,  │ u32   │ 2 × u32  │
//!   │ NULs    │ big   │ little   │
//! ```
//!
//! A path begins with `/`. A slot whose path is empty is free, whatever else the header says: so freeing one is
//! a write of a single byte, which no power cut can tear.

use crate::name::check_name;
use crate::{MAX_NAME_LEN, Operation};

/// Where the contents of a file begin in its slot, in bytes.
pub(super) const DATA: u64 = 4096;
/// How much of the header means something, in bytes.
pub(super) const HEADER: usize = 524;

const PATH: usize = 512;
const CORPUS: usize = 516;

/// SQLite's `SQLITE_OPEN_…` flags that say what a file is for. The official build frees a slot that has none of them.
const MAIN_DB: u32 = 0x100;
const MAIN_JOURNAL: u32 = 0x800;
const SUPER_JOURNAL: u32 = 0x4000;
const WAL: u32 = 0x8_0000;
const PERSISTENT: u32 = MAIN_DB | MAIN_JOURNAL | SUPER_JOURNAL | WAL;
const DELETE_ON_CLOSE: u32 = 0x8;
/// Set where the digest is a hash; headers of older builds have zeros in its place.
const HASHED: u32 = 0x80;

/// Why a slot is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Damage {
    /// The digest is not that of the path and the flags.
    BadDigest,
    /// The path is that of another slot, too.
    Duplicate,
    /// The path is none that a pool accepts.
    BadName,
    /// The flags are none that a lasting file has.
    BadFlags,
    /// The slot ends within its header.
    Truncated,
}

impl Damage {
    /// What is wrong, in a few words.
    pub const fn text(self) -> &'static str {
        match self {
            Self::BadDigest => "the digest of its header does not fit",
            Self::Duplicate => "another slot has the same name",
            Self::BadName => "its name is none that a pool accepts",
            Self::BadFlags => "its flags are not those of a lasting file",
            Self::Truncated => "it ends within its header",
        }
    }
}

/// What a header says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Free,
    File(String),
    Damaged(Damage),
}

/// The header of a file of that name, which the caller has checked.
pub(super) fn encode(name: &str) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    // Only the very longest names leave no room for the slash; the official build cannot reach those anyway.
    let slash = usize::from(name.len() < MAX_NAME_LEN);
    header[..slash].fill(b'/');
    header[slash..slash + name.len()].copy_from_slice(name.as_bytes());
    let flags = HASHED
        | if name.ends_with("-journal") {
            MAIN_JOURNAL
        } else if name.ends_with("-wal") {
            WAL
        } else {
            MAIN_DB
        };
    header[PATH..CORPUS].copy_from_slice(&flags.to_be_bytes());
    let digest = digest(&header);
    header[CORPUS..].copy_from_slice(&digest);
    header
}

/// Reads a header, of which a truncated slot gives less than [`HEADER`] bytes. `len` is that of the whole slot.
pub(super) fn decode(bytes: &[u8], len: u64) -> Found {
    let Ok(header) = <&[u8; HEADER]>::try_from(bytes) else {
        return if bytes.iter().all(|&byte| byte == 0) {
            Found::Free
        } else {
            Found::Damaged(Damage::Truncated)
        };
    };
    if header[0] == 0 {
        return Found::Free;
    }
    match named(header) {
        Ok(_) if len < DATA => Found::Damaged(Damage::Truncated),
        Ok(name) => Found::File(name),
        // The power failed while the file was being created: nothing was written to it yet.
        Err(_) if len <= DATA => Found::Free,
        Err(damage) => Found::Damaged(damage),
    }
}

fn named(header: &[u8; HEADER]) -> Result<String, Damage> {
    if header[CORPUS..] != digest(header) {
        return Err(Damage::BadDigest);
    }
    let flags = flags(header);
    if flags & DELETE_ON_CLOSE != 0 || flags & PERSISTENT == 0 {
        return Err(Damage::BadFlags);
    }
    let path = path(header).ok_or(Damage::BadName)?;
    let name = path.strip_prefix('/').unwrap_or(path);
    check_name(Operation::OpenPool, name).map_err(|_| Damage::BadName)?;
    Ok(name.to_owned())
}

/// The path as it stands, for a report about a header that is damaged.
pub(super) fn path(header: &[u8]) -> Option<&str> {
    let path = &header[..header.len().min(PATH)];
    let end = path.iter().position(|&byte| byte == 0).unwrap_or(path.len());
    std::str::from_utf8(&path[..end]).ok()
}

fn flags(header: &[u8; HEADER]) -> u32 {
    let mut flags = [0; 4];
    flags.copy_from_slice(&header[PATH..CORPUS]);
    u32::from_be_bytes(flags)
}

fn digest(header: &[u8; HEADER]) -> [u8; 8] {
    if flags(header) & HASHED == 0 {
        return [0; 8];
    }
    let (mut one, mut two) = (0xdead_beef_u32, 0x41c6_ce57_u32);
    for &byte in &header[..CORPUS] {
        one = (one ^ u32::from(byte)).wrapping_mul(2_654_435_761);
        two = (two ^ u32::from(byte)).wrapping_mul(104_729);
    }
    let mut digest = [0; 8];
    digest[..4].copy_from_slice(&one.to_le_bytes());
    digest[4..].copy_from_slice(&two.to_le_bytes());
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let longest = [["x"; 255].concat(), ["y"; 256].concat()].join("/");
        for name in ["a", "d/b.db-wal", "ünï", &longest[..511], &longest[..510]] {
            assert_eq!(decode(&encode(name), DATA), Found::File(name.into()), "{name}");
        }
    }

    #[test]
    fn the_seed_constants_are_those_of_the_official_build() {
        assert_eq!((0xdead_beef_u32, 0x41c6_ce57_u32), (3_735_928_559, 1_103_547_991));
    }

    #[test]
    fn headers_without_a_hash_have_zeros_for_a_digest() {
        let mut header = [0; HEADER];
        header[..5].copy_from_slice(b"/a.db");
        header[PATH..CORPUS].copy_from_slice(&MAIN_DB.to_be_bytes());
        assert_eq!(decode(&header, DATA), Found::File("a.db".into()));
        header[CORPUS] = 1;
        assert_eq!(decode(&header, DATA + 1), Found::Damaged(Damage::BadDigest));
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let whole = encode("a.db");
        for bit in 8..HEADER * 8 {
            let mut header = whole;
            header[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(decode(&header, DATA + 1), Found::Damaged(_)), "{bit}");
            assert_eq!(decode(&header, DATA), Found::Free, "nothing to lose");
        }
    }

    #[test]
    fn a_slot_cut_off_in_its_header_is_damaged_unless_it_is_blank() {
        assert_eq!(decode(&[], 0), Found::Free);
        assert_eq!(decode(&[0; 100], 100), Found::Free);
        assert_eq!(
            decode(&encode("a")[..100], 100),
            Found::Damaged(Damage::Truncated)
        );
        assert_eq!(decode(&encode("a"), 1_000), Found::Damaged(Damage::Truncated));
    }

    #[test]
    fn flags_of_passing_files_are_not_accepted() {
        let mut header = encode("a");
        for flags in [HASHED, HASHED | MAIN_DB | DELETE_ON_CLOSE] {
            header[PATH..CORPUS].copy_from_slice(&flags.to_be_bytes());
            let digest = digest(&header);
            header[CORPUS..].copy_from_slice(&digest);
            assert_eq!(decode(&header, DATA + 1), Found::Damaged(Damage::BadFlags));
        }
    }
}
