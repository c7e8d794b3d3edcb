//! A tree of the workspace, told as items.

use std::collections::HashSet;

use tarbox_fs::{CONTROL, Credentials, FilesystemInterface, Handle, OpenFlags, blocking, data_map, xattrs};
use tarbox_store::{Attr, Cookie, DirEntry, FileKind, Ino, Result};

use crate::failure::Failure;
use crate::transfer::item::{Item, LinkId, Meta, PIECE};

/// Entries are told in the order of their names, in runs of at most this many: memory stays bounded.
const RUN: usize = 1 << 16;
const PAGE: usize = 1024;

/// Reads one tree.
pub(crate) struct WorkspaceReader<'a, F> {
    fs: &'a F,
    who: &'a Credentials,
    stack: Vec<Level>,
    /// The path of the innermost directory, for messages; no slash at its end.
    path: Vec<u8>,
    seen: HashSet<Ino>,
}

struct Level {
    ino: Ino,
    handle: Handle,
    meta: Meta,
    /// The run being told, in reverse order.
    run: Vec<DirEntry>,
    after: Cookie,
    more: bool,
    path_len: usize,
}

/// Takes the next item; answers whether more are wanted.
type Emit<'e> = &'e mut dyn FnMut(Item) -> bool;

/// Nobody wants more items.
struct Enough;

impl<'a, F: FilesystemInterface> WorkspaceReader<'a, F> {
    /// A reader of what is at `path`.
    pub(crate) fn new(fs: &'a F, who: &'a Credentials, path: &[u8]) -> Self {
        let path = path.strip_suffix(b"/").unwrap_or(path).to_vec();
        Self {
            fs,
            who,
            stack: Vec::new(),
            path,
            seen: HashSet::new(),
        }
    }

    /// Tells the tree below a directory; the directory itself is an `Enter` without a name.
    pub(crate) fn read(mut self, attr: &Attr, emit: Emit<'_>) {
        // Whoever said that it wants no more knows why.
        let _ = self.read_all(attr, emit);
        for level in self.stack {
            let _ = blocking(self.fs.release(level.handle));
        }
    }

    /// Tells a single entry that is no directory, under this name. The reader's path is its directory.
    pub(crate) fn read_one(mut self, name: &[u8], attr: &Attr, emit: Emit<'_>) {
        let _ = self.leaf(name.to_vec(), attr, emit);
    }

    fn read_all(&mut self, attr: &Attr, emit: Emit<'_>) -> Result<(), Enough> {
        self.enter(Vec::new(), attr, emit)?;
        loop {
            match self.next_entry() {
                Ok(Some(entry)) if entry.attr.is_dir() => self.enter(entry.name, &entry.attr, emit)?,
                Ok(Some(entry)) => self.leaf(entry.name, &entry.attr, emit)?,
                Ok(None) if self.stack.is_empty() => return Ok(()),
                Ok(None) => self.leave(emit)?,
                Err(e) => {
                    // The rest of this directory cannot be told; what is around it can.
                    self.trouble(b"", e, emit)?;
                    if let Some(level) = self.stack.last_mut() {
                        level.more = false;
                    }
                }
            }
        }
    }

    fn next_entry(&mut self) -> Result<Option<DirEntry>> {
        let Some(level) = self.stack.last_mut() else {
            return Ok(None);
        };
        if level.run.is_empty() && level.more {
            next_run(self.fs, level)?;
        }
        match level.run.pop() {
            Some(entry) if level.ino == Ino::ROOT && entry.name == CONTROL => self.next_entry(),
            entry => Ok(entry),
        }
    }

    fn enter(&mut self, name: Vec<u8>, attr: &Attr, emit: Emit<'_>) -> Result<(), Enough> {
        let opened = self.meta(attr).and_then(|meta| {
            Ok((
                meta,
                blocking(self.fs.open(self.who, attr.ino, OpenFlags::DIRECTORY))?,
            ))
        });
        let (meta, handle) = match opened {
            Ok(opened) => opened,
            Err(e) => return self.trouble(&name, e, emit),
        };
        let path_len = self.path.len();
        if !name.is_empty() {
            self.path.push(b'/');
            self.path.extend_from_slice(&name);
        }
        self.stack.push(Level {
            ino: attr.ino,
            handle,
            meta: meta.clone(),
            run: Vec::new(),
            after: Cookie(0),
            more: true,
            path_len,
        });
        send(emit, Item::Enter { name, meta })
    }

    fn leave(&mut self, emit: Emit<'_>) -> Result<(), Enough> {
        let Some(level) = self.stack.pop() else {
            return Ok(());
        };
        // It was only read: closing it can lose nothing.
        let _ = blocking(self.fs.release(level.handle));
        self.path.truncate(level.path_len);
        send(emit, Item::Leave { meta: level.meta })
    }

    fn leaf(&mut self, name: Vec<u8>, attr: &Attr, emit: Emit<'_>) -> Result<(), Enough> {
        let link = LinkId(0, attr.ino.0);
        let id = (attr.nlink > 1).then_some(link);
        if id.is_some() && !self.seen.insert(attr.ino) {
            return send(emit, Item::Again { name, id: link });
        }
        match self.try_leaf(&name, attr, id, emit) {
            Ok(go_on) => go_on,
            Err(e) => self.trouble(&name, e, emit),
        }
    }

    fn try_leaf(
        &self,
        name: &[u8],
        attr: &Attr,
        id: Option<LinkId>,
        emit: Emit<'_>,
    ) -> Result<Result<(), Enough>> {
        let meta = self.meta(attr)?;
        Ok(match attr.kind {
            FileKind::File => {
                let handle = self.open_quietly(attr)?;
                let map = blocking(data_map(self.fs, handle, attr))?;
                let pieces = map.clone().unwrap_or_else(|| vec![(0, attr.size)]);
                let told = send(
                    emit,
                    Item::File {
                        name: name.to_vec(),
                        meta,
                        id,
                        map,
                    },
                )
                .and_then(|()| self.content(name, handle, (attr.size, &pieces), emit));
                let _ = blocking(self.fs.release(handle));
                told
            }
            FileKind::Symlink => {
                let target = blocking(self.fs.readlink(attr.ino))?;
                send(
                    emit,
                    Item::Symlink {
                        name: name.to_vec(),
                        meta,
                        target,
                        id,
                    },
                )
            }
            _ => send(
                emit,
                Item::Special {
                    name: name.to_vec(),
                    meta,
                    id,
                },
            ),
        })
    }

    /// Opens for reading, without a mark in the access time where that may be asked for.
    fn open_quietly(&self, attr: &Attr) -> Result<Handle> {
        let no_atime = self.who.is_root() || self.who.uid() == attr.uid;
        blocking(self.fs.open(
            self.who,
            attr.ino,
            OpenFlags {
                no_atime,
                ..OpenFlags::READ
            },
        ))
    }

    fn content(
        &self,
        name: &[u8],
        handle: Handle,
        (size, pieces): (u64, &[(u64, u64)]),
        emit: Emit<'_>,
    ) -> Result<(), Enough> {
        for (offset, len) in pieces {
            let mut at = *offset;
            while at < offset + len {
                let mut bytes = vec![0; (offset + len - at).min(PIECE as u64) as usize];
                match blocking(self.fs.read(handle, at, &mut bytes)) {
                    // It was cut while it was read.
                    Ok(0) => return send(emit, Item::EndFile { size: at }),
                    Ok(read) => {
                        bytes.truncate(read);
                        send(emit, Item::Data { offset: at, bytes })?;
                        at += read as u64;
                    }
                    Err(e) => {
                        send(emit, Item::Abandon)?;
                        return self.trouble(name, e, emit);
                    }
                }
            }
        }
        send(emit, Item::EndFile { size })
    }

    fn meta(&self, attr: &Attr) -> Result<Meta> {
        Ok(Meta {
            kind: attr.kind,
            mode: attr.mode,
            uid: attr.uid,
            gid: attr.gid,
            rdev: attr.rdev,
            size: attr.size,
            atime: attr.atime,
            mtime: attr.mtime,
            xattrs: blocking(xattrs(self.fs, self.who, attr.ino))?,
        })
    }

    fn trouble(&self, name: &[u8], error: tarbox_store::Error, emit: Emit<'_>) -> Result<(), Enough> {
        let path = if name.is_empty() {
            self.path.clone()
        } else {
            [&self.path, &b"/"[..], name].concat()
        };
        send(emit, Item::Trouble(Failure::of(error, path)))
    }
}

fn send(emit: Emit<'_>, item: Item) -> Result<(), Enough> {
    if emit(item) { Ok(()) } else { Err(Enough) }
}

fn next_run<F: FilesystemInterface>(fs: &F, level: &mut Level) -> Result<()> {
    while level.more && level.run.len() < RUN {
        let page = blocking(fs.readdir(level.handle, level.after, PAGE))?;
        level.more = page.len() == PAGE;
        level.after = page.last().map_or(level.after, |entry| entry.cookie);
        level.run.extend(page);
    }
    level.run.sort_unstable_by(|a, b| b.name.cmp(&a.name));
    Ok(())
}
