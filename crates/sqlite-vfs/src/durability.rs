//! What is known about the durability of a log.

use std::ops::Range;

use tarbox_pool::{PoolFile, PoolFileExt, Result};

use crate::wal::LOG_HEADER;

/// How much of a range in doubt is written again at once.
const COPY: usize = 64 * 1024;

/// Keeps the promise of `sync` for a log, without a sync that has nothing to protect and in spite of one that
/// failed.
#[derive(Debug, Default)]
pub(crate) struct WalDurability {
    /// The file is durably empty, or was made by this handle, and holds no frame.
    fresh: bool,
    /// What was written since the last sync that succeeded.
    unsynced: Range<u64>,
    /// What was written before a sync that failed: it reads well and yet may never reach the disk, whatever
    /// later syncs report. SQLite would rely on it, having seen those frames committed.
    doubtful: Range<u64>,
    /// Whether any sync was asked for, which `synchronous=OFF` never does.
    wanted: bool,
}

impl WalDurability {
    /// `fresh` if the file has just been created.
    pub(crate) fn new(fresh: bool) -> Self {
        Self {
            fresh,
            ..Self::default()
        }
    }

    pub(crate) fn wrote(&mut self, offset: u64, len: usize) {
        let end = offset + len as u64;
        self.fresh &= end <= LOG_HEADER;
        self.unsynced = union(&self.unsynced, &(offset..end));
    }

    /// Whether the new header of the log need not be durable before the frames that follow.
    ///
    /// SQLite syncs it because of a log that is used again: if the frames reached the disk and the header did
    /// not, the old header and what is left of the old frames would be taken for the log. Where there are no
    /// old frames, a header that is missing makes the log an empty one, which is what it was.
    pub(crate) fn header_may_wait(&self) -> bool {
        self.fresh
    }

    /// Makes everything written so far durable.
    ///
    /// # Errors
    /// Those of the device.
    pub(crate) fn sync(&mut self, file: &dyn PoolFile) -> Result<()> {
        self.wanted = true;
        let result = rewrite(file, &self.doubtful).and_then(|()| file.sync());
        let unsynced = std::mem::take(&mut self.unsynced);
        self.doubtful = match &result {
            Ok(()) => 0..0,
            Err(_) => union(&self.doubtful, &unsynced),
        };
        result
    }

    /// Follows a truncation. An emptied log is made durably so, which spares the sync of its next header.
    ///
    /// # Errors
    /// Those of the device.
    pub(crate) fn truncated(&mut self, file: &dyn PoolFile, len: u64) -> Result<()> {
        let clip = |range: &Range<u64>| range.start.min(len)..range.end.min(len);
        self.unsynced = clip(&self.unsynced);
        self.doubtful = clip(&self.doubtful);
        if len == 0 && self.wanted {
            self.sync(file)?;
            self.fresh = true;
        }
        Ok(())
    }
}

/// Writes a range once more, so that the next sync covers it.
fn rewrite(file: &dyn PoolFile, range: &Range<u64>) -> Result<()> {
    let mut offset = range.start;
    let mut buffer = vec![0; if range.is_empty() { 0 } else { COPY }];
    while offset < range.end {
        let wanted = buffer
            .len()
            .min(usize::try_from(range.end - offset).unwrap_or(usize::MAX));
        let count = file.read_up_to(&mut buffer[..wanted], offset)?;
        if count == 0 {
            break;
        }
        file.write_at(&buffer[..count], offset)?;
        offset += count as u64;
    }
    Ok(())
}

fn union(one: &Range<u64>, other: &Range<u64>) -> Range<u64> {
    match (one.is_empty(), other.is_empty()) {
        (true, _) => other.clone(),
        (_, true) => one.clone(),
        _ => one.start.min(other.start)..one.end.max(other.end),
    }
}

#[cfg(test)]
mod tests {
    use tarbox_pool::fault::{CrashPolicy, FaultPlan, FaultPool};
    use tarbox_pool::{ErrorKind, OpenOptions, Operation, Pool, PoolExt};

    use super::*;

    #[test]
    fn what_a_failed_sync_has_lost_is_written_again() {
        let pool = FaultPool::with_seed(3);
        let file = pool.open("wal", OpenOptions::CREATE).unwrap();
        pool.set_plan(FaultPlan::new().fail(Operation::Sync, 1, ErrorKind::Io));
        let mut durability = WalDurability::new(true);
        let frames = vec![7; 300_000];
        file.write_at(&frames, 32).unwrap();
        durability.wrote(32, frames.len());
        durability.sync(&*file).unwrap_err();
        durability.sync(&*file).unwrap();
        let disk = pool.after_crash(0, CrashPolicy::DropUnsynced);
        assert!(disk.read_file("wal").unwrap()[32..] == frames);
    }

    #[test]
    fn only_a_log_without_old_frames_lets_its_header_wait() {
        let file = FaultPool::new().open("wal", OpenOptions::CREATE).unwrap();
        let mut durability = WalDurability::new(true);
        durability.wrote(0, 32);
        assert!(durability.header_may_wait());
        durability.wrote(32, 24);
        assert!(!durability.header_may_wait());
        durability.truncated(&*file, 0).unwrap();
        assert!(
            !durability.header_may_wait(),
            "nothing was ever synced, so the truncation is not either"
        );
        durability.sync(&*file).unwrap();
        durability.truncated(&*file, 0).unwrap();
        assert!(durability.header_may_wait());
        assert!(!WalDurability::new(false).header_may_wait());
    }
}
