//! A source tree, by commands that begin and end: into a database on a server, and into one in a file.

use tarbox_bench_work::Result;
use tarbox_test_postgres::server;

use super::sqlite;
use crate::report::{Report, Row};
use crate::{Bench, programs, source_tree};

/// What a command may take of the same on SQLite.
const GOAL: f64 = 3.0;
/// How often each side has its turn.
const ROUNDS: u64 = 3;

/// Measures import, copying and removal.
pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let tarbox = programs::tarbox()?;
    let dir = bench.place.group("commands")?;
    let source = dir.path().join("source");
    source_tree::make(&source, if bench.quick { 1_000 } else { 10_000 })?;
    let source = source.to_string_lossy().into_owned();
    let sides = [
        format!("--db={}", server().fresh_url()),
        sqlite(&dir.path().join("t.db")),
    ];
    for db in &sides {
        programs::time(&tarbox, [db, "init"])?;
    }
    let commands: [(&str, &[&str]); 3] = [
        ("pg import", &["import", &source, "/tree"]),
        ("pg cp -r", &["cp", "-r", "/tree", "/copy"]),
        ("pg rm -r", &["rm", "-r", "/tree"]),
    ];
    let mut costs = vec![[Vec::new(), Vec::new()]; commands.len()];
    for _ in 0..ROUNDS {
        for (command, costs) in commands.iter().zip(&mut costs) {
            for (db, costs) in sides.iter().zip(costs) {
                let words = std::iter::once(&**db).chain(command.1.iter().copied());
                costs.push(programs::time(&tarbox, words)?.as_secs_f64() * 1e3);
            }
        }
        for db in &sides {
            programs::time(&tarbox, [db, "rm", "-r", "/copy"])?;
        }
    }
    for ((name, _), [ours, peer]) in commands.iter().zip(&costs) {
        let (ours, peer) = (crate::race::median(ours), crate::race::median(peer));
        report.row(&Row::new(format!("{name} vs sqlite"), ours, peer, "ms").goal(GOAL));
    }
    Ok(())
}
