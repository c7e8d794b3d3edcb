//! What differs between systems, one file for each, exporting the same names.
//!
//! Everything here is about the host: who calls, its user names, and its files where `import` and `export` touch them.

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
