//! Quotas, checked by counters before an operation changes anything.

use std::collections::HashMap;

use tarbox_store::{Error, ErrorKind, Result};

use crate::memtable::Memtable;
use crate::shared::Op;
use crate::sql::NO_ROOM;

/// What an operation's rows weigh at most, beside the content it brings.
const ROWS: u64 = 8 * 1024;
/// The most content that a small change brings: as much as fits into a row.
const SMALL: u64 = 2 * 1024;
/// Bytes of the device that others may not use.
const KEPT_BY_LARGE: u64 = 2 * 1024 * 1024;

impl Op<'_> {
    /// Refuses one more inode over the quota.
    pub(super) fn admit_inode(&self) -> Result<()> {
        let t = self.row();
        match t.quota.inodes {
            Some(limit) if t.inodes >= limit => Err(exceeded(&t.name, "inodes", limit)),
            _ => Ok(()),
        }
    }

    /// Refuses one more layer over the quota.
    pub(super) fn admit_layer(&self) -> Result<()> {
        let t = self.row();
        match t.quota.layers {
            Some(limit) if t.layers >= limit => Err(exceeded(&t.name, "layers", limit)),
            _ => Ok(()),
        }
    }

    /// Refuses so many more bytes over the quota. Content that is not committed yet counts in full: whether a block
    /// is there already, only the commit knows.
    pub(super) fn admit_bytes(&self, more: u64) -> Result<()> {
        let t = self.row();
        let Some(limit) = t.quota.bytes.filter(|_| more > 0) else {
            return Ok(());
        };
        let reserved = self.reserved();
        if t.bytes.saturating_add(reserved).saturating_add(more) > limit {
            return Err(exceeded(&t.name, "bytes", limit));
        }
        Ok(())
    }

    /// Refuses what may find no room on the device when it is committed: content of so many bytes, and a few rows.
    /// Whatever only removes or renames is not asked about.
    pub(super) fn admit_room(&mut self, more: u64) -> Result<()> {
        if !self.shared.room.is_known() {
            return Ok(());
        }
        let waiting: u64 = self.state.tables().map(Memtable::weight).sum();
        // The last of the room is for small changes, so that whoever removes can also write down that they did.
        let kept = if more > SMALL { KEPT_BY_LARGE } else { 0 };
        let wanted = waiting.saturating_add(more).saturating_add(ROWS + kept);
        if wanted > self.state.allowance {
            self.state.allowance = self.shared.room.allowance().unwrap_or(u64::MAX);
            self.state.is_scarce = self.shared.room.is_scarce();
        }
        if wanted > self.state.allowance {
            return Err(Error::new(ErrorKind::NoSpace).because(NO_ROOM));
        }
        Ok(())
    }

    /// Whether anything waits for a commit: content that turns out to be there already, or files that are gone.
    pub(crate) fn commit_may_make_room(&self) -> bool {
        self.state.tables().any(|table| !table.is_empty())
    }

    fn reserved(&self) -> u64 {
        let of = |map: &HashMap<_, u64>| map.get(&self.tenant).copied().unwrap_or(0);
        of(&self.state.reserved)
            + self
                .state
                .frozen
                .as_ref()
                .map_or(0, |frozen| of(&frozen.reserved))
    }

    /// Counts content in memory.
    pub(super) fn hold_bytes(&mut self, grown: i64) {
        let state = &mut *self.state;
        state.active.bytes = state.active.bytes.saturating_add_signed(grown);
        let reserved = state.reserved.entry(self.tenant).or_default();
        *reserved = reserved.saturating_add_signed(grown);
    }

    /// Counts content in memory that is not wanted any more.
    pub(super) fn forget_bytes(&mut self, bytes: u64) {
        self.hold_bytes(-i64::try_from(bytes).unwrap_or(i64::MAX));
    }
}

fn exceeded(tenant: &str, what: &str, limit: u64) -> Error {
    Error::new(ErrorKind::QuotaExceeded).because(format!(
        "tenant '{tenant}' may use {limit} {what}; remove some, or raise its quota"
    ))
}
