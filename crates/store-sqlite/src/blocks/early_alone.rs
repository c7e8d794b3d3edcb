//! Where there is one thread, nothing goes on beside the appending.

use std::sync::Arc;

use tarbox_pool::PoolFile;
use tarbox_store::Result;

/// Does nothing.
#[derive(Debug, Default)]
pub(super) struct EarlySync(());

impl EarlySync {
    pub(super) fn begin(&mut self, _: &Arc<dyn PoolFile>) -> Result<bool> {
        Ok(false)
    }

    pub(super) fn end(&mut self) -> Result<()> {
        Ok(())
    }
}
