//! Whether a mount is still served, for whoever takes it away.
//!
//! A mount that is gone may still have to bring to the device what was written through it. So its process holds a lock on
//! a file in memory from the beginning until that is done, and an attribute of the root says where the file is. The lock
//! ends with the process, however that ends. What could not be brought to the device is written in the file.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, MemfdFlags, flock, getxattr, memfd_create};
use tarbox_store::{Error, ErrorKind, Result};

/// The attribute of a mount's root; it is in no list, and none that can be set.
pub(crate) const ATTRIBUTE: &str = "tarbox.serving";
const NAME: &str = "tarbox-serving";
/// More than a path below `/proc` has.
const PLACE_MAX: usize = 64;

/// Held by whoever serves, to the very end.
#[derive(Debug)]
pub(crate) struct Serving(File);

impl Serving {
    pub(crate) fn begin() -> io::Result<Self> {
        let file = memfd_create(NAME, MemfdFlags::CLOEXEC)?;
        flock(&file, FlockOperation::LockExclusive)?;
        Ok(Self(file.into()))
    }

    /// Says how the mount ended, to whoever takes it away and waits until this is dropped.
    pub(crate) fn end(&self, result: &Result<()>) {
        if let Err(error) = result {
            // A witness that hears nothing still has the exit status of this process.
            let _told = write!(&self.0, "{}\n{error}", error.kind().code());
        }
    }

    /// Where others find it.
    pub(crate) fn place(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.0.as_raw_fd())
    }
}

/// Sees when a mount is served no more.
#[derive(Debug)]
pub(crate) struct Witness(File);

impl Witness {
    /// One of the mount at this directory; none where its process cannot be looked at, as in another container.
    pub(crate) fn of(mount: &Path) -> Option<Self> {
        let mut place = [0; PLACE_MAX];
        let len = getxattr(mount, ATTRIBUTE, &mut place[..]).ok()?;
        let place = PathBuf::from(std::str::from_utf8(place.get(..len)?).ok()?);
        let file = place.read_link().ok()?;
        let ours = file.to_str()?.starts_with(&format!("/memfd:{NAME}"));
        if ours {
            File::open(place).ok().map(Self)
        } else {
            None
        }
    }

    /// Returns when everything is done.
    ///
    /// # Errors
    /// What could not be brought to the device, and why.
    pub(crate) fn wait(mut self) -> Result<()> {
        let failed = |e: io::Error| Error::new(ErrorKind::Io).caused_by(e);
        flock(&self.0, FlockOperation::LockShared).map_err(|e| failed(e.into()))?;
        let mut told = String::new();
        self.0.read_to_string(&mut told).map_err(failed)?;
        let Some((code, why)) = told.split_once('\n') else {
            return Ok(());
        };
        let kind = if code == ErrorKind::NoSpace.code() {
            ErrorKind::NoSpace
        } else {
            ErrorKind::Io
        };
        Err(Error::new(kind).because(format!(
            "the mount is gone, but not everything written to it could be stored: {why}"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_witness_waits_for_the_end() {
        let serving = Serving::begin().unwrap();
        let file = File::open(serving.place()).unwrap();
        let early = flock(&file, FlockOperation::NonBlockingLockShared);
        assert_eq!(early, Err(rustix::io::Errno::WOULDBLOCK));
        serving.end(&Ok(()));
        drop(serving);
        Witness(file).wait().unwrap();
    }

    #[test]
    fn a_witness_hears_what_was_not_stored() {
        let serving = Serving::begin().unwrap();
        let file = File::open(serving.place()).unwrap();
        serving.end(&Err(Error::new(ErrorKind::NoSpace).because("free some")));
        drop(serving);
        let error = Witness(file).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoSpace);
        assert!(error.to_string().contains("free some"), "{error}");
    }
}
