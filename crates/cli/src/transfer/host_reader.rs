//! A directory tree of the host, told as items.
//!
//! Every file is opened relative to its open directory and without following symbolic links, so nothing outside the tree
//! is ever read, whatever happens to it meanwhile.

use std::collections::HashSet;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use tarbox_fs::PATH_MAX;
use tarbox_store::FileKind;

use crate::failure::Failure;
use crate::platform::host;
use crate::transfer::descent::Descent;
use crate::transfer::host_file::read_content;
use crate::transfer::item::{Item, LinkId, Meta};
use crate::transfer::skip::Skip;

/// Reads one tree.
pub(crate) struct HostReader<'a> {
    /// The path of the tree as it was given, for messages.
    root: &'a [u8],
    skip: &'a Skip,
    /// Where it is; `None` until it begins.
    dirs: Option<Descent>,
    stack: Vec<Level>,
    /// The path from the root of the tree to the innermost directory; empty at the root, else it ends with a slash.
    path: Vec<u8>,
    seen: HashSet<LinkId>,
}

/// A directory and what is still to be read of it, the last first.
struct Level {
    meta: Meta,
    names: Vec<Named>,
    /// How long the path was above.
    path_len: usize,
}

/// A name, and what the directory says it is.
pub(crate) type Named = (Vec<u8>, FileType);

/// Takes the next item; answers whether more are wanted.
type Emit<'e> = &'e mut dyn FnMut(Item) -> bool;

/// Nobody wants more items.
struct Enough;

impl<'a> HostReader<'a> {
    /// A reader of the tree below `root`, less what is skipped.
    pub(crate) fn new(root: &'a [u8], skip: &'a Skip) -> Self {
        Self {
            root,
            skip,
            dirs: None,
            stack: Vec::new(),
            path: Vec::new(),
            seen: HashSet::new(),
        }
    }

    /// Tells the tree below an open directory; the directory itself is an `Enter` without a name.
    pub(crate) fn read(mut self, dir: OwnedFd, emit: Emit<'_>) {
        // Whoever said that it wants no more knows why.
        let _ = self.read_all(dir, emit);
    }

    /// Tells a single file of the directory.
    pub(crate) fn read_one(mut self, dir: &OwnedFd, name: &[u8], emit: Emit<'_>) {
        let _ = self.leaf(dir.as_fd(), name, FileType::Unknown, emit);
    }

    fn read_all(&mut self, dir: OwnedFd, emit: Emit<'_>) -> Result<(), Enough> {
        self.enter(dir, Vec::new(), emit)?;
        while let Some(level) = self.stack.last_mut() {
            match level.names.pop() {
                Some(named) => self.entry(named, emit)?,
                None => self.leave(emit)?,
            }
        }
        Ok(())
    }

    fn entry(&mut self, (name, hint): Named, emit: Emit<'_>) -> Result<(), Enough> {
        let Some(dirs) = self.dirs.take() else {
            return Ok(());
        };
        let told = match dirs.last() {
            Ok(dir) => self.entry_of(dir, &name, hint, emit),
            Err(e) => self.trouble(&name, e, emit).map(|()| None),
        };
        self.dirs = Some(dirs);
        match told? {
            Some(dir) => self.enter(dir, name, emit),
            None => Ok(()),
        }
    }

    /// Tells an entry of `dir`; a directory is only opened.
    fn entry_of(
        &mut self,
        dir: &OwnedFd,
        name: &[u8],
        hint: FileType,
        emit: Emit<'_>,
    ) -> Result<Option<OwnedFd>, Enough> {
        if self.skip.skips(dir, &self.path, name) {
            return Ok(None);
        }
        if hint != FileType::Directory {
            return self.leaf(dir.as_fd(), name, hint, emit).map(|()| None);
        }
        match open_dir(dir, name) {
            Ok(opened) => Ok(Some(opened)),
            Err(e) => self.trouble(name, e, emit).map(|()| None),
        }
    }

    fn enter(&mut self, dir: OwnedFd, name: Vec<u8>, emit: Emit<'_>) -> Result<(), Enough> {
        let path_len = self.path.len();
        if path_len + name.len() + 1 > PATH_MAX {
            return self.trouble(&name, rustix::io::Errno::NAMETOOLONG.into(), emit);
        }
        let (meta, names) = match open_level(&dir) {
            Ok(found) => found,
            Err(e) => return self.trouble(&name, e, emit),
        };
        if !name.is_empty() {
            self.path.extend_from_slice(&name);
            self.path.push(b'/');
        }
        send(
            emit,
            Item::Enter {
                name,
                meta: meta.clone(),
            },
        )?;
        match &mut self.dirs {
            Some(dirs) => dirs.enter(dir),
            None => self.dirs = Some(Descent::new(dir)),
        }
        self.stack.push(Level {
            meta,
            names,
            path_len,
        });
        Ok(())
    }

    fn leave(&mut self, emit: Emit<'_>) -> Result<(), Enough> {
        let Some(level) = self.stack.pop() else {
            return Ok(());
        };
        if let Some(dirs) = &mut self.dirs {
            dirs.leave();
        }
        self.path.truncate(level.path_len);
        send(emit, Item::Leave { meta: level.meta })
    }

    /// Tells something that is no directory.
    fn leaf(
        &mut self,
        dir: BorrowedFd<'_>,
        name: &[u8],
        hint: FileType,
        emit: Emit<'_>,
    ) -> Result<(), Enough> {
        let told = match hint {
            FileType::RegularFile => self.file(dir, name, emit),
            _ => self.no_file(dir, name, emit),
        };
        match told {
            Ok(go_on) => go_on,
            Err(e) => self.trouble(name, e, emit),
        }
    }

    fn file(&mut self, dir: BorrowedFd<'_>, name: &[u8], emit: Emit<'_>) -> io::Result<Result<(), Enough>> {
        // NONBLOCK: what was replaced by a pipe meanwhile must not be waited for.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = rustix::fs::openat(dir, name, flags, Mode::empty())?;
        let stat = rustix::fs::fstat(&file)?;
        if kind_of(&stat) != FileKind::File {
            return Err(io::Error::other("it was replaced while it was being read"));
        }
        let id = match self.known(&stat) {
            Known::Again(id) => {
                return Ok(send(
                    emit,
                    Item::Again {
                        name: name.to_vec(),
                        id,
                    },
                ));
            }
            Known::First(id) => Some(id),
            Known::Only => None,
        };
        let meta = meta_of(&stat, host::xattrs(file.as_fd())?);
        let begun = send(
            emit,
            Item::File {
                name: name.to_vec(),
                meta,
                id,
                map: None,
            },
        );
        Ok(begun.and_then(|()| self.content(&file, &stat, name, emit)))
    }

    fn no_file(
        &mut self,
        dir: BorrowedFd<'_>,
        name: &[u8],
        emit: Emit<'_>,
    ) -> io::Result<Result<(), Enough>> {
        let stat = rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let kind = kind_of(&stat);
        if kind == FileKind::File {
            return self.file(dir, name, emit);
        }
        let id = match self.known(&stat) {
            Known::Again(id) => {
                return Ok(send(
                    emit,
                    Item::Again {
                        name: name.to_vec(),
                        id,
                    },
                ));
            }
            Known::First(id) => Some(id),
            Known::Only => None,
        };
        let meta = meta_of(&stat, host::xattrs_at(dir, name)?);
        let name = name.to_vec();
        Ok(match kind {
            FileKind::Symlink => {
                let target = rustix::fs::readlinkat(dir, name.as_slice(), Vec::new())?.into_bytes();
                send(
                    emit,
                    Item::Symlink {
                        name,
                        meta,
                        target,
                        id,
                    },
                )
            }
            FileKind::Directory => return Err(io::Error::other("it was replaced while it was being read")),
            _ => send(emit, Item::Special { name, meta, id }),
        })
    }

    fn content(&self, file: &OwnedFd, stat: &Stat, name: &[u8], emit: Emit<'_>) -> Result<(), Enough> {
        let mut wanted = true;
        let result = read_content(file, stat, &mut |offset, bytes| {
            wanted = emit(Item::Data { offset, bytes });
            wanted
        });
        match result {
            _ if !wanted => Err(Enough),
            Ok(size) => send(emit, Item::EndFile { size }),
            Err(e) => {
                send(emit, Item::Abandon)?;
                self.trouble(name, e, emit)
            }
        }
    }

    /// Whether the file has other names, and whether one of them came before.
    fn known(&mut self, stat: &Stat) -> Known {
        if stat.st_nlink < 2 {
            return Known::Only;
        }
        let id = LinkId(stat.st_dev, stat.st_ino);
        if self.seen.insert(id) {
            Known::First(id)
        } else {
            Known::Again(id)
        }
    }

    fn trouble(&self, name: &[u8], error: io::Error, emit: Emit<'_>) -> Result<(), Enough> {
        let mut path = self.root.to_vec();
        if path.last() != Some(&b'/') {
            path.push(b'/');
        }
        path.extend_from_slice(&self.path);
        path.extend_from_slice(name);
        send(emit, Item::Trouble(Failure::host(path, &error)))
    }
}

enum Known {
    Only,
    First(LinkId),
    Again(LinkId),
}

fn send(emit: Emit<'_>, item: Item) -> Result<(), Enough> {
    if emit(item) { Ok(()) } else { Err(Enough) }
}

fn open_level(dir: &OwnedFd) -> io::Result<(Meta, Vec<Named>)> {
    let meta = meta_of(&rustix::fs::fstat(dir)?, host::xattrs(dir.as_fd())?);
    Ok((meta, names_of(dir)?))
}

/// Opens a directory in a directory, and nothing else.
pub(crate) fn open_dir(dir: &OwnedFd, name: &[u8]) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(dir, name, flags, Mode::empty())?)
}

/// What is in a directory, in reverse order: the last is the next. Sorted, so that an import is the same each time.
pub(crate) fn names_of(dir: &OwnedFd) -> io::Result<Vec<Named>> {
    let mut names = Vec::new();
    for entry in rustix::fs::Dir::read_from(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name == b"." || name == b".." {
            continue;
        }
        let hint = match entry.file_type() {
            FileType::Unknown => type_of(dir, name),
            known => known,
        };
        names.push((name.to_vec(), hint));
    }
    names.sort_unstable_by(|a, b| b.0.cmp(&a.0));
    Ok(names)
}

/// What a name is where the directory does not say; what cannot be told is found out when it is read.
fn type_of(dir: &OwnedFd, name: &[u8]) -> FileType {
    rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)
        .map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode))
}

fn kind_of(stat: &Stat) -> FileKind {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => FileKind::Directory,
        FileType::Symlink => FileKind::Symlink,
        FileType::CharacterDevice => FileKind::CharDevice,
        FileType::BlockDevice => FileKind::BlockDevice,
        other => host::special_kind(other),
    }
}

fn meta_of(stat: &Stat, xattrs: host::Xattrs) -> Meta {
    Meta {
        kind: kind_of(stat),
        mode: host::permissions(stat),
        uid: stat.st_uid,
        gid: stat.st_gid,
        rdev: stat.st_rdev,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        atime: host::accessed(stat),
        mtime: host::modified(stat),
        xattrs,
    }
}
