//! Copies within the workspace: whole blocks are shared, so a copy costs what its names and attributes cost.

use std::collections::HashMap;

use tarbox_fs::{
    At, FilesystemExt, FilesystemInterface, Follow, LastComponent, NewNode, OpenFlags, blocking,
};
use tarbox_store::{Attr, ErrorKind, FileKind, Ino, SetAttr, SetTime, Unlink, XattrMode};

use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::transfer::options::Collision;
use crate::walk::{Step, Visit, Walker};
use crate::workspace::Workspace;

/// The most one call copies.
const PIECE: u64 = 256 << 20;

/// What a copy takes over besides the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attributes {
    /// Permissions less the umask.
    New,
    /// Permissions, owner, times and extended attributes.
    All,
    /// The same, and names of one file stay names of one file.
    AllAndLinks,
}

/// Copies one thing after the other.
pub(crate) struct Copier<'a, 'w, F> {
    w: &'a Workspace<'w, F>,
    attributes: Attributes,
    collision: Collision,
    progress: Progress,
    /// Copies of files that have several names.
    links: HashMap<Ino, Ino>,
}

/// Where a copy goes.
#[derive(Clone, Copy)]
struct Place<'p> {
    dir: Ino,
    name: &'p [u8],
}

impl<'a, 'w, F: FilesystemInterface> Copier<'a, 'w, F> {
    pub(crate) fn new(w: &'a Workspace<'w, F>, attributes: Attributes, collision: Collision) -> Self {
        Self {
            w,
            attributes,
            collision,
            progress: w.progress("copy"),
            links: HashMap::new(),
        }
    }

    /// Copies what is no directory.
    pub(crate) fn single(&mut self, from: &[u8], attr: &Attr, to: &[u8]) -> Result<()> {
        if attr.is_dir() {
            let message = "is a directory; -r copies it with all that is in it";
            return Err(Failure::new(ErrorKind::IsDirectory, message).about(from));
        }
        let place = self.place(to)?;
        if let Some(there) = self.w.attr_if_any(to, Follow::No)?
            && there.ino == attr.ino
        {
            return Err(Failure::new(ErrorKind::Invalid, "source and target are the same file").about(to));
        }
        self.leaf(
            attr,
            Place {
                dir: place.0,
                name: &place.1,
            },
        )
        .map_err(|e| Failure::of(e, to))
    }

    /// Copies a directory with all that is in it; what cannot be copied is reported, and the rest is.
    pub(crate) fn tree(&mut self, from: &[u8], attr: Attr, to: &[u8]) -> Result<()> {
        let (dir, name) = self.place(to)?;
        self.refuse_own_inside(attr.ino, dir, to)?;
        let w = self.w;
        let mut walker = Walker::new(w.fs, &w.who, from, attr);
        let mut dirs: Vec<Ino> = vec![dir];
        while let Some(visit) = walker.next() {
            let visit = visit.map(|mut visit| {
                if visit.depth == 0 {
                    visit.name.clone_from(&name);
                }
                visit
            });
            let done = visit.and_then(|visit| {
                let step = visit.step;
                let done = self
                    .step(&visit, &mut dirs)
                    .map_err(|e| Failure::of(e, walker.path()));
                if done.is_err() && step == Step::Enter {
                    walker.skip();
                }
                done
            });
            done.or_else(|failure| w.report(failure))?;
        }
        Ok(())
    }

    fn step(&mut self, visit: &Visit, dirs: &mut Vec<Ino>) -> tarbox_store::Result<()> {
        let Some(&dir) = dirs.last() else { return Ok(()) };
        let place = Place {
            dir,
            name: &visit.name,
        };
        match visit.step {
            Step::Enter => dirs.push(self.directory(&visit.attr, place)?),
            Step::Leaf => self.leaf(&visit.attr, place)?,
            Step::Leave => {
                dirs.pop();
                self.finish(&visit.attr, dir)?;
                self.progress.add(1);
            }
        }
        Ok(())
    }

    fn directory(&self, attr: &Attr, place: Place<'_>) -> tarbox_store::Result<Ino> {
        let (fs, who) = (self.w.fs, &self.w.who);
        // Until it is complete its owner has to be able to fill it.
        match blocking(fs.mkdir(who, place.dir, place.name, attr.mode & 0o777 | 0o700)) {
            Err(e) if e.kind() == ErrorKind::Exists => {
                let there = blocking(fs.lookup(who, place.dir, place.name))?;
                if there.is_dir() {
                    Ok(there.ino)
                } else {
                    Err(ErrorKind::NotDirectory.into())
                }
            }
            made => made.map(|attr| attr.ino),
        }
    }

    /// Copies one file, link or special file.
    fn leaf(&mut self, attr: &Attr, place: Place<'_>) -> tarbox_store::Result<()> {
        let (fs, who) = (self.w.fs, &self.w.who);
        let several = attr.nlink > 1 && self.attributes == Attributes::AllAndLinks;
        if let Some(&copy) = self.links.get(&attr.ino).filter(|_| several) {
            self.clear_the_way(place)?;
            return blocking(fs.link(who, copy, place.dir, place.name)).map(drop);
        }
        let copy = if attr.is_file() {
            self.file(attr, place)?
        } else {
            self.node(attr, place)?
        };
        self.finish(attr, copy)?;
        if several {
            self.links.insert(attr.ino, copy);
        }
        self.progress.add(1);
        Ok(())
    }

    fn file(&self, attr: &Attr, place: Place<'_>) -> tarbox_store::Result<Ino> {
        let (fs, who) = (self.w.fs, &self.w.who);
        let source = blocking(fs.open(who, attr.ino, OpenFlags::READ))?;
        let opened = self.open_target(attr, place);
        let copied = opened.and_then(|(target, handle)| {
            let mut done = 0;
            let copied = loop {
                match blocking(fs.copy_range((source, done), (handle, done), PIECE)) {
                    Ok(0) => break Ok(target.ino),
                    Ok(len) => done += len,
                    Err(e) => break Err(e),
                }
            };
            self.progress.add_bytes(done);
            copied.and_then(|ino| blocking(fs.release(handle)).map(|()| ino))
        });
        copied.and_then(|ino| blocking(fs.release(source)).map(|()| ino))
    }

    fn open_target(&self, attr: &Attr, place: Place<'_>) -> tarbox_store::Result<(Attr, tarbox_fs::Handle)> {
        let (fs, who) = (self.w.fs, &self.w.who);
        match blocking(fs.create(who, place.dir, place.name, attr.mode & 0o777, OpenFlags::WRITE)) {
            Err(e) if e.kind() == ErrorKind::Exists && self.collision == Collision::Replace => {
                let path = At::dir(place.dir).path(place.name);
                blocking(fs.open_path(who, path, OpenFlags::WRITE.truncated(), None))
            }
            made => made,
        }
    }

    fn node(&self, attr: &Attr, place: Place<'_>) -> tarbox_store::Result<Ino> {
        let (fs, who) = (self.w.fs, &self.w.who);
        self.clear_the_way(place)?;
        let target;
        let (mode, rdev) = (attr.mode, attr.rdev);
        let node = match attr.kind {
            FileKind::Symlink => {
                target = blocking(fs.readlink(attr.ino))?;
                NewNode::Symlink { target: &target }
            }
            FileKind::Fifo => NewNode::Fifo { mode },
            FileKind::Socket => NewNode::Socket { mode },
            FileKind::CharDevice => NewNode::CharDevice { mode, rdev },
            FileKind::BlockDevice => NewNode::BlockDevice { mode, rdev },
            FileKind::File | FileKind::Directory => return Err(ErrorKind::Invalid.into()),
        };
        blocking(fs.make(who, place.dir, place.name, &node)).map(|attr| attr.ino)
    }

    /// Removes what has the name, if that may go.
    fn clear_the_way(&self, place: Place<'_>) -> tarbox_store::Result<()> {
        let (fs, who) = (self.w.fs, &self.w.who);
        if self.collision == Collision::Refuse {
            return Ok(());
        }
        match blocking(fs.remove(who, place.dir, place.name, Unlink::File)) {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    /// Gives the copy what it takes over.
    fn finish(&self, attr: &Attr, copy: Ino) -> tarbox_store::Result<()> {
        let (fs, who) = (self.w.fs, &self.w.who);
        let link = attr.is_symlink();
        if self.attributes == Attributes::New {
            // What was made with more rights than it is to have in the end.
            if !attr.is_dir() || attr.mode & 0o700 == 0o700 {
                return Ok(());
            }
            let set = SetAttr {
                mode: Some(attr.mode & 0o777 & !who.umask),
                ..SetAttr::default()
            };
            return blocking(fs.setattr(who, copy, &set)).map(drop);
        }
        for name in blocking(fs.listxattr(who, attr.ino))? {
            let value = blocking(fs.getxattr(who, attr.ino, &name))?;
            blocking(fs.setxattr(who, copy, &name, Some(&value), XattrMode::Any))?;
        }
        let owner = who.is_root();
        let set = SetAttr {
            mode: (!link).then_some(if owner { attr.mode } else { attr.mode & !0o6000 }),
            uid: owner.then_some(attr.uid),
            gid: owner.then_some(attr.gid),
            atime: Some(SetTime::At(attr.atime)),
            mtime: Some(SetTime::At(attr.mtime)),
            ..SetAttr::default()
        };
        blocking(fs.setattr(who, copy, &set)).map(drop)
    }

    /// The directory and the name of a path.
    fn place(&self, path: &[u8]) -> Result<(Ino, Vec<u8>)> {
        let parent =
            blocking(self.w.fs.resolve_parent(&self.w.who, path)).map_err(|e| Failure::of(e, path))?;
        match parent.last {
            LastComponent::Name => Ok((parent.dir, parent.name.to_vec())),
            _ => Err(Failure::from(ErrorKind::Exists).about(path)),
        }
    }

    /// A directory that is copied into itself would have no end.
    fn refuse_own_inside(&self, source: Ino, target_dir: Ino, to: &[u8]) -> Result<()> {
        let mut dir = target_dir;
        loop {
            if dir == source {
                return Err(
                    Failure::new(ErrorKind::Invalid, "a directory cannot be copied into itself").about(to),
                );
            }
            let parent = blocking(self.w.fs.parent(&self.w.who, dir))?;
            if parent.ino == dir {
                return Ok(());
            }
            dir = parent.ino;
        }
    }
}
