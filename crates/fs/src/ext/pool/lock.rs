//! A lock on a directory that holds between all who use a workspace, also from several processes.

use std::sync::Arc;

use tarbox_store::{Attr, Error, ErrorKind, Ino, RenameMode, Result, WriteAt};

use crate::ext::whole::names_in;
use crate::interface::{Credentials, FilesystemInterface, Handle, OpenFlags, blocking};

/// Others may take the lock and give it back as often while this one tries.
const ATTEMPTS: usize = 32;

/// The right of one owner to a directory, until it is dropped or its process ends.
///
/// The lock is a directory with one entry, the owner. It is made elsewhere and renamed, which succeeds only where there is no
/// directory or an empty one: so nobody sees a lock without its owner. The entry is a file that the owner keeps open, which ends
/// with the owner's process, however that ends. To take over the lock of a dead owner its entry is removed, and since
/// no other owner has had that name, whoever does so late removes nothing.
///
/// The npm package `nervusdb` locks a database on a mount in the same way, so the two keep each other out. Whether an owner of
/// another kind is alive cannot be told here; it is taken to be.
pub struct DirectoryLock<F: FilesystemInterface> {
    fs: Arc<F>,
    who: Credentials,
    parent: Ino,
    name: Vec<u8>,
    owner: Vec<u8>,
    /// Open as long as the owner lives.
    life: Handle,
}

impl<F: FilesystemInterface> DirectoryLock<F> {
    /// Takes the lock of this name in a directory. `owner` tells people who has it.
    ///
    /// # Errors
    /// `Busy` if somebody has it, saying who; `ReadOnly` in a past layer; and those of making files.
    pub fn take(fs: Arc<F>, who: Credentials, (parent, name): (Ino, &[u8]), owner: &str) -> Result<Self> {
        let (draft, dir) = make_draft(&*fs, &who, parent, name)?;
        let result = prepare(&*fs, &who, dir.ino, owner).and_then(|(owner, life)| {
            let lock = Self {
                fs: fs.clone(),
                who: who.clone(),
                parent,
                name: name.to_vec(),
                owner,
                life,
            };
            match lock.install(&draft) {
                Ok(()) => Ok(lock),
                Err(error) => {
                    blocking(fs.unlink(&who, dir.ino, &lock.owner)).ok();
                    Err(error)
                }
            }
        });
        if result.is_err() {
            blocking(fs.rmdir(&who, parent, &draft)).ok();
        }
        result
    }

    fn install(&self, draft: &[u8]) -> Result<()> {
        let (fs, who) = (&*self.fs, &self.who);
        for _ in 0..ATTEMPTS {
            let to = (self.parent, &*self.name);
            match blocking(fs.rename(who, (self.parent, draft), to, RenameMode::Replace)) {
                Ok(()) => return Ok(()),
                Err(error) if matches!(error.kind(), ErrorKind::NotEmpty | ErrorKind::Exists) => {}
                Err(error) => return Err(error),
            }
            let dir = match blocking(fs.lookup(who, self.parent, &self.name)) {
                Ok(dir) => dir.ino,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            for owner in owners(fs, who, dir)? {
                if is_alive(fs, who, dir, &owner)? {
                    return Err(held(fs, dir, &self.name, &owner, who));
                }
                ignore_missing(blocking(fs.unlink(who, dir, &owner)))?;
            }
        }
        Err(Error::new(ErrorKind::Busy)
            .about(&self.name)
            .because("others keep taking the lock; try again"))
    }

    fn end(&self) -> Result<()> {
        let (fs, who) = (&*self.fs, &self.who);
        let dir = blocking(fs.lookup(who, self.parent, &self.name))?.ino;
        blocking(fs.unlink(who, dir, &self.owner))?;
        blocking(fs.rmdir(who, self.parent, &self.name))
    }
}

impl<F: FilesystemInterface> Drop for DirectoryLock<F> {
    fn drop(&mut self) {
        // An entry that stays, after a switch to a past layer say, is one of an owner that is gone.
        self.end().ok();
        blocking(self.fs.release(self.life)).ok();
    }
}

/// A new directory beside the lock. One that a process left which died in this moment is skipped.
fn make_draft<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    parent: Ino,
    name: &[u8],
) -> Result<(Vec<u8>, Attr)> {
    for attempt in 0..u32::MAX {
        let draft = [name, format!(".draft-{attempt}").as_bytes()].concat();
        match blocking(fs.mkdir(who, parent, &draft, 0o777)) {
            Ok(attr) => return Ok((draft, attr)),
            Err(error) if error.kind() == ErrorKind::Exists => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::Busy.into())
}

/// The entry of an owner in a draft, named after an inode that no other file has had, and a handle on it.
fn prepare<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    dir: Ino,
    owner: &str,
) -> Result<(Vec<u8>, Handle)> {
    const NEW: &[u8] = b"new";
    let (attr, life) = blocking(fs.create(who, dir, NEW, 0o644, OpenFlags::READ_WRITE))?;
    let name = format!("held-{}-{}", attr.ino, attr.btime.0).into_bytes();
    let made = blocking(fs.write(life, WriteAt::Offset(0), owner.as_bytes()))
        .and_then(|_| blocking(fs.rename(who, (dir, NEW), (dir, &name), RenameMode::Replace)));
    match made {
        Ok(()) => Ok((name, life)),
        Err(error) => {
            blocking(fs.unlink(who, dir, NEW)).ok();
            blocking(fs.release(life)).ok();
            Err(error)
        }
    }
}

fn owners<F: FilesystemInterface>(fs: &F, who: &Credentials, dir: Ino) -> Result<Vec<Vec<u8>>> {
    let names = blocking(names_in(fs, who, dir))?;
    Ok(names.into_iter().map(|entry| entry.name).collect())
}

/// Whether the owner has its entry open.
fn is_alive<F: FilesystemInterface>(fs: &F, who: &Credentials, dir: Ino, owner: &[u8]) -> Result<bool> {
    let Some((ino, born)) = parse(owner) else {
        return Ok(true);
    };
    match gone(blocking(fs.lookup(who, dir, owner)))? {
        // What was copied or restored has the name, but is another file.
        Some(attr) if attr.ino == ino && attr.btime.0 == born => blocking(fs.is_open(ino)),
        _ => Ok(false),
    }
}

fn parse(owner: &[u8]) -> Option<(Ino, i64)> {
    let (ino, born) = std::str::from_utf8(owner)
        .ok()?
        .strip_prefix("held-")?
        .split_once('-')?;
    Some((Ino(ino.parse().ok()?), born.parse().ok()?))
}

fn gone<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Stale) => Ok(None),
        Err(error) => Err(error),
    }
}

fn ignore_missing(result: Result<()>) -> Result<()> {
    gone(result).map(drop)
}

/// Says who has the lock, and what to do if nobody has.
fn held<F: FilesystemInterface>(fs: &F, dir: Ino, name: &[u8], owner: &[u8], who: &Credentials) -> Error {
    let path = blocking(fs.path_of(dir)).unwrap_or_else(|_| name.to_vec());
    let said = said(fs, who, dir, owner);
    let detail = match parse(owner) {
        Some(_) => format!("{said} is writing; wait until it is done"),
        None => format!(
            "{} has locked it, on a mount; if no such process is running, remove this directory",
            String::from_utf8_lossy(owner)
        ),
    };
    Error::new(ErrorKind::Busy).about(path).because(detail)
}

/// What an owner says of itself.
fn said<F: FilesystemInterface>(fs: &F, who: &Credentials, dir: Ino, owner: &[u8]) -> String {
    let text = blocking(async {
        let attr = fs.lookup(who, dir, owner).await?;
        let handle = fs.open(who, attr.ino, OpenFlags::READ).await?;
        let mut text = [0; 200];
        let read = fs.read(handle, 0, &mut text).await;
        fs.release(handle).await?;
        Ok(String::from_utf8_lossy(&text[..read?]).into_owned())
    });
    text.ok()
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| "somebody".to_owned())
}
