//! Which inodes are open, told to other processes by locks.
//!
//! Each process holds a shared lock on one byte of a file common to all for every inode it has open: byte `key` for the inode
//! of that key. The kernel ends them with the process, however that ends, so there is nothing to clean up.
//!
//! An inode without names may go as soon as no lock of another process is on it, looked at *after* the commit that took
//! its last name away. For whoever opens an inode takes the lock first and looks at the committed row afterwards: either
//! the lock is seen, or the missing name is.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use tarbox_store::{Error, ErrorKind, Result};

use crate::rows::Key;
use crate::sessions::failed;

/// Files among which the locks are shared out: the kernel keeps those of one file in a list, which it walks.
const FILES: usize = 16;

/// The files of locks.
#[derive(Debug)]
pub(crate) struct Holders {
    directory: PathBuf,
    /// Opened when they are needed.
    files: [OnceLock<File>; FILES],
}

impl Holders {
    /// The locks of the database whose files are in `directory`.
    pub(crate) fn of(directory: &Path) -> Result<Self> {
        let directory = directory.join("holders");
        let holders = Self {
            directory,
            files: Default::default(),
        };
        // All are made at once, so that nobody needs room to open a file; the last one stands for all of them.
        if !holders.path(FILES - 1).exists() {
            fs::create_dir_all(&holders.directory).map_err(|e| failed(&holders.directory, e))?;
            for i in 0..FILES {
                holders.open(i)?;
            }
        }
        Ok(holders)
    }

    /// Removes the files of locks, which nobody has begun to use.
    pub(crate) fn remove(directory: &Path) -> std::io::Result<()> {
        let directory = directory.join("holders");
        (0..FILES).try_for_each(|i| fs::remove_file(directory.join(i.to_string())))?;
        fs::remove_dir(directory)
    }

    fn path(&self, i: usize) -> PathBuf {
        self.directory.join(i.to_string())
    }

    fn open(&self, i: usize) -> Result<File> {
        let path = self.path(i);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path);
        file.map_err(|e| failed(&path, e))
    }

    fn file(&self, key: Key) -> Result<&File> {
        let i = (key.0 % FILES as u64) as usize;
        match self.files[i].get() {
            Some(file) => Ok(file),
            None => {
                let file = self.open(i)?;
                Ok(self.files[i].get_or_init(|| file))
            }
        }
    }

    /// Tells others that this process has the inode open.
    pub(crate) fn hold(&self, key: Key) -> Result<()> {
        let lock = byte(key, libc::F_RDLCK);
        fcntl(self.file(key)?, FcntlArg::F_OFD_SETLK(&lock)).map_err(refused)?;
        Ok(())
    }

    /// Takes that back.
    pub(crate) fn release(&self, key: Key) {
        let lock = byte(key, libc::F_UNLCK);
        // Taking a lock off can only fail where it was never taken.
        let _gone = self
            .file(key)
            .map(|file| fcntl(file, FcntlArg::F_OFD_SETLK(&lock)));
    }

    /// Whether another process has the inode open; one that cannot be asked about counts.
    pub(crate) fn is_held_by_others(&self, key: Key) -> bool {
        let mut lock = byte(key, libc::F_WRLCK);
        let asked = self
            .file(key)
            .map(|file| fcntl(file, FcntlArg::F_OFD_GETLK(&mut lock)));
        !matches!(asked, Ok(Ok(_))) || lock.l_type != libc::F_UNLCK as libc::c_short
    }
}

fn byte(key: Key, kind: i32) -> libc::flock {
    libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: key.sql(),
        l_len: 1,
        l_pid: 0,
    }
}

fn refused(e: nix::errno::Errno) -> Error {
    let kind = match e {
        nix::errno::Errno::ENOLCK => ErrorKind::TooManyOpen,
        _ => ErrorKind::Io,
    };
    Error::new(kind)
        .because("the file system of the database does not support locks of open files")
        .caused_by(std::io::Error::from(e))
}
