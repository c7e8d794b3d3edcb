//! Mending tenants, layers, tags, counters and the log.

use rusqlite::params;
use tarbox_store::{Operation, Result};

use super::Mender;
use super::tenants::secret;
use crate::fsck::check::accounts::AccountFault;

/// Records that are made up for a gap in the log, at most; behind a larger one a record is out of place itself.
const GAP_MAX: i64 = 100_000;

impl Mender<'_> {
    pub(super) fn mend_account(&self, fault: &AccountFault) -> Result<()> {
        match fault {
            // These are not of one tenant, and answered elsewhere.
            AccountFault::Stray { .. } | AccountFault::Number { .. } => Ok(()),
            AccountFault::Layer { found } => {
                self.set_aside("layer", "tenant = ?1 AND id = ?2", params![self.tenant.id, found])
            }
            AccountFault::LogNumber { seq } => {
                self.set_aside("log", "tenant = ?1 AND seq = ?2", params![self.tenant.id, seq])
            }
            AccountFault::Secret { .. } => self.set("secret", secret()?),
            AccountFault::Head { least, .. } => {
                if self.tenant.current == self.tenant.head {
                    self.set("current", *least)?;
                }
                self.set("head", *least)
            }
            AccountFault::Current { .. } => self.set("current", self.tenant.head),
            AccountFault::Tag { name, .. } => {
                self.set_aside("tag", "tenant = ?1 AND name = ?2", params![self.tenant.id, name])
            }
            AccountFault::Counter {
                counter, expected, ..
            } => self.set(counter, *expected),
            AccountFault::LogGap { after, next } => self.close_gap(*after, *next),
            AccountFault::LogOperation { seq, .. } => {
                let which = "tenant = ?1 AND seq = ?2";
                self.note_rows("log", which, params![self.tenant.id, seq])?;
                self.run(
                    &format!("UPDATE log SET operation = ?3 WHERE {which}"),
                    params![self.tenant.id, seq, Operation::Maintenance as u8],
                )
                .map(drop)
            }
        }
    }

    fn set(&self, column: &str, value: impl rusqlite::ToSql) -> Result<()> {
        self.run(
            &format!("UPDATE tenant SET {column} = ?2 WHERE id = ?1"),
            params![self.tenant.id, value],
        )
        .map(drop)
    }

    /// Puts a record in the place of each that is missing; it says that the record was lost.
    fn close_gap(&self, after: i64, next: i64) -> Result<()> {
        if next.saturating_sub(after) > GAP_MAX {
            let before = "SELECT count(*) FROM log WHERE tenant = ?1 AND seq <= ?2";
            let behind = "SELECT count(*) FROM log WHERE tenant = ?1 AND seq >= ?2";
            let before: Option<i64> = self.one(before, params![self.tenant.id, after])?;
            let behind: Option<i64> = self.one(behind, params![self.tenant.id, next])?;
            // The few are out of place, not the many.
            return match before < behind {
                true => self.set_aside("log", "tenant = ?1 AND seq <= ?2", params![self.tenant.id, after]),
                false => self.set_aside("log", "tenant = ?1 AND seq >= ?2", params![self.tenant.id, next]),
            };
        }
        for seq in after + 1..next {
            self.run(
                "INSERT OR IGNORE INTO log(tenant, seq, time, uid, agent, operation, ino, path, bytes, layer, errno) \
                 VALUES (?1, ?2, ?3, 0, 'fsck', ?4, 0, CAST('this record was lost' AS BLOB), 0, ?5, 0)",
                params![
                    self.tenant.id,
                    seq,
                    self.shared.now().0,
                    Operation::Maintenance as u8,
                    self.tenant.current
                ],
            )?;
        }
        Ok(())
    }
}
