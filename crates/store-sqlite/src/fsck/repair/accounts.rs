//! Mending tenants, layers, tags, counters and the log.

use rusqlite::{Connection, params};
use tarbox_store::{Error, ErrorKind, Operation, Result};

use super::Mender;
use crate::fsck::check::accounts::{AccountFault, TABLES};
use crate::rows::TenantId;
use crate::shared::Shared;
use crate::sql::engine;

/// Records that are made up for a gap in the log, at most; behind a larger one a record is out of place itself.
const GAP_MAX: i64 = 100_000;

/// Makes a row for a tenant of which other rows are there. Its counters follow from these.
pub(super) fn recover_tenant(c: &Connection, shared: &Shared, id: u32) -> Result<()> {
    if id == 0 || id >= TenantId::LIMIT {
        return Ok(());
    }
    let mut head = 1;
    for (table, column, bits) in TABLES {
        let layers: &[&str] = match table {
            "layer" => &["id + 1"],
            "orphan" | "tag" | "block" | "segment" | "log" => &[],
            past if past.ends_with("_past") => &["died"],
            _ => &["born"],
        };
        for layer in layers {
            let sql = format!("SELECT max({layer}) FROM {table} WHERE {column} >= ?1 AND {column} < ?2");
            let [from, to] = [id, id + 1].map(|id| i64::from(id) << bits);
            let last: Option<i64> = c.query_row(&sql, [from, to], |row| row.get(0)).map_err(engine)?;
            head = head.max(last.unwrap_or(1));
        }
    }
    c.execute(
        "INSERT OR IGNORE INTO tenant(id, name, state, created, bytes, inodes, layers, head, current, next_ino, next_seq, \
         secret, segment, segment_len) VALUES (?1, ?2, 0, ?3, 0, 0, 1, ?4, ?4, 2, 1, ?5, 1, 0)",
        params![id, format!("recovered-{id}"), shared.now().0, head, secret()?],
    )
    .map_err(engine)?;
    Ok(())
}

/// A new key for the cookies. Every entry then stands in a wrong bucket, and is moved.
fn secret() -> Result<Vec<u8>> {
    let mut secret = vec![0; 16];
    getrandom::fill(&mut secret)
        .map_err(|e| Error::new(ErrorKind::Io).because(format!("the system has no random numbers: {e}")))?;
    Ok(secret)
}

impl Mender<'_> {
    pub(super) fn mend_account(&self, fault: &AccountFault) -> Result<()> {
        match fault {
            AccountFault::Stray { .. } => Ok(()),
            AccountFault::Secret { .. } => self.set("secret", secret()?),
            AccountFault::Head { least, .. } => {
                if self.tenant.current == self.tenant.head {
                    self.set("current", *least)?;
                }
                self.set("head", *least)
            }
            AccountFault::Current { .. } => self.set("current", self.tenant.head),
            AccountFault::Tag { name, .. } => {
                let which = "tenant = ?1 AND name = ?2";
                self.note_rows("tag", which, params![self.tenant.id, name])?;
                self.run(
                    &format!("DELETE FROM tag WHERE {which}"),
                    params![self.tenant.id, name],
                )
                .map(drop)
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
            let which = "tenant = ?1 AND seq >= ?2";
            self.note_rows("log", which, params![self.tenant.id, next])?;
            let sql = format!("DELETE FROM log WHERE {which}");
            return self.run(&sql, params![self.tenant.id, next]).map(drop);
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
