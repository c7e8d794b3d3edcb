//! What only a Unix host knows of a file: owners, permissions, extended attributes, holes, devices.

use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, SeekFrom, Stat, Uid, XattrFlags};
use rustix::io::Errno;
use tarbox_store::{FileKind, Timestamp};

use crate::transfer::item::Meta;

/// Attributes of one file: names and values.
pub(crate) type Xattrs = Vec<(Vec<u8>, Vec<u8>)>;

/// The extended attributes of an open file. A file system without them has none.
pub(crate) fn xattrs(file: BorrowedFd<'_>) -> io::Result<Xattrs> {
    read_xattrs(
        |buffer| rustix::fs::flistxattr(file, buffer),
        |name, buffer| rustix::fs::fgetxattr(file, name, buffer),
    )
}

/// The extended attributes of a file that cannot be opened: a symbolic link, a pipe, a device.
pub(crate) fn xattrs_at(dir: BorrowedFd<'_>, name: &[u8]) -> io::Result<Xattrs> {
    let path = path_through(dir, name);
    read_xattrs(
        |buffer| rustix::fs::llistxattr(&path, buffer),
        |name, buffer| rustix::fs::lgetxattr(&path, name, buffer),
    )
}

/// Sets an extended attribute of an open file.
pub(crate) fn set_xattr(file: BorrowedFd<'_>, name: &[u8], value: &[u8]) -> io::Result<()> {
    Ok(rustix::fs::fsetxattr(file, name, value, XattrFlags::empty())?)
}

/// Sets an extended attribute of a file that cannot be opened.
pub(crate) fn set_xattr_at(dir: BorrowedFd<'_>, file: &[u8], name: &[u8], value: &[u8]) -> io::Result<()> {
    Ok(rustix::fs::lsetxattr(
        path_through(dir, file),
        name,
        value,
        XattrFlags::empty(),
    )?)
}

/// Sets the owner of a file without following a symbolic link.
pub(crate) fn set_owner_at(dir: BorrowedFd<'_>, name: &[u8], uid: u32, gid: u32) -> io::Result<()> {
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    Ok(rustix::fs::chownat(
        dir,
        name,
        Some(uid),
        Some(gid),
        AtFlags::SYMLINK_NOFOLLOW,
    )?)
}

/// Sets owner of an open file.
pub(crate) fn set_owner(file: BorrowedFd<'_>, uid: u32, gid: u32) -> io::Result<()> {
    Ok(rustix::fs::fchown(
        file,
        Some(Uid::from_raw(uid)),
        Some(Gid::from_raw(gid)),
    )?)
}

/// Sets the permissions of an open file.
pub(crate) fn set_mode(file: BorrowedFd<'_>, mode: u32) -> io::Result<()> {
    Ok(rustix::fs::fchmod(file, Mode::from_raw_mode(mode))?)
}

/// Sets the permissions of something that was just made and is no symbolic link.
pub(crate) fn set_mode_at(dir: BorrowedFd<'_>, name: &[u8], mode: u32) -> io::Result<()> {
    Ok(rustix::fs::chmodat(
        dir,
        name,
        Mode::from_raw_mode(mode),
        AtFlags::empty(),
    )?)
}

/// Makes a pipe, socket or device.
pub(crate) fn make_special(dir: BorrowedFd<'_>, name: &[u8], meta: &Meta) -> io::Result<()> {
    let kind = match meta.kind {
        FileKind::Fifo => FileType::Fifo,
        FileKind::Socket => FileType::Socket,
        FileKind::CharDevice => FileType::CharacterDevice,
        FileKind::BlockDevice => FileType::BlockDevice,
        _ => return Err(io::ErrorKind::InvalidInput.into()),
    };
    Ok(rustix::fs::mknodat(
        dir,
        name,
        kind,
        Mode::from_raw_mode(0o600),
        meta.rdev,
    )?)
}

/// Opens a new file in a directory that has no name there and can be given one.
#[cfg(target_os = "linux")]
pub(crate) fn create_nameless(dir: BorrowedFd<'_>, mode: u32) -> io::Result<OwnedFd> {
    let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
    let file = rustix::fs::openat(dir, c".", flags, Mode::from_raw_mode(mode))?;
    // Where /proc is missing nothing could name it.
    rustix::fs::stat(path_of(file.as_fd()))?;
    Ok(file)
}

/// Not supported.
#[cfg(not(target_os = "linux"))]
pub(crate) fn create_nameless(_dir: BorrowedFd<'_>, _mode: u32) -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Gives a file without a name one that is free.
pub(crate) fn give_name(file: BorrowedFd<'_>, dir: BorrowedFd<'_>, name: &[u8]) -> io::Result<()> {
    let (from, file) = (rustix::fs::CWD, path_of(file));
    Ok(rustix::fs::linkat(
        from,
        file,
        dir,
        name,
        AtFlags::SYMLINK_FOLLOW,
    )?)
}

/// The next bytes of the file at or behind `offset` that are stored; `None` where only a hole follows.
pub(crate) fn next_data(file: BorrowedFd<'_>, offset: u64) -> io::Result<Option<Range<u64>>> {
    let start = match rustix::fs::seek(file, SeekFrom::Data(offset)) {
        Ok(start) => start,
        Err(Errno::NXIO) => return Ok(None),
        // A file system that keeps no holes has nothing but data.
        Err(Errno::INVAL | Errno::OPNOTSUPP) => return Ok(Some(offset..u64::MAX)),
        Err(e) => return Err(e.into()),
    };
    Ok(Some(start..rustix::fs::seek(file, SeekFrom::Hole(start))?))
}

/// Whether the file has holes, from its attributes alone.
pub(crate) fn has_holes(stat: &Stat) -> bool {
    i128::from(stat.st_blocks) * 512 < i128::from(stat.st_size)
}

/// The largest list of names, and the largest value, that Linux keeps.
const XATTR_MAX: usize = 64 << 10;

fn read_xattrs(
    list: impl Fn(&mut [u8]) -> rustix::io::Result<usize>,
    get: impl Fn(&[u8], &mut [u8]) -> rustix::io::Result<usize>,
) -> io::Result<Xattrs> {
    // Most files have none: asking for a few names first allocates nothing.
    let mut few = [0; 512];
    let many;
    let names = match list(&mut few) {
        Ok(0) | Err(Errno::NOTSUP | Errno::NOSYS) => return Ok(Vec::new()),
        Ok(len) => &few[..len],
        Err(Errno::RANGE) => {
            many = list_many(list)?;
            &many
        }
        Err(e) => return Err(e.into()),
    };
    names
        .split(|b| *b == 0)
        .filter(|name| !name.is_empty())
        .filter_map(|name| read_xattr(name, &get).transpose())
        .collect()
}

fn list_many(list: impl Fn(&mut [u8]) -> rustix::io::Result<usize>) -> io::Result<Vec<u8>> {
    let mut names = vec![0; XATTR_MAX];
    let len = list(&mut names)?;
    names.truncate(len);
    Ok(names)
}

/// One attribute; `None` where it went meanwhile or is not for us to read.
fn read_xattr(
    name: &[u8],
    get: impl Fn(&[u8], &mut [u8]) -> rustix::io::Result<usize>,
) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
    let mut value = vec![0; XATTR_MAX];
    match get(name, &mut value) {
        Ok(len) => {
            value.truncate(len);
            value.shrink_to_fit();
            Ok(Some((name.to_vec(), value)))
        }
        Err(Errno::NODATA | Errno::NOTSUP | Errno::PERM | Errno::ACCESS) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

/// A path to `name` in an open directory, for the calls that take no directory.
fn path_through(dir: BorrowedFd<'_>, name: &[u8]) -> PathBuf {
    path_of(dir).join(super::os_string(name.to_vec()))
}

/// What an open file can be called by.
fn path_of(file: BorrowedFd<'_>) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// What a file is that is no directory, symbolic link or device.
pub(crate) fn special_kind(kind: FileType) -> FileKind {
    match kind {
        FileType::Fifo => FileKind::Fifo,
        FileType::Socket => FileKind::Socket,
        _ => FileKind::File,
    }
}

/// Permission bits of a file.
pub(crate) fn permissions(stat: &Stat) -> u32 {
    stat.st_mode & 0o7777
}

/// When it was last read.
pub(crate) fn accessed(stat: &Stat) -> Timestamp {
    Timestamp::from_parts(stat.st_atime, stat.st_atime_nsec as u32)
}

/// When its content last changed.
pub(crate) fn modified(stat: &Stat) -> Timestamp {
    Timestamp::from_parts(stat.st_mtime, stat.st_mtime_nsec as u32)
}
