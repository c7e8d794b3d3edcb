//! The store on embedded SQLite: one database for many tenants and many processes.
//!
//! What an operation means is in `tarbox-store-core`; this crate is the engine below it: rows in SQLite, and what processes that
//! share a database need. Metadata and small files are rows, larger content is in
//! append-only segment files of a pool, named by its BLAKE3 hash. `docs/format.md` draws every stored byte.
//!
//! ```
//! use tarbox_store::{Actor, Access, Database, FileKind, Ino, NewInode, Quota, Store, View, WriteAt};
//! use tarbox_store_sqlite::{Options, SqliteDatabase};
//!
//! # pollster::block_on(async {
//! let database = SqliteDatabase::in_memory(&Options::new())?;
//! database.create_tenant("default", Quota::default()).await?;
//! let store = database.open_tenant("default").await?;
//! let me = Actor { uid: 0, gid: 0, agent: "example".into() };
//! let new = NewInode { kind: FileKind::File, mode: 0o644, uid: 0, gid: 0, rdev: 0, target: b"" };
//! let file = store.create(&me, Ino::ROOT, b"hello", &new).await?;
//! store.write(&me, file.ino, WriteAt::End, b"world", false).await?;
//! let mut buffer = [0; 16];
//! let n = store.read(View::Current, file.ino, 0, &mut buffer, Access::Touch).await?;
//! assert_eq!(&buffer[..n], b"world");
//! # Ok::<(), tarbox_store::Error>(())
//! # }).unwrap();
//! ```
#![deny(unsafe_code)]
// The exceptions are `sql::version`, which looks at memory that SQLite shares between processes, and `sql::host`, which
// stands between SQLite and the system.

mod blocks;
mod database;
mod engine;
#[cfg_attr(not(unix), path = "followers_alone.rs")]
mod followers;
mod fsck;
mod gc;
#[cfg_attr(target_family = "wasm", path = "group_alone.rs")]
mod group;
#[cfg(not(target_family = "wasm"))]
#[cfg_attr(not(target_os = "linux"), path = "holders_alone.rs")]
mod holders;
mod key;
#[cfg_attr(target_family = "wasm", path = "lease_alone.rs")]
mod lease;
#[cfg_attr(not(target_family = "wasm"), path = "open/native.rs")]
#[cfg_attr(target_os = "wasi", path = "open/wasi.rs")]
#[cfg_attr(all(target_family = "wasm", not(target_os = "wasi")), path = "open/none.rs")]
mod open;
mod options;
#[cfg(not(target_family = "wasm"))]
#[cfg_attr(not(unix), path = "owner_portable.rs")]
mod owner;
mod platform;
mod redo;
#[cfg_attr(target_family = "wasm", path = "room_alone.rs")]
mod room;
mod rows;
#[cfg_attr(target_family = "wasm", path = "sessions_alone.rs")]
mod sessions;
mod sql;
#[cfg_attr(
    all(target_family = "wasm", target_os = "unknown"),
    path = "surroundings_browser.rs"
)]
mod surroundings;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))] // nothing is copied there
mod transfer;
mod vfs;

pub use database::{SqliteDatabase, SqliteStore};
pub use engine::SqliteEngine;
pub use options::Options;
#[cfg(target_family = "wasm")]
pub use room::tell_room;
