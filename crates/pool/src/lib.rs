//! The device of Tarbox: a **pool** of named files of bytes.
//!
//! Everything durable that runs embedded (SQLite through `tarbox-sqlite-vfs`, the triple store's logs and
//! tables) reaches its bytes through two small synchronous traits, [`Pool`] and [`PoolFile`]. An
//! implementation says only how bytes are kept; it knows nothing of SQL, paths, tenants or users.
//!
//! | implementation | keeps bytes in | for |
//! | --- | --- | --- |
//! | [`MemoryPool`] | memory | tests, temporary data, a browser without storage |
//! | [`DirectoryPool`] | files of one directory, native and WASI | servers, the command line, the WASI guest |
//! | [`SahPool`] | a fixed set of files with their names inside | a browser's handles |
//! | [`FaultPool`] | a model of a disk that loses what was not synced | crash tests |
//!
//! All of them pass the [`conformance`] suite, and so must every further one.
//!
//! What a pool is not: it has no permissions, no rename, no locks between processes (except that a
//! [`DirectoryPool`] can be held exclusively, and that a [`lease`] does without locks), and no directories that exist by themselves.
//!
//! # Example
//! ```
//! use std::sync::Arc;
//! use tarbox_pool::{MemoryPool, OpenOptions, Pool, PoolExt, PoolFileExt};
//!
//! let pool: Arc<dyn Pool> = Arc::new(MemoryPool::new());
//! let file = pool.open("logs/0001", OpenOptions::CREATE)?;
//! file.write_at(b"first", 0)?;
//! file.sync()?; // from here on the file and its five bytes survive a power cut
//! assert_eq!(file.read_all()?, b"first");
//! assert_eq!(pool.list("logs/")?, ["logs/0001"]);
//! assert_eq!(pool.read_file("logs/0001")?, b"first");
//! # Ok::<(), tarbox_pool::Error>(())
//! ```
#![forbid(unsafe_code)]

pub mod archive;
pub mod conformance;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod directory;
mod error;
mod ext;
pub mod fault;
mod image;
pub mod lease;
#[cfg_attr(
    all(target_family = "wasm", target_os = "unknown"),
    path = "marker/browser.rs"
)]
#[cfg_attr(
    not(all(target_family = "wasm", target_os = "unknown")),
    path = "marker/threads.rs"
)]
mod marker;
mod memory;
mod name;
mod pool;
mod rules;
pub mod sahpool;

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub use directory::{DirectoryOptions, DirectoryPool, Sharing};
pub use error::{Error, ErrorKind, Operation, Result};
pub use ext::{PoolExt, PoolFileExt};
pub use fault::FaultPool;
pub use marker::{MaybeSend, MaybeSync};
pub use memory::MemoryPool;
pub use name::{MAX_COMPONENT_LEN, MAX_NAME_LEN, check_name};
pub use pool::{MAX_FILE_LEN, OpenOptions, Pool, PoolFile};
pub use rules::check_open;
pub use sahpool::SahPool;
