//! Between the kernel's terms and ours.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuser::{Errno, FileAttr, FileType, INodeNo, RenameFlags, TimeOrNow};
use tarbox_fs::{Durability, NewNode, OpenFlags};
use tarbox_store::{
    Allocate, Attr, Error, ErrorKind, FileKind, RenameMode, Result, SeekTo, SetTime, Timestamp,
};

pub(crate) const O_APPEND: i32 = 0o2000;
const O_ACCMODE: i32 = 0o3;
const O_TRUNC: i32 = 0o1000;
const O_NOATIME: i32 = 0o1_000_000;
const O_DSYNC: i32 = 0o10_000;
/// Holds the bit of `O_DSYNC` too.
const O_SYNC: i32 = 0o4_010_000;
const S_IFMT: u32 = 0o170_000;

pub(crate) fn errno(error: &Error) -> Errno {
    Errno::from_i32(error.kind().errno())
}

pub(crate) fn file_type(kind: FileKind) -> FileType {
    match kind {
        FileKind::File => FileType::RegularFile,
        FileKind::Directory => FileType::Directory,
        FileKind::Symlink => FileType::Symlink,
        FileKind::Fifo => FileType::NamedPipe,
        FileKind::Socket => FileType::Socket,
        FileKind::CharDevice => FileType::CharDevice,
        FileKind::BlockDevice => FileType::BlockDevice,
    }
}

/// The attributes under the number that the kernel knows the inode by.
pub(crate) fn file_attr(node: INodeNo, attr: &Attr) -> FileAttr {
    FileAttr {
        ino: node,
        size: attr.size,
        blocks: attr.blocks,
        atime: system_time(attr.atime),
        mtime: system_time(attr.mtime),
        ctime: system_time(attr.ctime),
        crtime: system_time(attr.btime),
        kind: file_type(attr.kind),
        perm: (attr.mode & 0o7777) as u16,
        nlink: attr.nlink,
        uid: attr.uid,
        gid: attr.gid,
        rdev: attr.rdev as u32,
        blksize: 4096,
        flags: 0,
    }
}

/// The attributes of nothing: the number 0 says that a name has no inode.
pub(crate) fn no_attr() -> FileAttr {
    FileAttr {
        ino: INodeNo(0),
        size: 0,
        blocks: 0,
        atime: UNIX_EPOCH,
        mtime: UNIX_EPOCH,
        ctime: UNIX_EPOCH,
        crtime: UNIX_EPOCH,
        kind: FileType::Directory,
        perm: 0,
        nlink: 0,
        uid: 0,
        gid: 0,
        rdev: 0,
        blksize: 4096,
        flags: 0,
    }
}

fn system_time(time: Timestamp) -> SystemTime {
    let nanos = Duration::from_nanos(time.0.unsigned_abs());
    match time.0 < 0 {
        true => UNIX_EPOCH - nanos,
        false => UNIX_EPOCH + nanos,
    }
}

/// A time to set. `fuser` hands on a time before 1970 with its nanoseconds counted backwards; that is undone here.
pub(crate) fn set_time(time: TimeOrNow) -> SetTime {
    match time {
        TimeOrNow::Now => SetTime::Now,
        TimeOrNow::SpecificTime(time) => SetTime::At(match time.duration_since(UNIX_EPOCH) {
            Ok(since) => Timestamp::from_parts(saturated(since.as_secs()), since.subsec_nanos()),
            Err(before) => {
                let before = before.duration();
                Timestamp::from_parts(-saturated(before.as_secs()), before.subsec_nanos())
            }
        }),
    }
}

fn saturated(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

/// How to open. Appending is not among it: the kernel says with each write whether it goes to the end, and pages of
/// a memory map that are written through such a handle do not.
pub(crate) fn open_flags(flags: i32) -> OpenFlags {
    let (read, write) = match flags & O_ACCMODE {
        0 => (true, false),
        1 => (false, true),
        _ => (true, true),
    };
    OpenFlags {
        read,
        write,
        truncate: flags & O_TRUNC != 0,
        no_atime: flags & O_NOATIME != 0,
        durability: match flags {
            flags if flags & O_SYNC == O_SYNC => Durability::Full,
            flags if flags & O_DSYNC != 0 => Durability::Data,
            _ => Durability::None,
        },
        ..OpenFlags::default()
    }
}

/// What `mknod` is to make. Linux packs small and large device numbers the same way as the C library where majors are
/// below 4,096 and minors below 2^20, which is all that fits in the request.
pub(crate) fn new_node<'a>(mode: u32, rdev: u32) -> Result<NewNode<'a>> {
    let (kind, mode, rdev) = (mode & S_IFMT, mode & 0o7777, u64::from(rdev));
    [
        (FileKind::File, NewNode::File { mode }),
        (FileKind::Fifo, NewNode::Fifo { mode }),
        (FileKind::Socket, NewNode::Socket { mode }),
        (FileKind::CharDevice, NewNode::CharDevice { mode, rdev }),
        (FileKind::BlockDevice, NewNode::BlockDevice { mode, rdev }),
    ]
    .into_iter()
    .find(|(known, _)| known.mode_bits() == kind)
    .map(|(_, node)| node)
    .ok_or_else(|| ErrorKind::Invalid.into())
}

pub(crate) fn rename_mode(flags: RenameFlags) -> Result<RenameMode> {
    match flags {
        flags if flags.is_empty() => Ok(RenameMode::Replace),
        RenameFlags::RENAME_NOREPLACE => Ok(RenameMode::NoReplace),
        RenameFlags::RENAME_EXCHANGE => Ok(RenameMode::Exchange),
        _ => Err(ErrorKind::Invalid.into()),
    }
}

/// The mode of `fallocate(2)`.
pub(crate) fn allocate(mode: i32) -> Result<Allocate> {
    Ok(match mode {
        0 => Allocate::Extend,
        0x01 => Allocate::KeepSize,
        0x03 => Allocate::PunchHole,
        0x08 => Allocate::Collapse,
        0x10 => Allocate::ZeroRange,
        0x11 => Allocate::ZeroKeepSize,
        0x20 => Allocate::Insert,
        _ => return Err(ErrorKind::Unsupported.into()),
    })
}

/// What `lseek(2)` is to find; other ways to seek never leave the kernel.
pub(crate) fn seek_to(whence: i32) -> Result<SeekTo> {
    match whence {
        3 => Ok(SeekTo::Data),
        4 => Ok(SeekTo::Hole),
        _ => Err(ErrorKind::Invalid.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_their_nanoseconds_on_both_sides_of_1970() {
        for nanos in [0, 1, -1, 1_500_000_000, -1_500_000_000, i64::MAX, i64::MIN / 2] {
            let expected = Timestamp(nanos);
            // As the protocol carries it, and as the crate underneath takes it apart.
            let time = system_time(expected);
            let split = match time.duration_since(UNIX_EPOCH) {
                Ok(since) => UNIX_EPOCH + since,
                Err(_) => UNIX_EPOCH - Duration::new(-expected.seconds() as u64, expected.nanos()),
            };
            assert_eq!(set_time(TimeOrNow::SpecificTime(split)), SetTime::At(expected));
        }
    }

    #[test]
    fn flags_say_what_they_say_in_c() {
        assert!(open_flags(0).read && !open_flags(0).write);
        assert!(open_flags(1).write && !open_flags(1).read);
        assert!(open_flags(2 | O_TRUNC).truncate);
        assert_eq!(open_flags(O_SYNC).durability, Durability::Full);
        assert_eq!(open_flags(O_DSYNC).durability, Durability::Data);
        assert!(!open_flags(1 | O_APPEND).append);
        assert!(allocate(0x40).is_err() && seek_to(0).is_err());
        assert!(rename_mode(RenameFlags::RENAME_WHITEOUT).is_err());
    }

    #[test]
    fn nodes_are_told_by_their_type() {
        assert!(matches!(
            new_node(0o010_644, 0),
            Ok(NewNode::Fifo { mode: 0o644 })
        ));
        assert!(matches!(
            new_node(0o020_600, 0x501),
            Ok(NewNode::CharDevice { rdev: 0x501, .. })
        ));
        assert!(new_node(0o040_755, 0).is_err());
    }
}
