//! How a file system is set up.

/// What can be chosen about a file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FsOptions {
    /// Whether `/.tarbox` is there.
    pub hooks: Hooks,
    /// Who owns the files of `/.tarbox` and so may write those that do something; `None` is the owner of the root
    /// directory. Root always may.
    pub control_uid: Option<u32>,
    /// Handles open at once; more are `TooManyOpen`.
    pub handles_max: usize,
}

/// Whether the virtual directory `/.tarbox` is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hooks {
    /// Reachable by name, but not listed in the root: what copies, searches or removes a tree does not descend into
    /// every snapshot.
    Hidden,
    /// Reachable and listed.
    Listed,
    /// Not there; the name is free.
    Off,
}

impl Default for FsOptions {
    fn default() -> Self {
        Self {
            hooks: Hooks::Hidden,
            control_uid: None,
            handles_max: 1 << 20,
        }
    }
}
