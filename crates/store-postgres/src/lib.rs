//! The store on PostgreSQL: many tenants that many processes, on many machines, use at once.
//!
//! What an operation means is in `tarbox-store-core`; this crate is the engine below it. Rows are PostgreSQL's, content too large
//! for a row is in blocks named by their BLAKE3 hash, and one process at a time changes a tenant: the one that holds its *lease*.
//! Every commit checks the lease inside its transaction, so a process that lost it changes nothing more.
//!
//! The connections have an event loop of their own, on a thread of the engine's own: every operation may be waited for on any
//! thread, inside another runtime or without one.
//!
//! ```no_run
//! use tarbox_store::{Database, Quota};
//! use tarbox_store_postgres::{Options, PostgresDatabase};
//!
//! # pollster::block_on(async {
//! let options = Options::parse("postgres://user@localhost/files")?.create(true);
//! let database = PostgresDatabase::open(&options)?;
//! database.create_tenant("default", Quota::default()).await?;
//! # Ok::<(), tarbox_store::Error>(())
//! # }).unwrap();
//! ```
#![forbid(unsafe_code)]

mod admin;
mod blocks;
mod clock;
mod commit;
mod database;
mod engine;
mod error;
mod followers;
mod fsck;
mod gc;
mod holds;
mod keys;
mod lease;
mod options;
mod poll;
mod rows;
mod schema;
mod seat;
mod session;
mod sql;
mod transfer;
mod wire;

pub use database::{PostgresDatabase, PostgresStore};
pub use engine::{PostgresEngine, Statistics};
pub use options::Options;
