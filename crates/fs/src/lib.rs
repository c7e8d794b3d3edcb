//! POSIX meaning, once: paths, permissions, handles, locks, layers and the `/.tarbox` hooks on any store.
//!
//! Every way into a workspace (WASI, the command line, FUSE, REST, browsers) is written against [`FilesystemInterface`]:
//! operations on inodes and handles, on behalf of someone ([`Credentials`]). [`FilesystemExt`] adds paths to any of them,
//! and [`Fs`] is the one implementation, on any [`Store`](tarbox_store::Store).
//!
//! What this crate does not know: how bytes are stored and committed (the store), how an errno or a status code is
//! spelled (the ways in), and what a process is (a way in passes its credentials and lock owners).
//!
//! Operations are asynchronous in type only where the store is embedded: [`blocking`] drives them at the cost of a call.
//!
//! ```
//! use tarbox_fs::{Credentials, FilesystemExt, FilesystemInterface, Fs, OpenFlags, blocking};
//! use tarbox_store::{Database, ErrorKind, Quota};
//! use tarbox_store_sqlite::{Options, SqliteDatabase};
//!
//! let database = SqliteDatabase::in_memory(&Options::new())?;
//! blocking(database.create_tenant("default", Quota::default()))?;
//! let fs = blocking(Fs::open_tenant(&database, "default"))?;
//! let me = Credentials::root("example");
//!
//! blocking(fs.create_dir_all(&me, "/src/lib"))?;
//! blocking(fs.write_file(&me, "/src/lib/a.txt", b"first"))?;
//!
//! // A checkpoint, by nothing but a write; then back to it.
//! blocking(fs.write_file(&me, "/.tarbox/layers/new", b"before"))?;
//! blocking(fs.write_file(&me, "/src/lib/a.txt", b"second"))?;
//! let past = blocking(fs.read_file(&me, "/.tarbox/snapshots/before/src/lib/a.txt"))?;
//! assert_eq!(past, b"first");
//!
//! // Others may read it, but not write it.
//! let guest = Credentials::new(1000, 1000, "example");
//! let (attr, handle) = blocking(fs.open_path(&guest, "/src/lib/a.txt", OpenFlags::READ, None))?;
//! assert_eq!(attr.size, 6);
//! blocking(fs.release(handle))?;
//! let refused = blocking(fs.open_path(&guest, "/src/lib/a.txt", OpenFlags::WRITE, None));
//! assert_eq!(refused.unwrap_err().kind(), ErrorKind::Access);
//! # Ok::<(), tarbox_store::Error>(())
//! ```
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
pub use fs::{Fs, FsOptions, Hooks, Realm};
pub use hooks::CONTROL;
pub use interface::*;
pub use path::*;
pub use watch::Watch;
