//! What is made durable: by one client, by many at once, and by two processes in turns.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tarbox_bench_work::Result;
use tarbox_store::{FileKind, Ino, Store};
use tarbox_store_postgres::PostgresStore;

use super::bare::Bare;
use super::{again, fresh, make};
use crate::Bench;
use crate::report::{Report, Row};
use crate::turns::{micros_each, turns};

/// What a durable create may cost of a bare one-row transaction.
const CREATE: f64 = 1.3;
/// Clients at once.
const CLIENTS: usize = 64;
/// Microseconds that each of their creates may take: 10,000 in a second.
const EACH: f64 = 100.0;
/// Statements that each may take.
const STATEMENTS: f64 = 0.2;
/// Two in turns may take so much longer than one.
const TURNS: f64 = 4.0;

/// Measures all of them.
pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let (url, database, store) = fresh()?;
    let mut bare = Bare::new(&url)?;
    let mut number = 0;
    let mut create = |_| {
        number += 1;
        micros_each(1, || {
            make(&store, Ino::ROOT, &format!("one {number}"), FileKind::File)?;
            Ok(pollster::block_on(store.sync())?)
        })
    };
    // Statements are prepared at their second use, and names are looked for one by one at first.
    for _ in 0..50 {
        create(0)?;
    }
    let rounds = if bench.quick { 50 } else { 300 };
    let pair = turns(rounds, &mut create, |_| bare.insert())?;
    report.row(&Row::new("pg durable create vs INSERT", pair.ours, pair.peer, "µs").goal(CREATE));

    let dir = make(&store, Ino::ROOT, "many", FileKind::Directory)?;
    let each = if bench.quick { 30 } else { 200 };
    many(&store, dir, 0, each)?;
    let before = database.statistics().statements;
    let cost = many(&store, dir, 1, each)?;
    let sent = (database.statistics().statements - before) as f64 / (CLIENTS * each) as f64;
    report.row(&Row::new("pg durable creates 64 in flight", cost, EACH, "µs").goal(1.0));
    report.row(&Row::new("pg durable statements per create", sent, STATEMENTS, "statements").goal(1.0));

    let (_other, second) = again(&url)?;
    let seconds = if bench.quick { 1 } else { 3 };
    let pair = turns(
        3,
        |round| in_turns(&[store.clone(), second.clone()], round, seconds),
        |round| in_turns(std::slice::from_ref(&store), 100 + round, seconds),
    )?;
    report.row(&Row::new("pg turns of two processes vs one", pair.ours, pair.peer, "µs").goal(TURNS));
    Ok(())
}

/// Microseconds of each durable create, of many clients at once.
fn many(store: &PostgresStore, dir: Ino, round: usize, each: usize) -> Result<f64> {
    let work = |client: usize| -> Result<()> {
        for i in 0..each {
            make(store, dir, &format!("{round} {client} {i}"), FileKind::File)?;
            pollster::block_on(store.sync())?;
        }
        Ok(())
    };
    micros_each(CLIENTS * each, || {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..CLIENTS)
                .map(|client| scope.spawn(move || work(client).map_err(|e| e.to_string())))
                .collect();
            for thread in threads {
                thread.join().map_err(|_| "a client has panicked")??;
            }
            Ok(())
        })
    })
}

/// Microseconds of each create, by processes that all want the tenant.
fn in_turns(stores: &[PostgresStore], round: u64, seconds: u64) -> Result<f64> {
    let (made, failed) = (AtomicU64::new(0), AtomicBool::new(false));
    let begun = Instant::now();
    let limit = begun + Duration::from_secs(seconds);
    std::thread::scope(|scope| {
        for (process, store) in stores.iter().enumerate() {
            let (made, failed) = (&made, &failed);
            scope.spawn(move || {
                let mut number = 0;
                while Instant::now() < limit && !failed.load(Ordering::Relaxed) {
                    let name = format!("turn {round} {process} {number}");
                    match make(store, Ino::ROOT, &name, FileKind::File) {
                        Ok(_) => made.fetch_add(1, Ordering::Relaxed),
                        Err(e) => {
                            eprintln!("{e}");
                            failed.store(true, Ordering::Relaxed);
                            0
                        }
                    };
                    number += 1;
                }
            });
        }
    });
    match failed.into_inner() {
        true => Err("a process could not go on".into()),
        false => Ok(begun.elapsed().as_secs_f64() * 1e6 / made.into_inner().max(1) as f64),
    }
}
