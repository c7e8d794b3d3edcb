//! Concurrent clients whose answers are lost: what they saw is as if one had done everything after the other.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use tarbox_fs::blocking;
use tarbox_ops_server::Ops;
use tarbox_store::*;
use tarbox_store_http::{HttpDatabase, HttpStore, Options, Request};
use tarbox_store_sqlite::SqliteDatabase;

use crate::faults::{Fate, Faulty};
use crate::server::{InProcess, address, me, new, routes, runtime, sqlite};

/// What is done to one name and its file.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Op {
    Append(u8),
    Read,
    Make,
    Remove,
}

/// What it came to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Offset(usize),
    Content(Vec<u8>),
    Done,
    Refused,
}

/// The reference: a file that stays, and a name that comes and goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct State {
    content: Vec<u8>,
    exists: bool,
}

impl State {
    fn apply(&self, op: &Op) -> (Self, Outcome) {
        let mut next = self.clone();
        let outcome = match op {
            Op::Append(byte) => {
                next.content.push(*byte);
                Outcome::Offset(self.content.len())
            }
            Op::Read => Outcome::Content(self.content.clone()),
            Op::Make | Op::Remove if self.exists == (*op == Op::Make) => Outcome::Refused,
            Op::Make | Op::Remove => {
                next.exists = *op == Op::Make;
                Outcome::Done
            }
        };
        (next, outcome)
    }
}

/// One operation of a history; one that may or may not have been done has no end, and no outcome.
#[derive(Debug, Clone)]
struct Event {
    op: Op,
    begin: u64,
    end: Option<(u64, Outcome)>,
}

/// Whether some order explains a history: the search of Wing and Gong, with what was tried before remembered.
fn is_linearizable(history: &[Event]) -> bool {
    assert!(history.len() <= 128);
    let whole = history
        .iter()
        .enumerate()
        .filter(|(_, event)| event.end.is_some())
        .fold(0u128, |whole, (at, _)| whole | 1 << at);
    let mut tried = HashSet::new();
    let mut open = vec![(0u128, State::default())];
    while let Some((done, state)) = open.pop() {
        if done & whole == whole {
            return true;
        }
        if !tried.insert((done, state.clone())) {
            continue;
        }
        let left = || {
            history
                .iter()
                .enumerate()
                .filter(move |(at, _)| done >> at & 1 == 0)
        };
        let first_end = left()
            .filter_map(|(_, event)| event.end.as_ref().map(|end| end.0))
            .min();
        for (at, event) in left().filter(|(_, event)| first_end.is_none_or(|end| event.begin < end)) {
            let (next, outcome) = state.apply(&event.op);
            if event.end.as_ref().is_none_or(|(_, seen)| *seen == outcome) {
                open.push((done | 1 << at, next));
            }
        }
    }
    false
}

#[test]
fn the_checker_knows_what_cannot_be() {
    let event = |op, begin, end, outcome| Event {
        op,
        begin,
        end: Some((end, outcome)),
    };
    let content = |text: &[u8]| Outcome::Content(text.to_vec());
    let good = [
        event(Op::Append(1), 1, 4, Outcome::Offset(0)),
        event(Op::Append(2), 2, 3, Outcome::Offset(1)),
        event(Op::Read, 5, 6, content(&[1, 2])),
    ];
    assert!(is_linearizable(&good));
    // A stale read, a change done twice, one that is lost, two that both came first.
    let stale = [
        good[0].clone(),
        good[1].clone(),
        event(Op::Read, 5, 6, content(&[1])),
    ];
    let twice = [
        event(Op::Append(1), 1, 2, Outcome::Offset(0)),
        event(Op::Read, 3, 4, content(&[1, 1])),
    ];
    let lost = [
        event(Op::Append(1), 1, 2, Outcome::Offset(0)),
        event(Op::Read, 3, 4, content(&[])),
    ];
    let both = [
        event(Op::Make, 1, 3, Outcome::Done),
        event(Op::Make, 2, 4, Outcome::Done),
    ];
    for bad in [&stale[..], &twice, &lost, &both] {
        assert!(!is_linearizable(bad), "{bad:?}");
    }
    // What has no outcome may have been done or not, and later than its caller gave up.
    let unknown = Event {
        op: Op::Append(1),
        begin: 1,
        end: None,
    };
    for seen in [&[][..], &[1]] {
        assert!(is_linearizable(&[
            unknown.clone(),
            event(Op::Read, 2, 3, content(seen))
        ]));
    }
    let gone_again = [
        unknown,
        event(Op::Read, 2, 3, content(&[1])),
        event(Op::Read, 4, 5, content(&[])),
    ];
    assert!(!is_linearizable(&gone_again));
}

/// A server that starts again now and then.
struct Server {
    here: Arc<SqliteDatabase>,
    ops: Mutex<Arc<Ops<SqliteDatabase>>>,
    places: Mutex<Vec<Arc<Mutex<Router>>>>,
}

impl Server {
    fn restart(&self) {
        let next = Ops::new(self.here.clone(), tarbox_ops_server::Options::default());
        for place in &*self.places.lock().unwrap() {
            *place.lock().unwrap() = routes(&next);
        }
        let last = std::mem::replace(&mut *self.ops.lock().unwrap(), next);
        runtime().block_on(last.close());
    }

    /// A client whose network loses something now and then.
    fn client(&self, seed: u64, cache_bytes: u64) -> HttpDatabase<Faulty> {
        let reached = InProcess::new(routes(&self.ops.lock().unwrap()));
        self.places.lock().unwrap().push(reached.place());
        let count = AtomicU64::new(seed);
        let decide = move |_: &Request| match mix(count.fetch_add(1, Ordering::Relaxed)) % 100 {
            0..8 => Fate::AnswerIsLost,
            8..12 => Fate::IsLost,
            12..16 => Fate::ComesTwice,
            _ => Fate::Passes,
        };
        let options = Options {
            cache_bytes,
            patience: Duration::from_secs(30),
            ..Options::default()
        };
        HttpDatabase::new(Faulty::new(reached, decide), address().base(), options)
    }
}

fn mix(number: u64) -> u64 {
    let mut x = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ x >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ x >> 31
}

fn perform(store: &HttpStore<Faulty>, file: Ino, op: &Op) -> Option<Outcome> {
    let by = &me();
    let done = match op {
        Op::Append(byte) => blocking(store.write(by, file, WriteAt::End, &[*byte], false))
            .map(|written| Outcome::Offset(written.offset as usize)),
        Op::Read => {
            let mut buffer = vec![0; 256];
            blocking(store.read(View::Current, file, 0, &mut buffer, Access::Quiet)).map(|n| {
                buffer.truncate(n);
                Outcome::Content(buffer)
            })
        }
        Op::Make => {
            blocking(store.create(by, Ino::ROOT, b"name", &new(FileKind::File))).map(|_| Outcome::Done)
        }
        Op::Remove => blocking(store.unlink(by, Ino::ROOT, b"name", Unlink::File)).map(|_| Outcome::Done),
    };
    match done {
        Ok(outcome) => Some(outcome),
        Err(e) if matches!(e.kind(), ErrorKind::Exists | ErrorKind::NotFound) => Some(Outcome::Refused),
        Err(e) => {
            assert!(e.to_string().contains("may or may not"), "{e}");
            None
        }
    }
}

/// Runs threads that share one client, or have one each.
fn history(seed: u64, shared: bool) -> Vec<Event> {
    let here = Arc::new(sqlite());
    blocking(here.create_tenant("test", Quota::default())).unwrap();
    let file = {
        let store = blocking(here.open_tenant("test")).unwrap();
        blocking(store.create(&me(), Ino::ROOT, b"file", &new(FileKind::File)))
            .unwrap()
            .ino
    };
    let server = Server {
        here: here.clone(),
        ops: Mutex::new(Ops::new(here, tarbox_ops_server::Options::default())),
        places: Mutex::default(),
    };
    let cache = if shared { 64 << 20 } else { 0 };
    let databases: Vec<_> = (0..4)
        .map(|i| server.client(seed * 1_000_003 + i * 100_000, cache))
        .collect();
    let clock = AtomicU64::new(0);
    let tick = || clock.fetch_add(1, Ordering::SeqCst);
    let events = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for worker in 0..4u64 {
            let database = &databases[if shared { 0 } else { worker as usize }];
            let (events, tick, server) = (&events, &tick, &server);
            scope.spawn(move || {
                let store = blocking(database.open_tenant("test")).unwrap();
                for i in 0..14 {
                    let random = mix(seed << 20 | worker << 10 | i);
                    let op = match random % 6 {
                        0 | 1 => Op::Append((worker * 14 + i) as u8),
                        2 | 3 => Op::Read,
                        4 => Op::Make,
                        _ => Op::Remove,
                    };
                    if !shared && worker == 0 && i == 7 {
                        server.restart();
                    }
                    let begin = tick();
                    let outcome = perform(&store, file, &op);
                    let end = outcome.map(|outcome| (tick(), outcome));
                    events.lock().unwrap().push(Event { op, begin, end });
                }
            });
        }
    });
    events.into_inner().unwrap()
}

/// How many histories are checked.
fn rounds() -> u64 {
    if std::env::var_os("TARBOX_LONG").is_some() {
        300
    } else {
        12
    }
}

#[test]
fn clients_of_their_own_see_one_order() {
    for seed in 0..rounds() {
        let history = history(seed, false);
        assert!(is_linearizable(&history), "{seed}: {history:#?}");
    }
}

#[test]
fn threads_of_one_client_see_one_order() {
    for seed in 1_000..1_000 + rounds() {
        let history = history(seed, true);
        assert!(is_linearizable(&history), "{seed}: {history:#?}");
    }
}
