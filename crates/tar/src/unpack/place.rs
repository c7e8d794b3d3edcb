//! Directories, links and special files; and what may be in their way.

use tarbox_fs::{CONTROL, FilesystemInterface, NewNode, blocking};
use tarbox_store::{Attr, Error, ErrorKind, FileKind, Ino, RenameMode, Result};

use super::{Call, Collision, Known, Unpacker, components};
use crate::member::{Kind, Member};

/// A name in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) dir: Ino,
    pub(super) name: Vec<u8>,
}

impl Unpacker {
    pub(super) fn directory<F: FilesystemInterface>(
        &mut self,
        call: &Call<'_, F>,
        member: &Member,
    ) -> Result<()> {
        let names = components(&member.path)?;
        let ino = match names.split_last() {
            None => self.root,
            Some((name, above)) => {
                let dir = self.walk(call, above)?;
                let place = Place {
                    dir,
                    name: name.to_vec(),
                };
                self.make_directory(call, &place, member.mode)?
            }
        };
        let known = self.known.entry(ino).or_insert(Known::Directory {
            is_new: false,
            said: None,
        });
        if let Known::Directory { said, .. } = known
            && said.replace(Box::new(member.clone())).is_none()
        {
            self.counts.directories += 1;
        }
        Ok(())
    }

    fn make_directory<F: FilesystemInterface>(
        &mut self,
        call: &Call<'_, F>,
        place: &Place,
        mode: u32,
    ) -> Result<Ino> {
        refuse_control(place.dir, &place.name)?;
        // Until it is complete its owner has to be able to fill it.
        let make = || {
            blocking(
                call.fs
                    .mkdir(call.who, place.dir, &place.name, mode & 0o777 | 0o700),
            )
        };
        let made = match make() {
            Err(e) if e.kind() == ErrorKind::Exists => {
                let there = self.at(call, place)?;
                if there.is_dir() {
                    return Ok(there.ino);
                }
                self.refuse_what_is_not_ours(&there)?;
                blocking(call.fs.unlink(call.who, place.dir, &place.name))?;
                self.forget(&there);
                make()?
            }
            made => made?,
        };
        self.note_directory(made.ino);
        Ok(made.ino)
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
        let made = self.put(
            call,
            &place,
            &|at| blocking(call.fs.make(call.who, at.dir, &at.name, &node)),
            &|unpacker, attr| unpacker.restore(call, (attr.ino, Some(attr)), member),
        )?;
        self.known.insert(made.ino, Known::New { bytes: 0 });
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
        match self.at(call, &place) {
            // An archive may name a file twice: it is there already.
            Ok(there) if there.ino == target.ino => return Ok(()),
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        self.put(
            call,
            &place,
            &|at| blocking(call.fs.link(call.who, target.ino, at.dir, &at.name)),
            &|_, _| Ok(()),
        )?;
        self.counts.links += 1;
        Ok(())
    }

    /// Makes something in a place. What is there and may go stays until what is made is whole.
    fn put<F: FilesystemInterface>(
        &mut self,
        call: &Call<'_, F>,
        place: &Place,
        make: &dyn Fn(&Place) -> Result<Attr>,
        complete: &dyn Fn(&Self, &Attr) -> Result<()>,
    ) -> Result<Attr> {
        let mut at = place.clone();
        if let Some(there) = self.in_the_way(call, place)? {
            at = self.beside(&there, call, place)?;
        }
        loop {
            match make(&at) {
                Err(e) if e.kind() == ErrorKind::Exists => {
                    // Somebody else was faster, or has taken the other name.
                    at = self.elsewhere(call, place)?;
                }
                made => {
                    let made = made?;
                    let done = complete(self, &made).and_then(|()| self.settle(call, &at, place));
                    if done.is_err() {
                        // The error matters more than that this may fail, too.
                        let _ = blocking(call.fs.unlink(call.who, at.dir, &at.name));
                    }
                    return done.map(|()| made);
                }
            }
        }
    }

    /// What is in a place, if anything is; an error if it must not be replaced.
    fn in_the_way<F: FilesystemInterface>(&self, call: &Call<'_, F>, place: &Place) -> Result<Option<Attr>> {
        match self.at(call, place) {
            Ok(there) => self.refuse_what_is_not_ours(&there).map(|()| Some(there)),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Where to make what cannot be made in its place at once. What is there has to be what may go.
    pub(super) fn elsewhere<F: FilesystemInterface>(
        &mut self,
        call: &Call<'_, F>,
        place: &Place,
    ) -> Result<Place> {
        match self.in_the_way(call, place)? {
            Some(there) => self.beside(&there, call, place),
            None => Ok(self.other(place)),
        }
    }

    /// Where to make what takes the place of `there`: an empty directory of this archive goes at once, since nothing
    /// can be renamed over it.
    fn beside<F: FilesystemInterface>(
        &mut self,
        there: &Attr,
        call: &Call<'_, F>,
        place: &Place,
    ) -> Result<Place> {
        if !there.is_dir() {
            return Ok(self.other(place));
        }
        blocking(call.fs.rmdir(call.who, place.dir, &place.name))?;
        self.forget(there);
        Ok(place.clone())
    }

    /// A name beside a place, for what is not whole yet.
    fn other(&mut self, place: &Place) -> Place {
        self.unfinished += 1;
        Place {
            dir: place.dir,
            name: format!(".{}.unfinished", self.unfinished).into_bytes(),
        }
    }

    /// Moves what is whole to its place.
    pub(super) fn settle<F: FilesystemInterface>(
        &mut self,
        call: &Call<'_, F>,
        at: &Place,
        place: &Place,
    ) -> Result<()> {
        if at == place {
            return Ok(());
        }
        let there = self.in_the_way(call, place)?;
        blocking(call.fs.rename(
            call.who,
            (at.dir, &at.name),
            (place.dir, &place.name),
            RenameMode::Replace,
        ))?;
        if let Some(there) = there {
            self.forget(&there);
        }
        Ok(())
    }

    /// What was there before the archive is replaced only if that was asked for, and a directory never.
    fn refuse_what_is_not_ours(&self, there: &Attr) -> Result<()> {
        let ours = match self.known.get(&there.ino) {
            Some(Known::Directory { is_new, .. }) => *is_new,
            Some(Known::New { .. }) => true,
            None => !there.is_dir() && self.collision == Collision::Replace,
        };
        match (ours, there.is_dir()) {
            (true, _) => Ok(()),
            (false, true) => Err(ErrorKind::IsDirectory.into()),
            (false, false) => Err(Error::new(ErrorKind::Exists).because("use --force to replace it")),
        }
    }

    /// Something has lost a name to what came later.
    fn forget(&mut self, there: &Attr) {
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

    /// What is in a place, without following links.
    fn at<F: FilesystemInterface>(&self, call: &Call<'_, F>, place: &Place) -> Result<Attr> {
        blocking(call.fs.lookup(call.who, place.dir, &place.name))
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
        let place = Place {
            dir: self.walk(call, above)?,
            name: name.to_vec(),
        };
        refuse_control(place.dir, &place.name)?;
        Ok(place)
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

/// The control directory is not made of files: writing into it would act on the workspace.
fn refuse_control(dir: Ino, name: &[u8]) -> Result<()> {
    if dir == Ino::ROOT && name == CONTROL {
        return Err(
            Error::new(ErrorKind::NotPermitted).because("this name is reserved for control files; skipped")
        );
    }
    Ok(())
}
