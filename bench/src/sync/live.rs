//! A process that keeps a replica in step, and what others see of it: how soon, and at what cost.

use std::time::{Duration, Instant};

use pollster::block_on;
use tarbox_bench_work::{Files as _, Result};
use tarbox_fs::FilesystemExt as _;

use super::replica::{Hub, Replica};
use super::tree::{make, millis};
use crate::Bench;
use crate::report::{Report, Row};
use crate::subjects::Tarbox;
use crate::turns::{micros_each, turns};
use crate::workspace::Workspace;

/// How long an edit may be under way before the run gives up.
const PATIENCE: Duration = Duration::from_secs(30);
/// Files that one round makes, examines and reads.
const FILES: usize = 500;

/// How long until an edit in one replica is seen in another.
pub(super) fn edits(bench: &Bench, report: &mut Report) -> Result<()> {
    let dir = bench.place.group("sync")?;
    let hub = Hub::start(dir.path())?;
    let replicas =
        ["a.db", "b.db"].map(|name| Replica::at(&dir.path().join(name), hub.server.port, &hub.key));
    let mut keepers = Vec::new();
    let mut stores = Vec::new();
    for replica in &replicas {
        replica.sync()?;
        keepers.push(replica.keep()?);
        stores.push(Workspace::open(&replica.path)?);
    }
    let there = stores.pop().ok_or("there is no other side")?;
    let mut here = Tarbox::on(stores.remove(0));
    let mut times = Vec::new();
    for edit in 0..if bench.quick { 10 } else { 100 } {
        let path = format!("/edit-{edit}");
        let begun = Instant::now();
        block_on(here.create_synced(&path, b"an edit"))?;
        while block_on(there.fs.stat(&there.who, &path)).map_or(0, |attr| attr.size) == 0 {
            if begun.elapsed() > PATIENCE {
                return Err(format!("{path} has not arrived").into());
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        times.push(millis(begun.elapsed()));
    }
    times.sort_by(f64::total_cmp);
    let p99 = times[(times.len() * 99 / 100).min(times.len() - 1)];
    report.row(&Row::new("sync edit p99", p99, 100.0, "ms").goal(1.0));
    report.row(&Row::new("sync edit median", times[times.len() / 2], 100.0, "ms"));
    Ok(())
}

/// What local operations cost in a replica, beside a database that is none.
pub(super) fn local(bench: &Bench, report: &mut Report) -> Result<()> {
    let dir = bench.place.group("sync")?;
    let mut hub = Some(Hub::start(dir.path())?);
    let Some(server) = &hub else { return Ok(()) };
    let replica = Replica::at(&dir.path().join("replica.db"), server.server.port, &server.key);
    replica.sync()?;
    let plain = dir.path().join("plain.db");
    let mut peer = Tarbox::create(&plain)?;
    let mut ours = Tarbox::on(Workspace::open(&replica.path)?);
    let keeper = replica.keep()?;
    let files = if bench.quick { 5_000 } else { 20_000 };
    let source = dir.path().join("source");
    make(&source, files)?;
    for (n, state) in ["online", "while syncing", "offline"].into_iter().enumerate() {
        match (state, &hub) {
            ("while syncing", Some(hub)) => {
                hub.run(&["import", &source.display().to_string(), "/many"])?;
            }
            ("offline", _) => hub = None,
            _ => {}
        }
        let base = n as u64 * 1_000;
        let pair = turns(
            bench.rounds(),
            |round| operations(&mut ours, base + round),
            |round| operations(&mut peer, base + round),
        )?;
        report.row(
            &Row::new(
                format!("sync local operations, {state}"),
                pair.ours,
                pair.peer,
                "us",
            )
            .goal(1.1),
        );
    }
    drop(keeper);
    Ok(())
}

/// Microseconds that a file takes which is made, examined and read.
fn operations(on: &mut Tarbox, round: u64) -> Result<f64> {
    let content = [round as u8; 1024];
    micros_each(FILES, || {
        let dir = format!("/round-{round}");
        block_on(on.mkdir(&dir))?;
        for file in 0..FILES {
            let path = format!("{dir}/{file}");
            block_on(on.create(&path, &content))?;
            block_on(on.stat(&path))?;
            block_on(on.read(&path, &mut [0; 1024]))?;
        }
        Ok(())
    })
}
