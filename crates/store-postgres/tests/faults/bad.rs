//! What a server refuses: each is said clearly, and nothing is lost.

use std::sync::Arc;
use std::time::Duration;

use tarbox_store::*;
use tarbox_store_postgres::{Options, PostgresDatabase};
use tarbox_test_postgres::{Server, server};

use super::common::{block, me, new};
use super::{check, open};

fn refused(url: &str) -> Error {
    PostgresDatabase::open(&Options::parse(url).unwrap()).unwrap_err()
}

/// The kind, and a word of the one line.
fn assert_says(error: &Error, kind: ErrorKind, words: &str) {
    let text = error.to_string();
    assert_eq!(error.kind(), kind, "{text}");
    assert!(text.contains(words), "{text}");
    assert!(!text.contains('\n'), "{text}");
}

#[test]
fn a_wrong_password_is_refused() {
    let server = Server::start();
    let url = server.fresh_url();
    drop(open(&url));
    assert!(server.psql("postgres", "CREATE ROLE guest LOGIN PASSWORD 'right'"));
    // Whoever was trusted is not any more.
    server.require_passwords("guest");
    let guest = |password: &str| url.replace("tarbox@", &format!("guest:{password}@"));
    let error = refused(&guest("wrong"));
    assert_says(&error, ErrorKind::Access, "refuses this user or password");
    assert!(!error.to_string().contains("wrong"), "{error}");
}

#[test]
fn a_database_or_tables_that_are_not_there_are_named() {
    let error = refused(&server().url("nowhere"));
    assert_says(&error, ErrorKind::NotFound, "no such database");
    assert_says(
        &refused(&server().fresh_url()),
        ErrorKind::NotFound,
        "tarbox init",
    );
}

#[test]
fn a_newer_schema_is_left_alone() {
    let name = server().fresh();
    drop(open(&server().url(&name)));
    assert!(server().psql(&name, "UPDATE tarbox.meta SET version = 1000"));
    let error = refused(&server().url(&name));
    assert_says(&error, ErrorKind::Unsupported, "use a newer Tarbox");
    assert_eq!(server().query(&name, "SELECT version FROM tarbox.meta"), "1000");
}

#[test]
fn a_role_that_may_only_read_reads_no_less() {
    let name = server().fresh();
    {
        let (_database, store) = open(&server().url(&name));
        block(store.create(&me(), Ino::ROOT, b"file", &new(FileKind::File))).unwrap();
        block(store.sync()).unwrap();
    }
    let role = format!("reader_{name}");
    let grant = format!(
        "CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA tarbox TO {role}; GRANT SELECT ON ALL TABLES IN SCHEMA tarbox TO {role}"
    );
    assert!(server().psql(&name, &grant));
    let url = server().url(&name).replace("tarbox@", &format!("{role}@"));
    let database = PostgresDatabase::open(&Options::parse(&url).unwrap()).unwrap();
    let store = block(database.open_tenant("default")).unwrap();
    block(store.lookup(View::Current, Ino::ROOT, b"file")).unwrap();
    let error = block(store.create(&me(), Ino::ROOT, b"more", &new(FileKind::File))).unwrap_err();
    assert_says(&error, ErrorKind::ReadOnly, "may not write");
    block(store.lookup(View::Current, Ino::ROOT, b"file")).unwrap();
}

#[test]
fn a_server_without_connections_is_waited_for_and_then_told_of() {
    let name = server().fresh();
    drop(open(&server().url(&name)));
    let role = format!("few_{name}");
    let grant = format!(
        "CREATE ROLE {role} LOGIN CONNECTION LIMIT 1; GRANT USAGE ON SCHEMA tarbox TO {role}; \
         GRANT ALL ON ALL TABLES IN SCHEMA tarbox TO {role}"
    );
    assert!(server().psql(&name, &grant));
    let url = server().url(&name).replace("tarbox@", &format!("{role}@")) + "&patience=1&connections=1";
    let first = PostgresDatabase::open(&Options::parse(&url).unwrap()).unwrap();
    let error = refused(&url);
    assert_says(&error, ErrorKind::Busy, "no connection left");
    drop(first);
}

/// Nobody's clock decides anything: a client of an hour ago and one of an hour to come take turns.
#[test]
fn a_clock_that_is_an_hour_off_changes_nothing() {
    let url = server().fresh_url();
    drop(open(&url));
    let at = |hours: i64| {
        let clock = move || Timestamp(Timestamp::of_system().0 + hours * 3_600_000_000_000);
        let options = Options::parse(&url).unwrap().clock(Arc::new(clock));
        let database = PostgresDatabase::open(&options).unwrap();
        let store = block(database.open_tenant("default")).unwrap();
        (database, store)
    };
    let (early, late) = (at(-1), at(1));
    for i in 0..10 {
        for (who, (_, store)) in [("early", &early), ("late", &late)] {
            let name = format!("{who} {i}");
            block(store.create(&me(), Ino::ROOT, name.as_bytes(), &new(FileKind::File))).unwrap();
            block(store.sync()).unwrap();
        }
    }
    let entries = block(early.1.list(View::Current, Ino::ROOT, Cookie(0), 100)).unwrap();
    assert_eq!(entries.len(), 20);
    check(&late.0);
}

/// A server whose disk is full refuses, and goes on when there is room again.
#[test]
fn a_full_disk_of_the_server_loses_nothing() {
    let server = Server::start_on_small_disk(192);
    let url = server.fresh_url();
    let (database, store) = open(&url);
    let write = |name: &str, mib: usize| {
        let file = block(store.create(&me(), Ino::ROOT, name.as_bytes(), &new(FileKind::File)))?;
        for i in 0..mib {
            let bytes: Vec<u8> = (0..1_usize << 20)
                .map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8 ^ (i * 31) as u8)
                .collect();
            block(store.write(&me(), file.ino, WriteAt::Offset((i as u64) << 20), &bytes, false))?;
        }
        block(store.sync())
    };
    write("kept", 2).unwrap();
    let filler = server.fill_disk();
    let error = (0..64)
        .find_map(|i| write(&format!("more {i}"), 1).err())
        .expect("the disk is full");
    assert_says(&error, ErrorKind::NoSpace, "disk is full");
    drop(filler);
    // With room again everything that was accepted is made durable, and the workspace goes on.
    let limit = std::time::Instant::now() + Duration::from_secs(60);
    while let Err(e) = block(store.sync()) {
        assert!(std::time::Instant::now() < limit, "{e}");
    }
    write("after", 1).unwrap();
    drop((store, database));
    let (database, store) = open(&url);
    for name in ["kept", "after"] {
        block(store.lookup(View::Current, Ino::ROOT, name.as_bytes())).unwrap();
    }
    check(&database);
}
