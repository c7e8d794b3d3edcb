//! For tests: an [engine](tarbox_store_core::Engine) in memory that fails on purpose, the conformance suite that every engine
//! passes, and the invariants of the rows that engines keep.
//!
//! Several [processes](MemoryEngine) share a [server](Server). A [schedule](Schedule) decides what becomes of each of their calls:
//! it is answered, late or at once, or fails, and then perhaps although it was done. Processes [end](Server::kill) in the
//! middle of anything, and so does the [server](Server::crash), which loses what it had not made durable. A lease is taken over
//! from a process that is too slow. With one seed everything happens in the same order again.
#![forbid(unsafe_code)]

pub mod conformance;
mod database;
mod engine;
mod invariants;
mod load;
mod rows;
mod schedule;
mod seat;
mod server;
mod versions;

pub use database::{MemoryDatabase, MemoryStore};
pub use engine::{MemoryAppender, MemoryEngine, Sight};
pub use invariants::{Broken, invariants};
pub use rows::Rows;
pub use schedule::{Call, Fate, Obedient, Outcome, Schedule, pause};
pub use server::{Damage, Server};
pub use versions::{Version, Versions};
