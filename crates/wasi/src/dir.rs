//! A directory as a capability: whoever holds it reaches what is below it.

use std::sync::{Arc, OnceLock};

use tarbox_fs::{At, Follow, Handle, NewNode, OpenFlags, PathAt};
use tarbox_store::{Attr, Cookie, DirName, Ino, RenameMode};

use crate::{ErrorKind, File, NewTimes, Result, Volume};

/// Permission bits of a new directory and a new file, before the umask.
const DIRECTORY_MODE: u32 = 0o777;
const FILE_MODE: u32 = 0o666;

/// A directory that was lent or opened.
#[derive(Debug)]
pub struct Dir {
    volume: Arc<Volume>,
    ino: Ino,
    /// Reads it, and keeps it should it be removed. Made when first needed for a directory that was lent.
    listing: OnceLock<Listing>,
}

/// How to open what is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpenHow {
    /// Its content will be read.
    pub read: bool,
    /// Its content will be written: `IsDirectory` for a directory.
    pub write: bool,
    /// Make a file if nothing is there.
    pub create: bool,
    /// With `create`: `Exists` if anything is there, be it a symbolic link to nothing.
    pub exclusive: bool,
    /// Cut the file to nothing.
    pub truncate: bool,
    /// `NotDirectory` for anything else.
    pub directory: bool,
}

/// What was opened.
#[derive(Debug)]
pub enum Opened {
    /// A regular file.
    File(File),
    /// A directory.
    Dir(Dir),
}

impl Dir {
    pub(crate) fn new(volume: Arc<Volume>, ino: Ino) -> Self {
        Self {
            volume,
            ino,
            listing: OnceLock::new(),
        }
    }

    /// What it was lent with.
    pub fn volume(&self) -> &Arc<Volume> {
        &self.volume
    }

    /// Its inode.
    pub fn ino(&self) -> Ino {
        self.ino
    }

    /// Its attributes.
    ///
    /// # Errors
    /// `NotFound` if it was removed.
    pub fn stat(&self) -> Result<Attr> {
        self.volume.files.getattr(self.ino).map_err(|e| e.kind())
    }

    /// Sets its times.
    ///
    /// # Errors
    /// `ReadOnly`, `NotPermitted`, `Access`.
    pub fn set_times(&self, times: NewTimes) -> Result<()> {
        self.volume.writable()?;
        let set = self
            .volume
            .files
            .setattr(&self.volume.who, self.ino, &times.into());
        set.map(drop).map_err(|e| e.kind())
    }

    /// Returns when what was done below it is on the device.
    ///
    /// # Errors
    /// Those of the device.
    pub fn sync(&self) -> Result<()> {
        self.volume.files.syncfs().map_err(|e| e.kind())
    }

    /// Whether both are one directory.
    pub fn same(&self, other: &Self) -> bool {
        self.ino == other.ino && self.volume.same_files(&other.volume)
    }

    /// The attributes of what is at `path`.
    ///
    /// # Errors
    /// Those of resolving a path.
    pub fn stat_at(&self, path: &[u8], follow: Follow) -> Result<Attr> {
        let files = &self.volume.files;
        files
            .resolve(&self.volume.who, self.at(path), follow)
            .map_err(|e| e.kind())
    }

    /// Sets the times of what is at `path`.
    ///
    /// # Errors
    /// `ReadOnly`, `NotPermitted`, `Access`, and those of resolving a path.
    pub fn set_times_at(&self, path: &[u8], follow: Follow, times: NewTimes) -> Result<()> {
        self.existing_writable(path, follow)?;
        let files = &self.volume.files;
        let set = files.set_attr(&self.volume.who, self.at(path), &times.into(), follow);
        set.map(drop).map_err(|e| e.kind())
    }

    /// What the symbolic link at `path` says, as it is stored: an absolute target too, though it is never followed.
    ///
    /// # Errors
    /// `Invalid` if it is none.
    pub fn readlink_at(&self, path: &[u8]) -> Result<Vec<u8>> {
        let files = &self.volume.files;
        files
            .read_link(&self.volume.who, self.at(path))
            .map_err(|e| e.kind())
    }

    /// Makes a directory.
    ///
    /// # Errors
    /// `Exists`, `ReadOnly`, `Access`, and those of resolving a path.
    pub fn create_directory_at(&self, path: &[u8]) -> Result<()> {
        self.make(path, NewNode::Directory { mode: DIRECTORY_MODE })
    }

    /// Makes a symbolic link that says `target`.
    ///
    /// # Errors
    /// `NotPermitted` for an absolute target, which could never be followed; `NotFound` for an empty one; `Exists`.
    pub fn symlink_at(&self, target: &[u8], path: &[u8]) -> Result<()> {
        match target.first() {
            None => Err(ErrorKind::NotFound),
            Some(b'/') => Err(ErrorKind::NotPermitted),
            Some(_) => self.make(path, NewNode::Symlink { target }),
        }
    }

    /// Gives what is at `path` (a symbolic link itself) another name, below `to`.
    ///
    /// # Errors
    /// `NotPermitted` for a directory; `Exists`; `CrossDevice` if `to` belongs to another file system.
    pub fn link_at(&self, path: &[u8], to: &Self, new_path: &[u8]) -> Result<()> {
        self.same_volume(to)?;
        self.existing_writable(path, Follow::No)?;
        to.vacant_writable(new_path)?;
        let files = &self.volume.files;
        let linked = files.hard_link(&to.volume.who, self.at(path), to.at(new_path), Follow::No);
        linked.map(drop).map_err(|e| e.kind())
    }

    /// Moves what is at `path` to `new_path` below `to`, with every rule of `rename(2)`.
    ///
    /// # Errors
    /// `Busy` for a path that ends in `.` or `..`; `CrossDevice` if `to` belongs to another file system; `Invalid`,
    /// `NotEmpty`, `IsDirectory`, `NotDirectory` as `rename(2)` has them.
    pub fn rename_at(&self, path: &[u8], to: &Self, new_path: &[u8]) -> Result<()> {
        self.same_volume(to)?;
        self.existing_writable(path, Follow::No)?;
        to.volume.writable()?;
        let files = &self.volume.files;
        let renamed = files.rename_path(
            &self.volume.who,
            self.at(path),
            to.at(new_path),
            RenameMode::Replace,
        );
        renamed.map_err(|e| e.kind())
    }

    /// Removes a name that is no directory's.
    ///
    /// # Errors
    /// `IsDirectory`, `NotFound`, `ReadOnly`, `Access`.
    pub fn unlink_file_at(&self, path: &[u8]) -> Result<()> {
        self.existing_writable(path, Follow::No)?;
        let files = &self.volume.files;
        files
            .remove_file(&self.volume.who, self.at(path))
            .map_err(|e| e.kind())
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    /// `NotEmpty`, `NotDirectory`, `NotFound`, `ReadOnly`, `Access`; `Invalid` for a path that ends in `.`.
    pub fn remove_directory_at(&self, path: &[u8]) -> Result<()> {
        self.existing_writable(path, Follow::No)?;
        let files = &self.volume.files;
        files
            .remove_dir(&self.volume.who, self.at(path))
            .map_err(|e| e.kind())
    }

    /// Opens what is at `path`, or makes a file there. Without `read` and `write` a file is opened to be read.
    ///
    /// # Errors
    /// `Invalid` to make, or to cut, a directory; `Loop` for a symbolic link that is not to be followed; `IsDirectory`,
    /// `NotDirectory`, `Exists`, `NotFound`, `ReadOnly`, `Access`, and those of resolving a path.
    pub fn open_at(&self, path: &[u8], follow: Follow, how: OpenHow) -> Result<Opened> {
        if how.directory && (how.create || how.exclusive || how.truncate) {
            return Err(ErrorKind::Invalid);
        }
        if self.volume.writable().is_err() && (how.create || how.write || how.truncate) {
            self.openable_read_only(path, follow, how)?;
        }
        let create = how.create.then_some(FILE_MODE);
        let flags = how.flags(follow);
        let (attr, handle) = self
            .volume
            .files
            .open_path(&self.volume.who, self.at(path), flags, create)
            .map_err(|e| e.kind())?;
        let volume = Arc::clone(&self.volume);
        if !attr.is_dir() {
            return Ok(Opened::File(File::new(volume, attr.ino, handle, flags)));
        }
        let listing = Listing { volume, handle };
        if how.create || how.truncate {
            return Err(ErrorKind::IsDirectory);
        }
        let dir = Self::new(Arc::clone(&self.volume), attr.ino);
        dir.listing.get_or_init(|| listing);
        Ok(Opened::Dir(dir))
    }

    /// Up to `limit` entries behind `after`, without `.` and `..`. Fewer than `limit` means that the end was reached.
    ///
    /// # Errors
    /// `Access` without read permission; `NotFound` if it was removed.
    pub fn read(&self, after: Cookie, limit: usize) -> Result<Vec<DirName>> {
        let handle = self.listing()?;
        self.volume
            .files
            .readdir_names(handle, after, limit)
            .map_err(|e| e.kind())
    }

    /// The inode of the directory above it.
    ///
    /// # Errors
    /// `NotFound` if it was removed.
    pub fn parent(&self) -> Result<Ino> {
        let parent = self.volume.files.parent(&self.volume.who, self.ino);
        parent.map(|attr| attr.ino).map_err(|e| e.kind())
    }

    /// The path, begun here and never to lead out.
    fn at<'p>(&self, path: &'p [u8]) -> PathAt<'p> {
        At::beneath(self.ino).path(path)
    }

    fn listing(&self) -> Result<Handle> {
        if let Some(listing) = self.listing.get() {
            return Ok(listing.handle);
        }
        let opened = self
            .volume
            .files
            .open(&self.volume.who, self.ino, OpenFlags::DIRECTORY);
        let listing = Listing {
            volume: Arc::clone(&self.volume),
            handle: opened.map_err(|e| e.kind())?,
        };
        Ok(self.listing.get_or_init(|| listing).handle)
    }

    fn make(&self, path: &[u8], node: NewNode<'_>) -> Result<()> {
        self.vacant_writable(path)?;
        let files = &self.volume.files;
        let made = files.make_node(&self.volume.who, self.at(path), node);
        made.map(drop).map_err(|e| e.kind())
    }

    fn same_volume(&self, to: &Self) -> Result<()> {
        match self.volume.same_files(&to.volume) {
            true => Ok(()),
            false => Err(ErrorKind::CrossDevice),
        }
    }

    // What was lent read-only refuses a change only after whatever else is wrong with it, as a read-only mount does.

    /// `ReadOnly` if so lent, unless nothing is there.
    fn existing_writable(&self, path: &[u8], follow: Follow) -> Result<()> {
        let writable = self.volume.writable();
        if writable.is_err() {
            self.stat_at(path, follow)?;
        }
        writable
    }

    /// `ReadOnly` if so lent, unless something is there.
    fn vacant_writable(&self, path: &[u8]) -> Result<()> {
        let writable = self.volume.writable();
        if writable.is_err() {
            return match self.stat_at(path, Follow::No) {
                Ok(_) => Err(ErrorKind::Exists),
                Err(ErrorKind::NotFound) => writable,
                Err(kind) => Err(kind),
            };
        }
        writable
    }

    /// Whether what was lent read-only may be opened so all the same: to be read, with a `create` that has nothing to do.
    fn openable_read_only(&self, path: &[u8], follow: Follow, how: OpenHow) -> Result<()> {
        match self.stat_at(path, follow) {
            Ok(_) if how.create && how.exclusive => Err(ErrorKind::Exists),
            Ok(attr) if attr.is_dir() => Err(ErrorKind::IsDirectory),
            Ok(_) if how.write || how.truncate => Err(ErrorKind::ReadOnly),
            Ok(_) => Ok(()),
            Err(ErrorKind::NotFound) if how.create => Err(ErrorKind::ReadOnly),
            Err(kind) => Err(kind),
        }
    }
}

impl OpenHow {
    fn flags(self, follow: Follow) -> OpenFlags {
        OpenFlags {
            read: self.read || !self.write,
            write: self.write,
            truncate: self.truncate,
            exclusive: self.exclusive,
            directory: self.directory,
            no_follow: follow == Follow::No,
            ..OpenFlags::default()
        }
    }
}

/// An open handle of a directory.
#[derive(Debug)]
struct Listing {
    volume: Arc<Volume>,
    handle: Handle,
}

impl Drop for Listing {
    fn drop(&mut self) {
        // Nothing was written through it, so there is nothing that closing could fail to keep.
        let _ = self.volume.files.release(self.handle);
    }
}
