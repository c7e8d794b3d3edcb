//! One process, one owner: the lease is always to be had.

use tarbox_store::Result;

/// Nobody to share with.
#[derive(Debug)]
pub(crate) struct Lease {
    held: bool,
}

impl Lease {
    pub(crate) fn alone() -> Self {
        Self { held: false }
    }

    pub(crate) fn is_held(&self) -> bool {
        self.held
    }

    pub(crate) fn acquire(&mut self) -> Result<()> {
        self.held = true;
        Ok(())
    }

    pub(crate) fn release(&mut self) -> Result<()> {
        self.held = false;
        Ok(())
    }

    pub(crate) fn is_wanted(&self) -> bool {
        false
    }
}
