//! Telling how far a check has come.

use std::cell::Cell;

use rusqlite::Connection;
use tarbox_store::Result;

use crate::sql::engine;

/// Rows between two calls.
const STEP: u64 = 1_024;

/// The tables whose rows a check goes through, and how often it does.
const PASSES: [(&str, u64); 11] = [
    ("inode", 2),
    ("inode_past", 2),
    ("dentry", 2),
    ("dentry_past", 2),
    ("chunk", 2),
    ("chunk_past", 2),
    ("xattr", 1),
    ("xattr_past", 1),
    ("block", 1),
    ("segment", 1),
    ("log", 1),
];

/// Counts rows, and passes the count on.
pub(super) struct Progress<'a> {
    report: &'a (dyn Fn(u64, u64) + Sync),
    done: Cell<u64>,
    total: Cell<u64>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(report: &'a (dyn Fn(u64, u64) + Sync)) -> Self {
        Self {
            report,
            done: Cell::new(0),
            total: Cell::new(0),
        }
    }

    /// A count that nobody hears of.
    #[cfg_attr(
        all(target_family = "wasm", target_os = "unknown"),
        expect(dead_code, reason = "only mending counts in silence")
    )]
    pub(super) fn silent() -> Progress<'static> {
        Progress::new(&|_, _| {})
    }

    /// Begins with the rows that the database has.
    pub(super) fn begin(&self, c: &Connection) -> Result<()> {
        let mut total = 0;
        for (table, passes) in PASSES {
            let sql = format!("SELECT count(*) FROM {table}");
            let rows: i64 = c.query_row(&sql, [], |row| row.get(0)).map_err(engine)?;
            total += rows as u64 * passes;
        }
        self.total.set(total);
        (self.report)(0, total);
        Ok(())
    }

    /// One row more is done.
    pub(super) fn step(&self) {
        let done = self.done.get() + 1;
        self.done.set(done);
        if done.is_multiple_of(STEP) {
            (self.report)(done.min(self.total.get()), self.total.get());
        }
    }

    pub(super) fn end(&self) {
        (self.report)(self.total.get(), self.total.get());
    }
}
