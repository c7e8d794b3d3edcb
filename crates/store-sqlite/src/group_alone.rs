//! Commits where there is one thread: each is a transaction of its own.

use tarbox_store::Result;
use tarbox_store_core::{Batch, Durability};

use crate::engine::Write;

#[derive(Debug, Default)]
pub(crate) struct Group(());

impl Group {
    pub(crate) fn commit(
        &self,
        batches: &mut [Batch],
        durability: Durability,
        write: &Write<'_>,
    ) -> Result<()> {
        write(&[batches], durability)
    }
}
