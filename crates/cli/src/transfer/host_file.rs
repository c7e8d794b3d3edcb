//! The content of one file of the host, piece by piece, without its holes.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::Stat;

use crate::platform::host;
use crate::transfer::item::PIECE;

/// Reads the whole file and hands over (offset, bytes) until `piece` answers `false`. Answers the length of the file.
///
/// # Errors
/// What the host said.
pub(crate) fn read_content(
    file: &OwnedFd,
    stat: &Stat,
    piece: &mut dyn FnMut(u64, Vec<u8>) -> bool,
) -> io::Result<u64> {
    let size = u64::try_from(stat.st_size).unwrap_or(0);
    if !host::has_holes(stat) {
        return read_range(file, 0, u64::MAX, size, piece).map(|end| end.unwrap_or(0));
    }
    let mut at = 0;
    while let Some(data) = host::next_data(file.as_fd(), at)? {
        let Some(end) = read_range(file, data.start, data.end, size, piece)? else {
            return Ok(size);
        };
        if end < data.end {
            // The file ended early: it was cut while it was read.
            return Ok(end.max(data.start));
        }
        at = data.end;
    }
    Ok(size)
}

/// Reads from `start` to `end` or the end of the file; answers where it ended, `None` where nobody wanted more.
fn read_range(
    file: &OwnedFd,
    start: u64,
    end: u64,
    expected: u64,
    piece: &mut dyn FnMut(u64, Vec<u8>) -> bool,
) -> io::Result<Option<u64>> {
    let mut at = start;
    while at < end {
        // One byte more than expected: a file as long as it claims ends with its first read.
        let room = (expected.saturating_sub(at) + 1).max(4096).min(end - at);
        let mut bytes = vec![0; room.min(PIECE as u64) as usize];
        let len = read_full(file, &mut bytes, at)?;
        let full = len == bytes.len();
        bytes.truncate(len);
        at += len as u64;
        if len > 0 && !piece(at - len as u64, bytes) {
            return Ok(None);
        }
        if !full {
            break;
        }
    }
    Ok(Some(at))
}

/// Fills the buffer as far as the file goes.
fn read_full(file: &OwnedFd, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match rustix::io::pread(file, &mut buffer[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(len) => done += len,
            Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(done)
}
