//! A file system as it was lent to a program.

use std::fmt;
use std::sync::Arc;

use tarbox_fs::{At, Credentials, Follow};

use crate::{Dir, ErrorKind, Files, Result};

/// What a program may do below a directory it was lent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// Look at everything, change nothing: changes are `ReadOnly`.
    ReadOnly,
    /// Whatever the permissions of files allow its user.
    ReadWrite,
}

/// A file system, who uses it, and what that user was granted: what all descriptors below one preopen share.
pub struct Volume {
    pub(crate) files: Arc<dyn Files>,
    pub(crate) who: Credentials,
    pub(crate) capability: Capability,
    /// What guests see as `dev`: equal exactly for equal file systems.
    pub(crate) device: u64,
}

impl Volume {
    /// Lends `files` to `who`. Guests see `device` as the number of the file system: use the same for the same `files`
    /// and another for others.
    pub fn new(files: Arc<dyn Files>, who: Credentials, capability: Capability, device: u64) -> Arc<Self> {
        Arc::new(Self {
            files,
            who,
            capability,
            device,
        })
    }

    /// What guests see as `dev`.
    pub fn device(&self) -> u64 {
        self.device
    }

    /// What may be done.
    pub fn capability(&self) -> Capability {
        self.capability
    }

    /// The directory at a path of the file system itself, to lend it: `/` is the root, symbolic links are followed.
    ///
    /// # Errors
    /// `NotFound`, `NotDirectory`, and those of resolving a path.
    pub fn dir(self: &Arc<Self>, path: &[u8]) -> Result<Dir> {
        if path.iter().all(|b| *b == b'/') {
            return Ok(Dir::new(Arc::clone(self), self.files.root()));
        }
        let at = At::in_root(self.files.root()).path(path);
        let attr = self
            .files
            .resolve(&self.who, at, Follow::Yes)
            .map_err(|e| e.kind())?;
        if !attr.is_dir() {
            return Err(ErrorKind::NotDirectory);
        }
        Ok(Dir::new(Arc::clone(self), attr.ino))
    }

    pub(crate) fn writable(&self) -> Result<()> {
        match self.capability {
            Capability::ReadOnly => Err(ErrorKind::ReadOnly),
            Capability::ReadWrite => Ok(()),
        }
    }

    pub(crate) fn same_files(&self, other: &Self) -> bool {
        self.device == other.device
    }
}

impl fmt::Debug for Volume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Volume")
            .field("device", &self.device)
            .field("capability", &self.capability)
            .field("uid", &self.who.uid())
            .finish_non_exhaustive()
    }
}
