//! Checking every invariant of every tenant, and mending what can be mended.
//!
//! A check reads one snapshot of the database, table by table in the order of the keys, and compares what rows say
//! about each other. A repair runs the same checks inside one transaction, with everybody else kept out, and answers
//! each finding until none is left that it can answer. It sets aside and never deletes: what has lost its place is
//! put below `/lost+found` of its tenant, and what is lost for good stays reported.

mod check;
mod finding;
mod progress;
mod scope;

use std::collections::HashMap;

use rusqlite::{Connection, OpenFlags};
use tarbox_store::{FsckReport, Problem, Result};

use crate::database::Opened;
use crate::sql::engine;
use finding::{Fault, Finding, Sink};
use progress::Progress;
use scope::{Seen, TenantRow};

impl Opened {
    pub(crate) fn fsck(&self, _repair: bool, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<FsckReport> {
        self.shared.commit_visible()?;
        self.inspect(&Progress::new(progress))
    }

    /// Checks everything, and changes nothing.
    fn inspect(&self, progress: &Progress<'_>) -> Result<FsckReport> {
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
                check::all_bytes(c, &self.shared.blocks, &sink, progress, &seen)?;
            }
            names(c)
        })?;
        progress.end();
        let (found, more) = sink.into_parts();
        Ok(FsckReport {
            tenants: names.len() as u64,
            inodes: seen.inodes.get(),
            entries: seen.entries.get(),
            blocks: seen.blocks.get(),
            bytes: seen.bytes.get(),
            problems: problems(&names, &found, more),
        })
    }

    /// Runs `f` on a snapshot of the database, without keeping anybody waiting where that is possible.
    fn at_one_moment<R>(&self, f: impl FnOnce(&Connection) -> Result<R>) -> Result<R> {
        let Some(path) = self.shared.engine.file() else {
            return self.shared.engine.snapshot(f);
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let c = Connection::open_with_flags(path, flags).map_err(engine)?;
        c.busy_timeout(std::time::Duration::from_secs(30)).map_err(engine)?;
        // Sorts and sets that do not fit the cache go to a temporary file.
        c.pragma_update(None, "temp_store", "FILE").map_err(engine)?;
        let snapshot = c.unchecked_transaction().map_err(engine)?;
        f(&snapshot)
    }
}

/// The tenants' names, by number.
fn names(c: &Connection) -> Result<HashMap<u32, String>> {
    Ok(TenantRow::all(c)?.into_iter().map(|t| (t.id, t.name)).collect())
}

/// The findings in words.
fn problems(names: &HashMap<u32, String>, found: &[Finding], more: u64) -> Vec<Problem> {
    let mut problems: Vec<Problem> = found.iter().map(|finding| problem(names, finding)).collect();
    if more > 0 {
        problems.push(Problem {
            tenant: String::new(),
            invariant: "more",
            what: format!("{more} problems more; they are found when these are mended"),
            repaired: false,
        });
    }
    problems
}

fn problem(names: &HashMap<u32, String>, finding: &Finding) -> Problem {
    let tenant = finding.tenant.map_or_else(String::new, |id| {
        names.get(&id.0).cloned().unwrap_or_else(|| format!("(number {})", id.0))
    });
    Problem {
        tenant,
        invariant: finding.fault.invariant(),
        what: finding.fault.to_string(),
        repaired: false,
    }
}
