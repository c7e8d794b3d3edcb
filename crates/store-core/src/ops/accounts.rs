//! Quotas, checked by counters before an operation changes anything.

use tarbox_store::{Error, ErrorKind};

use crate::op::Op;
use crate::step::Step;

impl<'d> Op<'_, 'd> {
    /// Refuses one more inode over the quota.
    pub(super) fn admit_inode(&self) -> Step<()> {
        let t = self.row();
        match t.quota.inodes {
            Some(limit) if t.inodes >= limit => Err(exceeded(&t.name, "inodes", limit).into()),
            _ => Ok(()),
        }
    }

    /// Refuses one more layer over the quota.
    pub(super) fn admit_layer(&self) -> Step<()> {
        let t = self.row();
        match t.quota.layers {
            Some(limit) if t.layers >= limit => Err(exceeded(&t.name, "layers", limit).into()),
            _ => Ok(()),
        }
    }

    /// Refuses so many more bytes over the quota. Content that is not committed yet counts in full: whether a block
    /// is there already, only the commit knows.
    pub(super) fn admit_bytes(&self, more: u64) -> Step<()> {
        let t = self.row();
        let Some(limit) = t.quota.bytes.filter(|_| more > 0) else {
            return Ok(());
        };
        let reserved = self.reserved();
        if t.bytes.saturating_add(reserved).saturating_add(more) > limit {
            return Err(exceeded(&t.name, "bytes", limit).into());
        }
        Ok(())
    }

    fn reserved(&self) -> u64 {
        let frozen = self.state.frozen.as_ref();
        self.state.reserved + frozen.map_or(0, |frozen| frozen.reserved)
    }
}

fn exceeded(tenant: &str, what: &str, limit: u64) -> Error {
    Error::new(ErrorKind::QuotaExceeded).because(format!(
        "tenant '{tenant}' may use {limit} {what}; remove some, or raise its quota"
    ))
}
