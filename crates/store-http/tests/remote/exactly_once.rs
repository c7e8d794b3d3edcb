//! Every change happens once, whatever becomes of its answer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use tarbox_fs::blocking;
use tarbox_ops_server::Ops;
use tarbox_store::conformance::assert_fails;
use tarbox_store::*;
use tarbox_store_http::{HttpDatabase, HttpStore, Options};
use tarbox_store_sqlite::SqliteDatabase;

use crate::faults::{Fate, Faulty, in_order};
use crate::server::{InProcess, address, me, new, routes, runtime, sqlite};

struct Bench {
    server: Arc<Server>,
    here: Arc<SqliteDatabase>,
    store: HttpStore<Faulty>,
    fates: Arc<Mutex<VecDeque<Fate>>>,
    _database: HttpDatabase<Faulty>,
}

/// A server that can start again, without what it kept in memory.
struct Server {
    here: Arc<SqliteDatabase>,
    ops: Mutex<Arc<Ops<SqliteDatabase>>>,
    place: Arc<Mutex<Router>>,
}

impl Server {
    fn restart(&self) {
        let next = Ops::new(self.here.clone(), tarbox_ops_server::Options::default());
        *self.place.lock().unwrap() = routes(&next);
        let last = std::mem::replace(&mut *self.ops.lock().unwrap(), next);
        runtime().block_on(last.close());
    }
}

impl Bench {
    fn new() -> Self {
        let here = Arc::new(sqlite());
        blocking(here.create_tenant("test", Quota::default())).unwrap();
        let ops = Ops::new(here.clone(), tarbox_ops_server::Options::default());
        let reached = InProcess::new(routes(&ops));
        let server = Arc::new(Server {
            here: here.clone(),
            ops: Mutex::new(ops),
            place: reached.place(),
        });
        let fates = Arc::new(Mutex::new(VecDeque::new()));
        let options = Options {
            cache_bytes: 0,
            patience: Duration::from_secs(20),
            ..Options::default()
        };
        let (next, restarted) = (in_order(&fates), server.clone());
        let decide = move |request: &_| match next(request) {
            Fate::RestartsFirst => {
                restarted.restart();
                Fate::Passes
            }
            fate => fate,
        };
        let database = HttpDatabase::new(Faulty::new(reached, decide), address().base(), options);
        let store = blocking(database.open_tenant("test")).unwrap();
        // The session is there before anything fails.
        blocking(store.hold(Ino::ROOT)).unwrap();
        Self {
            server,
            here,
            store,
            fates,
            _database: database,
        }
    }

    fn next(&self, fates: &[Fate]) {
        *self.fates.lock().unwrap() = fates.iter().copied().collect();
    }

    fn records(&self, operation: Operation) -> usize {
        let store = blocking(self.here.open_tenant("test")).unwrap();
        let query = LogQuery {
            operation: Some(operation),
            ..LogQuery::default()
        };
        blocking(store.log(&query)).unwrap().len()
    }
}

/// What may happen to a request until its answer is heard.
const FATES: [&[Fate]; 5] = [
    &[Fate::AnswerIsLost],
    &[Fate::IsLost],
    &[Fate::ComesTwice],
    &[Fate::AnswerIsLost, Fate::AnswerIsLost, Fate::IsLost],
    &[Fate::IsLost, Fate::ComesTwice],
];

#[test]
fn names_are_made_moved_and_removed_once() {
    for fates in FATES {
        let bench = Bench::new();
        let (store, by) = (&bench.store, &me());
        bench.next(fates);
        let made = blocking(store.create(by, Ino::ROOT, b"a", &new(FileKind::File))).unwrap();
        bench.next(fates);
        blocking(store.link(by, made.ino, Ino::ROOT, b"b")).unwrap();
        bench.next(fates);
        // Repeated, it would not find its source.
        blocking(store.rename(by, (Ino::ROOT, b"a"), (Ino::ROOT, b"c"), RenameMode::NoReplace)).unwrap();
        bench.next(fates);
        blocking(store.rename(by, (Ino::ROOT, b"b"), (Ino::ROOT, b"c"), RenameMode::Exchange)).unwrap();
        bench.next(fates);
        assert_eq!(
            blocking(store.unlink(by, Ino::ROOT, b"c", Unlink::File))
                .unwrap()
                .nlink,
            1
        );
        for (operation, count) in [
            (Operation::Create, 1),
            (Operation::Link, 1),
            (Operation::Unlink, 1),
        ] {
            assert_eq!(bench.records(operation), count, "{fates:?} {operation:?}");
        }
    }
}

#[test]
fn appends_and_ranges_are_written_once() {
    for fates in FATES {
        let bench = Bench::new();
        let (store, by) = (&bench.store, &me());
        let file = blocking(store.create(by, Ino::ROOT, b"a", &new(FileKind::File)))
            .unwrap()
            .ino;
        for (i, piece) in [&b"one "[..], b"two ", b"three"].into_iter().enumerate() {
            bench.next(fates);
            let written = blocking(store.write(by, file, WriteAt::End, piece, false)).unwrap();
            assert_eq!(written.offset, 4 * i as u64, "{fates:?}");
        }
        bench.next(fates);
        blocking(store.allocate(by, file, Allocate::Insert, 0, 4096, false)).unwrap();
        bench.next(fates);
        blocking(store.allocate(by, file, Allocate::Collapse, 0, 4096, false)).unwrap();
        let mut content = [0; 64];
        bench.next(fates);
        let n = blocking(store.read(View::Current, file, 0, &mut content, Access::Touch)).unwrap();
        assert_eq!(&content[..n], b"one two three", "{fates:?}");
    }
}

#[test]
fn layers_are_made_once() {
    for fates in FATES {
        let bench = Bench::new();
        let (store, by) = (&bench.store, &me());
        bench.next(fates);
        let one = blocking(store.checkpoint(by, "one", None, LaterLayers::Keep)).unwrap();
        bench.next(fates);
        blocking(store.tag(by, "tag", Some(one.id))).unwrap();
        bench.next(fates);
        let two = blocking(store.checkpoint(by, "two", None, LaterLayers::Keep)).unwrap();
        bench.next(fates);
        blocking(store.squash(by, one.id, two.id)).unwrap();
        assert_eq!(blocking(store.layers()).unwrap().len(), 2, "{fates:?}");
        assert_eq!(bench.records(Operation::Checkpoint), 2, "{fates:?}");
        assert_eq!(bench.records(Operation::Squash), 1, "{fates:?}");
    }
}

#[test]
fn an_error_is_told_once_and_again() {
    for fates in FATES {
        let bench = Bench::new();
        let (store, by) = (&bench.store, &me());
        blocking(store.create(by, Ino::ROOT, b"a", &new(FileKind::File))).unwrap();
        bench.next(fates);
        let again = blocking(store.create(by, Ino::ROOT, b"a", &new(FileKind::File)));
        assert_fails(again, ErrorKind::Exists);
        bench.next(fates);
        let missing = blocking(store.unlink(by, Ino::ROOT, b"b", Unlink::File));
        assert_fails(missing, ErrorKind::NotFound);
    }
}

#[test]
fn holds_are_counted_at_the_client() {
    for fates in FATES {
        let bench = Bench::new();
        let (store, by) = (&bench.store, &me());
        let file = blocking(store.create(by, Ino::ROOT, b"a", &new(FileKind::File)))
            .unwrap()
            .ino;
        for _ in 0..2 {
            bench.next(fates);
            blocking(store.hold(file)).unwrap();
        }
        blocking(store.unlink(by, Ino::ROOT, b"a", Unlink::File)).unwrap();
        bench.next(fates);
        blocking(store.release(file)).unwrap();
        assert_eq!(
            blocking(store.attr(View::Current, file)).unwrap().nlink,
            0,
            "{fates:?}"
        );
        bench.next(fates);
        blocking(store.release(file)).unwrap();
        assert_fails(blocking(store.attr(View::Current, file)), ErrorKind::NotFound);
    }
}

/// A server that forgot its sessions cannot tell, and nobody pretends that it can.
#[test]
fn a_change_that_nobody_can_tell_of_is_said_to_be_one() {
    let bench = Bench::new();
    let (store, by) = (&bench.store, &me());
    bench.next(&[Fate::AnswerIsLost, Fate::RestartsFirst]);
    let error = blocking(store.create(by, Ino::ROOT, b"a", &new(FileKind::File))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("may or may not"), "{error}");
    assert_eq!(bench.records(Operation::Create), 1);
    // What did not reach the server before is known not to have been made.
    bench.next(&[Fate::RestartsFirst]);
    blocking(store.create(by, Ino::ROOT, b"b", &new(FileKind::File))).unwrap();
    bench.next(&[Fate::AnswerIsLost, Fate::RestartsFirst]);
    assert_eq!(
        blocking(store.lookup(View::Current, Ino::ROOT, b"a"))
            .unwrap()
            .kind,
        FileKind::File
    );
    assert_eq!(bench.records(Operation::Create), 2);
}

/// What is held stays held across a start of the server; what went meanwhile is stale.
#[test]
fn holds_outlast_a_restart() {
    let bench = Bench::new();
    let (store, by) = (&bench.store, &me());
    let make = |name: &[u8]| {
        blocking(store.create(by, Ino::ROOT, name, &new(FileKind::File)))
            .unwrap()
            .ino
    };
    let (stays, goes) = (make(b"stays"), make(b"goes"));
    blocking(store.hold(stays)).unwrap();
    blocking(store.hold(goes)).unwrap();
    bench.server.restart();
    let other = blocking(bench.here.open_tenant("test")).unwrap();
    blocking(other.unlink(by, Ino::ROOT, b"goes", Unlink::File)).unwrap();
    assert_fails(blocking(store.attr(View::Current, goes)), ErrorKind::Stale);
    assert_fails(
        blocking(store.write(by, goes, WriteAt::End, b"x", false)),
        ErrorKind::Stale,
    );
    blocking(other.unlink(by, Ino::ROOT, b"stays", Unlink::File)).unwrap();
    blocking(store.write(by, stays, WriteAt::End, b"x", false)).unwrap();
    blocking(store.release(goes)).unwrap();
    blocking(store.release(stays)).unwrap();
    assert_fails(blocking(store.attr(View::Current, stays)), ErrorKind::NotFound);
}
