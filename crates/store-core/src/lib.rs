//! What an operation on a tenant's files means, written once for every engine that keeps rows.
//!
//! An operation works on what is in memory: its rows come from memtables and caches, its changes go to a delta that is
//! taken over when it has succeeded. A row that is not there is [loaded](Engine::load) while nothing is locked, and the
//! operation runs again. Commits turn memtables into [batches](Batch), which an engine makes true as one transaction.
//!
//! This crate names no engine, and does no input or output.
#![forbid(unsafe_code)]

mod apply;
mod authors;
mod batch;
mod boxed;
mod budget;
mod cache;
mod commit;
mod database;
mod delta;
mod engine;
mod listing;
mod memtable;
mod op;
mod open;
mod ops;
#[cfg_attr(target_family = "wasm", path = "platform/single/mod.rs")]
#[cfg_attr(not(target_family = "wasm"), path = "platform/threads/mod.rs")]
mod platform;
mod redo;
mod rows;
mod savepoint;
mod state;
mod step;
mod store;
mod tenants;
pub mod transfer;
mod want;

pub use batch::{Batch, Change, HistoryOp};
pub use commit::Exclusive;
pub use database::{CoreDatabase, Settings};
pub use engine::{Appender, Applied, Durability, Engine, Target};
pub use memtable::Xattr;
pub use op::Clock;
pub use platform::in_parallel;
pub use rows::{
    BUCKET, Block, CHUNK, Content, Dentry, Fragment, Hash, INLINE_MAX, Inode, Layer, LogRow, MAX_FRAGMENTS,
    Map, Name, Tenant, TenantId, bucket_of,
};
pub use step::damaged;
pub use store::CoreStore;
pub use tenants::check_tenant_name;
pub use want::{CHUNKS, Found, Losses, NamePlace, Room, TouchedEntry, Versioned, Want};
