//! Databases written through the VFS are ordinary SQLite databases, whatever the pool and the journal.

mod common;

use std::path::Path;
use std::sync::Arc;

use common::{Mode, count, integrity, open, open_plainly, register_pool, register_with};
use rusqlite::{Connection, params};
use tarbox_pool::{DirectoryPool, FaultPool, MemoryPool, OpenOptions, Operation, Pool, PoolExt, PoolFileExt};
use tarbox_sqlite_vfs::{Options, TempFiles};

const ROWS: i64 = 2_000;

/// Schema changes, many small and a few large transactions, savepoints, rollbacks, blobs over many pages, a
/// vacuum.
fn work(db: &Connection) {
    db.execute_batch(
        "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, body BLOB); CREATE INDEX by_name ON item (name)",
    )
    .unwrap();
    db.execute_batch("BEGIN").unwrap();
    for id in 0..ROWS {
        let body = vec![id as u8; (id as usize * 37) % 3_000];
        db.execute(
            "INSERT INTO item VALUES (?1, ?2, ?3)",
            params![id, format!("name {}", id % 100), body],
        )
        .unwrap();
    }
    db.execute_batch("COMMIT").unwrap();
    for id in 0..20 {
        db.execute("UPDATE item SET name = 'changed' WHERE id = ?1", [id])
            .unwrap();
    }
    db.execute_batch(
        "BEGIN; DELETE FROM item WHERE id % 3 = 0; SAVEPOINT inner; DELETE FROM item; ROLLBACK TO inner; COMMIT;
         BEGIN; DROP TABLE item; ROLLBACK;",
    )
    .unwrap();
    db.execute("INSERT INTO item VALUES (-1, 'large', zeroblob(3000000))", [])
        .unwrap();
    db.execute_batch("DELETE FROM item WHERE id % 3 = 1; VACUUM")
        .unwrap();
}

fn check(db: &Connection) {
    assert_eq!(integrity(db), "ok");
    // What is left: one row of three, and the large one.
    assert_eq!(
        count(db, "item"),
        (0..ROWS).filter(|id| id % 3 == 2).count() as i64 + 1
    );
    assert_eq!(
        count(db, "item WHERE name = 'changed'"),
        (0..20).filter(|id| id % 3 == 2).count() as i64
    );
    let wrong = "item WHERE id >= 0 AND length(body) <> (id * 37) % 3000";
    assert_eq!(count(db, wrong), 0);
}

fn work_and_reopen(pool: Arc<dyn Pool>, mode: Mode, options: Options) {
    let vfs = register_with(pool, options);
    let db = open(&vfs, mode).unwrap();
    work(&db);
    check(&db);
    drop(db);
    check(&open(&vfs, mode).unwrap());
    vfs.unregister().unwrap();
}

#[test]
fn a_workload_survives_reopening_over_a_memory_pool_in_every_journal_mode() {
    for mode in Mode::ALL {
        work_and_reopen(Arc::new(MemoryPool::new()), mode, Options::default());
    }
}

#[test]
fn a_workload_survives_reopening_over_a_directory_pool_in_every_journal_mode() {
    for mode in Mode::ALL {
        let directory = tempfile::tempdir().unwrap();
        work_and_reopen(
            Arc::new(DirectoryPool::open(directory.path()).unwrap()),
            mode,
            Options::default(),
        );
    }
}

#[test]
fn a_tiny_gather_buffer_changes_nothing_but_the_number_of_writes() {
    for mode in Mode::ALL {
        let options = Options {
            gather_limit: 5_000,
            ..Options::default()
        };
        work_and_reopen(Arc::new(MemoryPool::new()), mode, options);
    }
}

#[test]
fn temporary_files_in_the_pool_serve_large_sorts_and_leave_nothing_behind() {
    let pool = FaultPool::new();
    let options = Options {
        temp_files: TempFiles::Pool,
        ..Options::default()
    };
    let vfs = register_with(Arc::new(pool.clone()), options);
    let db = open(&vfs, Mode::Wal).unwrap();
    pool.start_trace();
    db.execute_batch(
        "PRAGMA temp_store = FILE; PRAGMA cache_size = 10; CREATE TEMP TABLE t (x);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
         INSERT INTO t SELECT randomblob(100) FROM n; CREATE INDEX temp.t_x ON t (x)",
    )
    .unwrap();
    assert_eq!(count(&db, "(SELECT x FROM t ORDER BY x DESC)"), 20_000);
    let trace = pool.take_trace();
    assert!(
        trace.iter().any(|step| step.operation == Operation::Write),
        "they were spilled"
    );
    assert!(trace.iter().all(|step| step.name.starts_with(".sqlite-temp-")));
    assert_eq!(pool.list("").unwrap(), ["a.db"]);
}

/// Opens a file of the host with SQLite's own VFS.
fn open_with_plain_sqlite(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}

#[test]
fn what_the_vfs_wrote_opens_with_plain_sqlite() {
    for mode in Mode::ALL {
        let directory = tempfile::tempdir().unwrap();
        let vfs = register_pool(Arc::new(DirectoryPool::open(directory.path()).unwrap()));
        work(&open(&vfs, mode).unwrap());
        check(&open_with_plain_sqlite(&directory.path().join("a.db")));
    }
}

#[test]
fn a_log_left_by_the_vfs_is_recovered_by_plain_sqlite() {
    let directory = tempfile::tempdir().unwrap();
    let pool = Arc::new(MemoryPool::new());
    let vfs = register_pool(pool.clone());
    let db = open(&vfs, Mode::Wal).unwrap();
    db.execute_batch("PRAGMA wal_autocheckpoint = 0").unwrap();
    work(&db);
    // As after a crash of the process: the log is there, and the connection has not been closed.
    for name in ["a.db", "a.db-wal"] {
        std::fs::write(directory.path().join(name), pool.read_file(name).unwrap()).unwrap();
    }
    check(&open_with_plain_sqlite(&directory.path().join("a.db")));
}

#[test]
fn what_plain_sqlite_wrote_opens_through_the_vfs_with_its_log() {
    for journal in ["DELETE", "WAL"] {
        let directory = tempfile::tempdir().unwrap();
        let plain = open_with_plain_sqlite(&directory.path().join("a.db"));
        plain
            .execute_batch(&format!(
                "PRAGMA journal_mode = {journal}; PRAGMA wal_autocheckpoint = 0"
            ))
            .unwrap();
        work(&plain);
        let pool = Arc::new(MemoryPool::new());
        for name in ["a.db", "a.db-wal"] {
            if let Ok(bytes) = std::fs::read(directory.path().join(name)) {
                pool.write_file(name, &bytes).unwrap();
            }
        }
        check(&open(&register_pool(pool), Mode::Wal).unwrap());
    }
}

#[test]
fn attached_databases_commit_together() {
    let vfs = register_pool(Arc::new(MemoryPool::new()));
    let db = open(&vfs, Mode::Rollback).unwrap();
    db.execute_batch(
        "CREATE TABLE t (x); ATTACH 'other.db' AS other; CREATE TABLE other.t (x);
         BEGIN; INSERT INTO main.t VALUES (1); INSERT INTO other.t VALUES (2); COMMIT",
    )
    .unwrap();
    assert_eq!((count(&db, "main.t"), count(&db, "other.t")), (1, 1));
}

#[test]
fn a_transaction_that_spills_and_changes_pages_again_is_whole() {
    for mode in Mode::ALL {
        let pool = Arc::new(MemoryPool::new());
        let vfs = register_pool(pool.clone());
        let db = open(&vfs, mode).unwrap();
        db.execute_batch("PRAGMA cache_size = 5; CREATE TABLE t (id INTEGER PRIMARY KEY, body)")
            .unwrap();
        for round in 0..3_i64 {
            db.execute_batch("BEGIN").unwrap();
            for id in 0..200_i64 {
                db.execute(
                    "INSERT OR REPLACE INTO t VALUES (?1, ?2)",
                    params![id, vec![round as u8; 900]],
                )
                .unwrap();
            }
            db.execute_batch("SAVEPOINT s; DELETE FROM t WHERE id > 50; ROLLBACK TO s")
                .unwrap();
            db.execute("UPDATE t SET body = zeroblob(1000) WHERE id % 7 = ?1", [round])
                .unwrap();
            db.execute_batch(if round == 1 { "ROLLBACK" } else { "COMMIT" })
                .unwrap();
            // A second connection sees what a crash of this process would leave.
            let copy = register_pool(Arc::new(pool.fork()));
            let db = open(&copy, mode).unwrap();
            assert_eq!(integrity(&db), "ok");
            assert_eq!(
                count(&db, "t WHERE length(body) = 1000"),
                [29, 29, 58][round as usize] - [0, 0, 29][round as usize]
            );
            assert_eq!(count(&db, "t"), 200);
        }
    }
}

#[test]
fn a_read_only_pool_can_be_queried_in_every_journal_mode() {
    for mode in Mode::ALL {
        let directory = tempfile::tempdir().unwrap();
        let vfs = register_pool(Arc::new(DirectoryPool::open(directory.path()).unwrap()));
        work(&open(&vfs, mode).unwrap());
        let options = tarbox_pool::DirectoryOptions {
            read_only: true,
            ..Default::default()
        };
        let pool = DirectoryPool::open_with(directory.path(), options).unwrap();
        let vfs = register_pool(Arc::new(pool));
        let db = open_plainly(&vfs).unwrap();
        db.execute_batch("PRAGMA locking_mode = EXCLUSIVE").unwrap();
        check(&db);
        let error = db.execute("DELETE FROM item", []).unwrap_err();
        assert_eq!(
            error.sqlite_error_code(),
            Some(rusqlite::ErrorCode::ReadOnly),
            "{mode:?}: {error}"
        );
    }
}

#[test]
fn the_pool_file_and_the_database_are_the_same_bytes() {
    let pool = Arc::new(MemoryPool::new());
    let vfs = register_pool(pool.clone());
    let db = open(&vfs, Mode::Rollback).unwrap();
    db.execute_batch("CREATE TABLE t (x)").unwrap();
    let file = pool.open("a.db", OpenOptions::READ_ONLY).unwrap();
    let mut magic = [0; 16];
    file.read_exact_at(&mut magic, 0).unwrap();
    assert_eq!(&magic, b"SQLite format 3\0");
}
