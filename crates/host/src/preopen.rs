//! Directories lent to a program.

use std::fmt;
use std::sync::Arc;

use tarbox_fs::Credentials;
use tarbox_wasi::{Capability, Dir, Files, Volume};

use crate::RunError;

/// A directory of a file system, the name under which the program finds it, and what it may do there.
#[derive(Clone)]
pub struct Preopen {
    files: Arc<dyn Files>,
    path: Vec<u8>,
    guest: String,
    capability: Capability,
}

impl Preopen {
    /// Lends the directory at `path` of `files` under the same name, to be read and written.
    pub fn new(files: Arc<dyn Files>, path: impl Into<String>) -> Self {
        let guest: String = path.into();
        Self {
            files,
            path: guest.clone().into_bytes(),
            guest,
            capability: Capability::ReadWrite,
        }
    }

    /// Under this name instead.
    #[must_use]
    pub fn at(self, guest: impl Into<String>) -> Self {
        Self {
            guest: guest.into(),
            ..self
        }
    }

    /// With this capability.
    #[must_use]
    pub fn with(self, capability: Capability) -> Self {
        Self { capability, ..self }
    }

    /// The name under which the program finds it.
    pub fn guest(&self) -> &str {
        &self.guest
    }

    /// Opens the directories for one run. Equal file systems get equal device numbers.
    pub(crate) fn open_all(preopens: &[Self], who: &Credentials) -> Result<Vec<(String, Dir)>, RunError> {
        let mut systems: Vec<&Arc<dyn Files>> = Vec::new();
        let mut opened = Vec::with_capacity(preopens.len());
        for preopen in preopens {
            let known = systems
                .iter()
                .position(|files| Arc::ptr_eq(files, &preopen.files));
            let index = known.unwrap_or_else(|| {
                systems.push(&preopen.files);
                systems.len() - 1
            });
            let volume = Volume::new(
                Arc::clone(&preopen.files),
                who.clone(),
                preopen.capability,
                index as u64 + 1,
            );
            let dir = volume.dir(&preopen.path).map_err(|kind| RunError::Preopen {
                path: String::from_utf8_lossy(&preopen.path).into_owned(),
                kind,
            })?;
            opened.push((preopen.guest.clone(), dir));
        }
        Ok(opened)
    }
}

impl fmt::Debug for Preopen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Preopen")
            .field("path", &String::from_utf8_lossy(&self.path))
            .field("guest", &self.guest)
            .field("capability", &self.capability)
            .finish_non_exhaustive()
    }
}
