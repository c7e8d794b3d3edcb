//! Files that are on the device one by one.

use tarbox_bench_work::{Result, Work};

use crate::race::{Runner, race};
use crate::report::{Report, Row};
use crate::subjects::{Agentfs, Commit, Floor, Host, Local, Sqlite, Tarbox, Where};
use crate::{Bench, build};

const OURS: &str = "tarbox";
/// Everyone else, with the most that ours may cost in units of theirs.
const PEERS: [(&str, Option<f64>); 5] = [
    ("ext4", None),
    ("agentfs synchronous=1", Some(0.5)),
    ("fdatasync append", Some(1.2)),
    ("fdatasync overwrite", None),
    ("sqlite FULL", None),
];

/// What the rows' names begin with.
pub(crate) const ROWS: &[&str] = &["create+fsync"];

/// Measures all of them.
pub(crate) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let program = build::rivals()?;
    let dir = bench.place.group("synced")?;
    std::env::set_current_dir(dir.path())?;
    let at = |name: &str| dir.path().join(name);
    let floor = |name: &str, place| Floor::create(&at(name), place, bench.shape.synced);
    let mut runners = [
        Runner::new(OURS, Local(Tarbox::create(&at("tarbox.db"))?)),
        Runner::new(PEERS[0].0, Local(Host::default())),
        Runner::new(
            PEERS[1].0,
            Agentfs::start(&program, &at("agentfs.db"), Some("1"))?,
        ),
        Runner::new(PEERS[2].0, floor("append", Where::Append)?),
        Runner::new(PEERS[3].0, floor("overwrite", Where::Overwrite)?),
        Runner::new(PEERS[4].0, Local(Sqlite::create(&at("full.db"), Commit::Full)?)),
    ];
    race(&mut runners, &[Work::Prepare], &bench.shape, 1)?;
    let works = [Work::CreateSynced, Work::DeleteSynced];
    let times = race(&mut runners, &works, &bench.shape, bench.rounds())?;
    let ours = times.micros(OURS, Work::CreateSynced);
    for (peer, goal) in PEERS {
        if let (Some(ours), Some(theirs)) = (ours, times.micros(peer, Work::CreateSynced)) {
            report.row(&Row::new(format!("create+fsync vs {peer}"), ours, theirs, "us").maybe_goal(goal));
        }
    }
    Ok(())
}
