//! Which inodes are open, told to other processes by locks.
//!
//! Each process holds a shared lock on one byte of a common file for every inode it has open: byte `key` for the inode
//! of that key. The kernel ends them with the process, however that ends, so there is nothing to clean up.
//!
//! An inode without names may go as soon as no lock of another process is on it, looked at *after* the commit that took
//! its last name away. For whoever opens an inode takes the lock first and looks at the committed row afterwards: either
//! the lock is seen, or the missing name is.

use std::fs::{File, OpenOptions};
use std::path::Path;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use tarbox_store::{Error, ErrorKind, Result};

use crate::rows::Key;

/// The file of locks.
#[derive(Debug)]
pub(crate) struct Holders(File);

impl Holders {
    /// The locks of the database whose files are in `directory`.
    pub(crate) fn of(directory: &Path) -> Result<Self> {
        let path = directory.join("holders");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|e| crate::sessions::failed(&path, e))?;
        Ok(Self(file))
    }

    /// Tells others that this process has the inode open.
    pub(crate) fn hold(&self, key: Key) -> Result<()> {
        let lock = byte(key, libc::F_RDLCK);
        fcntl(&self.0, FcntlArg::F_OFD_SETLK(&lock)).map_err(failed)?;
        Ok(())
    }

    /// Takes that back.
    pub(crate) fn release(&self, key: Key) {
        let lock = byte(key, libc::F_UNLCK);
        // Taking a lock off can only fail where it was never taken.
        let _gone = fcntl(&self.0, FcntlArg::F_OFD_SETLK(&lock));
    }

    /// Whether another process has the inode open; one that cannot be asked about counts.
    pub(crate) fn is_held_by_others(&self, key: Key) -> bool {
        let mut lock = byte(key, libc::F_WRLCK);
        let asked = fcntl(&self.0, FcntlArg::F_OFD_GETLK(&mut lock));
        asked.is_err() || lock.l_type != libc::F_UNLCK as libc::c_short
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

fn failed(e: nix::errno::Errno) -> Error {
    let kind = match e {
        nix::errno::Errno::ENOLCK => ErrorKind::TooManyOpen,
        _ => ErrorKind::Io,
    };
    Error::new(kind)
        .because("the file system of the database gives no lock for an open file")
        .caused_by(std::io::Error::from(e))
}
