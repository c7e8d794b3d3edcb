//! Things that come into directories where something else may be: that is there until what replaces it is whole.

use tarbox_store::{Attr, Error, ErrorKind, Ino, RenameMode, Result, WriteAt};

use super::replace::unfinished;
use super::restore::{Attributes, Owners, restore};
use super::whole::close;
use crate::hooks::CONTROL;
use crate::interface::{Credentials, FilesystemInterface, Handle, NewNode, OpenFlags};

/// A file of more bytes than this is under another name until it is whole, so that a process that ends leaves no part of it.
const LARGE: u64 = 1 << 20;

/// A name in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The directory.
    pub dir: Ino,
    /// The name.
    pub name: Vec<u8>,
}

/// Makes things in places, with the attributes that they had elsewhere.
pub struct Placer<'a, F> {
    /// Where.
    pub fs: &'a F,
    /// For whom; permissions come with the things, so that their umask should be 0.
    pub who: &'a Credentials,
    /// Whom the things belong to.
    pub owners: Owners,
    /// Whether something that is in the way may go: else the error says why not.
    pub may_go: &'a dyn Fn(&Attr) -> Result<()>,
}

/// What was put in its place.
#[derive(Debug)]
pub struct Placed {
    /// As it was made: without the attributes that it had elsewhere.
    pub attr: Attr,
    /// What had to go for it.
    pub replaced: Option<Attr>,
}

/// A file that is not whole yet.
#[derive(Debug)]
pub struct NewFile {
    at: Place,
    place: Place,
    attr: Attr,
    handle: Option<Handle>,
    end: u64,
}

/// What can be made under a name.
#[derive(Clone, Copy)]
enum Make<'m> {
    File { mode: u32 },
    Node(&'m NewNode<'m>),
    Link(Ino),
}

impl<F: FilesystemInterface> Placer<'_, F> {
    /// Begins a file of about `size` bytes. Until [`complete`](Self::complete) what is in its way is there.
    ///
    /// # Errors
    /// Those of making it, and why something that is in the way may not go.
    pub async fn begin(&self, place: Place, mode: u32, size: u64) -> Result<NewFile> {
        let make = Make::File { mode: mode & 0o777 };
        let (attr, handle, at) = self.make(&place, make, size > LARGE).await?;
        Ok(NewFile {
            at,
            place,
            attr,
            handle,
            end: 0,
        })
    }

    /// Ends a file of `size` bytes with all its attributes, and answers what it has replaced. After an error this can be done
    /// again, or the file be [discarded](NewFile::discard).
    ///
    /// # Errors
    /// Those of setting the length and the attributes, of closing it and of moving it to its place.
    pub async fn complete(
        &self,
        file: &mut NewFile,
        size: u64,
        attributes: &Attributes<'_>,
    ) -> Result<Option<Attr>> {
        if let Some(handle) = file.handle {
            // A hole at the end is no piece of content: only the length tells of it.
            if size > file.end {
                self.fs.truncate(handle, size).await?;
                file.end = size;
            }
            file.handle = None;
            self.fs.release(handle).await?;
        }
        // Times come last: closing it is what brings the content, and its time, to the inode.
        self.settle((&file.at, &file.place), &file.attr, Some(attributes))
            .await
    }

    /// Makes what is neither a file nor a directory.
    ///
    /// # Errors
    /// Those of making it and of setting its attributes, and why something that is in the way may not go.
    pub async fn node(
        &self,
        place: &Place,
        node: &NewNode<'_>,
        attributes: &Attributes<'_>,
    ) -> Result<Placed> {
        self.put(place, Make::Node(node), Some(attributes)).await
    }

    /// Gives an inode another name; `None` if it has it already.
    ///
    /// # Errors
    /// Those of linking, and why something that is in the way may not go.
    pub async fn link(&self, place: &Place, ino: Ino) -> Result<Option<Placed>> {
        match self.fs.lookup(self.who, place.dir, &place.name).await {
            Ok(there) if there.ino == ino => return Ok(None),
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        self.put(place, Make::Link(ino), None).await.map(Some)
    }

    /// Makes a directory, which its owner can fill; `None` with the attributes of one that is there.
    ///
    /// # Errors
    /// Those of making it, and why something that is in the way may not go.
    pub async fn directory(&self, place: &Place, mode: u32) -> Result<(Attr, Option<Placed>)> {
        refuse_control(place.dir, &place.name)?;
        let (dir, name, mode) = (place.dir, &place.name, mode & 0o777 | 0o700);
        let mut replaced = None;
        let attr = match self.fs.mkdir(self.who, dir, name, mode).await {
            Err(e) if e.kind() == ErrorKind::Exists => {
                let there = self.fs.lookup(self.who, dir, name).await?;
                if there.is_dir() {
                    return Ok((there, None));
                }
                (self.may_go)(&there)?;
                self.fs.unlink(self.who, dir, name).await?;
                replaced = Some(there);
                self.fs.mkdir(self.who, dir, name, mode).await?
            }
            made => made?,
        };
        Ok((attr, Some(Placed { attr, replaced })))
    }

    /// Makes something: in its place, or beside it where something is in the way, or because it `takes_long`.
    async fn make(
        &self,
        place: &Place,
        make: Make<'_>,
        takes_long: bool,
    ) -> Result<(Attr, Option<Handle>, Place)> {
        refuse_control(place.dir, &place.name)?;
        let mut at = place.clone();
        let (mut beside, mut number) = (takes_long, 0);
        loop {
            if beside {
                self.in_the_way(place).await?;
                at.name = unfinished(number);
                number += 1;
            }
            match self.make_at(&at, make).await {
                Err(e) if e.kind() == ErrorKind::Exists => beside = true,
                made => return made.map(|(attr, handle)| (attr, handle, at)),
            }
        }
    }

    async fn make_at(&self, at: &Place, make: Make<'_>) -> Result<(Attr, Option<Handle>)> {
        let (fs, who) = (self.fs, self.who);
        match make {
            Make::File { mode } => {
                let made = fs.create(who, at.dir, &at.name, mode, OpenFlags::WRITE).await;
                made.map(|(attr, handle)| (attr, Some(handle)))
            }
            Make::Node(node) => Ok((fs.make(who, at.dir, &at.name, node).await?, None)),
            Make::Link(ino) => Ok((fs.link(who, ino, at.dir, &at.name).await?, None)),
        }
    }

    /// Makes what is whole at once. What could not be completed goes: why that was matters more than that this may fail, too.
    async fn put(
        &self,
        place: &Place,
        make: Make<'_>,
        attributes: Option<&Attributes<'_>>,
    ) -> Result<Placed> {
        let (attr, _, at) = self.make(place, make, false).await?;
        let settled = self.settle((&at, place), &attr, attributes).await;
        if settled.is_err() {
            let _ = self.fs.unlink(self.who, at.dir, &at.name).await;
        }
        settled.map(|replaced| Placed { attr, replaced })
    }

    /// Gives what is whole its attributes, moves it to its place, and answers what had to go. Nothing can be renamed over a
    /// directory.
    async fn settle(
        &self,
        (at, place): (&Place, &Place),
        made: &Attr,
        attributes: Option<&Attributes<'_>>,
    ) -> Result<Option<Attr>> {
        if let Some(attributes) = attributes {
            restore(self.fs, self.who, (made.ino, Some(made)), attributes, self.owners).await?;
        }
        if at == place {
            return Ok(None);
        }
        let there = self.in_the_way(place).await?;
        if there.is_some_and(|there| there.is_dir()) {
            self.fs.rmdir(self.who, place.dir, &place.name).await?;
        }
        let (from, to) = ((at.dir, &at.name[..]), (place.dir, &place.name[..]));
        self.fs.rename(self.who, from, to, RenameMode::Replace).await?;
        Ok(there)
    }

    /// What is in a place, if anything is; an error if it must not go.
    async fn in_the_way(&self, place: &Place) -> Result<Option<Attr>> {
        match self.fs.lookup(self.who, place.dir, &place.name).await {
            Ok(there) => (self.may_go)(&there).map(|()| Some(there)),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }
}

impl NewFile {
    /// The inode.
    pub fn ino(&self) -> Ino {
        self.attr.ino
    }

    /// The end of what was written.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Writes a piece of content; what lies between two is a hole.
    ///
    /// # Errors
    /// Those of [`write`](FilesystemInterface::write).
    pub async fn write<F: FilesystemInterface>(&mut self, fs: &F, offset: u64, bytes: &[u8]) -> Result<()> {
        let handle = self.handle.ok_or(ErrorKind::BadHandle)?;
        let written = fs.write(handle, WriteAt::Offset(offset), bytes).await?;
        self.end = self.end.max(written.size);
        Ok(())
    }

    /// Removes it: what was in its place is still there.
    ///
    /// # Errors
    /// Why it cannot be removed.
    pub async fn discard<F: FilesystemInterface>(self, fs: &F, who: &Credentials) -> Result<()> {
        let removed = fs.unlink(who, self.at.dir, &self.at.name).await.map(drop);
        match self.handle {
            Some(handle) => close(fs, handle, removed).await,
            None => removed,
        }
    }
}

/// The control directory is not made of files: writing into it would act on the workspace.
///
/// # Errors
/// `NotPermitted`, for its name.
pub fn refuse_control(dir: Ino, name: &[u8]) -> Result<()> {
    match dir == Ino::ROOT && name == CONTROL {
        true => {
            Err(Error::new(ErrorKind::NotPermitted)
                .because("this name is reserved for control files; skipped"))
        }
        false => Ok(()),
    }
}
