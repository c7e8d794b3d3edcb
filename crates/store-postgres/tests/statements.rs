//! How much is sent to the server, and what its tables look like.

#[path = "../../store-sqlite/tests/common/mod.rs"]
mod common;

use std::task::Poll;

use tarbox_store::*;
use tarbox_store_postgres::{Options, PostgresDatabase, PostgresStore};
use tarbox_test_postgres::{Server, server};

use common::{me, new};

fn block<R>(future: impl Future<Output = Result<R>>) -> R {
    common::block(future).unwrap()
}

fn open(url: &str) -> (PostgresDatabase, PostgresStore) {
    let database = PostgresDatabase::open(&Options::parse(url).unwrap().create(true)).unwrap();
    if pollster::block_on(database.tenant("default")).is_err() {
        block(database.create_tenant("default", Quota::default()));
    }
    let store = block(database.open_tenant("default"));
    (database, store)
}

/// Sees that a call sends no more than so many statements in so many flights. The tasks that look after leases and commit in the background
/// send now and then, too, and on a busy machine often: it is enough if one call of many is alone.
fn sends_at_most(database: &PostgresDatabase, statements: u64, flights: u64, mut f: impl FnMut()) {
    let mut seen = Vec::new();
    for _ in 0..100 {
        let before = database.statistics();
        f();
        let after = database.statistics();
        let sent = (
            after.statements - before.statements,
            after.flights - before.flights,
        );
        if sent.0 <= statements && sent.1 <= flights {
            return;
        }
        seen.push(sent);
    }
    panic!("over {statements} statements or {flights} flights: {seen:?}");
}

#[test]
fn what_is_in_memory_sends_nothing_while_the_lease_is_held() {
    let (database, store) = open(&server().fresh_url());
    let dir = block(store.create(&me(), Ino::ROOT, b"dir", &new(FileKind::Directory))).ino;
    let file = block(store.create(&me(), dir, b"file", &new(FileKind::File))).ino;
    block(store.write(&me(), file, WriteAt::End, &[7; 200_000], false));
    block(store.sync());
    let mut buffer = [0; 4096];
    block(store.read(View::Current, file, 0, &mut buffer, Access::Quiet));
    sends_at_most(&database, 0, 0, || {
        for _ in 0..100 {
            block(store.attr(View::Current, file));
            block(store.lookup(View::Current, dir, b"file"));
            assert!(pollster::block_on(store.lookup(View::Current, dir, b"nothing")).is_err());
            block(store.read(View::Current, file, 0, &mut buffer, Access::Quiet));
            block(store.list(View::Current, dir, Cookie(0), 10));
            block(store.hold(file));
            block(store.release(file));
        }
    });
}

#[test]
fn a_commit_is_one_flight_of_few_statements() {
    let (database, store) = open(&server().fresh_url());
    let mut made = 0;
    let mut make = |count: usize| {
        for _ in 0..count {
            made += 1;
            block(store.create(
                &me(),
                Ino::ROOT,
                format!("{made}").as_bytes(),
                &new(FileKind::File),
            ));
        }
        block(store.sync());
    };
    // Names are looked up one by one, until the directory is worth loading.
    for _ in 0..20 {
        make(1);
    }
    sends_at_most(&database, 8, 1, || make(1));
    sends_at_most(&database, 12, u64::MAX, || make(64));
}

#[test]
fn a_cold_path_is_one_flight() {
    let url = server().fresh_url();
    {
        let (_database, store) = open(&url);
        let mut dir = Ino::ROOT;
        for name in ["a", "b", "c", "d", "e"] {
            dir = block(store.create(&me(), dir, name.as_bytes(), &new(FileKind::Directory))).ino;
        }
        block(store.sync());
    }
    let names: Vec<&[u8]> = vec![b"a", b"b", b"c", b"d", b"e"];
    let is_one_flight = |_| {
        let (database, store) = open(&url);
        let before = database.statistics().flights;
        assert_eq!(block(store.walk(View::Current, Ino::ROOT, &names)).len(), 5);
        database.statistics().flights - before == 1
    };
    // Others send, too; see above.
    assert!((0..16).any(is_one_flight));
}

/// Tables of which every node has all.
const EVERYWHERE: [&str; 3] = ["meta", "session", "tenant_name"];

#[test]
fn the_tenant_comes_first_in_every_key() {
    let name = server().fresh();
    drop(open(&server().url(&name)));
    let sql = "SELECT c.relname, (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = i.indkey[0]) \
               FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
               WHERE n.nspname = 'tarbox'";
    let keys = server().query(&name, sql);
    assert!(keys.lines().count() > 20);
    for line in keys.lines() {
        let (table, first) = line.split_once('|').unwrap();
        assert!(first == "tenant" || EVERYWHERE.contains(&table), "{line}");
    }
    for (what, sql) in [
        (
            "sequences",
            "SELECT count(*) FROM pg_sequences WHERE schemaname = 'tarbox'",
        ),
        (
            "triggers",
            "SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = 'tarbox'::regnamespace",
        ),
        (
            "foreign keys",
            "SELECT count(*) FROM pg_constraint WHERE connamespace = 'tarbox'::regnamespace AND contype = 'f'",
        ),
        (
            "tables without a key",
            "SELECT count(*) FROM pg_class c WHERE c.relnamespace = 'tarbox'::regnamespace AND c.relkind = 'r' \
          AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)",
        ),
    ] {
        assert_eq!(server().query(&name, sql), "0", "{what}");
    }
}

/// What is not about one tenant: it goes to every node, or to tables of which every node has all.
const ADMINISTRATION: [&str; 10] = [
    "FROM tarbox.tenant_name n JOIN tarbox.tenant t",
    "FROM tarbox.tenant WHERE state <>",
    // Of the tenants that one process looks after.
    "FROM tarbox.tenant WHERE tenant = ANY(",
    "SELECT DISTINCT f.tenant FROM tarbox.follower f",
    "SELECT DISTINCT m.tenant FROM tarbox.member m",
    // What dead processes left.
    "DELETE FROM tarbox.hold WHERE session =",
    "DELETE FROM tarbox.member WHERE session =",
    "DELETE FROM tarbox.follower WHERE session =",
    "tarbox.session",
    "tarbox.meta",
];

/// What engines that spread a database over machines lack, or do badly.
const NOWHERE: [&str; 8] = [
    "nextval(",
    "unnest(",
    "pg_advisory",
    "pg_try_advisory",
    "FOR UPDATE",
    "LOCK TABLE",
    "AS (DELETE",
    "AS (INSERT",
];

/// Every statement that the conformance suite, a check, a repair and a collection make the server run.
#[test]
fn every_statement_names_its_tenant() {
    let server = Server::start_with(&[
        "shared_preload_libraries=pg_stat_statements",
        "pg_stat_statements.max=10000",
        "pg_stat_statements.track_utility=off",
    ]);
    assert!(server.psql("postgres", "CREATE EXTENSION pg_stat_statements"));
    let open = |url: &str| PostgresDatabase::open(&Options::parse(url).unwrap().create(true)).unwrap();
    let failed = tarbox_store::conformance::run(|| open(&server.fresh_url()));
    assert!(failed.is_empty(), "{failed:?}");
    let url = server.fresh_url();
    let database = open(&url);
    block(database.create_tenant("default", Quota::default()));
    block(database.fsck(true, &|_, _| {}));
    block(database.gc());
    drop(database);
    let sql = "SELECT DISTINCT replace(query, E'\\n', ' ') FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid \
               WHERE d.datname <> 'postgres' AND query LIKE '%tarbox.%' AND query NOT LIKE 'INSERT INTO tarbox.meta%'";
    let statements = server.query("postgres", sql);
    assert!(statements.lines().count() > 100, "{}", statements.lines().count());
    for statement in statements.lines() {
        for word in NOWHERE {
            assert!(!statement.contains(word), "{word}: {statement}");
        }
        let is_one = statement.contains("tenant = $1") || statement.contains("VALUES ($1");
        assert!(
            is_one || ADMINISTRATION.iter().any(|of| statement.contains(of)),
            "{statement}"
        );
    }
}

#[test]
fn it_works_within_another_runtime_and_ends_there() {
    let url = server().fresh_url();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let database = PostgresDatabase::open(&Options::parse(&url).unwrap().create(true)).unwrap();
        database.create_tenant("default", Quota::default()).await.unwrap();
        let store = database.open_tenant("default").await.unwrap();
        store
            .create(&me(), Ino::ROOT, b"file", &new(FileKind::File))
            .await
            .unwrap();
        // Others on this thread go on meanwhile.
        let (synced, _) = tokio::join!(store.sync(), tokio::task::yield_now());
        synced.unwrap();
        drop(store);
        drop(database);
    });
    let (_database, store) = open(&url);
    block(store.lookup(View::Current, Ino::ROOT, b"file"));
}

/// Whoever gives a call up does not give up what it began.
#[test]
fn a_commit_outlives_its_caller() {
    let url = server().fresh_url();
    let (_database, store) = open(&url);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        for i in 0..40_u64 {
            let name = format!("{i}");
            store
                .create(&me(), Ino::ROOT, name.as_bytes(), &new(FileKind::File))
                .await
                .unwrap();
            let patience = std::time::Duration::from_micros(i * 50);
            let _given_up = tokio::time::timeout(patience, store.sync()).await;
        }
        store.sync().await.unwrap();
    });
    let (other, again) = open(&url);
    assert_eq!(
        block(again.list(View::Current, Ino::ROOT, Cookie(0), 100)).len(),
        40
    );
    assert!(block(other.fsck(false, &|_, _| {})).problems.is_empty());
}

/// Nor does the next change begin before one that was given up has ended.
#[test]
fn a_change_of_history_that_was_given_up_is_not_overtaken() {
    let url = server().fresh_url();
    let (database, store) = open(&url);
    let by = me();
    for i in 0..40_u64 {
        let name = format!("l{i}");
        let mut checkpoint = Box::pin(store.checkpoint(&by, &name, None, LaterLayers::Keep));
        // Given up as soon as so much was sent.
        let limit = database.statistics().flights + i % 2;
        pollster::block_on(std::future::poll_fn(|cx| {
            let is_over = checkpoint.as_mut().poll(cx).is_ready() || database.statistics().flights > limit;
            cx.waker().wake_by_ref();
            match is_over {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        }));
        drop(checkpoint);
        let file = block(store.create(&by, Ino::ROOT, name.as_bytes(), &new(FileKind::File)));
        block(store.write(&by, file.ino, WriteAt::End, &vec![i as u8; 100_000], false));
        block(store.sync());
    }
    drop((database, store));
    let (other, again) = open(&url);
    assert_eq!(
        block(again.list(View::Current, Ino::ROOT, Cookie(0), 100)).len(),
        40
    );
    let report = block(other.fsck(false, &|_, _| {}));
    assert!(report.problems.is_empty(), "{:#?}", report.problems);
}
