//! How often a commit touches the device: the promise browsers pay for.

mod common;

use std::sync::Arc;

use common::{Mode, open, register_pool, register_with};
use rusqlite::Connection;
use tarbox_pool::Operation::{self, Create, Delete, Sync, SyncNames, Truncate, Write};
use tarbox_pool::fault::FaultPool;
use tarbox_sqlite_vfs::Options;

/// A database with a table, in the given mode and with the given `synchronous`.
fn database(pool: &FaultPool, mode: Mode, synchronous: &str) -> Connection {
    let vfs = register_pool(Arc::new(pool.clone()));
    let db = open(&vfs, mode).unwrap();
    // The registration goes with the process; what is measured is the connection.
    std::mem::forget(vfs);
    db.execute_batch(&format!(
        "PRAGMA synchronous = {synchronous}; CREATE TABLE t (id INTEGER PRIMARY KEY, body)"
    ))
    .unwrap();
    db
}

/// The device operations of one statement, with the files they go to.
fn operations(pool: &FaultPool, db: &Connection, sql: &str) -> Vec<(Operation, String)> {
    pool.start_trace();
    db.execute_batch(sql).unwrap();
    pool.take_trace()
        .into_iter()
        .map(|step| (step.operation, step.name))
        .collect()
}

fn on_log(operations: &[Operation]) -> Vec<(Operation, String)> {
    operations
        .iter()
        .map(|&operation| (operation, "a.db-wal".to_owned()))
        .collect()
}

const ONE_ROW: &str = "INSERT INTO t (body) VALUES ('x')";
/// A hundred kilobytes over some thirty pages.
const MANY_PAGES: &str = "INSERT INTO t (body) VALUES (zeroblob(100000))";

#[test]
fn a_commit_in_wal_mode_is_one_write_and_one_sync_at_full() {
    let pool = FaultPool::new();
    let db = database(&pool, Mode::Wal, "FULL");
    for sql in [
        ONE_ROW,
        MANY_PAGES,
        ONE_ROW,
        "UPDATE t SET body = 'y'",
        "DELETE FROM t",
    ] {
        assert_eq!(operations(&pool, &db, sql), on_log(&[Write, Sync]), "{sql}");
    }
}

#[test]
fn a_commit_in_wal_mode_is_one_write_and_no_sync_at_normal_or_off() {
    for synchronous in ["NORMAL", "OFF"] {
        let pool = FaultPool::new();
        let db = database(&pool, Mode::Wal, synchronous);
        for sql in [ONE_ROW, MANY_PAGES, ONE_ROW] {
            assert_eq!(
                operations(&pool, &db, sql),
                on_log(&[Write]),
                "{synchronous}: {sql}"
            );
        }
    }
}

#[test]
fn the_first_commit_into_a_new_log_is_one_write_and_one_sync_with_the_header_included() {
    let pool = FaultPool::new();
    let vfs = register_pool(Arc::new(pool.clone()));
    let db = open(&vfs, Mode::Wal).unwrap();
    assert_eq!(
        operations(&pool, &db, "CREATE TABLE t (x)"),
        on_log(&[Create, Write, Sync])
    );
}

#[test]
fn a_rollback_or_a_read_touches_nothing() {
    let pool = FaultPool::new();
    let db = database(&pool, Mode::Wal, "FULL");
    let sql = format!("BEGIN; {MANY_PAGES}; SELECT * FROM t; ROLLBACK; SELECT * FROM t");
    assert_eq!(operations(&pool, &db, &sql), []);
}

#[test]
fn a_transaction_that_spills_is_still_one_write_while_it_fits_the_buffer() {
    let pool = FaultPool::new();
    let db = database(&pool, Mode::Wal, "FULL");
    db.execute_batch("PRAGMA cache_size = 5").unwrap();
    let sql =
        format!("BEGIN; {MANY_PAGES}; {MANY_PAGES}; UPDATE t SET body = zeroblob(100001); {ONE_ROW}; COMMIT");
    assert_eq!(operations(&pool, &db, &sql), on_log(&[Write, Sync]));
}

#[test]
fn a_transaction_larger_than_the_buffer_takes_one_write_for_each_fill() {
    let pool = FaultPool::new();
    let options = Options {
        gather_limit: 40_000,
        ..Options::default()
    };
    let vfs = register_with(Arc::new(pool.clone()), options);
    let db = open(&vfs, Mode::Wal).unwrap();
    db.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, body)")
        .unwrap();
    assert_eq!(
        operations(&pool, &db, MANY_PAGES),
        on_log(&[Write, Write, Write, Sync])
    );
}

#[test]
fn the_first_commit_into_a_log_used_again_makes_its_header_durable_first() {
    let pool = FaultPool::new();
    let db = database(&pool, Mode::Wal, "FULL");
    db.execute_batch("PRAGMA wal_checkpoint(RESTART)").unwrap();
    assert_eq!(
        operations(&pool, &db, ONE_ROW),
        on_log(&[Write, Sync, Write, Sync])
    );
    assert_eq!(operations(&pool, &db, ONE_ROW), on_log(&[Write, Sync]));
    db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    assert_eq!(
        operations(&pool, &db, ONE_ROW),
        on_log(&[Write, Sync]),
        "an emptied log needs no such thing"
    );
}

#[test]
fn a_checkpoint_writes_runs_of_pages_and_syncs_log_before_database() {
    let pool = FaultPool::new();
    let db = database(&pool, Mode::Wal, "NORMAL");
    db.execute_batch(MANY_PAGES).unwrap();
    let done = operations(&pool, &db, "PRAGMA wal_checkpoint(PASSIVE)");
    let expected = [
        (Sync, "a.db-wal"),
        (Write, "a.db"),
        (Truncate, "a.db"),
        (Sync, "a.db"),
    ];
    assert_eq!(
        done,
        expected.map(|(operation, name)| (operation, name.to_owned()))
    );
}

#[test]
fn a_commit_with_a_rollback_journal_writes_each_run_once_and_its_deletion_lasts() {
    let pool = FaultPool::new();
    let db = database(&pool, Mode::Rollback, "FULL");
    db.execute_batch(MANY_PAGES).unwrap();
    let done = operations(&pool, &db, "UPDATE t SET body = 'y' WHERE id = 1");
    let journal = |operation| (operation, "a.db-journal".to_owned());
    let database = |operation| (operation, "a.db".to_owned());
    assert_eq!(
        done[..5],
        [
            journal(Create),
            journal(Write),
            journal(Sync),
            journal(Write),
            journal(Sync)
        ]
    );
    let end = [database(Sync), journal(Delete), (SyncNames, String::new())];
    assert_eq!(done[done.len() - 3..], end);
    assert!(
        done[5..done.len() - 3]
            .iter()
            .all(|step| *step == database(Write)),
        "{done:?}"
    );
}
