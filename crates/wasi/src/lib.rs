//! WASI on any file system: what a WebAssembly program means by its file calls.
//!
//! Three modules, none of which knows a runtime:
//!
//! * [`Dir`] and [`File`] are capabilities: a directory lets its holder reach what lies below it and nothing else, whatever
//!   `..`, absolute paths and symbolic links say. Both previews of WASI are written on them.
//! * [`p1`] is preview 1 whole: the descriptor table with rights, every function of `wasi_snapshot_preview1` on a slice of
//!   guest memory, and the traits through which an embedder lends clocks, random numbers and standard streams.
//! * [`p2`] is `wasi:filesystem` of WASI 0.2: descriptors, listings and streams on files.
//!
//! Bytes of files go straight between guest memory and the file system.
//!
//! What it is not: a runtime, an engine or an `async` executor. An embedder brings those; the same crate serves inside
//! a WebAssembly module.
//!
//! # Confinement
//!
//! A path is resolved below the directory it starts at, never above. An absolute path, a `..` that would leave the
//! directory, and a symbolic link that says either are `NotPermitted`. Symbolic links are followed at most 40 times.

#![forbid(unsafe_code)]

mod dir;
mod file;
mod files;
pub mod p1;
pub mod p2;
#[cfg(feature = "temporary")]
mod temporary;
mod times;
mod volume;

pub use dir::{Dir, OpenHow, Opened};
pub use file::File;
pub use files::{Files, Held};
pub use tarbox_fs::Follow;
pub use tarbox_store::{Attr, ErrorKind, FileKind, Timestamp};
#[cfg(feature = "temporary")]
pub use temporary::temporary;
pub use times::{NewTime, NewTimes};
pub use volume::{Capability, Volume};

/// The result of an operation on a [`Dir`] or a [`File`].
///
/// Only the kind of an error goes further: a guest is told a number and nothing more.
pub type Result<T, E = ErrorKind> = std::result::Result<T, E>;
