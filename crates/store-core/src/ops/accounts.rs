//! Quotas, checked by counters before an operation changes anything.

use tarbox_store::{Error, ErrorKind};

use crate::memtable::Memtable;
use crate::op::Op;
use crate::step::Step;
use crate::want::Want;

/// What an operation's rows weigh at most, beside the content it brings.
const ROWS: u64 = 8 * 1024;
/// The most content that a small change brings: as much as fits into a row.
const SMALL: u64 = 2 * 1024;
/// Bytes of the device that others may not use.
const KEPT_BY_LARGE: u64 = 2 * 1024 * 1024;
/// What to do about a full device.
pub(crate) const NO_ROOM: &str =
    "the database's device is full: free some space there, or remove files and run 'tarbox gc'";

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

    /// Refuses what may find no room on the device when it is committed: content of so many bytes, and a few rows.
    /// Whatever only removes or renames is not asked about.
    pub(super) fn admit_room(&mut self, more: u64) -> Step<()> {
        let waiting: u64 = self.state.tables().map(Memtable::weight).sum();
        // The last of the room is for small changes, so that whoever removes can also write down that they did.
        let kept = if more > SMALL { KEPT_BY_LARGE } else { 0 };
        let wanted = waiting.saturating_add(more).saturating_add(ROWS + kept);
        if wanted > self.state.allowance {
            let room = self.ask(Want::Room)?.room()?;
            self.state.allowance = room.allowance.unwrap_or(u64::MAX);
            self.state.is_scarce = room.is_scarce;
        }
        if wanted > self.state.allowance {
            return Err(Error::new(ErrorKind::NoSpace).because(NO_ROOM).into());
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
