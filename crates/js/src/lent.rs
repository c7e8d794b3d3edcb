//! The directories that the runtime lends, as a file system for scripts.
//!
//! The runtime finds a path's directory by its name and sees to it that nothing leads out. There are no users and no permissions:
//! whoever was lent something may do with it what the runtime allows.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT,
};
use rustix::{fs, io};
use tarbox_fs::{AccessMask, Changes, Credentials, Follow, Handle, NewNode, OpenFlags, PathAt, StatFs};
use tarbox_quickjs::Files;
use tarbox_store::{
    Allocate, Attr, Cookie, DirName, ErrorKind, FileKind, Ino, RenameMode, Result, Seq, SetAttr, SetTime,
    Timestamp, WriteAt, Written,
};

use crate::errors::error;

/// What is lent, under the names that the runtime gives it.
#[derive(Default)]
pub(crate) struct Lent(Mutex<Table>);

#[derive(Default)]
struct Table {
    last: u64,
    open: BTreeMap<u64, Open>,
}

struct Open {
    fd: OwnedFd,
    ino: Ino,
    /// What an opened directory held when it was first listed.
    entries: Option<Vec<DirName>>,
}

impl Lent {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, handle: Handle, f: impl FnOnce(&mut Open) -> io::Result<T>) -> Result<T> {
        let mut table = self.table();
        let open = table.open.get_mut(&handle.0).ok_or(ErrorKind::BadHandle)?;
        f(open).map_err(error)
    }

    /// Does something with an inode that is open: there is no other way to one than by its path.
    fn with_inode<T>(&self, ino: Ino, f: impl FnOnce(&OwnedFd) -> io::Result<T>) -> Result<T> {
        let table = self.table();
        let open = table.open.values().find(|open| open.ino == ino);
        f(&open.ok_or(ErrorKind::NotFound)?.fd).map_err(error)
    }
}

fn unsupported<T>() -> Result<T> {
    Err(ErrorKind::Unsupported.into())
}

fn at(follow: Follow) -> AtFlags {
    match follow {
        Follow::Yes => AtFlags::empty(),
        Follow::No => AtFlags::SYMLINK_NOFOLLOW,
    }
}

fn kind(kind: FileType) -> FileKind {
    match kind {
        FileType::Directory => FileKind::Directory,
        FileType::Symlink => FileKind::Symlink,
        FileType::CharacterDevice => FileKind::CharDevice,
        FileType::BlockDevice => FileKind::BlockDevice,
        _ => FileKind::File,
    }
}

fn attr(stat: &Stat) -> Attr {
    let kind = kind(FileType::from_raw_mode(stat.st_mode));
    Attr {
        ino: Ino(stat.st_ino),
        kind,
        mode: match kind {
            FileKind::Directory => 0o755,
            FileKind::Symlink => 0o777,
            _ => 0o644,
        },
        uid: 0,
        gid: 0,
        nlink: u32::try_from(stat.st_nlink).unwrap_or(u32::MAX),
        size: u64::try_from(stat.st_size).unwrap_or(0),
        blocks: u64::try_from(stat.st_size).unwrap_or(0).div_ceil(512),
        rdev: 0,
        xattrs: 0,
        atime: Timestamp::from_parts(stat.st_atim.tv_sec, stat.st_atim.tv_nsec as u32),
        mtime: Timestamp::from_parts(stat.st_mtim.tv_sec, stat.st_mtim.tv_nsec as u32),
        ctime: Timestamp::from_parts(stat.st_ctim.tv_sec, stat.st_ctim.tv_nsec as u32),
        btime: Timestamp::from_parts(stat.st_ctim.tv_sec, stat.st_ctim.tv_nsec as u32),
        version: Default::default(),
    }
}

fn times(set: &SetAttr) -> Option<Timestamps> {
    let time = |time: Option<SetTime>| match time {
        None => Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_OMIT,
        },
        Some(SetTime::Now) => Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_NOW,
        },
        Some(SetTime::At(time)) => Timespec {
            tv_sec: time.seconds(),
            tv_nsec: time.nanos() as _,
        },
    };
    (set.atime.is_some() || set.mtime.is_some()).then(|| Timestamps {
        last_access: time(set.atime),
        last_modification: time(set.mtime),
    })
}

/// All entries of a directory, each with its place as its cookie.
fn list(fd: &OwnedFd) -> io::Result<Vec<DirName>> {
    let mut all = Vec::new();
    // Some runtimes say of every directory that it can be written, and refuse to open one so again.
    let again = fs::openat(fd, ".", OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
    for entry in Dir::new(again)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name == b"." || name == b".." {
            continue;
        }
        all.push(DirName {
            name: name.to_vec(),
            cookie: Cookie(all.len() as u64 + 1),
            ino: Ino(entry.ino()),
            kind: kind(entry.file_type()),
        });
    }
    Ok(all)
}

impl Files for Lent {
    fn root(&self) -> Ino {
        Ino::ROOT
    }

    fn resolve(&self, _who: &Credentials, path: PathAt<'_>, follow: Follow) -> Result<Attr> {
        fs::statat(CWD, path.path, at(follow))
            .map(|stat| attr(&stat))
            .map_err(error)
    }

    fn open_path(
        &self,
        _who: &Credentials,
        path: PathAt<'_>,
        flags: OpenFlags,
        create: Option<u32>,
    ) -> Result<(Attr, Handle)> {
        let mut how = match (flags.read, flags.write) {
            (_, false) => OFlags::RDONLY,
            (true, true) => OFlags::RDWR,
            (false, true) => OFlags::WRONLY,
        };
        for (wanted, flag) in [
            (flags.append, OFlags::APPEND),
            (flags.truncate, OFlags::TRUNC),
            (flags.exclusive, OFlags::EXCL),
            (flags.directory, OFlags::DIRECTORY),
            (flags.no_follow, OFlags::NOFOLLOW),
            (create.is_some(), OFlags::CREATE),
        ] {
            how.set(flag, wanted);
        }
        let opened =
            fs::openat(CWD, path.path, how, Mode::empty()).and_then(|fd| Ok((attr(&fs::fstat(&fd)?), fd)));
        let (attr, fd) = opened.map_err(error)?;
        // Linux refuses this, and WASI makes a directory that can be written of it.
        if attr.is_dir() && flags.write {
            return Err(ErrorKind::IsDirectory.into());
        }
        let mut table = self.table();
        table.last += 1;
        let handle = table.last;
        let open = Open {
            fd,
            ino: attr.ino,
            entries: None,
        };
        table.open.insert(handle, open);
        Ok((attr, Handle(handle)))
    }

    fn make_node(&self, who: &Credentials, path: PathAt<'_>, node: NewNode<'_>) -> Result<Attr> {
        match node {
            NewNode::Directory { .. } => fs::mkdirat(CWD, path.path, Mode::empty()).map_err(error)?,
            NewNode::Symlink { target } => fs::symlinkat(target, CWD, path.path).map_err(error)?,
            _ => return unsupported(),
        }
        self.resolve(who, path, Follow::No)
    }

    fn read_link(&self, _who: &Credentials, path: PathAt<'_>) -> Result<Vec<u8>> {
        let says = fs::readlinkat(CWD, path.path, Vec::new()).map_err(error)?;
        Ok(says.into_bytes())
    }

    fn hard_link(
        &self,
        who: &Credentials,
        existing: PathAt<'_>,
        new: PathAt<'_>,
        _follow: Follow,
    ) -> Result<Attr> {
        fs::linkat(CWD, existing.path, CWD, new.path, AtFlags::empty()).map_err(error)?;
        self.resolve(who, new, Follow::No)
    }

    fn set_attr(&self, who: &Credentials, path: PathAt<'_>, set: &SetAttr, follow: Follow) -> Result<Attr> {
        if let Some(size) = set.size {
            let fd = fs::openat(CWD, path.path, OFlags::WRONLY, Mode::empty());
            fd.and_then(|fd| fs::ftruncate(&fd, size)).map_err(error)?;
        }
        if let Some(times) = times(set) {
            fs::utimensat(CWD, path.path, &times, at(follow)).map_err(error)?;
        }
        self.resolve(who, path, follow)
    }

    fn remove_file(&self, _who: &Credentials, path: PathAt<'_>) -> Result<()> {
        fs::unlinkat(CWD, path.path, AtFlags::empty()).map_err(error)
    }

    fn remove_dir(&self, _who: &Credentials, path: PathAt<'_>) -> Result<()> {
        fs::unlinkat(CWD, path.path, AtFlags::REMOVEDIR).map_err(error)
    }

    fn rename_path(
        &self,
        _who: &Credentials,
        from: PathAt<'_>,
        to: PathAt<'_>,
        mode: RenameMode,
    ) -> Result<()> {
        match mode {
            RenameMode::Replace => fs::renameat(CWD, from.path, CWD, to.path).map_err(error),
            _ => unsupported(),
        }
    }

    fn parent(&self, _who: &Credentials, _dir: Ino) -> Result<Attr> {
        unsupported()
    }

    fn getattr(&self, ino: Ino) -> Result<Attr> {
        self.with_inode(ino, |fd| Ok(attr(&fs::fstat(fd)?)))
    }

    fn setattr(&self, _who: &Credentials, ino: Ino, set: &SetAttr) -> Result<Attr> {
        self.with_inode(ino, |fd| {
            if let Some(size) = set.size {
                fs::ftruncate(fd, size)?;
            }
            if let Some(times) = times(set) {
                fs::futimens(fd, &times)?;
            }
            Ok(attr(&fs::fstat(fd)?))
        })
    }

    fn open(&self, _who: &Credentials, _ino: Ino, _flags: OpenFlags) -> Result<Handle> {
        unsupported()
    }

    fn read(&self, handle: Handle, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.with(handle, |open| {
            let mut done = 0;
            while done < buffer.len() {
                match io::pread(&open.fd, &mut buffer[done..], offset + done as u64)? {
                    0 => break,
                    count => done += count,
                }
            }
            Ok(done)
        })
    }

    fn write(&self, handle: Handle, at: WriteAt, data: &[u8]) -> Result<Written> {
        self.with(handle, |open| {
            let mut done = 0;
            while done < data.len() {
                done += match at {
                    WriteAt::Offset(offset) => io::pwrite(&open.fd, &data[done..], offset + done as u64)?,
                    WriteAt::End => io::write(&open.fd, &data[done..])?,
                };
            }
            let size = attr(&fs::fstat(&open.fd)?).size;
            let offset = match at {
                WriteAt::Offset(offset) => offset,
                WriteAt::End => size.saturating_sub(data.len() as u64),
            };
            Ok(Written { offset, size })
        })
    }

    fn truncate(&self, handle: Handle, size: u64) -> Result<Attr> {
        self.with(handle, |open| {
            fs::ftruncate(&open.fd, size)?;
            Ok(attr(&fs::fstat(&open.fd)?))
        })
    }

    fn fallocate(&self, _handle: Handle, _how: Allocate, _offset: u64, _len: u64) -> Result<()> {
        unsupported()
    }

    fn readdir_names(&self, handle: Handle, after: Cookie, limit: usize) -> Result<Vec<DirName>> {
        self.with(handle, |open| {
            let entries = match &mut open.entries {
                Some(entries) => entries,
                none => none.insert(list(&open.fd)?),
            };
            let behind = usize::try_from(after.0).unwrap_or(usize::MAX);
            Ok(entries.iter().skip(behind).take(limit).cloned().collect())
        })
    }

    fn fsync(&self, handle: Handle, data_only: bool) -> Result<()> {
        self.with(handle, |open| match data_only {
            true => fs::fdatasync(&open.fd),
            false => fs::fsync(&open.fd),
        })
    }

    fn release(&self, handle: Handle) -> Result<()> {
        let open = self.table().open.remove(&handle.0);
        open.map(drop).ok_or_else(|| ErrorKind::BadHandle.into())
    }

    /// What was written without `fsync` is the runtime's concern.
    fn syncfs(&self) -> Result<()> {
        Ok(())
    }

    fn access(&self, _who: &Credentials, _ino: Ino, _mask: AccessMask) -> Result<()> {
        Ok(())
    }

    fn copy_range(&self, source: (Handle, u64), target: (Handle, u64), len: u64) -> Result<u64> {
        let mut piece = vec![0; len.min(1 << 20) as usize];
        let count = self.read(source.0, source.1, &mut piece)?;
        self.write(target.0, WriteAt::Offset(target.1), &piece[..count])?;
        Ok(count as u64)
    }

    fn statfs(&self) -> Result<StatFs> {
        unsupported()
    }

    fn last_change(&self) -> Result<Seq> {
        unsupported()
    }

    fn changes(&self, _path: &[u8], _after: Seq, _limit: usize) -> Result<Changes> {
        unsupported()
    }

    fn changed(&self, _after: Seq, _patience: Duration) -> Result<Seq> {
        unsupported()
    }
}
