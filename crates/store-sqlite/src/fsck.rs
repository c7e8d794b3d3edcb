//! Checking.

use tarbox_store::{FsckReport, Result};

use crate::database::Opened;

impl Opened {
    pub(crate) fn fsck(&self, _repair: bool, _progress: &(dyn Fn(u64, u64) + Sync)) -> Result<FsckReport> {
        self.shared.commit_visible()?;
        Ok(FsckReport::default())
    }
}
