//! New content for a file: it has the old one until all of the new one is there, also after a crash.
//!
//! A change of one step is whole by itself. Where it takes several, the content comes into a new file beside the old one, which
//! takes its attributes and then its name. A file that cannot be replaced so (it has other names, belongs to somebody else, is
//! reached through a symbolic link or is a control file) is written where it is: then a crash of the machine in the middle
//! may leave a part of either.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use tarbox_fs::{
    Credentials, FilesystemExt, FilesystemInterface, Fs, Handle, LastComponent, OpenFlags, Parent, Realm,
    share_content, unfinished, xattrs,
};
use tarbox_store::{Attr, Error, ErrorKind, RenameMode, Result, Scope, SetAttr, Store, WriteAt, XattrMode};

use crate::conditions::Conditions;
use crate::location::Location;
use crate::problem::{Answer, Problem};

/// The most that is written in one step.
const STEP_MAX: usize = 16 << 20;

/// Somebody's change of one file.
pub struct Change<'a, S: Store> {
    /// Where the file is.
    pub fs: &'a Fs<S>,
    /// Who changes it.
    pub who: &'a Credentials,
    /// What the key is for.
    pub scope: Scope,
    /// The path of the file.
    pub location: &'a Location,
    /// What must hold of what is there.
    pub conditions: &'a Conditions,
    /// Permission bits of a file that is made, before the umask.
    pub mode: u32,
}

/// What was there, and what is there now.
#[derive(Debug)]
pub struct Changed {
    /// Its attributes now.
    pub attr: Attr,
    /// Whether nothing was there.
    pub is_new: bool,
}

/// Where new content goes.
enum Target<'a> {
    /// Beside what is there, and then in its place.
    Name(Parent<'a>, Option<Attr>),
    /// Into what is there.
    Inode(Attr),
}

/// A file that nobody else knows of yet.
pub struct Beside {
    /// Open to be read and written.
    pub handle: Handle,
    dir: tarbox_store::Ino,
    name: Vec<u8>,
}

impl<'a, S: Store> Change<'a, S> {
    /// Gives the file this content.
    pub async fn put(&self, data: &[u8]) -> Answer<Changed> {
        match self.target().await? {
            Target::Inode(attr) => self.put_into(attr, data).await,
            // One step: whoever reads sees all of it or nothing.
            Target::Name(_, Some(attr)) if self.fits_in_one_step(&attr, data) => {
                self.put_into(attr, data).await
            }
            Target::Name(parent, there) => {
                let beside = match self.begin(&parent).await {
                    // Who may write a file need not be allowed to make others beside it.
                    Err(e) if there.is_some() && is_refusal(&e) => {
                        return self.put_into(there.ok_or(e)?, data).await;
                    }
                    begun => begun?,
                };
                let written = match data {
                    [] => Ok(()),
                    data => self.fs.write(beside.handle, WriteAt::End, data).await.map(drop),
                };
                match written {
                    Ok(()) => self.complete(beside).await,
                    Err(e) => {
                        beside.discard(self.fs, self.who).await;
                        Err(e.into())
                    }
                }
            }
        }
    }

    fn fits_in_one_step(&self, there: &Attr, data: &[u8]) -> bool {
        !data.is_empty() && data.len() as u64 >= there.size && data.len() <= STEP_MAX
    }

    /// Begins a file for content that comes in pieces.
    pub async fn begin_large(&self) -> Answer<Beside> {
        let beside = match self.target().await? {
            Target::Name(parent, there) => match self.begin(&parent).await {
                Err(e) if there.is_some() && is_refusal(&e) => self.begin_anywhere().await,
                begun => begun,
            },
            Target::Inode(_) => self.begin_anywhere().await,
        };
        Ok(beside?)
    }

    /// Puts what came in pieces in its place.
    pub async fn complete(&self, beside: Beside) -> Answer<Changed> {
        let settled = match self.target().await {
            Ok(Target::Inode(attr)) => self.share(&beside, attr).await,
            Ok(Target::Name(parent, there)) => match self.settle(&beside, &parent, there.as_ref()).await {
                Err(e) if there.is_some() && is_refusal(&e) => match there {
                    Some(attr) => self.share(&beside, attr).await,
                    None => Err(e.into()),
                },
                Err(e) if e.kind() == ErrorKind::Exists && self.conditions.want_nothing() => {
                    Err(crate::conditions::failed(None).because("something is there by now"))
                }
                settled => {
                    settled?;
                    return self.end(beside, there.is_none()).await;
                }
            },
            Err(problem) => Err(problem),
        };
        beside.discard(self.fs, self.who).await;
        settled
    }

    /// Appends to the file, or writes at an offset; makes it if it is not there. Nobody sees one that is made without its content.
    pub async fn write(&self, at: WriteAt, data: &[u8]) -> Answer<(Changed, u64)> {
        if self.check().await?.is_none()
            && !data.is_empty()
            && let Some(made) = self.make(at, data).await?
        {
            return Ok(made);
        }
        self.check().await?;
        let flags = match at {
            WriteAt::End => OpenFlags::WRITE.appending(),
            WriteAt::Offset(_) => OpenFlags::WRITE,
        };
        let path = self.location.path();
        let before = self.fs.exists(self.who, path).await?;
        let (attr, handle) = self.fs.open_path(self.who, path, flags, Some(self.mode)).await?;
        let written = match self.may_control(&attr) {
            Ok(()) if data.is_empty() => Ok(attr.size),
            Ok(()) => self
                .fs
                .write(handle, at, data)
                .await
                .map(|w| w.offset)
                .map_err(Problem::from),
            Err(problem) => Err(problem),
        };
        let attr = self.fs.getattr(attr.ino).await;
        let closed = self.fs.release(handle).await;
        let offset = written?;
        closed?;
        let changed = Changed {
            attr: attr?,
            is_new: !before,
        };
        Ok((changed, offset))
    }

    /// Makes the file with content; `None` if it is there by now, or is made in another way.
    async fn make(&self, at: WriteAt, data: &[u8]) -> Answer<Option<(Changed, u64)>> {
        let Target::Name(parent, None) = self.target().await? else {
            return Ok(None);
        };
        let beside = self.begin(&parent).await?;
        let made = async {
            let written = self.fs.write(beside.handle, at, data).await?;
            let (from, to) = ((beside.dir, &beside.name[..]), (parent.dir, parent.name));
            self.fs.rename(self.who, from, to, RenameMode::NoReplace).await?;
            Ok::<_, Error>(written.offset)
        };
        match made.await {
            Ok(offset) => Ok(Some((self.end(beside, true).await?, offset))),
            Err(e) => {
                beside.discard(self.fs, self.who).await;
                match e.kind() {
                    ErrorKind::Exists => Ok(None),
                    _ => Err(e.into()),
                }
            }
        }
    }

    /// What is there now, if the change may be made to it.
    pub async fn check(&self) -> Answer<Option<Attr>> {
        let there = match self.fs.stat(self.who, self.location.path()).await {
            Ok(attr) => Some(attr),
            Err(e) if e.kind() == ErrorKind::NotFound => None,
            Err(e) => return Err(e.into()),
        };
        self.conditions.allow_change(there.as_ref())?;
        if let Some(attr) = &there {
            self.may_control(attr)?;
        }
        Ok(there)
    }

    /// Control files change layers and more: only a key for that writes them.
    fn may_control(&self, attr: &Attr) -> Answer<()> {
        match Realm::of(attr.ino) == Realm::Hook && self.scope < Scope::Layers {
            true => Err(Problem::forbidden(
                "control files need a key with the scope 'layers'",
            )),
            false => Ok(()),
        }
    }

    async fn target(&self) -> Answer<Target<'a>> {
        let there = self.check().await?;
        let path = self.location.path();
        let parent = self.fs.resolve_parent(self.who, path).await?;
        match there {
            Some(attr) if attr.is_dir() => Err(Error::new(ErrorKind::IsDirectory).about(path.path).into()),
            Some(attr) if Realm::of(attr.ino) == Realm::Snapshot => {
                Err(Error::new(ErrorKind::ReadOnly).about(path.path).into())
            }
            _ if parent.last != LastComponent::Name || parent.trailing_slash => {
                Err(Error::new(ErrorKind::IsDirectory).about(path.path).into())
            }
            Some(attr) if attr.nlink > 1 || Realm::of(attr.ino) != Realm::Workspace || !attr.is_file() => {
                Ok(Target::Inode(attr))
            }
            Some(attr) => {
                let own = self.fs.lookup(self.who, parent.dir, parent.name).await?;
                self.fs
                    .access(self.who, attr.ino, tarbox_fs::AccessMask::WRITE)
                    .await?;
                match own.ino == attr.ino {
                    true => Ok(Target::Name(parent, Some(attr))),
                    false => Ok(Target::Inode(attr)),
                }
            }
            None => match self.fs.lookup(self.who, parent.dir, parent.name).await {
                // A link that leads nowhere: what it leads to is made.
                Ok(_) => {
                    let (attr, handle) = self
                        .fs
                        .open_path(self.who, path, OpenFlags::WRITE, Some(self.mode))
                        .await?;
                    self.fs.release(handle).await?;
                    Ok(Target::Inode(attr))
                }
                Err(e) if e.kind() == ErrorKind::NotFound => Ok(Target::Name(parent, None)),
                Err(e) => Err(e.into()),
            },
        }
    }

    async fn put_into(&self, attr: Attr, data: &[u8]) -> Answer<Changed> {
        let handle = self.fs.open(self.who, attr.ino, OpenFlags::WRITE).await?;
        let put = tarbox_fs::put_content(self.fs, data, handle).await;
        self.close_changed(handle, attr, put).await
    }

    async fn share(&self, beside: &Beside, attr: Attr) -> Answer<Changed> {
        let handle = self.fs.open(self.who, attr.ino, OpenFlags::WRITE).await?;
        let shared = share_content(self.fs, beside.handle, handle).await.map(drop);
        self.close_changed(handle, attr, shared).await
    }

    async fn close_changed(&self, handle: Handle, attr: Attr, result: Result<()>) -> Answer<Changed> {
        let closed = self.fs.release(handle).await;
        result?;
        closed?;
        let attr = self.fs.getattr(attr.ino).await?;
        Ok(Changed { attr, is_new: false })
    }

    /// Makes a file beside the place that the content is for.
    async fn begin(&self, parent: &Parent<'_>) -> Result<Beside> {
        if parent.name.len() > 255 {
            return Err(ErrorKind::NameTooLong.into());
        }
        loop {
            let name = unfinished(next_number());
            match self
                .fs
                .create(self.who, parent.dir, &name, self.mode, OpenFlags::READ_WRITE)
                .await
            {
                Err(e) if e.kind() == ErrorKind::Exists => {}
                created => {
                    let (_, handle) = created?;
                    let dir = parent.dir;
                    return Ok(Beside { handle, dir, name });
                }
            }
        }
    }

    /// The same without a name.
    async fn begin_anywhere(&self) -> Result<Beside> {
        let handle = tarbox_fs::nameless(self.fs, self.who).await?;
        Ok(Beside {
            handle,
            dir: tarbox_store::Ino::ROOT,
            name: Vec::new(),
        })
    }

    /// Gives the new file the attributes of the old one, and its name.
    async fn settle(&self, beside: &Beside, parent: &Parent<'_>, there: Option<&Attr>) -> Result<()> {
        if beside.name.is_empty() {
            return Err(ErrorKind::Access.into());
        }
        let ino = self.fs.handle(beside.handle)?.ino;
        if let Some(old) = there {
            for (name, value) in xattrs(self.fs, self.who, old.ino).await? {
                self.fs
                    .setxattr(self.who, ino, &name, Some(&value), XattrMode::Any)
                    .await?;
            }
            let new = self.fs.getattr(ino).await?;
            let is_root = self.who.is_root();
            let mode = if is_root { old.mode } else { old.mode & !0o6000 };
            let chown = (old.uid, old.gid) != (new.uid, new.gid);
            let set = SetAttr {
                mode: (chown || new.mode != mode).then_some(mode),
                uid: (old.uid != new.uid).then_some(old.uid),
                gid: (old.gid != new.gid).then_some(old.gid),
                ..SetAttr::default()
            };
            if set != SetAttr::default() {
                self.fs.setattr(self.who, ino, &set).await?;
            }
        }
        let mode = match self.conditions.want_nothing() {
            true => RenameMode::NoReplace,
            false => RenameMode::Replace,
        };
        let (from, to) = ((beside.dir, &beside.name[..]), (parent.dir, parent.name));
        self.fs.rename(self.who, from, to, mode).await
    }

    async fn end(&self, beside: Beside, is_new: bool) -> Answer<Changed> {
        let ino = self.fs.handle(beside.handle)?.ino;
        self.fs.release(beside.handle).await?;
        let attr = self.fs.getattr(ino).await?;
        Ok(Changed { attr, is_new })
    }
}

impl Beside {
    /// Removes it: nothing has changed.
    pub async fn discard<S: Store>(self, fs: &Fs<S>, who: &Credentials) {
        // Why it goes matters more than that this may fail, too; what is left has a name that says what it is.
        if !self.name.is_empty() {
            let _ = fs.unlink(who, self.dir, &self.name).await;
        }
        let _ = fs.release(self.handle).await;
    }
}

fn is_refusal(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Access | ErrorKind::NotPermitted | ErrorKind::Unsupported
    )
}

/// A number that another process hardly has at the same time; whoever finds its name taken takes the next.
fn next_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    if NEXT.load(Ordering::Relaxed) == 0 {
        // Where nothing is random, more names are found taken.
        let start = 1 + ((RandomState::new().hash_one(0) & 0xffff_ffff) << 24);
        let _ = NEXT.compare_exchange(0, start, Ordering::Relaxed, Ordering::Relaxed);
    }
    NEXT.fetch_add(1, Ordering::Relaxed)
}
