#![doc = "POSIX meaning, once: paths, permissions, handles, locks, layers and the `/.tarbox` hooks on any store."]
#![forbid(unsafe_code)]

pub mod conformance;
mod ext;
mod fs;
mod hooks;
mod interface;
mod locks;
mod path;
mod permission;
mod watch;

pub use ext::*;
pub use fs::{Fs, FsOptions, Hooks};
pub use interface::*;
pub use path::*;
pub use watch::Watch;
