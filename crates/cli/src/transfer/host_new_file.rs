//! A file of the host that gets its name when it is whole.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use tarbox_fs::unfinished;

use crate::platform::host;

/// It has no name as far as the host knows such files: then not even a process that is killed leaves a part of it.
#[derive(Debug)]
pub(crate) struct HostNewFile {
    file: File,
    /// The name it has meanwhile, in its directory, where it needs one.
    beside: Option<Vec<u8>>,
}

impl HostNewFile {
    /// A file in a directory, with these permissions less the umask.
    pub(crate) fn create(dir: BorrowedFd<'_>, mode: u32) -> io::Result<Self> {
        if let Ok(file) = host::create_nameless(dir, mode) {
            return Ok(Self {
                file: file.into(),
                beside: None,
            });
        }
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let (file, name) = under_free_name(|name| {
            Ok(rustix::fs::openat(
                dir,
                name,
                flags,
                Mode::from_raw_mode(mode as _),
            )?)
        })?;
        Ok(Self {
            file: file.into(),
            beside: Some(name),
        })
    }

    /// The file, open for writing.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Puts it in its place in the directory; what is there goes in the same step, if it may.
    ///
    /// # Errors
    /// What the host said, `AlreadyExists` among it. The file is gone then.
    pub(crate) fn put(self, dir: BorrowedFd<'_>, name: &[u8], replace: bool) -> io::Result<()> {
        let beside = match self.beside {
            Some(beside) => beside,
            None if !replace => return host::give_name(self.file.as_fd(), dir, name),
            None => under_free_name(|beside| host::give_name(self.file.as_fd(), dir, beside))?.1,
        };
        let is_free = || rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW).is_err();
        let put = match replace || is_free() {
            true => rustix::fs::renameat(dir, beside.as_slice(), dir, name),
            false => Err(Errno::EXIST),
        };
        if put.is_err() {
            // Why it could not be put in its place matters more.
            let _ = rustix::fs::unlinkat(dir, beside, AtFlags::empty());
        }
        Ok(put?)
    }

    /// Removes it.
    pub(crate) fn discard(self, dir: BorrowedFd<'_>) -> io::Result<()> {
        match self.beside {
            Some(beside) => Ok(rustix::fs::unlinkat(dir, beside, AtFlags::empty())?),
            None => Ok(()),
        }
    }
}

/// Makes something under the first name for unfinished things that is free.
fn under_free_name<T>(make: impl Fn(&[u8]) -> io::Result<T>) -> io::Result<(T, Vec<u8>)> {
    let mut number = 0;
    loop {
        let name = unfinished(number);
        match make(&name) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => number += 1,
            made => return made.map(|made| (made, name)),
        }
    }
}
