//! The write-ahead log: commits in the order they were made, each whole or absent.
//!
//! A file is a header and records; see `docs/graph-format.md`. The checksum of a record is seeded with that of
//! the record before, so bytes left over from an earlier attempt never read as a continuation.

mod entry;
mod reader;
mod writer;

pub(crate) use entry::{Entry, Op, TxMark, encode};
pub(crate) use reader::{LogContents, read_log};
pub(crate) use writer::LogWriter;

const MAGIC: &[u8; 8] = b"NERVLOG\n";
const VERSION: u32 = 1;
/// Magic, version, number, checksum.
pub(crate) const HEADER_LEN: usize = 20;
/// Length and checksum, before the payload.
const RECORD_HEAD_LEN: usize = 8;

pub(crate) fn header(number: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_LEN);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&number.to_le_bytes());
    crate::block::seal(&mut out);
    out
}

/// The seed of the first record's checksum.
fn first_seed(number: u32) -> u32 {
    crate::hash::hash(&number.to_le_bytes(), VERSION)
}

/// Appends a record after one with the checksum `before`, or as the first, and gives its checksum.
#[cfg(any(test, fuzzing))]
pub(crate) fn frame(out: &mut Vec<u8>, payload: &[u8], before: Option<u32>, number: u32) -> u32 {
    let check = check(payload, before.unwrap_or_else(|| first_seed(number)));
    out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    out.extend_from_slice(&check.to_le_bytes());
    out.extend_from_slice(payload);
    check
}

/// The checksum of a record.
fn check(payload: &[u8], seed: u32) -> u32 {
    crate::hash::hash(payload, seed ^ payload.len() as u32)
}
