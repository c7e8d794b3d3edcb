//! A workspace as an ordinary directory: any [`FilesystemInterface`](tarbox_fs::FilesystemInterface), mounted through
//! FUSE.
//!
//! [`mount()`] attaches a file system to a directory and serves it on threads of this process until it is unmounted;
//! several may be mounted at once. What an operation means is decided below: this crate translates between the kernel's
//! requests and the interface, keeps count of what the kernel knows, and tells the kernel what others have changed.
//!
//! * Permissions are checked by the kernel (`default_permissions`), which knows groups, capabilities and namespaces.
//! * Locks (`flock`, `fcntl`) are the kernel's own, so they hold between all processes that use one mount.
//! * The kernel keeps names, attributes and pages until the change feed says that somebody else changed them.
//!   Writes go through at once: what one process has written, every other sees, on this mount or beside it.
//!
//! It does not know what a store is, nor which programs are served.
#![forbid(unsafe_code)]
#![cfg(target_os = "linux")]

mod adapter;
mod attach;
mod convert;
mod feed;
mod gate;
mod mount;
mod nodes;
mod notifier;
mod options;
pub mod point;
mod serving;
mod settling;

pub use mount::{Mount, Unfinished, Unmounter, mount};
pub use options::MountOptions;
