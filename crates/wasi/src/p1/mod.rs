//! Preview 1: `wasi_snapshot_preview1` on a slice of guest memory.
//!
//! [`Context`] is one program's view of the world: its descriptors, arguments and environment. Each function of the
//! interface is a method of the same name that takes the guest's memory and the raw arguments, writes its results where
//! the guest asked for them, and answers `Ok` or a [`Failure`]. [`preview1_functions!`](crate::preview1_functions) lists them all, so that an
//! embedder links every one or does not compile.
//!
//! # Where this departs from Wasmtime's own preview 1
//!
//! * Rights are kept, as the specification has it: what a descriptor lost or was never given is `ENOTCAPABLE`. A file
//!   that was merely not opened to be read (or written) is `EBADF`, as POSIX has it.
//! * Changes below a directory lent read-only are `EROFS`, not `EPERM`.
//! * `fd_allocate`, `fd_fdstat_set_rights`, the sync flags and `fsync` of a directory work instead of failing.
//! * Reading a directory as a file is `EISDIR`; vectors are read and written whole, not only their first buffer.

mod clock;
mod context;
mod errno;
mod failure;
mod fd;
mod fdstat;
mod filestat;
mod flags;
mod functions;
mod io;
mod memory;
mod path;
mod poll;
mod process;
mod readdir;
mod rights;
mod stdio;
mod system;
mod table;

pub use context::{Builder, Context};
pub use errno::Errno;
pub use failure::{Failure, Fault};
pub use flags::{FdFlags, FileType, LookupFlags, OpenFlags, SetTimesFlags};
pub use memory::Memory;
pub use rights::Rights;
pub use stdio::{Empty, Input, Output};
pub use system::{Clock, System};

/// What a function of the interface answers.
pub type Result<T = (), E = Failure> = std::result::Result<T, E>;
