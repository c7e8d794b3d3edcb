//! WASI knows files by name, kind, size and times only: everything else is as if it were not there.

use std::io;
use std::ops::Range;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::{FileType, Stat};
use tarbox_store::{FileKind, Timestamp};

use crate::transfer::item::Meta;

/// Attributes of one file: names and values.
pub(crate) type Xattrs = Vec<(Vec<u8>, Vec<u8>)>;

/// No file has any.
pub(crate) fn xattrs(_file: BorrowedFd<'_>) -> io::Result<Xattrs> {
    Ok(Vec::new())
}

/// No file has any.
pub(crate) fn xattrs_at(_dir: BorrowedFd<'_>, _name: &[u8]) -> io::Result<Xattrs> {
    Ok(Vec::new())
}

/// Not supported.
pub(crate) fn set_xattr(_file: BorrowedFd<'_>, _name: &[u8], _value: &[u8]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Not supported.
pub(crate) fn set_xattr_at(
    _dir: BorrowedFd<'_>,
    _file: &[u8],
    _name: &[u8],
    _value: &[u8],
) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Not supported.
pub(crate) fn create_nameless(_dir: BorrowedFd<'_>, _mode: u32) -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Not supported.
pub(crate) fn give_name(_file: BorrowedFd<'_>, _dir: BorrowedFd<'_>, _name: &[u8]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// There are no owners.
pub(crate) fn set_owner_at(_dir: BorrowedFd<'_>, _name: &[u8], _uid: u32, _gid: u32) -> io::Result<()> {
    Ok(())
}

/// There are no owners.
pub(crate) fn set_owner(_file: BorrowedFd<'_>, _uid: u32, _gid: u32) -> io::Result<()> {
    Ok(())
}

/// There are no permissions.
pub(crate) fn set_mode(_file: BorrowedFd<'_>, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// There are no permissions.
pub(crate) fn set_mode_at(_dir: BorrowedFd<'_>, _name: &[u8], _mode: u32) -> io::Result<()> {
    Ok(())
}

/// Not supported.
pub(crate) fn make_special(_dir: BorrowedFd<'_>, _name: &[u8], _meta: &Meta) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Holes are not told apart: everything is data.
pub(crate) fn next_data(_file: BorrowedFd<'_>, offset: u64) -> io::Result<Option<Range<u64>>> {
    Ok(Some(offset..u64::MAX))
}

/// Holes are not told apart.
pub(crate) fn has_holes(_stat: &Stat) -> bool {
    false
}

/// There are no pipes, and sockets cannot be told from files.
pub(crate) fn special_kind(_kind: FileType) -> FileKind {
    FileKind::File
}

/// The usual permissions: WASI tells none.
pub(crate) fn permissions(stat: &Stat) -> u32 {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => 0o755,
        _ => 0o644,
    }
}

/// When it was last read.
pub(crate) fn accessed(stat: &Stat) -> Timestamp {
    Timestamp::from_parts(stat.st_atim.tv_sec, stat.st_atim.tv_nsec as u32)
}

/// When its content last changed.
pub(crate) fn modified(stat: &Stat) -> Timestamp {
    Timestamp::from_parts(stat.st_mtim.tv_sec, stat.st_mtim.tv_nsec as u32)
}
