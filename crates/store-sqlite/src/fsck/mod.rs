//! Checking every invariant of every tenant, and mending what can be mended.
//!
//! A check reads one snapshot of the database, table by table in the order of the keys, and compares what rows say
//! about each other. A repair runs the same checks inside one transaction, with everybody else kept out, and answers
//! each finding until none is left that it can answer. It sets aside and never deletes: what has lost its place is
//! put below `/lost+found` of its tenant, and what is lost for good stays reported.

mod check;
mod finding;
mod progress;
#[cfg_attr(all(target_family = "wasm", target_os = "unknown"), path = "no_repair.rs")]
mod repair;
mod scope;

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OpenFlags};
use tarbox_store::{FsckReport, Problem, Result};

use tarbox_store_core::CoreDatabase;

use crate::engine::SqliteEngine;
use crate::rows::Numbered;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
use crate::rows::TenantId;
use crate::sql::engine as failed;
use check::blocks::BlockFault;
use finding::{Fault, Finding, Sink};
use progress::Progress;
use scope::{Seen, TenantRow};

/// What a check found.
struct Inspection {
    names: HashMap<i64, String>,
    seen: Seen,
    found: Vec<Finding>,
    /// Findings beyond those.
    more: u64,
}

/// Checks everything, and mends what can be mended if that is wanted.
pub(crate) async fn fsck(
    database: &CoreDatabase<SqliteEngine>,
    repair: bool,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<FsckReport> {
    if repair {
        repair::is_there()?;
    }
    database.commit().await?;
    let engine = database.engine();
    let progress = Progress::new(progress);
    let mut inspection = engine.inspect(&progress)?;
    if !repair || inspection.found.is_empty() {
        return Ok(inspection.report(None));
    }
    let mut mended = Vec::new();
    if inspection.is_engine() {
        let reindex = |c: &Connection| c.execute_batch("REINDEX").map_err(failed);
        database.administer(|engine| engine.write_alone(reindex)).await?;
        let broken = std::mem::replace(&mut inspection, engine.inspect(&progress)?);
        if inspection.is_engine() {
            return Ok(broken.report(None));
        }
        mended = broken.found;
    }
    let left = database
        .administer(|engine| engine.repair(&inspection.found))
        .await?;
    mended.append(&mut inspection.found);
    inspection.found = mended;
    inspection.names = engine.at_one_moment(names)?;
    Ok(inspection.report(Some(left)))
}

impl SqliteEngine {
    /// Checks everything, and changes nothing.
    fn inspect(&self, progress: &Progress<'_>) -> Result<Inspection> {
        let (sink, seen) = (Sink::default(), Seen::default());
        let names = self.at_one_moment(|c| {
            progress.begin(c)?;
            let damage = check::integrity(c)?;
            for line in &damage {
                sink.push(Finding {
                    tenant: None,
                    fault: Fault::Engine(line.clone()),
                });
            }
            // On damaged B-trees no other finding could be trusted.
            if damage.is_empty() {
                check::rows(c, &sink, progress, &seen)?;
                check::all_bytes(c, &self.blocks, &sink, progress, &seen)?;
            }
            names(c).or_else(|e| {
                if damage.is_empty() {
                    Err(e)
                } else {
                    Ok(HashMap::new())
                }
            })
        })?;
        progress.end();
        let (mut found, more) = sink.into_parts();
        found.retain(|finding| !self.has_moved(finding));
        Ok(Inspection {
            names,
            seen,
            found,
            more,
        })
    }

    /// Checks the rows of one tenant, whether they are all there or not, and changes nothing.
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))] // nothing is copied there
    pub(crate) fn inspect_rows(&self, tenant: TenantId) -> Result<Vec<Problem>> {
        let (sink, seen) = (Sink::default(), Seen::default());
        let silent = Progress::new(&|_, _| {});
        let names = self.at_one_moment(|c| {
            let row = TenantRow::all(c)?.into_iter().find(|row| row.id == tenant.sql());
            if let Some(row) = row {
                check::rows_of(c, &row, &sink, &silent, &seen)?;
            }
            names(c)
        })?;
        let (found, more) = sink.into_parts();
        let inspection = Inspection {
            names,
            seen,
            found,
            more,
        };
        Ok(inspection.report(None).problems)
    }

    /// Whether a block is fine after all: a garbage collection moved it while it was being looked at.
    fn has_moved(&self, finding: &Finding) -> bool {
        let (Some(tenant), Fault::Block(fault)) = (finding.tenant, &finding.fault) else {
            return false;
        };
        let hash = match fault {
            BlockFault::Hash { hash, .. }
            | BlockFault::Place { hash, .. }
            | BlockFault::Unreadable { hash, .. } => hash,
            _ => return false,
        };
        let row = self.sql.read(|c| crate::sql::chunk::block(c, tenant, hash));
        match row {
            Ok(Some(row)) => self
                .blocks
                .whole(&self.sql, tenant, *hash)
                .is_ok_and(|bytes| bytes.len() == row.len as usize),
            Ok(None) => true,
            Err(_) => false,
        }
    }

    /// Mends what was found, in one transaction, and answers what is left.
    fn repair(&self, found: &[Finding]) -> Result<Left> {
        let bytes = |finding: &&Finding| {
            matches!(
                &finding.fault,
                Fault::Block(BlockFault::Hash { .. } | BlockFault::Place { .. })
            )
        };
        let bytes: Vec<Finding> = found.iter().filter(bytes).cloned().collect();
        self.sql.sort_on_disk(true)?;
        let left = self.write_alone(|c| repair::run(c, self, &bytes));
        self.sql.sort_on_disk(false)?;
        self.blocks.forget_places();
        left
    }

    /// Runs `f` on a snapshot of the database, without keeping anybody waiting where that is possible.
    fn at_one_moment<R>(&self, f: impl FnOnce(&Connection) -> Result<R>) -> Result<R> {
        let Some(path) = self.sql.file() else {
            return self.sql.snapshot(f);
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let c = Connection::open_with_flags(path, flags).map_err(failed)?;
        c.busy_timeout(std::time::Duration::from_secs(30))
            .map_err(failed)?;
        // Sorts and sets that do not fit the cache go to a temporary file.
        c.execute_batch("PRAGMA temp_store = FILE").map_err(failed)?;
        let snapshot = c.unchecked_transaction().map_err(failed)?;
        f(&snapshot)
    }
}

/// The tenants' names, by number.
fn names(c: &Connection) -> Result<HashMap<i64, String>> {
    Ok(TenantRow::all(c)?.into_iter().map(|t| (t.id, t.name)).collect())
}

/// Findings that a repair left, and how many more.
type Left = (Vec<Finding>, u64);

impl Inspection {
    /// Whether SQLite itself found damage.
    fn is_engine(&self) -> bool {
        self.found
            .iter()
            .any(|finding| finding.tenant.is_none() && matches!(finding.fault, Fault::Engine(_)))
    }

    /// What was found in words, with what a repair left of it.
    fn report(self, left: Option<Left>) -> FsckReport {
        let mut problems: Vec<Problem> = self.found.iter().map(|f| self.problem(f)).collect();
        let mut more = self.more;
        if let Some((left, still_more)) = left {
            let remaining: HashSet<&Finding> = left.iter().collect();
            for (problem, finding) in problems.iter_mut().zip(&self.found) {
                let unreadable = matches!(finding.fault, Fault::Block(BlockFault::Unreadable { .. }));
                problem.repaired = !unreadable && !remaining.contains(finding);
            }
            let known: HashSet<&Finding> = self.found.iter().collect();
            let new = left.iter().filter(|finding| !known.contains(finding));
            problems.extend(new.map(|finding| self.problem(finding)));
            more = still_more;
        }
        if more > 0 {
            problems.push(Problem {
                tenant: String::new(),
                invariant: "more",
                what: format!("{more} more problems, which will be reported when these are repaired"),
                repaired: false,
            });
        }
        FsckReport {
            tenants: self.names.len() as u64,
            inodes: self.seen.inodes.get(),
            entries: self.seen.entries.get(),
            blocks: self.seen.blocks.get(),
            bytes: self.seen.bytes.get(),
            problems,
        }
    }

    fn problem(&self, finding: &Finding) -> Problem {
        let tenant = finding
            .tenant
            .and_then(|id| self.names.get(&id.sql()).cloned())
            .unwrap_or_default();
        Problem {
            tenant,
            invariant: finding.fault.invariant(),
            what: finding.fault.to_string(),
            repaired: false,
        }
    }
}
