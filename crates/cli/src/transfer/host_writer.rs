//! Items become a directory tree of the host.
//!
//! Everything is made relative to its open directory and no symbolic link is ever followed: whatever names and links
//! the items bring, and whatever is in the target already, nothing outside it is touched.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Timespec, Timestamps};
use rustix::io::Errno;
use tarbox_fs::Owners;
use tarbox_store::{FileKind, Timestamp};
use tarbox_tar::Collision;

use crate::failure::{Failure, Result};
use crate::platform::host;
use crate::transfer::descent::Descent;
use crate::transfer::host_new_file::HostNewFile;
use crate::transfer::host_reader::open_dir;
use crate::transfer::item::{LinkId, Meta};
use crate::transfer::tree_writer::Target;

/// A file of more bytes than this has no name until it is whole, so that a process that ends leaves no part of it.
const LARGE: u64 = 1 << 20;

/// Writes one tree.
pub(crate) struct HostWriter {
    /// The path of the tree as it was given, for messages.
    root: Vec<u8>,
    collision: Collision,
    owners: Owners,
    dirs: Descent,
    /// The names of the directories behind the first.
    names: Vec<Vec<u8>>,
    file: Option<OpenFile>,
    /// The first name of every file that has several, below the root.
    links: HashMap<LinkId, Vec<Vec<u8>>>,
}

struct OpenFile {
    file: Made,
    name: Vec<u8>,
    meta: Meta,
}

/// A file that is not whole yet.
enum Made {
    /// Under its name.
    InPlace(OwnedFd),
    /// Whatever has its name is still there.
    Apart(HostNewFile),
}

impl HostWriter {
    /// Writes below an open directory.
    pub(crate) fn new(root: &[u8], dir: OwnedFd, collision: Collision, owners: Owners) -> Self {
        Self {
            root: root.to_vec(),
            collision,
            owners,
            dirs: Descent::new(dir),
            names: Vec::new(),
            file: None,
            links: HashMap::new(),
        }
    }

    fn try_enter(&self, name: &[u8]) -> io::Result<OwnedFd> {
        check_name(name)?;
        let dir = self.dirs.last()?;
        match rustix::fs::mkdirat(dir, name, Mode::from_raw_mode(0o700)) {
            Ok(()) => {}
            Err(Errno::EXIST) => {
                if open_dir(dir, name).is_err() {
                    self.clear_the_way(name)?;
                    rustix::fs::mkdirat(dir, name, Mode::from_raw_mode(0o700))?;
                }
            }
            Err(e) => return Err(e.into()),
        }
        open_dir(dir, name)
    }

    fn make_file(&self, name: &[u8], size: u64) -> io::Result<Made> {
        check_name(name)?;
        let dir = self.dirs.last()?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        if size <= LARGE {
            match rustix::fs::openat(dir, name, flags, Mode::from_raw_mode(0o600)) {
                Err(Errno::EXIST) => {}
                made => return Ok(Made::InPlace(made?)),
            }
        }
        match self.may_go(name) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => HostNewFile::create(dir.as_fd(), 0o600).map(Made::Apart),
        }
    }

    /// Takes away the file that could not be completed.
    fn give_up(&mut self, error: &io::Error) -> Result<()> {
        let failure = match &self.file {
            Some(open) => self.failure(&open.name, error),
            None => self.failure(b"", error),
        };
        self.abandon()?;
        Err(failure)
    }

    /// The directory of a path below the root, opened, and the last name.
    fn open_parent<'p>(&self, path: &'p [Vec<u8>]) -> io::Result<(Parent<'_>, &'p [u8])> {
        let Some((name, dirs)) = path.split_last() else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let mut dir = Parent::First(self.dirs.first()?);
        for step in dirs {
            dir = Parent::Opened(open_dir(dir.dir(), step)?);
        }
        Ok((dir, name))
    }

    /// Makes something under a new name, after what is in its way is gone if that may go.
    fn replacing<T>(
        &self,
        name: &[u8],
        make: impl Fn(&OwnedFd, &[u8]) -> rustix::io::Result<T>,
    ) -> io::Result<T> {
        check_name(name)?;
        let dir = self.dirs.last()?;
        match make(dir, name) {
            Err(Errno::EXIST) => {
                self.clear_the_way(name)?;
                Ok(make(dir, name)?)
            }
            made => Ok(made?),
        }
    }

    /// Removes what is in the way and may go.
    fn clear_the_way(&self, name: &[u8]) -> io::Result<()> {
        self.may_go(name)?;
        Ok(rustix::fs::unlinkat(self.dirs.last()?, name, AtFlags::empty())?)
    }

    /// Whether what is there is no directory, and to be replaced.
    fn may_go(&self, name: &[u8]) -> io::Result<()> {
        let stat = rustix::fs::statat(self.dirs.last()?, name, AtFlags::SYMLINK_NOFOLLOW)?;
        match self.collision {
            _ if FileType::from_raw_mode(stat.st_mode) == FileType::Directory => Err(Errno::ISDIR.into()),
            Collision::Refuse => Err(Errno::EXIST.into()),
            Collision::Replace => Ok(()),
        }
    }

    /// Sets the attributes of something that cannot be opened.
    fn finish_at(&self, name: &[u8], meta: &Meta) -> io::Result<()> {
        let dir = self.dirs.last()?.as_fd();
        if let (Some(uid), Some(gid)) = self.owners.of(&meta.attributes()) {
            host::set_owner_at(dir, name, uid, gid)?;
        }
        if meta.kind != FileKind::Symlink {
            host::set_mode_at(dir, name, self.owners.mode_of(&meta.attributes()))?;
        }
        for (attribute, value) in &meta.xattrs {
            tolerate(host::set_xattr_at(dir, name, attribute, value))?;
        }
        Ok(rustix::fs::utimensat(
            dir,
            name,
            &times(meta),
            AtFlags::SYMLINK_NOFOLLOW,
        )?)
    }

    fn remember(&mut self, name: &[u8], id: Option<LinkId>) {
        if let Some(id) = id {
            let path = [&self.names[..], &[name.to_vec()]].concat();
            self.links.insert(id, path);
        }
    }

    fn failure(&self, name: &[u8], error: &io::Error) -> Failure {
        let mut path = self.root.clone();
        for part in self.names.iter().map(Vec::as_slice).chain([name]) {
            if !part.is_empty() {
                path.push(b'/');
                path.extend_from_slice(part);
            }
        }
        Failure::host(path, error)
    }
}

impl Target for HostWriter {
    fn enter(&mut self, name: Vec<u8>, _meta: &Meta) -> Result<()> {
        let dir = self.try_enter(&name).map_err(|e| self.failure(&name, &e))?;
        self.dirs.enter(dir);
        self.names.push(name);
        Ok(())
    }

    fn leave(&mut self, meta: &Meta) -> Result<()> {
        let done = self
            .dirs
            .last()
            .and_then(|dir| finish(dir.as_fd(), meta, self.owners));
        let result = done.map_err(|e| self.failure(b"", &e));
        // The first directory stays: more may follow beside what was in it.
        self.dirs.leave();
        self.names.pop();
        result
    }

    fn begin_file(&mut self, name: Vec<u8>, meta: Meta, id: Option<LinkId>) -> Result<()> {
        self.abandon()?;
        let file = self
            .make_file(&name, meta.size)
            .map_err(|e| self.failure(&name, &e))?;
        self.remember(&name, id);
        self.file = Some(OpenFile { file, name, meta });
        Ok(())
    }

    fn data(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        let Some(open) = &self.file else { return Ok(()) };
        write_all(open.file.fd(), bytes, offset).or_else(|e| self.give_up(&e))
    }

    fn end_file(&mut self, size: u64) -> Result<()> {
        let Some(open) = &self.file else { return Ok(()) };
        // A hole at the end is no piece of content: only the length tells of it.
        if let Err(e) = rustix::fs::ftruncate(open.file.fd(), size) {
            return self.give_up(&e.into());
        }
        let Some(open) = self.file.take() else {
            return Ok(());
        };
        let finished = finish(open.file.fd(), &open.meta, self.owners);
        // Its content is whole, whatever is said of its attributes.
        let put = self.dirs.last().and_then(|dir| match open.file {
            Made::InPlace(_) => Ok(()),
            Made::Apart(new) => new.put(dir.as_fd(), &open.name, self.collision == Collision::Replace),
        });
        finished.and(put).map_err(|e| self.failure(&open.name, &e))
    }

    fn abandon(&mut self) -> Result<()> {
        let Some(open) = self.file.take() else {
            return Ok(());
        };
        let removed = self.dirs.last().and_then(|dir| match open.file {
            Made::InPlace(_) => Ok(rustix::fs::unlinkat(dir, open.name.as_slice(), AtFlags::empty())?),
            Made::Apart(new) => new.discard(dir.as_fd()),
        });
        removed.map_err(|e| self.failure(&open.name, &e))
    }

    fn symlink(&mut self, name: Vec<u8>, meta: &Meta, target: &[u8], id: Option<LinkId>) -> Result<()> {
        self.replacing(&name, |dir, name| rustix::fs::symlinkat(target, dir, name))
            .and_then(|()| self.finish_at(&name, meta))
            .map_err(|e| self.failure(&name, &e))?;
        self.remember(&name, id);
        Ok(())
    }

    fn special(&mut self, name: Vec<u8>, meta: &Meta, id: Option<LinkId>) -> Result<()> {
        self.replacing(&name, |dir, name| {
            host::make_special(dir.as_fd(), name, meta)
                .map_err(|e| Errno::from_io_error(&e).unwrap_or(Errno::NOTSUP))
        })
        .and_then(|()| self.finish_at(&name, meta))
        .map_err(|e| self.failure(&name, &e))?;
        self.remember(&name, id);
        Ok(())
    }

    fn again(&mut self, name: &[u8], id: LinkId) -> Result<()> {
        let Some(first) = self.links.get(&id) else {
            let gone = io::Error::other("the file that it links to was not written");
            return Err(self.failure(name, &gone));
        };
        self.open_parent(first)
            .and_then(|(dir, old)| {
                self.replacing(name, |new_dir, name| {
                    rustix::fs::linkat(dir.dir(), old, new_dir, name, AtFlags::empty())
                })
            })
            .map_err(|e| self.failure(name, &e))
    }
}

impl Made {
    fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::InPlace(file) => file.as_fd(),
            Self::Apart(new) => new.file().as_fd(),
        }
    }
}

/// A directory on the way to a file's first name.
enum Parent<'d> {
    First(&'d OwnedFd),
    Opened(OwnedFd),
}

impl Parent<'_> {
    fn dir(&self) -> &OwnedFd {
        match self {
            Self::First(dir) => dir,
            Self::Opened(dir) => dir,
        }
    }
}

/// Names come from a store or an archive: one that leads elsewhere is refused, whoever let it in.
fn check_name(name: &[u8]) -> io::Result<()> {
    let bad = name.is_empty() || name == b"." || name == b".." || name.contains(&b'/') || name.contains(&0);
    if bad {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file name"))
    } else {
        Ok(())
    }
}

/// Sets owner, permissions, attributes and times, in the order in which none undoes another.
fn finish(file: BorrowedFd<'_>, meta: &Meta, owners: Owners) -> io::Result<()> {
    if let (Some(uid), Some(gid)) = owners.of(&meta.attributes()) {
        host::set_owner(file, uid, gid)?;
    }
    for (attribute, value) in &meta.xattrs {
        tolerate(host::set_xattr(file, attribute, value))?;
    }
    host::set_mode(file, owners.mode_of(&meta.attributes()))?;
    Ok(rustix::fs::futimens(file, &times(meta))?)
}

/// A file system that keeps no attributes, or none of this kind, loses them without spoiling the rest.
fn tolerate(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
            ) =>
        {
            Ok(())
        }
        result => result,
    }
}

fn times(meta: &Meta) -> Timestamps {
    let spec = |time: Timestamp| Timespec {
        tv_sec: time.seconds(),
        tv_nsec: time.nanos() as _,
    };
    Timestamps {
        last_access: spec(meta.atime),
        last_modification: spec(meta.mtime),
    }
}

fn write_all(file: BorrowedFd<'_>, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::pwrite(file, bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(len) => {
                bytes = &bytes[len..];
                offset += len as u64;
            }
            Err(Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}
