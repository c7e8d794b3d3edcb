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
mod versions;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

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
use crate::rows::TenantId;
use crate::shared::Shared;
use crate::sql::engine;

/// More rounds than damage can need; only a repair that undoes itself reaches it.
const ROUNDS: usize = 500;

/// What cannot be mended: it is told again by every check.
const NEVER: u8 = u8::MAX;

/// When a finding is answered: what is more basic comes first. Counts come late, since whatever else is mended changes them.
fn phase(fault: &Fault) -> u8 {
    match fault {
        Fault::Account(AccountFault::Counter { .. }) | Fault::Block(BlockFault::Live { .. }) => 8,
        Fault::Account(
            AccountFault::Tag { .. } | AccountFault::LogGap { .. } | AccountFault::LogOperation { .. },
        ) => 7,
        Fault::Account(_) | Fault::Block(BlockFault::Append { .. }) => 0,
        Fault::Interval(_) => 1,
        Fault::Name(NameFault::Kind { .. } | NameFault::Root) | Fault::Inode(InodeFault::Field { .. }) => 2,
        Fault::Chunk(ChunkFault::Map { .. }) | Fault::Inode(InodeFault::Missing { .. }) => 3,
        Fault::Inode(InodeFault::Sum { .. } | InodeFault::Content { .. })
        | Fault::Chunk(ChunkFault::Unexpected { .. })
        | Fault::Block(BlockFault::Beyond { .. } | BlockFault::Hash { .. } | BlockFault::Place { .. }) => 4,
        Fault::Name(NameFault::Unreachable { .. } | NameFault::Apart { .. } | NameFault::Orphan { .. }) => 6,
        Fault::Name(NameFault::Parent { .. }) => 7,
        Fault::Name(_) => 5,
        Fault::Chunk(ChunkFault::Beyond { .. }) | Fault::Inode(InodeFault::Number { .. }) => 7,
        Fault::Block(BlockFault::Missing { .. } | BlockFault::Refs { .. }) => 7,
        Fault::Block(BlockFault::Lost { .. } | BlockFault::Unreadable { .. }) | Fault::Engine(_) => NEVER,
    }
}

/// What was set aside, in words, by tenant.
type Notes = RefCell<BTreeMap<u32, Vec<String>>>;

/// Mends what can be mended, and answers what is left. `bytes` are the findings that come from reading blocks.
/// The caller holds the transaction.
pub(super) fn run(c: &Connection, shared: &Shared, bytes: &[Finding]) -> Result<(Vec<Finding>, u64)> {
    let notes = Notes::default();
    let mut mended = BTreeSet::new();
    rounds(c, shared, &notes, &mut mended)?;
    for finding in bytes {
        mend(c, shared, &notes, finding)?;
        mended.extend(finding.tenant.map(|id| id.0));
    }
    rounds(c, shared, &notes, &mut mended)?;
    for tenant in TenantRow::all(c)?.into_iter().filter(|t| mended.contains(&t.id)) {
        let lines = notes.borrow_mut().remove(&tenant.id).unwrap_or_default();
        Mender::new(c, shared, tenant, &notes).sign(&lines)?;
    }
    rounds(c, shared, &notes, &mut BTreeSet::new())?;
    look(c)
}

/// Mends until nothing that can be mended is left.
fn rounds(c: &Connection, shared: &Shared, notes: &Notes, mended: &mut BTreeSet<u32>) -> Result<()> {
    let mut before = Vec::new();
    for _ in 0..ROUNDS {
        let (found, _) = look(c)?;
        let first = found.iter().map(|finding| phase(&finding.fault)).min();
        let Some(first) = first.filter(|first| *first != NEVER) else {
            return Ok(());
        };
        if found == before {
            return Ok(());
        }
        for finding in found.iter().filter(|finding| phase(&finding.fault) == first) {
            mend(c, shared, notes, finding)?;
            mended.extend(finding.tenant.map(|id| id.0));
        }
        before = found;
    }
    Ok(())
}

fn look(c: &Connection) -> Result<(Vec<Finding>, u64)> {
    let sink = Sink::default();
    check::rows(c, &sink, &Progress::silent(), &Seen::default())?;
    Ok(sink.into_parts())
}

fn mend(c: &Connection, shared: &Shared, notes: &Notes, finding: &Finding) -> Result<()> {
    let Some(TenantId(id)) = finding.tenant else {
        return Ok(());
    };
    if let Fault::Account(AccountFault::Stray { .. }) = &finding.fault {
        return accounts::recover_tenant(c, shared, id);
    }
    let Some(tenant) = TenantRow::all(c)?.into_iter().find(|t| t.id == id) else {
        return Ok(());
    };
    let mender = Mender::new(c, shared, tenant, notes);
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
    shared: &'a Shared,
    tenant: TenantRow,
    notes: &'a Notes,
}

impl<'a> Mender<'a> {
    fn new(c: &'a Connection, shared: &'a Shared, tenant: TenantRow, notes: &'a Notes) -> Self {
        Self {
            c,
            shared,
            tenant,
            notes,
        }
    }

    fn id(&self) -> TenantId {
        TenantId(self.tenant.id)
    }

    /// The key of the tenant's inode 0; an inode's number is added to it.
    fn base(&self) -> i64 {
        super::scope::keys(self.tenant.id)[0]
    }

    fn keys(&self) -> [i64; 2] {
        super::scope::keys(self.tenant.id)
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
