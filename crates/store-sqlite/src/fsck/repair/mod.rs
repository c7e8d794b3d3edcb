//! Mending: one transaction, in rounds. Each round checks the rows, answers the findings of the most basic kind that is
//! left, and leaves what follows from them (counts, sums, counters) to the next round's check.

mod accounts;
mod blocks;
mod chunks;
mod inodes;
mod intervals;
mod kinds;
mod lost;
mod names;
mod tenants;
mod versions;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::{Connection, Params};
use tarbox_store::Result;

use super::check;
use super::check::accounts::AccountFault;
use super::check::blocks::BlockFault;
use super::check::chunks::ChunkFault;
use super::check::inodes::InodeFault;
use super::check::names::NameFault;
use super::finding::{Fault, Finding, Sink};
use super::progress::Progress;
use super::scope::{Seen, TenantRow};
use crate::engine::SqliteEngine;
use crate::rows::{Numbered, TenantId};
use crate::sql::engine;

/// More rounds than damage can need.
const ROUNDS: usize = 500;
/// How often a finding is answered before it counts as one that cannot be mended.
const TRIES: u32 = 3;

/// What cannot be mended: it is told again by every check.
const NEVER: u8 = u8::MAX;

/// When a version is answered that is beyond the log: that may be the fault of a counter.
const AFTER_COUNTERS: u8 = 9;

/// When a finding is answered: what is more basic comes first. Counts come late, since whatever else is mended changes them.
fn phase(fault: &Fault) -> u8 {
    match fault {
        Fault::Inode(InodeFault::Field { field: "version", .. }) => AFTER_COUNTERS,
        Fault::Account(AccountFault::Counter { .. }) | Fault::Block(BlockFault::Live { .. }) => 8,
        Fault::Account(
            AccountFault::Tag { .. }
            | AccountFault::LogNumber { .. }
            | AccountFault::LogGap { .. }
            | AccountFault::LogOperation { .. },
        ) => 7,
        Fault::Account(_) | Fault::Block(BlockFault::Append { .. }) => 0,
        Fault::Interval(_) => 1,
        Fault::Name(NameFault::Kind { .. } | NameFault::Root) | Fault::Inode(InodeFault::Field { .. }) => 2,
        Fault::Chunk(ChunkFault::Map { .. })
        | Fault::Inode(InodeFault::Missing { .. } | InodeFault::Torn { .. }) => 3,
        Fault::Inode(InodeFault::Sum { .. } | InodeFault::Content { .. })
        | Fault::Chunk(ChunkFault::Unexpected { .. })
        | Fault::Block(BlockFault::Beyond { .. } | BlockFault::Hash { .. } | BlockFault::Place { .. }) => 4,
        Fault::Name(NameFault::Unreachable { .. } | NameFault::Apart { .. } | NameFault::Orphan { .. }) => 6,
        Fault::Name(NameFault::Parent { .. }) => 7,
        Fault::Name(_) => 5,
        Fault::Chunk(ChunkFault::Beyond { .. }) | Fault::Inode(InodeFault::Number { .. }) => 7,
        Fault::Block(BlockFault::Name { .. } | BlockFault::Missing { .. } | BlockFault::Refs { .. }) => 7,
        Fault::Block(BlockFault::Lost { .. } | BlockFault::Unreadable { .. }) | Fault::Engine(_) => NEVER,
    }
}

/// What was set aside, in words, by tenant.
type Notes = RefCell<BTreeMap<i64, Vec<String>>>;

/// Whether this build can mend.
pub(super) fn is_there() -> Result<()> {
    Ok(())
}

/// Mends what can be mended, and answers what is left. `bytes` are the findings that come from reading blocks.
/// The caller holds the transaction.
pub(super) fn run(c: &Connection, shared: &SqliteEngine, bytes: &[Finding]) -> Result<(Vec<Finding>, u64)> {
    let notes = Notes::default();
    let mut mended = BTreeSet::new();
    rounds(c, shared, &notes, &mut mended)?;
    for finding in bytes {
        mend(c, shared, &notes, finding)?;
        mended.extend(finding.tenant.map(|id| id.sql()));
    }
    rounds(c, shared, &notes, &mut mended)?;
    for tenant in TenantRow::all(c)?.into_iter().filter(|t| mended.contains(&t.id)) {
        let lines = notes.borrow_mut().remove(&tenant.id).unwrap_or_default();
        if let Some(mender) = Mender::new(c, shared, tenant, &notes) {
            mender.sign(&lines)?;
        }
    }
    rounds(c, shared, &notes, &mut BTreeSet::new())?;
    look(c)
}

/// Mends until nothing that can be mended is left.
fn rounds(c: &Connection, shared: &SqliteEngine, notes: &Notes, mended: &mut BTreeSet<i64>) -> Result<()> {
    let mut tries: HashMap<String, u32> = HashMap::new();
    for _ in 0..ROUNDS {
        let (mut found, _) = look(c)?;
        found.retain(|finding| tries.get(&name(finding)).is_none_or(|n| *n < TRIES));
        let first = found.iter().map(|finding| phase(&finding.fault)).min();
        let Some(first) = first.filter(|first| *first != NEVER) else {
            return Ok(());
        };
        for finding in found.iter().filter(|finding| phase(&finding.fault) == first) {
            *tries.entry(name(finding)).or_default() += 1;
            mend(c, shared, notes, finding)?;
            mended.extend(finding.tenant.map(|id| id.sql()));
        }
    }
    Ok(())
}

/// What tells a finding from others.
fn name(finding: &Finding) -> String {
    format!("{:?} {}", finding.tenant, finding.fault)
}

fn look(c: &Connection) -> Result<(Vec<Finding>, u64)> {
    let sink = Sink::default();
    check::rows(c, &sink, &Progress::silent(), &Seen::default())?;
    Ok(sink.into_parts())
}

fn mend(c: &Connection, shared: &SqliteEngine, notes: &Notes, finding: &Finding) -> Result<()> {
    match &finding.fault {
        Fault::Account(AccountFault::Stray { number, .. }) => {
            return tenants::recover(c, shared, *number);
        }
        Fault::Account(AccountFault::Number { found, .. }) => return tenants::renumber(c, *found),
        _ => {}
    }
    let row = TenantRow::all(c)?
        .into_iter()
        .find(|t| t.number().is_some() && t.number() == finding.tenant);
    let Some(mender) = row.and_then(|row| Mender::new(c, shared, row, notes)) else {
        return Ok(());
    };
    match &finding.fault {
        Fault::Account(fault) => mender.mend_account(fault),
        Fault::Interval(fault) => mender.mend_interval(fault),
        Fault::Inode(fault) => mender.mend_inode(fault),
        Fault::Chunk(fault) => mender.mend_chunk(fault),
        Fault::Name(fault) => mender.mend_name(fault),
        Fault::Block(fault) => mender.mend_block(fault),
        Fault::Engine(_) => Ok(()),
    }
}

/// Changes rows of one tenant. Counters and counts are left to later rounds, except those that give out numbers.
struct Mender<'a> {
    c: &'a Connection,
    shared: &'a SqliteEngine,
    number: TenantId,
    tenant: TenantRow,
    notes: &'a Notes,
}

impl<'a> Mender<'a> {
    /// `None` if the tenant's number cannot be.
    fn new(c: &'a Connection, shared: &'a SqliteEngine, tenant: TenantRow, notes: &'a Notes) -> Option<Self> {
        Some(Self {
            c,
            shared,
            number: tenant.number()?,
            tenant,
            notes,
        })
    }

    fn id(&self) -> TenantId {
        self.number
    }

    /// The key of the tenant's inode 0; an inode's number is added to it.
    fn base(&self) -> i64 {
        self.keys()[0]
    }

    fn keys(&self) -> [i64; 2] {
        super::scope::keys(self.number)
    }

    /// Notes what was set aside, for the file that tells of it.
    fn note(&self, line: String) {
        self.notes
            .borrow_mut()
            .entry(self.tenant.id)
            .or_default()
            .push(line);
    }

    fn run(&self, sql: &str, values: impl Params) -> Result<usize> {
        let mut statement = self.c.prepare_cached(sql).map_err(engine)?;
        statement.execute(values).map_err(engine)
    }

    /// The first column of the first row, if there is one and it is not NULL.
    fn one<T: rusqlite::types::FromSql>(&self, sql: &str, values: impl Params) -> Result<Option<T>> {
        let mut statement = self.c.prepare_cached(sql).map_err(engine)?;
        let mut rows = statement.query(values).map_err(engine)?;
        match rows.next().map_err(engine)? {
            Some(row) => row.get(0).map_err(engine),
            None => Ok(None),
        }
    }

    /// The first `N` columns of every row, which are numbers.
    fn numbers<const N: usize>(&self, sql: &str, values: impl Params) -> Result<Vec<[i64; N]>> {
        let mut statement = self.c.prepare_cached(sql).map_err(engine)?;
        let rows = statement
            .query_map(values, |row| {
                let mut numbers = [0; N];
                for (i, number) in numbers.iter_mut().enumerate() {
                    *number = row.get(i)?;
                }
                Ok(numbers)
            })
            .map_err(engine)?;
        rows.collect::<rusqlite::Result<_>>().map_err(engine)
    }
}
