//! Whether a mount is still served, for whoever takes it away.
//!
//! A mount that is gone may still have to bring to the device what was written through it. So its process holds a lock on
//! a file in memory from the beginning until that is done, and an attribute of the root says where the file is. The lock
//! ends with the process, however that ends.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, MemfdFlags, flock, getxattr, memfd_create};

/// The attribute of a mount's root; it is in no list, and none that can be set.
pub(crate) const ATTRIBUTE: &str = "tarbox.serving";
const NAME: &str = "tarbox-serving";
/// More than a path below `/proc` has.
const PLACE_MAX: usize = 64;

/// Held by whoever serves, to the very end.
#[derive(Debug)]
pub(crate) struct Serving(OwnedFd);

impl Serving {
    pub(crate) fn begin() -> io::Result<Self> {
        let file = memfd_create(NAME, MemfdFlags::CLOEXEC)?;
        flock(&file, FlockOperation::LockExclusive)?;
        Ok(Self(file))
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
    pub(crate) fn wait(self) -> io::Result<()> {
        Ok(flock(&self.0, FlockOperation::LockShared)?)
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
        drop(serving);
        Witness(file).wait().unwrap();
    }
}
