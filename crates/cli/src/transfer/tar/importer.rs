//! An archive becomes files of the workspace, below one directory and nowhere else.
//!
//! Every component of every name is looked up in its directory and has to be a directory itself: a symbolic link on the
//! way, be it from the archive or from before, is refused, and so are `..` and what begins with a slash loses it.

use std::collections::HashSet;

use tarbox_fs::{Credentials, FilesystemInterface, blocking};
use tarbox_store::{Attr, Error, ErrorKind, FileKind, Ino};

use super::TarItem;
use crate::failure::{Failure, Result};
use crate::transfer::WorkspaceWriter;
use crate::transfer::item::{Item, Meta, PATH_MAX};

/// Carries out the items of one archive.
pub(crate) struct TarImporter<'a, F> {
    fs: &'a F,
    who: Credentials,
    writer: WorkspaceWriter<'a, F>,
    root: Ino,
    /// The path of the target, for messages; no slash at its end.
    root_path: Vec<u8>,
    /// The directory of the last member: most members are in the same one as the one before.
    last_dir: Option<(Vec<u8>, Ino)>,
    /// Directories whose attributes are set once everything is in them.
    directories: Vec<(Ino, Vec<u8>, Meta)>,
    /// Archives that were added to hold the same name twice: the later one counts.
    made: HashSet<Ino>,
    /// A member was refused: its content is left out.
    lost: bool,
}

impl<'a, F: FilesystemInterface> TarImporter<'a, F> {
    /// Writes through `writer` into the directory `root`, whose path is `path`.
    pub(crate) fn new(
        fs: &'a F,
        who: &Credentials,
        (root, path): (Ino, &[u8]),
        writer: WorkspaceWriter<'a, F>,
    ) -> Self {
        Self {
            fs,
            who: who.clone().with_umask(0),
            writer,
            root,
            root_path: path.strip_suffix(b"/").unwrap_or(path).to_vec(),
            last_dir: None,
            directories: Vec::new(),
            made: HashSet::new(),
            lost: false,
        }
    }

    /// Carries out one item.
    ///
    /// # Errors
    /// What went wrong with this member. The next can follow.
    pub(crate) fn write(&mut self, item: TarItem) -> Result<()> {
        match item {
            TarItem::Plain(Item::Data { .. } | Item::EndFile { .. } | Item::Abandon) if self.lost => Ok(()),
            TarItem::Plain(Item::Enter { name, meta }) => self.directory(&name, meta),
            TarItem::Plain(Item::File { name, meta, map, .. }) => {
                let item = |name| Item::File {
                    name,
                    meta,
                    id: None,
                    map,
                };
                self.member(&name, item)
            }
            TarItem::Plain(Item::Symlink {
                name, meta, target, ..
            }) => self.member(&name, |name| Item::Symlink {
                name,
                meta,
                target,
                id: None,
            }),
            TarItem::Plain(Item::Special { name, meta, .. }) => {
                self.member(&name, |name| Item::Special { name, meta, id: None })
            }
            TarItem::Plain(item) => self.writer.write(item),
            TarItem::HardLink { name, target } => self.hard_link(&name, &target),
        }
    }

    /// Sets the attributes of the directories, the deepest first.
    ///
    /// # Errors
    /// The first that went wrong; the others are set.
    pub(crate) fn finish(&mut self) -> Result<()> {
        let mut result = Ok(());
        while let Some((ino, path, meta)) = self.directories.pop() {
            if let Err(e) = self.writer.finish_dir(ino, &meta) {
                result = result.and(Err(self.failure(&path, e)));
            }
        }
        result
    }

    /// A file, link or special file.
    fn member(&mut self, path: &[u8], item: impl FnOnce(Vec<u8>) -> Item) -> Result<()> {
        self.lost = true;
        let (dir, name) = self.place(path).map_err(|e| self.failure(path, e))?;
        self.point_at(path, dir, &name);
        self.allow_second(dir, &name).map_err(|e| self.failure(path, e))?;
        self.writer.write(item(name))?;
        self.lost = false;
        self.made.extend(self.writer.last_made());
        Ok(())
    }

    fn directory(&mut self, path: &[u8], meta: Meta) -> Result<()> {
        let made = self.make_directory(path, &meta);
        let ino = made.map_err(|e| self.failure(path, e))?;
        self.directories.push((ino, path.to_vec(), meta));
        Ok(())
    }

    fn make_directory(&mut self, path: &[u8], meta: &Meta) -> tarbox_store::Result<Ino> {
        let names = components(path)?;
        let Some((name, above)) = names.split_last() else {
            return Ok(self.root);
        };
        let dir = self.walk(above)?;
        self.enter(dir, name, meta.mode & 0o777 | 0o700)
    }

    fn hard_link(&mut self, path: &[u8], target: &[u8]) -> Result<()> {
        self.lost = true;
        let target = self.existing(target).map_err(|e| {
            let message = format!("links to '{}', which is not there", crate::print::escape(target));
            if e.kind() == ErrorKind::NotFound {
                Failure::new(e.kind(), message).about(path)
            } else {
                self.failure(path, e)
            }
        })?;
        let (dir, name) = self.place(path).map_err(|e| self.failure(path, e))?;
        self.point_at(path, dir, &name);
        self.allow_second(dir, &name).map_err(|e| self.failure(path, e))?;
        self.writer.link(&name, target.ino)
    }

    /// What is at a path, without following links.
    fn existing(&mut self, path: &[u8]) -> tarbox_store::Result<Attr> {
        let names = components(path)?;
        let Some((name, above)) = names.split_last() else {
            return Err(ErrorKind::NotPermitted.into());
        };
        let mut dir = self.root;
        for name in above {
            dir = self.down(dir, name)?.ino;
        }
        blocking(self.fs.lookup(&self.who, dir, name))
    }

    /// The directory of a path, made as far as it is not there, and its last name.
    fn place(&mut self, path: &[u8]) -> tarbox_store::Result<(Ino, Vec<u8>)> {
        let names = components(path)?;
        let Some((name, above)) = names.split_last() else {
            return Err(Error::new(ErrorKind::Invalid).because("a member of the archive has no name"));
        };
        Ok((self.walk(above)?, name.to_vec()))
    }

    fn walk(&mut self, names: &[&[u8]]) -> tarbox_store::Result<Ino> {
        let key = names.join(&b'/');
        match &self.last_dir {
            Some((path, ino)) if *path == key => return Ok(*ino),
            _ => {}
        }
        let mut dir = self.root;
        for name in names {
            dir = self.enter(dir, name, 0o755)?;
        }
        self.last_dir = Some((key, dir));
        Ok(dir)
    }

    /// A directory in a directory, made if it is not there.
    fn enter(&self, dir: Ino, name: &[u8], mode: u32) -> tarbox_store::Result<Ino> {
        self.writer.refuse_control(dir, name)?;
        match self.down(dir, name) {
            Err(e) if e.kind() == ErrorKind::NotFound => {
                blocking(self.fs.mkdir(&self.who, dir, name, mode)).map(|attr| attr.ino)
            }
            found => found.map(|attr| attr.ino),
        }
    }

    /// A directory in a directory, and nothing that only leads to one.
    fn down(&self, dir: Ino, name: &[u8]) -> tarbox_store::Result<Attr> {
        let attr = blocking(self.fs.lookup(&self.who, dir, name))?;
        match attr.kind {
            FileKind::Directory => Ok(attr),
            FileKind::Symlink => {
                Err(Error::new(ErrorKind::NotPermitted).because("it leads through a symbolic link; left out"))
            }
            _ => Err(ErrorKind::NotDirectory.into()),
        }
    }

    fn point_at(&mut self, path: &[u8], dir: Ino, name: &[u8]) {
        let path = self.shown(path);
        let above = path.len() - name.len() - 1;
        self.writer.point_at(dir, &path[..above]);
    }

    /// A name that this archive brought before may be replaced by it.
    fn allow_second(&mut self, dir: Ino, name: &[u8]) -> tarbox_store::Result<()> {
        if self.made.is_empty() {
            return Ok(());
        }
        match blocking(self.fs.lookup(&self.who, dir, name)) {
            Ok(attr) if self.made.contains(&attr.ino) => blocking(self.fs.unlink(&self.who, dir, name)),
            _ => Ok(()),
        }
    }

    fn failure(&self, path: &[u8], error: Error) -> Failure {
        Failure::of(error, self.shown(path))
    }

    /// The path in the workspace.
    fn shown(&self, path: &[u8]) -> Vec<u8> {
        let mut shown = self.root_path.clone();
        for name in path
            .split(|b| *b == b'/')
            .filter(|name| !name.is_empty() && *name != b".")
        {
            shown.push(b'/');
            shown.extend_from_slice(name);
        }
        shown
    }
}

/// The names of a path; what begins with a slash is taken to begin here, and what leads up is refused.
fn components(path: &[u8]) -> tarbox_store::Result<Vec<&[u8]>> {
    if path.len() > PATH_MAX {
        return Err(ErrorKind::NameTooLong.into());
    }
    let names: Vec<&[u8]> = path
        .split(|b| *b == b'/')
        .filter(|name| !name.is_empty() && *name != b".")
        .collect();
    if names.contains(&&b".."[..]) {
        return Err(Error::new(ErrorKind::NotPermitted).because("'..' leads out of the archive; left out"));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere() {
        assert_eq!(components(b"/a//./b/").unwrap(), [b"a", b"b"]);
        assert!(components(b"./").unwrap().is_empty());
        for path in [&b"a/../b"[..], b"..", b"/../../etc/passwd"] {
            assert_eq!(components(path).unwrap_err().kind(), ErrorKind::NotPermitted);
        }
        assert_eq!(
            components(&[b'a'; 5000]).unwrap_err().kind(),
            ErrorKind::NameTooLong
        );
    }
}
