//! Small files, rewrites and a large file, beside every rival.

use std::path::Path;

use tarbox_bench_work::{Result, Work};

use crate::race::{Runner, Times, race};
use crate::report::{Report, Row};
use crate::subjects::{Agentfs, Commit, Host, Local, Sqlite, Tarbox};
use crate::{Bench, build};

const OURS: &str = "tarbox";
const EXT4: &str = "ext4";
const SQLITE: &str = "sqlite 1000/tx";
const SQLITE_NORMAL: &str = "sqlite NORMAL";
const SQLITE_FULL: &str = "sqlite FULL";
const AGENTFS: &str = "agentfs";
const AGENTFS_SYNC: &str = "agentfs synchronous=1";
const PEERS: [&str; 6] = [EXT4, AGENTFS, AGENTFS_SYNC, SQLITE, SQLITE_NORMAL, SQLITE_FULL];

/// A work, what its rows are called, and the most it may cost in units of ext4 and of agentfs.
struct Case {
    work: Work,
    name: &'static str,
    ext4: Option<f64>,
    agentfs: Option<f64>,
}

const SMALL: [Case; 6] = [
    Case {
        work: Work::Create,
        name: "create 10k",
        ext4: Some(1.0),
        agentfs: Some(0.2),
    },
    Case {
        work: Work::Stat,
        name: "stat 10k",
        ext4: Some(1.0),
        agentfs: Some(0.2),
    },
    Case {
        work: Work::List,
        name: "list 100",
        ext4: Some(1.0),
        agentfs: Some(0.2),
    },
    Case {
        work: Work::ListLong,
        name: "list 100 with attributes",
        ext4: None,
        agentfs: None,
    },
    Case {
        work: Work::Read,
        name: "read 10k",
        ext4: Some(1.0),
        agentfs: Some(0.2),
    },
    Case {
        work: Work::Delete,
        name: "delete 10k",
        ext4: Some(1.0),
        agentfs: Some(0.2),
    },
];

const LARGE: [Case; 3] = [
    Case {
        work: Work::Rewrite,
        name: "rewrite 4K",
        ext4: Some(2.0),
        agentfs: None,
    },
    Case {
        work: Work::SeqWrite,
        name: "write 256M",
        ext4: Some(2.0),
        agentfs: None,
    },
    Case {
        work: Work::SeqRead,
        name: "read 256M",
        ext4: Some(2.0),
        agentfs: None,
    },
];

/// What the rows' names of [`small`] begin with.
pub(crate) const SMALL_ROWS: &[&str] = &["create 10k", "stat 10k", "list 100", "read 10k", "delete 10k"];
/// What the rows' names of [`large`] begin with.
pub(crate) const LARGE_ROWS: &[&str] = &["rewrite 4K", "write 256M", "read 256M"];

/// Measures what is done with many small files.
pub(crate) fn small(bench: &Bench, report: &mut Report) -> Result<()> {
    measure(bench, report, &[Work::Prepare], &SMALL)
}

/// Measures what is done with one large file.
pub(crate) fn large(bench: &Bench, report: &mut Report) -> Result<()> {
    measure(bench, report, &[Work::Prepare, Work::PrepareRewrite], &LARGE)
}

fn measure(bench: &Bench, report: &mut Report, before: &[Work], cases: &[Case]) -> Result<()> {
    let program = build::rivals()?;
    let dir = bench.place.group("basic")?;
    std::env::set_current_dir(dir.path())?;
    let mut runners = runners(&program, dir.path())?;
    race(&mut runners, before, &bench.shape, 1)?;
    let works: Vec<Work> = cases.iter().map(|case| case.work).collect();
    let times = race(&mut runners, &works, &bench.shape, bench.rounds())?;
    for case in cases {
        rows(case, &times, report);
    }
    Ok(())
}

fn runners(program: &Path, dir: &Path) -> Result<Vec<Runner>> {
    let at = |name: &str| dir.join(name);
    let sqlite = |name: &str, commit| Sqlite::create(&at(name), commit).map(Local);
    Ok(vec![
        Runner::new(OURS, Local(Tarbox::create(&at("tarbox.db"))?)),
        Runner::new(EXT4, Local(Host::default())),
        Runner::new(SQLITE, sqlite("thousand.db", Commit::Thousand)?),
        Runner::new(SQLITE_NORMAL, sqlite("normal.db", Commit::Normal)?).slow(),
        Runner::new(SQLITE_FULL, sqlite("full.db", Commit::Full)?).slow(),
        Runner::new(AGENTFS, Agentfs::start(program, &at("agentfs.db"), None)?),
        Runner::new(
            AGENTFS_SYNC,
            Agentfs::start(program, &at("agentfs-sync.db"), Some("1"))?,
        )
        .slow(),
    ])
}

fn rows(case: &Case, times: &Times, report: &mut Report) {
    let Some(ours) = times.micros(OURS, case.work) else {
        return;
    };
    for peer in PEERS {
        let Some(theirs) = times.micros(peer, case.work) else {
            continue;
        };
        let goal = match peer {
            EXT4 => case.ext4,
            AGENTFS => case.agentfs,
            _ => None,
        };
        report.row(&Row::new(format!("{} vs {peer}", case.name), ours, theirs, "us").maybe_goal(goal));
    }
    let committed = times.settled_micros(OURS, case.work);
    if let (true, Some(committed), Some(ext4)) =
        (case.work.changes(), committed, times.micros(EXT4, case.work))
    {
        report.row(&Row::new(
            format!("{} and commit vs ext4", case.name),
            committed,
            ext4,
            "us",
        ));
    }
}
