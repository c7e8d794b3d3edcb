//! Copies of files and of trees.

use tarbox_store::{Attr, Error, ErrorKind, FileKind, Ino, Result, SetAttr, Unlink};

use super::Walk;
use super::open::open_path;
use super::whole::close;
use crate::interface::{Credentials, FilesystemInterface, Handle, NewNode, OpenFlags};
use crate::path::{At, Follow, LastComponent, PathAt, Resolver, resolve};

/// What one call copies at most: large enough that calls cost nothing, small enough that others get their turn.
const PIECE: u64 = 256 << 20;

pub(super) async fn copy<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    from: PathAt<'_>,
    to: PathAt<'_>,
) -> Result<u64> {
    let (source, reader) = open_path(fs, who, from, OpenFlags::READ, None).await?;
    let copied = async {
        if !source.is_file() {
            return Err(ErrorKind::IsDirectory.into());
        }
        let (target, writer) = open_path(fs, who, to, OpenFlags::WRITE, Some(source.mode & 0o777)).await?;
        let copied = match target.ino == source.ino {
            true => Err(Error::new(ErrorKind::Invalid).because("source and target are the same file")),
            false => replace(fs, reader, writer, target.size > 0).await,
        };
        close(fs, writer, copied).await.map_err(|e| e.about(to.path))
    }
    .await;
    close(fs, reader, copied).await.map_err(|e| e.about(from.path))
}

async fn replace<F: FilesystemInterface>(
    fs: &F,
    reader: Handle,
    writer: Handle,
    truncate: bool,
) -> Result<u64> {
    if truncate {
        fs.truncate(writer, 0).await?;
    }
    let mut done = 0;
    loop {
        match fs.copy_range((reader, done), (writer, done), PIECE).await? {
            0 => return Ok(done),
            copied => done += copied,
        }
    }
}

pub(super) async fn copy_tree<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    from: PathAt<'_>,
    to: PathAt<'_>,
) -> Result<u64> {
    let source = resolve(fs, who, from, Follow::No).await?;
    if source.is_file() {
        return copy(fs, who, from, to).await;
    }
    let place = Resolver::new(fs, who, to.at).parent(to.path).await?;
    let there = match resolve(fs, who, to, Follow::Yes).await {
        Ok(attr) => Some(attr),
        Err(e) if e.kind() == ErrorKind::NotFound => None,
        Err(e) => return Err(e),
    };
    let below = there.filter(Attr::is_dir).map_or(place.dir, |attr| attr.ino);
    if source.is_dir() && is_within(fs, who, below, source.ino).await? {
        let why = "a directory cannot be copied into itself";
        return Err(Error::new(ErrorKind::Invalid).about(to.path).because(why));
    }
    let mut copier = Copier {
        fs,
        who,
        dirs: Vec::new(),
    };
    let copied = match (there, place.last) {
        (Some(attr), _) if source.is_dir() && attr.is_dir() => copier.fill(source, attr.ino).await,
        (_, LastComponent::Name) if source.is_dir() => {
            let made = copier.directory(&source, place.dir, place.name).await;
            match made {
                Ok(dir) => copier.fill(source, dir).await,
                Err(e) => Err(e),
            }
        }
        (_, LastComponent::Name) => copier.node(&source, place.dir, place.name).await.map(|()| 0),
        _ => Err(ErrorKind::Exists.into()),
    };
    copied.map_err(|e| e.about(to.path))
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

struct Copier<'a, F> {
    fs: &'a F,
    who: &'a Credentials,
    /// The copies of the directories that the walk is in, each with the permissions it gets when it is complete.
    dirs: Vec<(Ino, Option<u32>)>,
}

impl<F: FilesystemInterface> Copier<'_, F> {
    /// Copies what is in `source` into a directory.
    async fn fill(&mut self, source: Attr, target: Ino) -> Result<u64> {
        if self.dirs.is_empty() {
            self.dirs.push((target, None));
        }
        let mut walk = Walk::new(self.fs, self.who, source);
        let mut bytes = 0;
        while let Some(entry) = walk.next().await? {
            if entry.depth == 0 {
                continue;
            }
            self.leave(entry.depth).await?;
            let Some(&(dir, _)) = self.dirs.last() else { break };
            let name = entry.name();
            match entry.attr.kind {
                FileKind::Directory => drop(self.directory(&entry.attr, dir, name).await?),
                FileKind::File => {
                    let (from, to) = (At::dir(entry.dir).path(name), At::dir(dir).path(name));
                    bytes += copy(self.fs, self.who, from, to).await?;
                }
                _ => self.node(&entry.attr, dir, name).await?,
            }
        }
        self.leave(0).await?;
        Ok(bytes)
    }

    /// Goes back up to a depth, and gives the directories that are complete their permissions.
    async fn leave(&mut self, depth: usize) -> Result<()> {
        while self.dirs.len() > depth
            && let Some((dir, mode)) = self.dirs.pop()
        {
            if mode.is_some() {
                let set = SetAttr {
                    mode,
                    ..SetAttr::default()
                };
                self.fs.setattr(self.who, dir, &set).await?;
            }
        }
        Ok(())
    }

    /// Makes a directory, or finds it, and goes in. Until it is complete its owner can fill it.
    async fn directory(&mut self, source: &Attr, dir: Ino, name: &[u8]) -> Result<Ino> {
        let mode = source.mode & 0o777;
        let (ino, mode) = match self.fs.mkdir(self.who, dir, name, mode | 0o700).await {
            Ok(made) => (
                made.ino,
                (mode & 0o700 != 0o700).then_some(mode & !self.who.umask),
            ),
            Err(e) if e.kind() == ErrorKind::Exists => {
                let there = self.fs.lookup(self.who, dir, name).await?;
                if !there.is_dir() {
                    return Err(e);
                }
                (there.ino, None)
            }
            Err(e) => return Err(e),
        };
        self.dirs.push((ino, mode));
        Ok(ino)
    }

    /// Makes what is neither a file nor a directory, in place of what was there.
    async fn node(&mut self, source: &Attr, dir: Ino, name: &[u8]) -> Result<()> {
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
        match self.fs.make(self.who, dir, name, &node).await {
            Err(e) if e.kind() == ErrorKind::Exists => {
                self.fs.remove(self.who, dir, name, Unlink::File).await?;
                self.fs.make(self.who, dir, name, &node).await.map(drop)
            }
            made => made.map(drop),
        }
    }
}
