//! QuickJS with the file system inside: Node-shaped JavaScript on any file system of Tarbox.
//!
//! A script's `fs` is the file systems that are mounted for it, and nothing else: a call stays in the process, from JavaScript down
//! to the store. There is no way to files, programs or sockets of the host. Limits on memory, time and work end a script in a way
//! that it cannot catch; the engine is then gone, and the file systems are whole, since each of their operations is atomic.
//!
//! What this crate does not know: how files are stored, and where the standard streams lead. Which parts of Node.js there are is
//! written in `docs/quickjs.md`.
//!
//! ```
//! use std::sync::Arc;
//! use tarbox_fs::{Credentials, Fs, blocking};
//! use tarbox_quickjs::{Capability, Entry, Files, Mount, Options, Outcome, Vm};
//! use tarbox_store::{Database, Quota};
//! use tarbox_store_sqlite::{Options as StoreOptions, SqliteDatabase};
//!
//! let database = SqliteDatabase::in_memory(&StoreOptions::new())?;
//! blocking(database.create_tenant("default", Quota::default()))?;
//! let files: Arc<dyn Files> = Arc::new(blocking(Fs::open_tenant(&database, "default"))?);
//!
//! let me = Credentials::root("js");
//! let root = Mount::new(files, &me, b"/", b"/", Capability::ReadWrite)?;
//! let mut vm = Vm::new(Options::new(vec![root], me))?;
//! let code = "require('fs').writeFileSync('/a.txt', 'hello'); process.exitCode = require('fs').statSync('/a.txt').size";
//! assert_eq!(vm.run(&Entry::Code(code.into())), Outcome::Ended(5));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(unsafe_code)] // allowed in short files: the allocator, borrowed bytes, uncatchable errors, bytecode, and SQLite's interface

mod allocator;
mod builtins;
mod bytecode;
mod bytes;
mod child;
mod death;
mod host;
mod limits;
mod loader;
mod native;
mod network;
mod options;
#[cfg(not(target_family = "wasm"))]
mod sqlite;
mod stdin;
mod surroundings;
mod vm;
mod world;

pub use builtins::IS_COMPLETE;
pub use bytecode::Bytecode;
pub use limits::{Death, Limits};
pub use network::{Bell, Event, Exchange, Network, Request};
pub use options::Options;
pub use tarbox_wasi::{Capability, Files, temporary};
pub use vm::{Entry, Error, Outcome, Turn, Vm};
pub use world::Mount;
