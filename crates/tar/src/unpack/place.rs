//! Directories, links and special files; and what may be in their way.

use tarbox_fs::{FilesystemInterface, NewNode, Place, Placer, blocking, refuse_control};
use tarbox_store::{Attr, Error, ErrorKind, FileKind, Ino, Result};

use super::{Call, Known, Unpacker, components};
use crate::member::{Kind, Member};

impl Unpacker {
    /// Lets something be put in its place.
    pub(super) fn placing<F: FilesystemInterface, T>(
        &self,
        call: &Call<'_, F>,
        act: impl FnOnce(&Placer<'_, F>) -> Result<T>,
    ) -> Result<T> {
        act(&Placer {
            fs: call.fs,
            who: call.who,
            owners: self.owners,
            may_go: &|there| self.may_go(there),
        })
    }

    /// Makes a directory, or finds it.
    pub(super) fn directory<F: FilesystemInterface>(
        &mut self,
        call: &Call<'_, F>,
        member: &Member,
    ) -> Result<Ino> {
        let names = components(&member.path)?;
        let Some((name, above)) = names.split_last() else {
            return Ok(self.root);
        };
        let place = Place {
            dir: self.walk(call, above)?,
            name: name.to_vec(),
        };
        let (attr, made) = self.placing(call, |placer| blocking(placer.directory(&place, member.mode)))?;
        if let Some(made) = made {
            self.forget(made.replaced);
            self.note_directory(attr.ino);
        }
        Ok(attr.ino)
    }

    /// Keeps what a member says of a directory, until everything is in it.
    pub(super) fn say(&mut self, ino: Ino, member: Box<Member>) {
        let known = self.known.entry(ino).or_insert(Known::Directory {
            is_new: false,
            said: None,
        });
        if let Known::Directory { said, .. } = known
            && said.replace(member).is_none()
        {
            self.counts.directories += 1;
        }
    }

    /// A symbolic link or special file.
    pub(super) fn node<F: FilesystemInterface>(&mut self, call: &Call<'_, F>, member: &Member) -> Result<()> {
        let mode = member.mode & 0o777;
        let node = match &member.kind {
            Kind::Symlink(target) => NewNode::Symlink { target },
            Kind::CharDevice(rdev) => NewNode::CharDevice { mode, rdev: *rdev },
            Kind::BlockDevice(rdev) => NewNode::BlockDevice { mode, rdev: *rdev },
            _ => NewNode::Fifo { mode },
        };
        let place = self.place(call, &member.path)?;
        let made = self.placing(call, |placer| {
            blocking(placer.node(&place, &node, &member.attributes()))
        })?;
        self.forget(made.replaced);
        self.known.insert(made.attr.ino, Known::New { bytes: 0 });
        match member.kind {
            Kind::Symlink(_) => self.counts.links += 1,
            _ => self.counts.files += 1,
        }
        Ok(())
    }

    pub(super) fn hard_link<F: FilesystemInterface>(
        &mut self,
        call: &Call<'_, F>,
        member: &Member,
        target: &[u8],
    ) -> Result<()> {
        let must_be_directory = target.ends_with(b"/");
        let target = match self.existing(call, target) {
            Err(e) if e.kind() == ErrorKind::NotFound => {
                // The directories on the way are made all the same, as others do.
                self.place(call, &member.path)?;
                let shown = String::from_utf8_lossy(target).into_owned();
                let what = format!("it is a link to '{shown}', which does not exist");
                return Err(Error::new(ErrorKind::NotFound).because(what));
            }
            found => found?,
        };
        let place = self.place(call, &member.path)?;
        if must_be_directory && !target.is_dir() {
            return Err(ErrorKind::NotDirectory.into());
        }
        let linked = self.placing(call, |placer| blocking(placer.link(&place, target.ino)))?;
        // An archive may name a file twice: then it is there already.
        if let Some(made) = linked {
            self.forget(made.replaced);
            self.counts.links += 1;
        }
        Ok(())
    }

    /// What was there before the archive is replaced only if that was asked for, and a directory never.
    fn may_go(&self, there: &Attr) -> Result<()> {
        match self.known.get(&there.ino) {
            Some(Known::New { .. } | Known::Directory { is_new: true, .. }) => Ok(()),
            _ => self.collision.may_go(there),
        }
    }

    /// Something has lost a name to what came later.
    pub(super) fn forget(&mut self, replaced: Option<Attr>) {
        let Some(there) = replaced else { return };
        if there.nlink > 1 && !there.is_dir() {
            self.counts.links = self.counts.links.saturating_sub(1);
            return;
        }
        match self.known.remove(&there.ino) {
            Some(Known::Directory { said, .. }) => {
                self.last_dir = None;
                self.counts.directories -= u64::from(said.is_some());
            }
            Some(Known::New { bytes }) => {
                match there.kind {
                    FileKind::Symlink => self.counts.links -= 1,
                    _ => self.counts.files -= 1,
                }
                self.counts.bytes -= bytes;
            }
            None => {}
        }
    }

    fn note_directory(&mut self, ino: Ino) {
        let new = Known::Directory {
            is_new: true,
            said: None,
        };
        self.known.insert(ino, new);
    }

    /// What is at a path, without following links.
    fn existing<F: FilesystemInterface>(&self, call: &Call<'_, F>, path: &[u8]) -> Result<Attr> {
        let names = components(path)?;
        let Some((name, above)) = names.split_last() else {
            return Err(ErrorKind::NotPermitted.into());
        };
        let mut dir = self.root;
        for name in above {
            dir = down(call, dir, name)?.ino;
        }
        blocking(call.fs.lookup(call.who, dir, name))
    }

    /// The directory of a path, made as far as it is not there, and its last name.
    pub(super) fn place<F: FilesystemInterface>(&mut self, call: &Call<'_, F>, path: &[u8]) -> Result<Place> {
        let names = components(path)?;
        let Some((name, above)) = names.split_last() else {
            return Err(Error::new(ErrorKind::Invalid).because("a member of the archive has no name"));
        };
        Ok(Place {
            dir: self.walk(call, above)?,
            name: name.to_vec(),
        })
    }

    fn walk<F: FilesystemInterface>(&mut self, call: &Call<'_, F>, names: &[&[u8]]) -> Result<Ino> {
        let key = names.join(&b'/');
        match &self.last_dir {
            Some((path, ino)) if *path == key => return Ok(*ino),
            _ => {}
        }
        let mut dir = self.root;
        for name in names {
            dir = match down(call, dir, name) {
                Err(e) if e.kind() == ErrorKind::NotFound => {
                    let made = blocking(call.fs.mkdir(call.who, dir, name, 0o755))?;
                    self.note_directory(made.ino);
                    made.ino
                }
                found => found?.ino,
            };
        }
        self.last_dir = Some((key, dir));
        Ok(dir)
    }
}

/// A directory in a directory, and nothing that only leads to one.
fn down<F: FilesystemInterface>(call: &Call<'_, F>, dir: Ino, name: &[u8]) -> Result<Attr> {
    refuse_control(dir, name)?;
    let attr = blocking(call.fs.lookup(call.who, dir, name))?;
    match attr.kind {
        FileKind::Directory => Ok(attr),
        FileKind::Symlink => {
            Err(Error::new(ErrorKind::NotPermitted).because("it leads through a symbolic link; skipped"))
        }
        _ => Err(ErrorKind::NotDirectory.into()),
    }
}
