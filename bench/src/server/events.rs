//! Changes as they reach others, those who wait for them, and the beginning.

use std::time::{Duration, Instant};

use tarbox_bench_work::Result;
use tarbox_test_postgres::server as postgres;

use super::sides::{Server, database, tarbox};
use crate::Bench;
use crate::race::median;
use crate::report::{Report, Row};

/// How long until a change is an event at another client: at one server, and through PostgreSQL at another.
pub(super) fn latency(bench: &Bench, report: &mut Report) -> Result<()> {
    let dir = bench.place.group("server")?;
    let changes = if bench.quick { 20 } else { 300 };
    let db = format!("--db=sqlite:{}", dir.path().join("t.db").display());
    let (one, _) = tarbox(&db, &database(&db)?)?;
    let p99 = events(&one, &one, changes)?;
    report.row(&Row::new("http event p99", p99, 20.0, "ms").goal(1.0));
    let db = format!("--db={}", postgres().fresh_url());
    let key = database(&db)?;
    let ((one, _), (other, _)) = (tarbox(&db, &key)?, tarbox(&db, &key)?);
    let p99 = events(&one, &other, changes)?;
    report.row(&Row::new("http event p99, postgres, another server", p99, 20.0, "ms").goal(1.0));
    Ok(())
}

/// Milliseconds from the request until the event, of all but one in a hundred.
fn events(writes: &Server, watches: &Server, changes: usize) -> Result<f64> {
    let (mut writer, mut watcher) = (writes.client()?, watches.client()?);
    watcher.send("GET", "/api/v1/watch/default", "", b"")?;
    while !watcher.line()?.is_empty() {}
    let mut times = Vec::new();
    for n in 0..changes {
        let name = format!("event-{n}");
        let begun = Instant::now();
        writer.put(&writes.file(&name), b"")?;
        while !watcher.line()?.contains(&name) {}
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[(times.len() * 99 / 100).min(times.len() - 1)])
}

/// What clients cost that only wait.
pub(super) fn idle(bench: &Bench, report: &mut Report) -> Result<()> {
    let dir = bench.place.group("server")?;
    let count = if bench.quick { 100 } else { 10_000 };
    let db = format!("--db=sqlite:{}", dir.path().join("t.db").display());
    let (server, _) = tarbox(&db, &database(&db)?)?;
    let before = server.memory("VmRSS")?;
    let mut watchers = Vec::with_capacity(count);
    for _ in 0..count {
        let mut watcher = server.client()?;
        watcher.send("GET", "/api/v1/watch/default", "", b"")?;
        while !watcher.line()?.is_empty() {}
        watchers.push(watcher);
    }
    let more = server.memory("VmRSS")? - before;
    report.row(&Row::new(format!("http watchers {count} memory"), more, 300.0, "MiB").goal(1.0));
    let (begun, used) = (Instant::now(), server.processor()?);
    std::thread::sleep(Duration::from_secs(if bench.quick { 1 } else { 20 }));
    let share = (server.processor()? - used).as_secs_f64() / begun.elapsed().as_secs_f64() * 100.0;
    report.row(&Row::new(format!("http watchers {count} processor"), share, 5.0, "%").goal(1.0));
    Ok(())
}

/// How long it takes until a server answers on a database that is there.
pub(super) fn start(bench: &Bench, report: &mut Report) -> Result<()> {
    let dir = bench.place.group("server")?;
    let db = format!("--db=sqlite:{}", dir.path().join("t.db").display());
    let key = database(&db)?;
    let mut times = Vec::new();
    for _ in 0..bench.rounds() {
        let (server, took) = tarbox(&db, &key)?;
        server.client()?.put(&server.file("a"), b"a")?;
        times.push(took.as_secs_f64() * 1e3);
    }
    report.row(&Row::new("http start", median(&times), 50.0, "ms").goal(1.0));
    Ok(())
}
