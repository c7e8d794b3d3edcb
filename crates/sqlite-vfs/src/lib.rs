//! SQLite over any [`Pool`](tarbox_pool::Pool): memory, a directory, a browser's file handles, or a disk that
//! fails.
//!
//! [`register`] makes a pool known to SQLite under a name; every connection opened with that name as its VFS
//! then keeps its database, journal and log in the pool, where they are ordinary SQLite files.
//!
//! # One write for each commit
//! A device behind a browser charges for each write, whatever its size. So what SQLite writes piece by piece
//! is gathered, and a commit in WAL mode reaches the pool as **one contiguous write, followed by one sync**
//! with `synchronous=FULL`, and by none with `NORMAL`. Nothing of a transaction is held back when its commit
//! returns. Two exceptions: a transaction larger than [`Options::gather_limit`] takes one write for each such
//! piece, and the first commit into a log that is being used again after a checkpoint has to make the log's
//! new header durable first (a checkpoint that truncates the log avoids it).
//!
//! # What it supports
//! - Rollback journals of every kind, and WAL. With `locking_mode=EXCLUSIVE` set first a log costs fewer syncs; else the
//!   connections of the registration share its index, in memory.
//! - Locks between connections of one process that use the same registration. Who else opens the pool has to
//!   be kept out by other means, such as [`Sharing::Exclusive`](tarbox_pool::Sharing::Exclusive).
//! - Durable deletions: where a journal was synced, its deletion (the commit) is made durable too. Plain
//!   SQLite does that with `synchronous=EXTRA` only; here `FULL` keeps a committed transaction through a
//!   power cut in every journal mode.
//! - No memory mapping.
//!
//! # What it promises SQLite about the device
//! A sector of 4096 bytes, and *powersafe overwrite*: a write changes no byte outside its range, even when
//! the power fails during it. That is in the contract of [`PoolFile`](tarbox_pool::PoolFile): host file
//! systems and browsers write whole pages of a cache, in which the bytes around the range are the old ones,
//! and trust their disks not to destroy a sector that was being written. Nothing else is promised: no atomic
//! writes (a write is torn at sectors), no order (unsynced writes arrive in any), no safe append (a file may
//! grow before the bytes arrive that it grew for). The fault-injecting pool does all of that in the tests.
//!
//! # Example
//! ```
//! use std::sync::Arc;
//! use rusqlite::{Connection, OpenFlags};
//! use tarbox_pool::{MemoryPool, Pool};
//! use tarbox_sqlite_vfs::{Options, register};
//!
//! let pool = Arc::new(MemoryPool::new());
//! let vfs = register("example", pool.clone(), Options::default())?;
//! let db = Connection::open_with_flags_and_vfs("notes.db", OpenFlags::default(), "example")?;
//! db.execute_batch("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; CREATE TABLE note (text)")?;
//! assert_eq!(pool.list("")?, ["notes.db", "notes.db-wal"]);
//! drop(db);
//! vfs.unregister()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

// A browser's handles belong to one worker, and so does all that holds them; `Arc` is the seam's type there too.
#![cfg_attr(
    all(target_family = "wasm", target_os = "unknown"),
    allow(clippy::arc_with_non_send_sync)
)]

mod codes;
mod connection;
mod durability;
mod environment;
mod ffi;
mod file;
mod gather;
mod io_methods;
mod locks;
mod names;
#[cfg(all(feature = "store-only", target_family = "wasm"))]
mod omitted;
mod open;
mod options;
mod registration;
mod shm;
mod state;
mod vfs_methods;
mod wal;

pub use environment::Environment;
pub use environment::system::SystemEnvironment;
pub use options::{Options, TempFiles};
pub use registration::{RegisterError, Registration, StillInUse, register};
