//! Commits where there is one thread: each is a transaction of its own.

use tarbox_store::Result;
use tarbox_store_core::{Batch, Durability};

#[derive(Debug, Default)]
pub(crate) struct Group;

impl Group {
    pub(crate) fn commit(
        &self,
        batches: &mut [Batch],
        durability: Durability,
        write: &dyn Fn(&[&[Batch]], Durability) -> Result<()>,
    ) -> Result<()> {
        write(&[batches], durability)
    }
}
