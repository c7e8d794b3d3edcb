//! Single operations: on what is in memory, and on what is not.

use std::cell::RefCell;
use std::time::Duration;

use tarbox_bench_work::Result;
use tarbox_store::{Access, Cookie, Database, FileKind, Ino, Quota, Store, View, WriteAt};
use tarbox_store_postgres::{PostgresDatabase, PostgresStore};
use tarbox_store_sqlite::{Options, SqliteDatabase};

use super::bare::Bare;
use super::{again, fresh, make, me};
use crate::Bench;
use crate::report::{Report, Row};
use crate::turns::{micros_each, turns};

/// Operations of a round.
const MANY: usize = 10_000;
/// What an operation in memory may cost of the same on SQLite.
const WARM: f64 = 1.2;
/// What a flight may cost of a bare statement.
const COLD: f64 = 1.3;
/// Microseconds that a cold listing may take.
const LIST: f64 = 3_000.0;
/// Longer than a reader believes what it has seen.
const STALE: Duration = Duration::from_millis(120);
/// How often something cold is asked for.
const COLD_ROUNDS: u64 = 15;

/// A file of 4 KiB, five levels down.
const PATH: [&str; 5] = ["a", "b", "c", "d", "e"];

/// Measures all of them.
pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let (url, database, store) = fresh()?;
    let file = fill(&store)?;
    warm(bench, report, &database, &store, file)?;
    cold(report, &url, &store, file)
}

fn fill<S: Store>(store: &S) -> Result<(Ino, Ino)> {
    let mut dir = Ino::ROOT;
    for name in &PATH[..4] {
        dir = make(store, dir, name, FileKind::Directory)?;
    }
    let file = make(store, dir, PATH[4], FileKind::File)?;
    pollster::block_on(store.write(&me(), file, WriteAt::Offset(0), &[7; 4096], false))?;
    pollster::block_on(store.sync())?;
    Ok((dir, file))
}

/// Microseconds of one operation in memory, by the number of the operation.
fn cost<S: Store>(store: &S, (dir, file): (Ino, Ino), which: usize) -> Result<f64> {
    let mut buffer = [0; 4096];
    micros_each(MANY, || {
        for _ in 0..MANY {
            match which {
                0 => drop(pollster::block_on(store.attr(View::Current, file))?),
                1 => drop(pollster::block_on(store.lookup(View::Current, dir, b"e"))?),
                _ => drop(pollster::block_on(store.read(
                    View::Current,
                    file,
                    0,
                    &mut buffer,
                    Access::Quiet,
                ))?),
            }
        }
        Ok(())
    })
}

fn warm(
    bench: &Bench,
    report: &mut Report,
    database: &PostgresDatabase,
    store: &PostgresStore,
    at: (Ino, Ino),
) -> Result<()> {
    let dir = bench.place.group("warm")?;
    let other = SqliteDatabase::open(dir.path().join("t.db"), &Options::new().create(true))?;
    pollster::block_on(other.create_tenant("default", Quota::default()))?;
    let other = pollster::block_on(other.open_tenant("default"))?;
    let there = fill(&other)?;
    // Once before anything counts.
    for which in 0..3 {
        cost(store, at, which)?;
    }
    let mut sent = u64::MAX;
    for (which, name) in ["pg warm stat", "pg warm lookup", "pg warm read 4K"]
        .iter()
        .enumerate()
    {
        let pair = turns(
            bench.rounds(),
            |_| {
                let before = database.statistics().statements;
                let cost = cost(store, at, which);
                sent = sent.min(database.statistics().statements - before);
                cost
            },
            |_| cost(&other, there, which),
        )?;
        report.row(&Row::new(format!("{name} vs sqlite"), pair.ours, pair.peer, "µs").goal(WARM));
    }
    // The task that looks after the lease sends something now and then: the least of all rounds is what operations sent.
    report.row(&Row::new("pg warm statements", sent as f64, 1.0, "statements").goal(0.0));
    Ok(())
}

fn cold(report: &mut Report, url: &str, writer: &PostgresStore, (_, file): (Ino, Ino)) -> Result<()> {
    let big = make(writer, Ino::ROOT, "big", FileKind::Directory)?;
    for i in 0..1_000 {
        make(writer, big, &format!("file number {i}"), FileKind::File)?;
    }
    pollster::block_on(writer.sync())?;
    let names: Vec<&[u8]> = PATH.iter().map(|name| name.as_bytes()).collect();
    let bare = Bare::new(url)?;
    let (database, reader) = again(url)?;
    let changes = RefCell::new(0);
    let mut most = 0;
    for (name, limit) in [
        ("pg cold stat", None),
        ("pg cold path of depth 5", None),
        ("pg cold list 1000", Some(LIST)),
    ] {
        let mut flights = u64::MAX;
        let pair = turns(
            COLD_ROUNDS,
            |_| {
                // Somebody else commits: nothing in memory serves any more.
                let number = changes.replace_with(|n| *n + 1);
                make(writer, Ino::ROOT, &format!("change {number}"), FileKind::File)?;
                pollster::block_on(writer.flush())?;
                std::thread::sleep(STALE);
                let before = database.statistics().flights;
                let cost = micros_each(1, || {
                    match name {
                        "pg cold stat" => drop(pollster::block_on(reader.attr(View::Current, file))?),
                        "pg cold list 1000" => {
                            let list = reader.list(View::Current, big, Cookie(0), 2_000);
                            assert_eq!(pollster::block_on(list)?.len(), 1_000);
                        }
                        _ => assert_eq!(
                            pollster::block_on(reader.walk(View::Current, Ino::ROOT, &names))?.len(),
                            PATH.len()
                        ),
                    }
                    Ok(())
                });
                flights = flights.min(database.statistics().flights - before);
                cost
            },
            |_| {
                std::thread::sleep(STALE);
                bare.select()
            },
        )?;
        most = most.max(flights);
        report.row(
            &Row::new(format!("{name} vs SELECT"), pair.ours, pair.peer, "µs").maybe_goal(match limit {
                None => Some(COLD),
                Some(_) => None,
            }),
        );
        if let Some(limit) = limit {
            report.row(&Row::new(format!("{name} vs 3 ms"), pair.ours, limit, "µs").goal(1.0));
        }
    }
    // The task that looks after the lease sends something now and then: the least of all rounds is what the operation sent.
    report.row(&Row::new("pg cold flights", most as f64, 1.0, "flights").goal(1.0));
    Ok(())
}
