//! Items become files of the workspace.
//!
//! Everything is made by inode in the directory it belongs to: no path is resolved and no symbolic link followed, so
//! whatever names and links the items bring, nothing outside the target directory is touched.

use std::collections::HashMap;

use tarbox_fs::{
    Credentials, FilesystemInterface, NewFile, NewNode, Owners, Place, Placer, blocking, restore,
};
use tarbox_store::{Error, ErrorKind, FileKind, Ino};
use tarbox_tar::Collision;

use crate::failure::{Failure, Result};
use crate::transfer::item::{LinkId, Meta};
use crate::transfer::tree_writer::Target;

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
    file: NewFile,
    name: Vec<u8>,
    meta: Meta,
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
            links: HashMap::new(),
        }
    }

    fn try_enter(&self, name: &[u8], meta: &Meta) -> tarbox_store::Result<(Ino, Origin)> {
        let place = self.place(name);
        let (attr, made) = self.placing(|placer| blocking(placer.directory(&place, meta.mode)))?;
        let origin = made.map_or(Origin::Found, |_| Origin::Made);
        Ok((attr.ino, origin))
    }

    /// Removes a file because of an error, which matters more than that this may fail, too.
    fn give_up(&mut self, error: Error) -> Result<()> {
        let name = self.file.as_ref().map_or(&[][..], |open| &open.name);
        let failure = self.failure(name, error);
        let _ = self.abandon();
        Err(failure)
    }

    fn node(&mut self, name: &[u8], meta: &Meta, id: Option<LinkId>, node: &NewNode<'_>) -> Result<()> {
        let place = self.place(name);
        let made = self
            .placing(|placer| blocking(placer.node(&place, node, &meta.attributes())))
            .map_err(|e| self.failure(name, e))?;
        self.remember(made.attr.ino, id);
        Ok(())
    }

    fn remember(&mut self, ino: Ino, id: Option<LinkId>) {
        if let Some(id) = id {
            self.links.insert(id, ino);
        }
    }

    fn place(&self, name: &[u8]) -> Place {
        Place {
            dir: self.top().ino,
            name: name.to_vec(),
        }
    }

    /// Lets something be put in its place.
    fn placing<T>(
        &self,
        act: impl FnOnce(&Placer<'_, F>) -> tarbox_store::Result<T>,
    ) -> tarbox_store::Result<T> {
        act(&Placer {
            fs: self.fs,
            who: &self.who,
            owners: self.owners,
            may_go: &|there| self.collision.may_go(there),
        })
    }

    fn top(&self) -> &Level {
        // The root level is never popped.
        &self.stack[self.stack.len() - 1]
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

impl<F: FilesystemInterface> Target for WorkspaceWriter<'_, F> {
    fn enter(&mut self, name: Vec<u8>, meta: &Meta) -> Result<()> {
        let entered = self.try_enter(&name, meta);
        let (ino, origin) = entered.map_err(|e| self.failure(&name, e))?;
        self.stack.push(Level {
            ino,
            origin,
            path_len: self.path.len(),
        });
        self.path.push(b'/');
        self.path.extend_from_slice(&name);
        Ok(())
    }

    fn leave(&mut self, meta: &Meta) -> Result<()> {
        let top = self.top();
        let (ino, origin) = (top.ino, top.origin);
        let finished = blocking(restore(
            self.fs,
            &self.who,
            (ino, None),
            &meta.attributes(),
            self.owners,
        ));
        let result = match finished {
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
        self.abandon()?;
        let place = self.place(&name);
        let file = self
            .placing(|placer| blocking(placer.begin(place, meta.mode, meta.size)))
            .map_err(|e| self.failure(&name, e))?;
        self.remember(file.ino(), id);
        self.file = Some(OpenFile { file, name, meta });
        Ok(())
    }

    fn data(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        let Some(open) = &mut self.file else { return Ok(()) };
        match blocking(open.file.write(self.fs, offset, bytes)) {
            Ok(()) => Ok(()),
            Err(e) => self.give_up(e),
        }
    }

    fn end_file(&mut self, size: u64) -> Result<()> {
        let Some(mut open) = self.file.take() else {
            return Ok(());
        };
        let (file, attributes) = (&mut open.file, open.meta.attributes());
        match self.placing(|placer| blocking(placer.complete(file, size, &attributes))) {
            Ok(_) => Ok(()),
            Err(e) => {
                self.file = Some(open);
                self.give_up(e)
            }
        }
    }

    fn abandon(&mut self) -> Result<()> {
        let Some(open) = self.file.take() else {
            return Ok(());
        };
        blocking(open.file.discard(self.fs, &self.who)).map_err(|e| self.failure(&open.name, e))
    }

    fn symlink(&mut self, name: Vec<u8>, meta: &Meta, target: &[u8], id: Option<LinkId>) -> Result<()> {
        self.node(&name, meta, id, &NewNode::Symlink { target })
    }

    fn special(&mut self, name: Vec<u8>, meta: &Meta, id: Option<LinkId>) -> Result<()> {
        let (mode, rdev) = (meta.mode, meta.rdev);
        let node = match meta.kind {
            FileKind::Fifo => NewNode::Fifo { mode },
            FileKind::Socket => NewNode::Socket { mode },
            FileKind::CharDevice => NewNode::CharDevice { mode, rdev },
            FileKind::BlockDevice => NewNode::BlockDevice { mode, rdev },
            _ => return Err(self.failure(&name, ErrorKind::Invalid.into())),
        };
        self.node(&name, meta, id, &node)
    }

    fn again(&mut self, name: &[u8], id: LinkId) -> Result<()> {
        let linked = match self.links.get(&id) {
            Some(&ino) => {
                let place = self.place(name);
                self.placing(|placer| blocking(placer.link(&place, ino)))
            }
            None => Err(Error::new(ErrorKind::NotFound)
                .because("skipped, since the file that it links to was skipped")),
        };
        linked.map(drop).map_err(|e| self.failure(name, e))
    }
}
