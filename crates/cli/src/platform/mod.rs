//! What differs between systems, one file for each, exporting the same names.
//!
//! Everything here is about the host: who calls, its user names, and its files where `import` and `export` touch them.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

#[cfg(unix)]
#[path = "host_unix.rs"]
pub(crate) mod host;
#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::*;

#[cfg(target_os = "wasi")]
#[path = "host_wasi.rs"]
pub(crate) mod host;
#[cfg(target_os = "wasi")]
mod wasi;
#[cfg(target_os = "wasi")]
pub(crate) use wasi::*;

/// Who runs this process.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Supplementary groups.
    pub(crate) groups: Vec<u32>,
    /// Permission bits that new files do not get.
    pub(crate) umask: u32,
}

/// Opens a directory of the host, whatever links lead to it.
///
/// # Errors
/// What the host said.
pub(crate) fn open_dir(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}

/// The directory that a path of the host is in.
pub(crate) fn parent(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}
