//! Collecting garbage: inodes that nobody can reach, versions that no layer shows, old log records, and the space of
//! blocks that nothing names. All of it is safe beside running readers and writers, here and in other processes, and
//! may be cut off anywhere.

mod history;
mod relocate;
mod segments;
mod strays;

use tarbox_store::{ErrorKind, GcReport, Ino, LayerId, Operation, Result};

use crate::database::Opened;
use crate::rows::{Key, LogRow, TenantId};
use crate::sql;

/// Orphans removed between two commits.
const BATCH: usize = 1_000;

impl Opened {
    /// Collects one tenant's garbage.
    pub(crate) fn gc(&self, tenant: TenantId) -> Result<GcReport> {
        let mut report = GcReport::default();
        match self.shared.reading(tenant).map(drop) {
            Ok(()) => {
                report.inodes = self.reap_orphans(tenant)?;
                self.prune_history(tenant)?;
                report.log_records = self.trim_log(tenant)?;
            }
            // Nobody works on a suspended tenant, but its space can be given back.
            Err(e) if e.kind() == ErrorKind::Suspended => {}
            Err(e) => return Err(e),
        }
        let freed = self.compact(tenant)?;
        report.segments = freed.segments;
        report.bytes_freed = freed.bytes;
        if report.inodes + report.segments > 0 {
            self.log_collection(tenant, &report)?;
        }
        Ok(report)
    }

    /// Removes inodes without names that no process has open: a crash, or the end of another process, left them.
    pub(crate) fn reap_orphans(&self, tenant: TenantId) -> Result<u64> {
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
            for key in keys {
                reaped += u64::from(op.step(&mut |op| op.collect(key))?);
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

    fn log_collection(&self, tenant: TenantId, report: &GcReport) -> Result<()> {
        let what = format!(
            "garbage collected: {} inodes, {} segments",
            report.inodes, report.segments
        );
        let time = self.shared.now();
        self.shared.administer(|c| {
            let Some(mut row) = sql::tenant::by_id(c, tenant)? else {
                return Ok(());
            };
            let record = LogRow {
                seq: row.next_seq,
                time,
                uid: 0,
                agent: "gc".into(),
                operation: Operation::Maintenance,
                ino: Ino(0),
                path: what.into_bytes(),
                from: None,
                bytes: report.bytes_freed,
                layer: LayerId(row.current.0),
                errno: 0,
            };
            row.next_seq += 1;
            sql::log::put(c, tenant, &record)?;
            sql::tenant::put(c, &row)
        })
    }
}
