//! A process that is stopped, or thought dead: whoever waits long enough goes on, and it changes nothing more.

use std::time::{Duration, Instant};

use tarbox_store::*;
use tarbox_store_postgres::{Options, PostgresDatabase, PostgresStore};
use tarbox_test_postgres::server;

use crate::child::Process;
use crate::{block, check, database, me, name, new, open};

fn signal(process: &Process, name: &str) {
    let status = std::process::Command::new("kill")
        .arg(format!("-{name}"))
        .arg(process.id().to_string())
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn a_stopped_process_is_overtaken_and_told_once() {
    let (_guard, url) = database();
    let (database, s) = open(&url);
    let mut other = Process::start("serve", &url);
    other.expect("ready");
    other.tell("create before");
    other.expect("ok");
    other.tell("flush");
    other.expect("ok");
    // It takes the lease with this, and is stopped before it has committed, or while it keeps the lease.
    other.tell("create lost");
    other.expect("ok");
    signal(&other, "STOP");
    let begun = Instant::now();
    block(s.create(&me(), Ino::ROOT, b"mine", &new(FileKind::File))).unwrap();
    block(s.sync()).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let was_committed = block(s.lookup(View::Current, Ino::ROOT, b"lost")).is_ok();
    signal(&other, "CONT");
    other.tell("sync");
    let said = other.hear().unwrap();
    // Not known is only whether its commit was just in time; then there is nothing to tell, or it cannot know.
    assert!(said == "EIO" || (said == "ok" && was_committed), "{said}");
    other.tell("create after");
    other.expect("ok");
    other.tell("sync");
    other.expect("ok");
    for name in ["before", "mine", "after"] {
        block(s.lookup(View::Current, Ino::ROOT, name.as_bytes())).unwrap();
    }
    assert_eq!(
        block(s.lookup(View::Current, Ino::ROOT, b"lost")).is_ok(),
        was_committed
    );
    other.finish();
    check(&database);
}

/// The tenant in a process that commits nothing by itself.
fn open_quietly(url: &std::path::Path) -> (PostgresDatabase, PostgresStore) {
    let options = Options::parse(url.to_str().unwrap()).unwrap().background(false);
    let database = PostgresDatabase::open(&options).unwrap();
    let store = block(database.open_tenant("default")).unwrap();
    (database, store)
}

/// Another session takes the lease over, as if this process had not answered; with 0, one that has given it back since.
fn overtake(url: &std::path::Path, holder: i64) {
    let sql = format!("UPDATE tarbox.tenant SET epoch = epoch + 1, holder = {holder}");
    assert!(server().psql(name(url), &sql));
}

#[test]
fn whoever_lost_the_lease_changes_nothing_more_and_goes_on() {
    let (_guard, url) = database();
    let (database, s) = open(&url);
    block(s.create(&me(), Ino::ROOT, b"kept", &new(FileKind::File))).unwrap();
    block(s.sync()).unwrap();
    overtake(&url, 12345);
    // Not committed when the lease is gone, unless it takes it anew first, which takes its time.
    let made = block(s.create(&me(), Ino::ROOT, b"second", &new(FileKind::File)));
    let synced = block(s.sync());
    if let (Ok(_), Err(error)) = (made, synced) {
        assert_eq!(error.kind(), ErrorKind::Io);
        let lost = block(s.lookup(View::Current, Ino::ROOT, b"second"));
        assert_eq!(lost.unwrap_err().kind(), ErrorKind::NotFound);
    }
    // Told once, it goes on: the other session, which there is not, does not answer.
    block(s.sync()).unwrap();
    block(s.create(&me(), Ino::ROOT, b"third", &new(FileKind::File))).unwrap();
    block(s.sync()).unwrap();
    block(s.lookup(View::Current, Ino::ROOT, b"kept")).unwrap();
    check(&database);
}

/// Also by the commit that finds out itself.
#[test]
fn what_is_lost_is_told_once() {
    let (_guard, url) = database();
    let (database, s) = open_quietly(&url);
    for round in 0..5 {
        let make = |what: &str| {
            let name = format!("{what} {round}");
            block(s.create(&me(), Ino::ROOT, name.as_bytes(), &new(FileKind::File))).unwrap();
        };
        make("visible");
        block(s.flush()).unwrap();
        make("lost");
        overtake(&url, 0);
        assert_eq!(block(s.sync()).unwrap_err().kind(), ErrorKind::Io);
        make("after");
        block(s.sync()).unwrap();
    }
    check(&database);
}

#[test]
fn a_change_of_history_that_is_refused_hides_no_loss() {
    let (_guard, url) = database();
    let (database, s) = open_quietly(&url);
    block(s.create(&me(), Ino::ROOT, b"visible", &new(FileKind::File))).unwrap();
    block(s.flush()).unwrap();
    overtake(&url, 0);
    let sealed = block(s.checkpoint(&me(), "one", None, LaterLayers::Keep));
    assert_eq!(sealed.unwrap_err().kind(), ErrorKind::Io);
    assert_eq!(
        block(s.sync()).unwrap_err().kind(),
        ErrorKind::Io,
        "it may be lost"
    );
    block(s.sync()).unwrap();
    block(s.checkpoint(&me(), "one", None, LaterLayers::Keep)).unwrap();
    check(&database);
}

/// What waits for a commit rests on the lease as it was when it was made, and not on a later one of the same process.
#[test]
fn a_lease_that_is_taken_anew_commits_nothing_from_before() {
    let (_guard, url) = database();
    let (database, s) = open_quietly(&url);
    let kept = block(s.create(&me(), Ino::ROOT, b"kept", &new(FileKind::File))).unwrap();
    block(s.sync()).unwrap();
    block(s.create(&me(), Ino::ROOT, b"file", &new(FileKind::File))).unwrap();
    let (_other, two) = open(&url);
    overtake(&url, 0);
    block(two.create(&me(), Ino::ROOT, b"file", &new(FileKind::Directory))).unwrap();
    block(two.sync()).unwrap();
    // Until this process has seen it.
    let last = block(s.last_seq()).unwrap();
    block(s.changed(last, Duration::from_secs(2))).unwrap();
    // Whoever opens the first file takes the lease to say so.
    block(s.hold(kept.ino)).unwrap();
    assert_eq!(block(s.sync()).unwrap_err().kind(), ErrorKind::Io);
    block(s.create(&me(), Ino::ROOT, b"more", &new(FileKind::File))).unwrap();
    block(s.sync()).unwrap();
    let file = block(s.lookup(View::Current, Ino::ROOT, b"file")).unwrap();
    assert_eq!(file.kind, FileKind::Directory);
    check(&database);
}
