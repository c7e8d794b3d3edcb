//! Copies of files and of trees.

use rustc_hash::FxHashMap;
use tarbox_store::{Attr, Error, ErrorKind, FileKind, Ino, Result, SetAttr, Unlink};

use super::describe::xattrs;
use super::open::open_path;
use super::replace::share_content;
use super::restore::{Attributes, Owners, restore};
use super::whole::close;
use super::{Step, Walk, WalkEntry};
use crate::interface::{Credentials, FilesystemInterface, NewNode, OpenFlags};
use crate::path::{At, Follow, LastComponent, Parent, PathAt, Resolver, resolve};

/// What a copy takes over besides the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CopyAttributes {
    /// Permission bits, less the umask.
    #[default]
    Permissions,
    /// Permissions, times and extended attributes; owners where root copies, else no setuid and setgid.
    All,
    /// The same, and names of one file become names of one copy.
    AllAndLinks,
}

/// How to copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CopyOptions {
    /// What is taken over.
    pub attributes: CopyAttributes,
    /// Leave what is there already: `Exists`. Without it a file is replaced, and never a directory.
    pub keep_existing: bool,
}

/// Copies one thing after the other, a step at a time: an error about one of them leaves the others to be copied.
pub struct Copier<'a, F> {
    fs: &'a F,
    who: &'a Credentials,
    options: CopyOptions,
    task: Task<'a, F>,
    /// The copies of the directories that the walk is in.
    dirs: Vec<Copied>,
    /// The copies of files that have several names.
    links: FxHashMap<Ino, Ino>,
}

enum Task<'a, F> {
    Nothing,
    /// What is no directory, and where its copy goes.
    Single {
        source: Attr,
        at: At,
        path: Vec<u8>,
    },
    /// A directory, and the name its copy gets; `None` where that is there.
    Tree {
        walk: Walk<'a, F>,
        place: Option<(Ino, Vec<u8>)>,
    },
}

/// A directory that is being filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Copied {
    ino: Ino,
    /// It was made for the copy.
    new: bool,
}

impl<'a, F: FilesystemInterface> Copier<'a, F> {
    /// Nothing is copied yet.
    pub fn new(fs: &'a F, who: &'a Credentials, options: CopyOptions) -> Self {
        Self {
            fs,
            who,
            options,
            task: Task::Nothing,
            dirs: Vec::new(),
            links: FxHashMap::default(),
        }
    }

    /// Begins with what has the attributes `source`: a directory with all that is in it, into one that is there or under a
    /// new name; a symbolic link as one.
    ///
    /// # Errors
    /// `Invalid` if the target is in the source; `Exists` for a name that cannot be given; those of resolving `to`.
    pub async fn begin(&mut self, source: Attr, to: PathAt<'_>) -> Result<()> {
        self.task = Task::Nothing;
        self.dirs.clear();
        let place = Resolver::new(self.fs, self.who, to.at).parent(to.path).await?;
        if !source.is_dir() {
            if place.last != LastComponent::Name {
                return Err(ErrorKind::IsDirectory.into());
            }
            let (at, path) = (to.at, to.path.to_vec());
            self.task = Task::Single { source, at, path };
            return Ok(());
        }
        let there = match resolve(self.fs, self.who, to, Follow::Yes).await {
            Ok(attr) => Some(attr).filter(Attr::is_dir),
            Err(e) if e.kind() == ErrorKind::NotFound => None,
            Err(e) => return Err(e),
        };
        let below = there.map_or(place.dir, |attr| attr.ino);
        if is_within(self.fs, self.who, below, source.ino).await? {
            let why = "a directory cannot be copied into itself";
            return Err(Error::new(ErrorKind::Invalid).because(why));
        }
        let place = match (there, place.last) {
            (Some(attr), _) => {
                self.dirs.push(Copied {
                    ino: attr.ino,
                    new: false,
                });
                None
            }
            (None, LastComponent::Name) => Some((place.dir, place.name.to_vec())),
            _ => return Err(ErrorKind::Exists.into()),
        };
        let walk = Walk::new(self.fs, self.who, source).by_name();
        self.task = Task::Tree { walk, place };
        Ok(())
    }

    /// Where the thing that was copied last is below what the copy began with; empty for that itself.
    pub fn path(&self) -> &[u8] {
        match &self.task {
            Task::Tree { walk, .. } => walk.path(),
            _ => b"",
        }
    }

    /// Copies the next thing, and answers the bytes of content; `None` when all is done. A directory that cannot be made
    /// is left out with all that is in it.
    ///
    /// # Errors
    /// About the thing at [`path`](Self::path): `Exists` where something else is in the way of a directory; those of
    /// reading the one side and of writing the other.
    pub async fn next(&mut self) -> Result<Option<u64>> {
        loop {
            let (walk, place) = match &mut self.task {
                Task::Nothing => return Ok(None),
                Task::Single { .. } => return self.single().await.map(Some),
                Task::Tree { walk, place } => (walk, place),
            };
            let Some(mut entry) = walk.next().await? else {
                self.task = Task::Nothing;
                return Ok(None);
            };
            let mut dir = self.dirs.last().map(|dir| dir.ino);
            if entry.depth == 0 && entry.step == Step::Enter {
                let Some((parent, name)) = place.take() else {
                    continue;
                };
                (dir, entry.name) = (Some(parent), name);
            }
            let Some(dir) = dir else { continue };
            match entry.step {
                Step::Enter => {
                    let entered = self.enter(&entry, dir).await;
                    if let (Err(_), Task::Tree { walk, .. }) = (&entered, &mut self.task) {
                        walk.skip_dir();
                    }
                    entered?;
                }
                Step::Leave => return self.leave(&entry).await.map(|()| Some(0)),
                Step::Leaf => {
                    let to = At::dir(dir).path(&entry.name);
                    return self.leaf(&entry.attr, to).await.map(Some);
                }
            }
        }
    }

    async fn single(&mut self) -> Result<u64> {
        match std::mem::replace(&mut self.task, Task::Nothing) {
            Task::Single { source, at, path } => self.leaf(&source, at.path(&path)).await,
            _ => Ok(0),
        }
    }

    /// Copies what is no directory.
    async fn leaf(&mut self, source: &Attr, to: PathAt<'_>) -> Result<u64> {
        let several = source.nlink > 1 && self.options.attributes == CopyAttributes::AllAndLinks;
        if let Some(&copy) = self.links.get(&source.ino).filter(|_| several) {
            self.link(copy, to).await?;
            return Ok(0);
        }
        let (copy, bytes) = match source.kind {
            FileKind::File => self.file(source, to).await?,
            _ => (self.node(source, to).await?, 0),
        };
        self.take_over(source, copy).await?;
        if several {
            self.links.insert(source.ino, copy);
        }
        Ok(bytes)
    }

    async fn file(&self, source: &Attr, to: PathAt<'_>) -> Result<(Ino, u64)> {
        let (fs, who) = (self.fs, self.who);
        let reader = fs.open(who, source.ino, OpenFlags::READ).await?;
        let copied = async {
            let flags = match self.options.keep_existing {
                true => OpenFlags::WRITE.exclusively(),
                false => OpenFlags::WRITE,
            };
            let (target, writer) = open_path(fs, who, to, flags, Some(source.mode & 0o777)).await?;
            let copied = match target.ino == source.ino {
                true => Err(same_file()),
                false => share_content(fs, reader, writer).await,
            };
            close(fs, writer, copied.map(|bytes| (target.ino, bytes))).await
        }
        .await;
        close(fs, reader, copied).await
    }

    /// Makes what is neither a file nor a directory.
    async fn node(&self, source: &Attr, to: PathAt<'_>) -> Result<Ino> {
        let (mode, rdev) = (source.mode & 0o777, source.rdev);
        let target;
        let node = match source.kind {
            FileKind::Symlink => {
                target = self.fs.readlink(source.ino).await?;
                NewNode::Symlink { target: &target }
            }
            FileKind::Directory => NewNode::Directory { mode },
            FileKind::File => NewNode::File { mode },
            FileKind::Fifo => NewNode::Fifo { mode },
            FileKind::Socket => NewNode::Socket { mode },
            FileKind::CharDevice => NewNode::CharDevice { mode, rdev },
            FileKind::BlockDevice => NewNode::BlockDevice { mode, rdev },
        };
        let place = Resolver::new(self.fs, self.who, to.at).parent(to.path).await?;
        let made = match self.fs.make(self.who, place.dir, place.name, &node).await {
            Err(e) if e.kind() == ErrorKind::Exists && !self.options.keep_existing => {
                if !self.clear(&place, source.ino).await? {
                    return Err(same_file());
                }
                self.fs.make(self.who, place.dir, place.name, &node).await
            }
            made => made,
        };
        made.map(|attr| attr.ino)
    }

    /// Removes what is in the way, unless it is this very file. Answers whether it did.
    async fn clear(&self, place: &Parent<'_>, same: Ino) -> Result<bool> {
        if self.fs.lookup(self.who, place.dir, place.name).await?.ino == same {
            return Ok(false);
        }
        self.fs
            .remove(self.who, place.dir, place.name, Unlink::File)
            .await?;
        Ok(true)
    }

    /// Gives a copy another name.
    async fn link(&self, copy: Ino, to: PathAt<'_>) -> Result<()> {
        let place = Resolver::new(self.fs, self.who, to.at).parent(to.path).await?;
        let linked = match self.fs.link(self.who, copy, place.dir, place.name).await {
            Err(e) if e.kind() == ErrorKind::Exists && !self.options.keep_existing => {
                if !self.clear(&place, copy).await? {
                    return Ok(());
                }
                self.fs.link(self.who, copy, place.dir, place.name).await
            }
            linked => linked,
        };
        linked.map(drop)
    }

    /// Makes a directory, or finds it, and goes in. Until it is complete its owner can fill it.
    async fn enter(&mut self, entry: &WalkEntry, dir: Ino) -> Result<()> {
        let mode = entry.attr.mode & 0o777 | 0o700;
        let (ino, new) = match self.fs.mkdir(self.who, dir, &entry.name, mode).await {
            Err(e) if e.kind() == ErrorKind::Exists => {
                let there = self.fs.lookup(self.who, dir, &entry.name).await?;
                if !there.is_dir() {
                    let why = "a directory cannot replace something that is not a directory";
                    return Err(Error::new(ErrorKind::Exists).because(why));
                }
                (there.ino, false)
            }
            made => (made?.ino, true),
        };
        self.dirs.push(Copied { ino, new });
        Ok(())
    }

    /// Completes the innermost directory.
    async fn leave(&mut self, entry: &WalkEntry) -> Result<()> {
        let Some(Copied { ino, new }) = self.dirs.pop() else {
            return Ok(());
        };
        if self.options.attributes != CopyAttributes::Permissions {
            return self.take_over(&entry.attr, ino).await;
        }
        if !new || entry.attr.mode & 0o700 == 0o700 {
            return Ok(());
        }
        // It was made with more than it is to have, and may have inherited a set-group-ID bit.
        let extra = 0o700 & !self.who.less_umask(entry.attr.mode);
        let mode = Some(self.fs.getattr(ino).await?.mode & !extra);
        let set = SetAttr {
            mode,
            ..SetAttr::default()
        };
        self.fs.setattr(self.who, ino, &set).await.map(drop)
    }

    /// Gives a copy the attributes that it is to have from its source.
    async fn take_over(&self, source: &Attr, copy: Ino) -> Result<()> {
        if self.options.attributes == CopyAttributes::Permissions {
            return Ok(());
        }
        let (fs, who) = (self.fs, self.who);
        let (owners, mode) = match who.is_root() {
            true => (Owners::Keep, source.mode),
            false => (Owners::Caller, source.mode & !0o6000),
        };
        let attributes = Attributes {
            kind: source.kind,
            mode,
            uid: Some(source.uid),
            gid: Some(source.gid),
            atime: source.atime,
            mtime: source.mtime,
            xattrs: &xattrs(fs, who, source.ino).await?,
        };
        restore(fs, who, (copy, None), &attributes, owners).await
    }
}

pub(super) async fn copy<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    from: PathAt<'_>,
    to: PathAt<'_>,
) -> Result<u64> {
    let source = resolve(fs, who, from, Follow::Yes).await?;
    if !source.is_file() {
        return Err(Error::new(ErrorKind::IsDirectory).about(from.path));
    }
    let copied = Copier::new(fs, who, CopyOptions::default())
        .file(&source, to)
        .await;
    copied.map(|(_, bytes)| bytes).map_err(|e| e.about(to.path))
}

pub(super) async fn copy_tree<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    from: PathAt<'_>,
    to: PathAt<'_>,
) -> Result<u64> {
    let source = resolve(fs, who, from, Follow::No).await?;
    let mut copier = Copier::new(fs, who, CopyOptions::default());
    let copied = async {
        copier.begin(source, to).await?;
        let mut bytes = 0;
        while let Some(more) = copier.next().await? {
            bytes += more;
        }
        Ok(bytes)
    };
    copied.await.map_err(|e: Error| e.about(to.path))
}

fn same_file() -> Error {
    Error::new(ErrorKind::Invalid).because("source and target are the same file")
}

/// Whether a directory is `top`, or somewhere below it.
async fn is_within<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    mut dir: Ino,
    top: Ino,
) -> Result<bool> {
    loop {
        if dir == top {
            return Ok(true);
        }
        let parent = fs.parent(who, dir).await?.ino;
        if parent == dir {
            return Ok(false);
        }
        dir = parent;
    }
}
