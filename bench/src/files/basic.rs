//! Small files, rewrites and a large file, beside every rival.

use std::path::Path;

use tarbox_bench_work::{Result, Work};

use crate::race::{Times, race};
use crate::report::{Report, Row};
use crate::subjects::{Agentfs, Commit, Host, Local, Sqlite, Subject, Tarbox};
use crate::{Bench, rivals};

const OURS: &str = "tarbox";
const EXT4: &str = "ext4";
const SQLITE: &str = "sqlite 1000/tx";
const SQLITE_NORMAL: &str = "sqlite NORMAL";
const SQLITE_FULL: &str = "sqlite FULL";
const AGENTFS: &str = "agentfs";
const AGENTFS_SYNC: &str = "agentfs synchronous=1";

/// A work, what its rows are called, and the most it may cost in units of ext4 and of agentfs.
struct Case {
    work: Work,
    name: &'static str,
    ext4: Option<f64>,
    agentfs: Option<f64>,
}

const CASES: [Case; 9] = [
    Case { work: Work::Create, name: "create 10k", ext4: Some(1.0), agentfs: Some(0.2) },
    Case { work: Work::Stat, name: "stat 10k", ext4: Some(1.0), agentfs: Some(0.2) },
    Case { work: Work::List, name: "list 100", ext4: Some(1.0), agentfs: Some(0.2) },
    Case { work: Work::ListLong, name: "list 100 with attributes", ext4: None, agentfs: None },
    Case { work: Work::Read, name: "read 10k", ext4: Some(1.0), agentfs: Some(0.2) },
    Case { work: Work::Delete, name: "delete 10k", ext4: Some(1.0), agentfs: Some(0.2) },
    Case { work: Work::Rewrite, name: "rewrite 4K", ext4: Some(2.0), agentfs: None },
    Case { work: Work::SeqWrite, name: "write 256M", ext4: Some(2.0), agentfs: None },
    Case { work: Work::SeqRead, name: "read 256M", ext4: Some(2.0), agentfs: None },
];

/// What the rows' names begin with.
pub(crate) const ROWS: &[&str] = &[
    "create 10k", "stat 10k", "list 100", "read 10k", "delete 10k", "rewrite 4K", "write 256M", "read 256M",
];

/// Measures all of them.
pub(crate) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let dir = bench.place.group("basic")?;
    std::env::set_current_dir(dir.path())?;
    let mut subjects = subjects(dir.path())?;
    race(&mut subjects, &[Work::Prepare, Work::PrepareRewrite], &bench.shape, 1)?;
    let works: Vec<Work> = CASES.iter().map(|case| case.work).collect();
    let times = race(&mut subjects, &works, &bench.shape, bench.rounds())?;
    for case in &CASES {
        rows(case, &times, report);
    }
    Ok(())
}

fn subjects(dir: &Path) -> Result<Vec<(&'static str, Box<dyn Subject>)>> {
    let program = rivals::program()?;
    let sqlite = |file: &str, commit| Sqlite::create(&dir.join(file), commit).map(Local).map(Box::new);
    Ok(vec![
        (OURS, Box::new(Local(Tarbox::create(&dir.join("tarbox.db"))?))),
        (EXT4, Box::new(Local(Host::default()))),
        (SQLITE, sqlite("thousand.db", Commit::Thousand)?),
        (SQLITE_NORMAL, sqlite("normal.db", Commit::Normal)?),
        (SQLITE_FULL, sqlite("full.db", Commit::Full)?),
        (AGENTFS, Box::new(Agentfs::start(&program, &dir.join("agentfs.db"), None)?)),
        (AGENTFS_SYNC, Box::new(Agentfs::start(&program, &dir.join("agentfs-sync.db"), Some("1"))?)),
    ])
}

fn rows(case: &Case, times: &Times, report: &mut Report) {
    let Some(ours) = times.micros(OURS, case.work) else { return };
    for peer in [EXT4, AGENTFS, AGENTFS_SYNC, SQLITE, SQLITE_NORMAL, SQLITE_FULL] {
        let Some(theirs) = times.micros(peer, case.work) else { continue };
        let goal = match peer {
            EXT4 => case.ext4,
            AGENTFS => case.agentfs,
            _ => None,
        };
        report.row(&Row::new(format!("{} vs {peer}", case.name), ours, theirs, "us").maybe_goal(goal));
    }
    let settled = times.settled_micros(OURS, case.work);
    if let (true, Some(settled), Some(ext4)) = (case.work.changes(), settled, times.micros(EXT4, case.work)) {
        report.row(&Row::new(format!("{} and commit vs ext4", case.name), settled, ext4, "us"));
    }
}
