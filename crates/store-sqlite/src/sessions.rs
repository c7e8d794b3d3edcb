//! Who else has the database open. Each process keeps a locked file as long as it does; a file that can be locked was
//! left behind by a process that died.
//!
//! An inode without names must live while another process may have it open. A process that begins takes the lease once
//! after its file is there, so that whoever holds the lease afterwards sees the file.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tarbox_store::{Error, ErrorKind, Result};

/// This process's sign, and what is known of others.
#[derive(Debug)]
pub(crate) struct Sessions {
    directory: PathBuf,
    name: PathBuf,
    /// Locked until the process ends.
    _sign: File,
    /// When the directory had changed as `alone` was found out.
    looked: Option<SystemTime>,
    alone: bool,
}

impl Sessions {
    /// Signs in below this directory, which is made.
    pub(crate) fn begin(directory: PathBuf) -> Result<Self> {
        fs::create_dir_all(&directory).map_err(|e| failed(&directory, e))?;
        for attempt in 0u32.. {
            let name = directory.join(format!("{}-{attempt}", std::process::id()));
            match OpenOptions::new().write(true).create_new(true).open(&name) {
                Ok(sign) => {
                    sign.lock().map_err(|e| failed(&name, e))?;
                    return Ok(Self {
                        directory,
                        name,
                        _sign: sign,
                        looked: None,
                        alone: false,
                    });
                }
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists && attempt < 100_000 => {}
                Err(e) => return Err(failed(&name, e)),
            }
        }
        Err(ErrorKind::TooManyOpen.into())
    }

    /// Whether no other process has the database open. Looks again only when somebody has come or gone.
    pub(crate) fn alone(&mut self) -> bool {
        let changed = fs::metadata(&self.directory).and_then(|m| m.modified()).ok();
        if changed.is_none() || changed != self.looked || !self.alone {
            self.alone = self.look();
            self.looked = fs::metadata(&self.directory).and_then(|m| m.modified()).ok();
        }
        self.alone
    }

    fn look(&self) -> bool {
        let Ok(entries) = fs::read_dir(&self.directory) else {
            return false;
        };
        let mut alone = true;
        for path in entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| *path != self.name)
        {
            alone &= remove_if_dead(&path);
        }
        alone
    }
}

/// Removes the sign of a process that died; `false` if it lives.
fn remove_if_dead(path: &Path) -> bool {
    match File::open(path) {
        Ok(file) => file.try_lock().is_ok() && fs::remove_file(path).is_ok(),
        Err(e) => e.kind() == std::io::ErrorKind::NotFound,
    }
}

impl Drop for Sessions {
    fn drop(&mut self) {
        let _gone = fs::remove_file(&self.name);
    }
}

fn failed(path: &Path, e: std::io::Error) -> Error {
    let kind = match e.kind() {
        std::io::ErrorKind::PermissionDenied => ErrorKind::Access,
        std::io::ErrorKind::ReadOnlyFilesystem => ErrorKind::ReadOnly,
        std::io::ErrorKind::StorageFull => ErrorKind::NoSpace,
        _ => ErrorKind::Io,
    };
    Error::new(kind)
        .about(path.as_os_str().as_encoded_bytes())
        .caused_by(e)
}
