//! What an operation answers with.

use serde::Serialize;
use tarbox_store::{Attr, DirEntry, Error, Result, Timestamp};

/// How many doubles the attributes of an inode are.
pub const ATTR_NUMBERS: usize = 18;

/// Attributes as doubles: inode, kind, mode, owner, group, links, size, blocks, device, and the times of the last read, of
/// the last change of content, of attributes, and of creation, in milliseconds; then the nanoseconds of each beyond its whole
/// milliseconds, which a double has no room for; and the version, a position that stays far below what a double has room for.
pub fn attr(out: &mut Vec<u8>, attr: &Attr) {
    let numbers: [f64; ATTR_NUMBERS] = [
        attr.ino.0 as f64,
        f64::from(attr.kind as u8),
        f64::from(attr.kind.mode_bits() | attr.mode),
        f64::from(attr.uid),
        f64::from(attr.gid),
        f64::from(attr.nlink),
        attr.size as f64,
        attr.blocks as f64,
        attr.rdev as f64,
        ms(attr.atime),
        ms(attr.mtime),
        ms(attr.ctime),
        ms(attr.btime),
        below_ms(attr.atime),
        below_ms(attr.mtime),
        below_ms(attr.ctime),
        below_ms(attr.btime),
        attr.version.0 as f64,
    ];
    for number in numbers {
        out.extend_from_slice(&number.to_le_bytes());
    }
}

/// A time in milliseconds.
fn ms(time: Timestamp) -> f64 {
    time.0 as f64 / 1e6
}

fn below_ms(time: Timestamp) -> f64 {
    time.0.rem_euclid(1_000_000) as f64
}

/// A listing by columns: how many, sizes, times of change, inodes, modes (all doubles), then the names with NULs
/// between them.
pub fn listing(out: &mut Vec<u8>, entries: &[DirEntry]) {
    let names: usize = entries.iter().map(|entry| entry.name.len() + 1).sum();
    out.reserve(8 + entries.len() * 32 + names);
    out.extend_from_slice(&(entries.len() as f64).to_le_bytes());
    let columns: [fn(&Attr) -> f64; 4] = [
        |attr| attr.size as f64,
        |attr| ms(attr.mtime),
        |attr| attr.ino.0 as f64,
        |attr| f64::from(attr.kind.mode_bits() | attr.mode),
    ];
    for column in columns {
        for entry in entries {
            out.extend_from_slice(&column(&entry.attr).to_le_bytes());
        }
    }
    for (at, entry) in entries.iter().enumerate() {
        if at > 0 {
            out.push(0);
        }
        out.extend_from_slice(&entry.name);
    }
}

/// Anything else.
///
/// # Errors
/// None that can happen: everything passed is made of texts and numbers.
pub fn json(out: &mut Vec<u8>, value: &impl Serialize) -> Result<()> {
    serde_json::to_writer(out, value).map_err(|e| Error::new(tarbox_store::ErrorKind::Io).caused_by(e))
}

/// An error: its code, its number, what it was about and what to do, as JSON.
pub fn error(out: &mut Vec<u8>, error: &Error) {
    #[derive(Serialize)]
    struct Told<'a> {
        code: &'a str,
        errno: i32,
        message: String,
    }
    out.clear();
    let told = Told {
        code: error.kind().code(),
        errno: error.kind().errno(),
        message: error.to_string(),
    };
    // Texts and numbers can always be written.
    let _written = json(out, &told);
}
