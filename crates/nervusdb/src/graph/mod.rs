//! The graph: one writer, any number of snapshots.

mod commit;
mod flush;
mod intern;
mod maintain;
mod open;
mod read;
mod state;

use std::sync::{Arc, Mutex};

use tarbox_pool::Pool;

use crate::batch::Batch;
use crate::error::Result;
use crate::options::{Committed, Durability, Options};
use crate::stats::{Stats, Transaction};
use crate::sync::lock;
use state::State;
pub(crate) use state::Tables;

/// An open graph.
///
/// It may be shared between threads; calls take turns. Scans and snapshots do not wait for writers. Nothing of
/// what was committed needs [`close`](Self::close): dropping the graph leaves the rest to the log.
///
/// Only one writer may have a graph open; keeping others out is left to the owner of the pool.
#[derive(Debug)]
pub struct Graph {
    state: Mutex<State>,
}

impl Graph {
    /// Opens the graph in a directory of the pool.
    ///
    /// # Errors
    /// `NotFound`, `NoManifest`, `Corrupt`, `Version`, and what the pool reports.
    pub fn open(pool: Arc<dyn Pool>, directory: &str, options: Options) -> Result<Self> {
        Ok(Self {
            state: Mutex::new(State::open(pool, directory, options)?),
        })
    }

    /// The id of a term; a new term gets the next id. The id is durable with the next commit that is.
    ///
    /// # Errors
    /// `TooLarge` for a term beyond [`MAX_TERM_LEN`](crate::MAX_TERM_LEN) or when ids run out, `ReadOnly`,
    /// `Corrupt`, and what the pool reports.
    pub fn intern(&self, term: &str) -> Result<u32> {
        Ok(self.intern_all(&[term])?[0])
    }

    /// As [`intern`](Self::intern), of many terms at once, which is quicker than one by one.
    ///
    /// # Errors
    /// As [`intern`](Self::intern); then no term got an id.
    pub fn intern_all(&self, terms: &[&str]) -> Result<Vec<u32>> {
        lock(&self.state).intern(terms)
    }

    /// Makes the changes of a batch, all or none.
    ///
    /// # Errors
    /// `UnknownTerm`, `TooLarge`, `ReadOnly`, `Corrupt`, and what the pool reports. Then the graph is as it
    /// was, though after a failed write or sync the batch may reappear, whole, if the power fails before the
    /// next commit.
    pub fn commit(&self, batch: &Batch, durability: Durability) -> Result<Committed> {
        lock(&self.state).commit(batch, durability)
    }

    /// Makes everything committed durable by syncing the log.
    ///
    /// # Errors
    /// What the pool reports.
    pub fn sync(&self) -> Result<()> {
        lock(&self.state).sync()
    }

    /// Makes everything committed durable in tables, and empties the log. Cheap if nothing changed.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports. Then nothing is lost; try again.
    pub fn flush(&self) -> Result<()> {
        lock(&self.state).flush()
    }

    /// Merges up to about `budget` records of tables, if there is need, and says whether there is more to do.
    /// Commits do enough of this by themselves.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports. Then nothing is lost; try again.
    pub fn compact_some(&self, budget: usize) -> Result<bool> {
        lock(&self.state).maintain(budget)
    }

    /// Flushes, and merges all tables into as few as possible: the quickest to read, and the smallest.
    ///
    /// # Errors
    /// As [`flush`](Self::flush).
    pub fn compact(&self) -> Result<()> {
        lock(&self.state).compact()
    }

    /// Forgets all but the newest transaction ids.
    ///
    /// # Errors
    /// As [`commit`](Self::commit).
    pub fn forget_transactions(&self, kept: u64) -> Result<()> {
        lock(&self.state).forget_transactions(kept)
    }

    /// The transaction ids that are remembered, oldest first.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports.
    pub fn transactions(&self) -> Result<Vec<Transaction>> {
        lock(&self.state).transactions()
    }

    /// How large everything is.
    pub fn stats(&self) -> Stats {
        lock(&self.state).stats()
    }

    /// Flushes and closes. Snapshots stay valid.
    ///
    /// # Errors
    /// As [`flush`](Self::flush). What was committed is in the log all the same.
    pub fn close(self) -> Result<()> {
        let mut state = lock(&self.state);
        match state.is_read_only() {
            true => Ok(()),
            false => state.flush(),
        }
    }
}
