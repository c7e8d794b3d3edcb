//! What every check of one tenant needs.

use std::cell::Cell;

use rusqlite::{Connection, Row};
use tarbox_store::{Ino, Result, TenantState};

use super::finding::{Fault, HEAD, Sink};
use super::progress::Progress;
use crate::rows::{Numbered, TenantId};
use crate::sql::engine;

/// The row of a tenant, as it is: a damaged one must not stop the check.
#[derive(Debug, Clone, Default)]
pub(super) struct TenantRow {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) bytes: i64,
    pub(super) inodes: i64,
    pub(super) layers: i64,
    pub(super) head: i64,
    pub(super) current: i64,
    pub(super) next_ino: i64,
    pub(super) next_seq: i64,
    pub(super) secret: Vec<u8>,
    pub(super) segment: i64,
    pub(super) segment_len: i64,
    pub(super) state: i64,
}

impl TenantRow {
    /// Every tenant, by number.
    pub(super) fn all(c: &Connection) -> Result<Vec<Self>> {
        let mut statement = c
            .prepare(
                "SELECT id, name, bytes, inodes, layers, head, current, next_ino, next_seq, secret, segment, segment_len, state \
                 FROM tenant ORDER BY id",
            )
            .map_err(engine)?;
        let rows = statement
            .query_map([], |row| {
                Ok(Self {
                    id: row.get(0)?,
                    name: row.get(1)?,
                    bytes: row.get(2)?,
                    inodes: row.get(3)?,
                    layers: row.get(4)?,
                    head: row.get(5)?,
                    current: row.get(6)?,
                    next_ino: row.get(7)?,
                    next_seq: row.get(8)?,
                    secret: row.get(9)?,
                    segment: row.get(10)?,
                    segment_len: row.get(11)?,
                    state: row.get(12)?,
                })
            })
            .map_err(engine)?;
        rows.collect::<rusqlite::Result<_>>().map_err(engine)
    }

    /// Whether rows are still to come.
    pub(super) fn is_being_restored(&self) -> bool {
        TenantState::from_number(self.state) == TenantState::Restoring
    }

    /// The tenant's number, if it can be one.
    pub(super) fn number(&self) -> Option<TenantId> {
        u64::try_from(self.id)
            .ok()
            .filter(|id| (1..TenantId::LIMIT).contains(id))
            .map(TenantId)
    }

    /// The key of the cookies; of a damaged row, something that is as good as any.
    pub(super) fn secret(&self) -> [u8; 16] {
        self.secret.as_slice().try_into().unwrap_or_default()
    }
}

/// Inode numbers are given out one after the other, and no workspace gets as far as this.
pub(super) const INO_LIKELY: i64 = Ino::LIMIT as i64 / 2;

/// Sums over a tenant's rows, for its counters.
#[derive(Debug, Default)]
pub(super) struct Totals {
    /// Inline data, extended attributes and blocks.
    pub(super) bytes: Cell<i64>,
    /// Inodes of the head.
    pub(super) inodes: Cell<i64>,
    /// The largest inode number that any row names.
    pub(super) last_ino: Cell<i64>,
}

impl Totals {
    pub(super) fn add_bytes(&self, bytes: i64) {
        self.bytes.set(self.bytes.get().saturating_add(bytes));
    }

    /// Numbers that cannot have been given out yet do not count: they are damage themselves.
    pub(super) fn saw_ino(&self, ino: i64) {
        if ino < INO_LIKELY {
            self.last_ino.set(self.last_ino.get().max(ino));
        }
    }
}

/// Rows seen so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) inodes: Cell<u64>,
    pub(super) entries: Cell<u64>,
    pub(super) blocks: Cell<u64>,
    pub(super) bytes: Cell<u64>,
}

/// Adds to one of the sums.
pub(super) fn count(cell: &Cell<u64>, more: u64) {
    cell.set(cell.get() + more);
}

/// One tenant being checked, in one snapshot of the database.
pub(super) struct Scope<'a> {
    pub(super) c: &'a Connection,
    pub(super) number: TenantId,
    pub(super) tenant: &'a TenantRow,
    /// The sealed layers that are kept, in order.
    pub(super) kept: Vec<i64>,
    pub(super) sink: &'a Sink,
    pub(super) progress: &'a Progress<'a>,
    pub(super) seen: &'a Seen,
    pub(super) totals: Totals,
}

impl Scope<'_> {
    pub(super) fn id(&self) -> TenantId {
        self.number
    }

    pub(super) fn found(&self, fault: Fault) {
        self.sink.add(self.id(), fault);
    }

    /// The keys of the tenant are in `from <= key < to`.
    pub(super) fn keys(&self) -> [i64; 2] {
        keys(self.number)
    }

    /// The latest layer in which a version that began and died in these can be seen: the head, or a sealed layer that
    /// is kept. `None` if there is none, and nothing depends on the version.
    pub(super) fn last_view(&self, born: i64, died: i64) -> Option<i64> {
        if died == HEAD {
            return Some(HEAD);
        }
        let at = self.kept.partition_point(|layer| *layer < died);
        let last = *self.kept[..at].last()?;
        (last >= born).then_some(last)
    }

    /// The first layer in which such a version can be seen.
    pub(super) fn first_view(&self, born: i64, died: i64) -> Option<i64> {
        let at = self.kept.partition_point(|layer| *layer < born);
        match self.kept.get(at) {
            Some(first) if *first < died => Some(*first),
            _ => (died == HEAD).then_some(HEAD),
        }
    }

    /// Runs `f` on every row of a query that takes the tenant's range of keys.
    pub(super) fn each(&self, sql: &str, mut f: impl FnMut(&Row<'_>) -> rusqlite::Result<()>) -> Result<()> {
        let mut statement = self.c.prepare(sql).map_err(engine)?;
        let mut rows = statement.query(self.keys()).map_err(engine)?;
        while let Some(row) = rows.next().map_err(engine)? {
            f(row).map_err(engine)?;
        }
        Ok(())
    }
}

/// The keys of a tenant are in `from <= key < to`.
pub(super) fn keys(tenant: TenantId) -> [i64; 2] {
    let first = |id: u64| (id << 44) as i64;
    [first(tenant.0), first(tenant.0 + 1)]
}
