//! No threads: commits happen when memory fills up, at `sync` and `flush`, and when the database is closed.

use std::sync::Arc;

use tarbox_store::Result;

use crate::shared::Shared;

/// Stands where a thread would be.
#[derive(Debug)]
pub(crate) struct Committer;

impl Committer {
    /// Nothing to start.
    pub(crate) fn start(_: &Arc<Shared>) -> Result<Self> {
        Ok(Self)
    }

    /// Nothing happens in the background.
    pub(crate) fn idle() -> Self {
        Self
    }

    /// Nothing to stop.
    pub(crate) fn stop(&mut self, _: &Shared) {}
}
