//! The log: one record after the other, up to the last.

use rusqlite::params;
use tarbox_store::{Operation, Result};

use super::accounts::AccountFault;
use crate::fsck::finding::Fault;
use crate::fsck::scope::Scope;
use crate::sql::engine;

pub(in crate::fsck) fn check(scope: &Scope<'_>) -> Result<()> {
    let mut statement = scope
        .c
        .prepare("SELECT seq, operation FROM log WHERE tenant = ?1 ORDER BY seq")
        .map_err(engine)?;
    let mut rows = statement.query(params![scope.tenant.id]).map_err(engine)?;
    let found = |fault| scope.found(Fault::Account(fault));
    let mut last: Option<i64> = None;
    while let Some(row) = rows.next().map_err(engine)? {
        scope.progress.step();
        let (seq, operation): (i64, i64) = (row.get(0).map_err(engine)?, row.get(1).map_err(engine)?);
        if seq < 1 {
            found(AccountFault::LogNumber { seq });
        }
        // The oldest records may have been trimmed; behind them nothing may be missing.
        if let Some(after) = last.filter(|last| last.checked_add(1) != Some(seq)) {
            found(AccountFault::LogGap { after, next: seq });
        }
        let known = u8::try_from(operation).ok().and_then(Operation::from_number);
        if known.is_none() {
            found(AccountFault::LogOperation {
                seq,
                found: operation,
            });
        }
        last = Some(seq);
    }
    let expected = last.map_or(scope.tenant.next_seq.max(1), |last| last.saturating_add(1));
    if scope.tenant.next_seq != expected {
        found(AccountFault::Counter {
            counter: "next_seq",
            found: scope.tenant.next_seq,
            expected,
        });
    }
    Ok(())
}
