//! Collecting garbage: inodes that nobody can reach, old log records, and the space of blocks that nothing names.

use tarbox_store::{GcReport, Ino, Result};

use crate::database::Opened;
use crate::rows::{Key, TenantId};
use crate::sql::{self, Durability};

/// Orphans removed between two commits.
const BATCH: usize = 1_000;

impl Opened {
    /// Collects one tenant's garbage. Safe beside running readers and writers, here and in other processes.
    pub(crate) fn gc(&self, tenant: TenantId) -> Result<GcReport> {
        let mut report = GcReport {
            inodes: self.reap_orphans(tenant)?,
            ..GcReport::default()
        };
        report.log_records = self.trim_log(tenant)?;
        let (segments, bytes) = self.compact(tenant)?;
        report.segments = segments;
        report.bytes_freed = bytes;
        Ok(report)
    }

    /// Removes inodes without names that no process has open: a crash, or the end of another process, left them.
    fn reap_orphans(&self, tenant: TenantId) -> Result<u64> {
        let (mut after, last) = (tenant.key(Ino(0)), Key(tenant.key(Ino(0)).0 | (Ino::LIMIT - 1)));
        let mut reaped = 0;
        loop {
            self.shared.commit_visible()?;
            let keys = self
                .shared
                .engine
                .read(|c| sql::orphan::range(c, after, last, BATCH))?;
            let Some(end) = keys.last().copied() else {
                return Ok(reaped);
            };
            after = end;
            let mut op = self.shared.changing(tenant)?;
            if !op.state.is_alone() {
                return Ok(reaped);
            }
            for key in keys {
                let nameless = op.head_inode(key, |row| row.nlink == 0)?;
                if op.state.holds.contains_key(&key) || nameless != Some(true) {
                    continue;
                }
                op.step(&mut |op| op.reap(key))?;
                reaped += 1;
            }
        }
    }

    fn trim_log(&self, tenant: TenantId) -> Result<u64> {
        let row = self.shared.reading(tenant)?.row().clone();
        let Some(keep) = row.quota.log_records else {
            return Ok(0);
        };
        self.shared.commit_visible()?;
        self.shared
            .administer(|c| sql::log::trim(c, tenant, row.next_seq, keep))
    }

    /// Not yet: segments are compacted by copying what is live.
    fn compact(&self, _tenant: TenantId) -> Result<(u64, u64)> {
        let _ = Durability::Durable;
        Ok((0, 0))
    }
}
