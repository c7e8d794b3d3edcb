//! A tree of the workspace, told as items.

use std::collections::HashSet;

use tarbox_fs::{CONTROL, Credentials, FilesystemInterface, Handle, OpenFlags, blocking, data_map, xattrs};
use tarbox_store::{Attr, FileKind, Ino, Result};

use crate::failure::Failure;
use crate::transfer::item::{Item, LinkId, Meta, PIECE};
use crate::walk::{Step, Walker};

/// Reads one tree.
pub(crate) struct WorkspaceReader<'a, F> {
    fs: &'a F,
    who: &'a Credentials,
    /// The path of the tree, for messages; no slash at its end.
    root: Vec<u8>,
    seen: HashSet<Ino>,
}

/// Takes the next item; answers whether more are wanted.
type Emit<'e> = &'e mut dyn FnMut(Item) -> bool;

/// Nobody wants more items.
struct Enough;

impl<'a, F: FilesystemInterface> WorkspaceReader<'a, F> {
    /// A reader of what is at `path`.
    pub(crate) fn new(fs: &'a F, who: &'a Credentials, path: &[u8]) -> Self {
        Self {
            fs,
            who,
            root: path.strip_suffix(b"/").unwrap_or(path).to_vec(),
            seen: HashSet::new(),
        }
    }

    /// Tells the tree below a directory; the directory itself is an `Enter` without a name.
    pub(crate) fn read(mut self, attr: &Attr, emit: Emit<'_>) {
        // Whoever said that it wants no more knows why.
        let _ = self.read_all(attr, emit);
    }

    /// Tells a single entry that is no directory, under this name. The reader's path is its directory.
    pub(crate) fn read_one(mut self, name: &[u8], attr: &Attr, emit: Emit<'_>) {
        let path = [&self.root, &b"/"[..], name].concat();
        let _ = self.leaf((name.to_vec(), &path), attr, emit);
    }

    fn read_all(&mut self, attr: &Attr, emit: Emit<'_>) -> Result<(), Enough> {
        let mut walker = Walker::new(self.fs, self.who, &self.root, *attr);
        let mut dirs = Vec::new();
        while let Some(entry) = walker.next() {
            match entry {
                // The rest of this directory cannot be told; what is around it can.
                Err(failure) => send(emit, Item::Trouble(failure))?,
                Ok(entry) if entry.dir == Ino::ROOT && entry.name == CONTROL => {
                    if entry.step == Step::Enter {
                        walker.skip();
                    }
                }
                Ok(entry) => match entry.step {
                    Step::Enter => match self.meta(&entry.attr) {
                        Ok(meta) => {
                            dirs.push(meta.clone());
                            let name = entry.name;
                            send(emit, Item::Enter { name, meta })?;
                        }
                        Err(e) => {
                            walker.skip();
                            trouble(walker.path(), e, emit)?;
                        }
                    },
                    Step::Leave => {
                        if let Some(meta) = dirs.pop() {
                            send(emit, Item::Leave { meta })?;
                        }
                    }
                    Step::Leaf => self.leaf((entry.name, walker.path()), &entry.attr, emit)?,
                },
            }
        }
        Ok(())
    }

    fn leaf(&mut self, (name, path): (Vec<u8>, &[u8]), attr: &Attr, emit: Emit<'_>) -> Result<(), Enough> {
        let link = LinkId(0, attr.ino.0);
        let id = (attr.nlink > 1).then_some(link);
        if id.is_some() && !self.seen.insert(attr.ino) {
            return send(emit, Item::Again { name, id: link });
        }
        match self.try_leaf((name, path), attr, id, emit) {
            Ok(go_on) => go_on,
            Err(e) => trouble(path, e, emit),
        }
    }

    fn try_leaf(
        &self,
        (name, path): (Vec<u8>, &[u8]),
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
                let told = send(emit, Item::File { name, meta, id, map })
                    .and_then(|()| self.content(path, handle, (attr.size, &pieces), emit));
                let _ = blocking(self.fs.release(handle));
                told
            }
            FileKind::Symlink => {
                let target = blocking(self.fs.readlink(attr.ino))?;
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
            _ => send(emit, Item::Special { name, meta, id }),
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
        path: &[u8],
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
                        return trouble(path, e, emit);
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
}

fn trouble(path: &[u8], error: tarbox_store::Error, emit: Emit<'_>) -> Result<(), Enough> {
    send(emit, Item::Trouble(Failure::of(error, path)))
}

fn send(emit: Emit<'_>, item: Item) -> Result<(), Enough> {
    if emit(item) { Ok(()) } else { Err(Enough) }
}
