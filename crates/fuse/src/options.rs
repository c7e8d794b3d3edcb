//! How a file system is mounted.

use tarbox_store::Ino;

/// What can be chosen about a mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountOptions {
    /// What `mount` and `df` show as the source.
    pub name: String,
    /// Refuse every change.
    pub read_only: bool,
    /// Refuse to run programs.
    pub no_exec: bool,
    /// Let other users in than the one who mounts, each with their own permissions.
    pub allow_other: bool,
    /// The directory that the mount shows; the root directory unless a snapshot is to be seen.
    pub root: Ino,
    /// Threads that serve requests.
    pub threads: usize,
}

impl Default for MountOptions {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            name: "tarbox".to_owned(),
            read_only: false,
            no_exec: false,
            allow_other: false,
            root: Ino::ROOT,
            // One that waits for the device must not keep the others from being served.
            threads: (2 * cores).clamp(4, 16),
        }
    }
}
