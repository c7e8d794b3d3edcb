//! Items become files of the workspace.
//!
//! Everything is made by inode in the directory it belongs to: no path is resolved and no symbolic link followed, so
//! whatever names and links the items bring, nothing outside the target directory is touched.

use std::collections::HashMap;

use tarbox_fs::{
    CONTROL, Credentials, FilesystemInterface, Handle, NewNode, OpenFlags, Owners, blocking, restore,
};
use tarbox_store::{Attr, Error, ErrorKind, FileKind, Ino, Unlink, WriteAt};
use tarbox_tar::Collision;

use crate::failure::{Failure, Result};
use crate::transfer::item::{Item, LinkId, Meta};

/// Writes one tree.
pub(crate) struct WorkspaceWriter<'a, F> {
    fs: &'a F,
    who: Credentials,
    collision: Collision,
    owners: Owners,
    stack: Vec<Level>,
    /// The path of the innermost directory, for messages.
    path: Vec<u8>,
    file: Option<OpenFile>,
    /// How deep we are in a directory that could not be made, whose content is left out.
    lost: usize,
    links: HashMap<LinkId, Ino>,
}

struct Level {
    ino: Ino,
    origin: Origin,
    path_len: usize,
}

/// Whether a directory was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Made,
    Found,
}

struct OpenFile {
    handle: Handle,
    attr: Attr,
    name: Vec<u8>,
    meta: Meta,
    /// The end of what was written.
    end: u64,
}

impl<'a, F: FilesystemInterface> WorkspaceWriter<'a, F> {
    /// Writes into the directory `root`, whose path is `path`.
    pub(crate) fn new(
        fs: &'a F,
        who: &Credentials,
        (root, path): (Ino, &[u8]),
        collision: Collision,
        owners: Owners,
    ) -> Self {
        let path = path.strip_suffix(b"/").unwrap_or(path).to_vec();
        Self {
            fs,
            // Permissions come from the items, not from a mask.
            who: who.clone().with_umask(0),
            collision,
            owners,
            stack: vec![Level {
                ino: root,
                origin: Origin::Found,
                path_len: 0,
            }],
            path,
            file: None,
            lost: 0,
            links: HashMap::new(),
        }
    }

    /// Carries out one item.
    ///
    /// # Errors
    /// What the workspace said, about the path. The writer can go on with the next item.
    pub(crate) fn write(&mut self, item: Item) -> Result<()> {
        match item {
            Item::Enter { .. } if self.lost > 0 => self.lost += 1,
            Item::Leave { .. } if self.lost > 0 => self.lost -= 1,
            Item::Trouble(failure) => return Err(failure),
            _ if self.lost > 0 => {}
            Item::Enter { name, meta } => self.enter(&name, &meta)?,
            Item::Leave { meta } => self.leave(&meta)?,
            Item::File { name, meta, id, .. } => self.begin_file(name, meta, id)?,
            Item::Data { offset, bytes } => self.data(offset, &bytes)?,
            Item::EndFile { size } => self.end_file(size)?,
            Item::Abandon => self.abandon()?,
            Item::Symlink {
                name,
                meta,
                target,
                id,
            } => {
                self.node(&name, &meta, id, &NewNode::Symlink { target: &target })?;
            }
            Item::Special { name, meta, id } => {
                let node = special(&meta).ok_or_else(|| Failure::from(ErrorKind::Invalid).about(&name))?;
                self.node(&name, &meta, id, &node)?;
            }
            Item::Again { name, id } => self.again(&name, id)?,
        }
        Ok(())
    }

    /// Gives an inode another name in this directory.
    fn link(&self, name: &[u8], ino: Ino) -> Result<()> {
        let dir = self.top().ino;
        self.replacing(name, || blocking(self.fs.link(&self.who, ino, dir, name)))
            .map(drop)
            .map_err(|e| self.failure(name, e))
    }

    fn enter(&mut self, name: &[u8], meta: &Meta) -> Result<()> {
        if name.is_empty() {
            return Ok(());
        }
        match self.try_enter(name, meta) {
            Ok((ino, origin)) => {
                self.stack.push(Level {
                    ino,
                    origin,
                    path_len: self.path.len(),
                });
                self.path.push(b'/');
                self.path.extend_from_slice(name);
                Ok(())
            }
            Err(e) => {
                self.lost = 1;
                Err(self.failure(name, e))
            }
        }
    }

    fn try_enter(&self, name: &[u8], meta: &Meta) -> tarbox_store::Result<(Ino, Origin)> {
        self.refuse_control(self.top().ino, name)?;
        let dir = self.top().ino;
        // Until it is complete its owner has to be able to fill it.
        let make = || blocking(self.fs.mkdir(&self.who, dir, name, meta.mode & 0o777 | 0o700));
        match make() {
            Err(e) if e.kind() == ErrorKind::Exists => {
                let there = blocking(self.fs.lookup(&self.who, dir, name))?;
                if there.is_dir() {
                    return Ok((there.ino, Origin::Found));
                }
                self.clear_the_way(name, e)?;
                Ok((make()?.ino, Origin::Made))
            }
            made => Ok((made?.ino, Origin::Made)),
        }
    }

    fn leave(&mut self, meta: &Meta) -> Result<()> {
        let top = self.top();
        let (ino, origin) = (top.ino, top.origin);
        let result = match self.finish(ino, None, meta) {
            // A directory that was there before may belong to somebody else: then it stays as it is.
            Err(e) if origin == Origin::Found && e.kind() == ErrorKind::NotPermitted => Ok(()),
            result => result.map_err(|e| self.failure(b"", e)),
        };
        if self.stack.len() > 1
            && let Some(level) = self.stack.pop()
        {
            self.path.truncate(level.path_len);
        }
        result
    }

    fn begin_file(&mut self, name: Vec<u8>, meta: Meta, id: Option<LinkId>) -> Result<()> {
        self.drop_file();
        let dir = self.top().ino;
        let mode = meta.mode & 0o777;
        let (attr, handle) = self
            .replacing(&name, || {
                blocking(self.fs.create(&self.who, dir, &name, mode, OpenFlags::WRITE))
            })
            .map_err(|e| self.failure(&name, e))?;
        self.remember(attr.ino, id);
        self.file = Some(OpenFile {
            handle,
            attr,
            name,
            meta,
            end: 0,
        });
        Ok(())
    }

    fn data(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        let Some(open) = &mut self.file else { return Ok(()) };
        match blocking(self.fs.write(open.handle, WriteAt::Offset(offset), bytes)) {
            Ok(written) => {
                open.end = open.end.max(written.size);
                Ok(())
            }
            Err(e) => {
                let failure = self.failure_of_file(e);
                self.abandon()?;
                Err(failure)
            }
        }
    }

    fn end_file(&mut self, size: u64) -> Result<()> {
        let Some(open) = self.file.take() else {
            return Ok(());
        };
        // A hole at the end is no piece of content: only the length tells of it.
        let sized = if size > open.end {
            blocking(self.fs.truncate(open.handle, size)).map(drop)
        } else {
            Ok(())
        };
        // Times come last: releasing the handle is what brings the content, and its time, to the inode.
        sized
            .and(blocking(self.fs.release(open.handle)))
            .and_then(|()| self.finish(open.attr.ino, Some(&open.attr), &open.meta))
            .map_err(|e| self.failure(&open.name, e))
    }

    fn abandon(&mut self) -> Result<()> {
        let Some(open) = self.file.take() else {
            return Ok(());
        };
        let dir = self.top().ino;
        // Whatever closing says: the file goes.
        let _ = blocking(self.fs.release(open.handle));
        blocking(self.fs.unlink(&self.who, dir, &open.name)).map_err(|e| self.failure(&open.name, e))
    }

    fn drop_file(&mut self) {
        if let Some(open) = self.file.take() {
            // Nothing is lost by it: a file that matters was ended.
            let _ = blocking(self.fs.release(open.handle));
        }
    }

    fn node(&mut self, name: &[u8], meta: &Meta, id: Option<LinkId>, node: &NewNode<'_>) -> Result<()> {
        let dir = self.top().ino;
        let attr = self
            .replacing(name, || blocking(self.fs.make(&self.who, dir, name, node)))
            .and_then(|attr| self.finish(attr.ino, Some(&attr), meta).map(|()| attr))
            .map_err(|e| self.failure(name, e))?;
        self.remember(attr.ino, id);
        Ok(())
    }

    fn remember(&mut self, ino: Ino, id: Option<LinkId>) {
        if let Some(id) = id {
            self.links.insert(id, ino);
        }
    }

    fn again(&mut self, name: &[u8], id: LinkId) -> Result<()> {
        match self.links.get(&id) {
            Some(&ino) => self.link(name, ino),
            None => {
                let gone = Error::new(ErrorKind::NotFound)
                    .because("skipped, since the file that it links to was skipped");
                Err(self.failure(name, gone))
            }
        }
    }

    /// Makes something under a new name, after what is in its way is gone if that may go.
    fn replacing<T>(
        &self,
        name: &[u8],
        make: impl Fn() -> tarbox_store::Result<T>,
    ) -> tarbox_store::Result<T> {
        self.refuse_control(self.top().ino, name)?;
        match make() {
            Err(e) if e.kind() == ErrorKind::Exists => {
                self.clear_the_way(name, e)?;
                make()
            }
            made => made,
        }
    }

    fn clear_the_way(&self, name: &[u8], exists: Error) -> tarbox_store::Result<()> {
        match self.collision {
            Collision::Refuse => Err(exists.because("use --force to replace it")),
            Collision::Replace => blocking(self.fs.remove(&self.who, self.top().ino, name, Unlink::File)),
        }
    }

    /// The control directory is not made of files: writing into it would act on the workspace.
    fn refuse_control(&self, dir: Ino, name: &[u8]) -> tarbox_store::Result<()> {
        if dir == Ino::ROOT && name == CONTROL {
            return Err(Error::new(ErrorKind::NotPermitted)
                .because("this name is reserved for control files; skipped"));
        }
        Ok(())
    }

    /// Sets owner, permissions, attributes and times. `made` is how the workspace made it.
    fn finish(&self, ino: Ino, made: Option<&Attr>, meta: &Meta) -> tarbox_store::Result<()> {
        blocking(restore(
            self.fs,
            &self.who,
            (ino, made),
            &meta.attributes(),
            self.owners,
        ))
    }

    fn top(&self) -> &Level {
        // The root level is never popped.
        &self.stack[self.stack.len() - 1]
    }

    fn failure_of_file(&self, error: Error) -> Failure {
        let name = self.file.as_ref().map_or(&[][..], |open| &open.name);
        self.failure(name, error)
    }

    fn failure(&self, name: &[u8], error: Error) -> Failure {
        let path = if name.is_empty() {
            self.path.clone()
        } else {
            [&self.path, &b"/"[..], name].concat()
        };
        Failure::of(error, path)
    }
}

/// The node for a pipe, socket or device.
fn special(meta: &Meta) -> Option<NewNode<'static>> {
    let (mode, rdev) = (meta.mode, meta.rdev);
    Some(match meta.kind {
        FileKind::Fifo => NewNode::Fifo { mode },
        FileKind::Socket => NewNode::Socket { mode },
        FileKind::CharDevice => NewNode::CharDevice { mode, rdev },
        FileKind::BlockDevice => NewNode::BlockDevice { mode, rdev },
        _ => return None,
    })
}
