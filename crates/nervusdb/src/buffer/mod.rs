//! The memtable: what is in the log and not yet in tables.

mod facts;
mod runs;
mod sort;
mod terms;

pub(crate) use facts::{FactBuffer, Order};
pub(crate) use runs::Runs;
pub(crate) use sort::sort_newest;
pub(crate) use terms::{TermBuffer, term_hash, term_key};
