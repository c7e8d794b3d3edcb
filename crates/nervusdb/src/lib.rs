//! **nervusdb**: a durable store of facts (subject, predicate, object, with properties) that is embedded in a
//! program, natively or as WebAssembly.
//!
//! Strings get small ids; facts are three ids, kept in three orders, so that every pattern with any positions
//! bound is one range. Each order is an LSM tree: a memtable and a write-ahead log above immutable sorted tables,
//! merged level by level in small steps. All bytes go through a [`tarbox_pool::Pool`]: memory, a directory, or a
//! browser's private files. `docs/graph-format.md` draws what is stored.
//!
//! - A [`Batch`] takes effect whole or not at all, also in a crash, and once per transaction id.
//! - A [`Snapshot`] stays as it is, whatever happens to the graph.
//! - Memory is bounded by [`Options`], however large the data.
//! - No content of a file makes it panic; [`check`](check()) finds damage, [`repair`](repair()) keeps what is readable.
//!
//! What it is not: a query language, a server, or a lock between processes. Those are layers above.
//!
//! # Example
//! ```
//! use std::sync::Arc;
//! use nervusdb::{Batch, Durability, Graph, Options, Pattern, Value, PropertyFilter};
//! use tarbox_pool::MemoryPool;
//!
//! let pool = Arc::new(MemoryPool::new());
//! let graph = Graph::open(pool.clone(), "people", Options::default())?;
//! let [alice, knows, bob] = ["alice", "knows", "bob"].map(|term| graph.intern(term));
//! let fact = [alice?, knows?, bob?];
//!
//! let mut batch = Batch::new();
//! batch.add(fact).set_node(fact[0], &[("age".into(), Value::from(42.0))]);
//! graph.commit(&batch, Durability::Synced)?; // survives a power cut from here on
//!
//! let known_by_alice = Pattern::new(Some(fact[0]), Some(fact[1]), None);
//! let facts: Vec<_> = graph.scan(known_by_alice)?.collect::<Result<_, _>>()?;
//! assert_eq!(facts, [fact]);
//! assert_eq!(graph.term(facts[0][2])?.as_deref(), Some("bob"));
//!
//! let mut aged = graph.nodes_with("age", PropertyFilter::Equals(Value::from(42.0)))?;
//! assert_eq!(aged.next_node()?, Some(fact[0]));
//! drop(graph); // no close needed
//!
//! let graph = Graph::open(pool, "people", Options::default())?;
//! assert!(graph.contains(fact)?);
//! # Ok::<(), nervusdb::Error>(())
//! ```
#![forbid(unsafe_code)]

mod batch;
mod block;
mod buffer;
mod bytes;
mod cache;
mod device;
mod error;
mod filter;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod graph;
mod hash;
mod log;
mod manifest;
mod options;
mod property;
mod record;
mod repair;
mod scan;
mod snapshot;
mod space;
mod stats;
mod sync;
mod table;
mod term;
mod tree;
mod verify;

pub use batch::Batch;
pub use error::{Error, ErrorKind, Result};
pub use graph::Graph;
pub use options::{Committed, Durability, Options};
pub use property::{Owner, Properties, PropertyFilter, PropertyScan, Value};
pub use repair::{Repaired, repair};
pub use scan::{Pattern, Scan};
pub use snapshot::Snapshot;
pub use stats::{Stats, Transaction, TreeStats};
pub use verify::{Report, check};

/// The highest id of a term: ids have 31 bits.
pub const MAX_TERM_ID: u32 = i32::MAX as u32;
/// The longest term or transaction id, in bytes.
pub const MAX_TERM_LEN: usize = 256 << 20;
/// The largest encoded set of properties of one node or edge, in bytes.
pub const MAX_PROPERTIES_LEN: usize = 256 << 20;
