//! The VFS as SQLite and its user see it: registration, names, locks, errors, time.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{Mode, count, integrity, open, open_plainly, register_pool, register_with};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tarbox_pool::{DirectoryOptions, DirectoryPool, ErrorKind, MemoryPool, Pool, PoolExt};
use tarbox_sqlite_vfs::{Environment, Options, RegisterError, register};

fn code(error: &rusqlite::Error) -> ErrorCode {
    error.sqlite_error_code().unwrap()
}

#[test]
fn a_name_is_registered_once_and_free_again_afterwards() {
    let register = |name| register(name, Arc::new(MemoryPool::new()), Options::default());
    let vfs = register("once").unwrap();
    assert_eq!(vfs.name(), "once");
    assert!(matches!(register("once"), Err(RegisterError::NameTaken { .. })));
    assert!(matches!(register("a\0b"), Err(RegisterError::InvalidName { .. })));
    vfs.unregister().unwrap();
    drop(register("once").unwrap());
    register("once").unwrap();
}

#[test]
fn unregistering_while_a_connection_is_open_is_refused_and_harmless() {
    let vfs = register_pool(Arc::new(MemoryPool::new()));
    let db = open(&vfs, Mode::Rollback).unwrap();
    let refused = vfs.unregister().unwrap_err();
    assert!(refused.to_string().contains("1 open files"), "{refused}");
    db.execute_batch("CREATE TABLE t (x)").unwrap();
    drop(db);
    refused.registration.unregister().unwrap();
}

#[test]
fn a_registration_dropped_while_a_connection_is_open_serves_it_to_the_end() {
    let vfs = register_pool(Arc::new(MemoryPool::new()));
    let db = open(&vfs, Mode::Rollback).unwrap();
    drop(vfs);
    db.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
        .unwrap();
    assert_eq!(count(&db, "t"), 1);
}

#[test]
fn a_connection_without_files_outlives_the_registration() {
    let vfs = register_pool(Arc::new(MemoryPool::new()));
    let db = Connection::open_with_flags_and_vfs(":memory:", OpenFlags::default(), vfs.name()).unwrap();
    vfs.unregister().unwrap();
    assert!(db.execute_batch("ATTACH 'b.db' AS b").is_err());
    db.execute_batch("CREATE TABLE t (x)").unwrap();
}

#[test]
fn the_pool_is_let_go_with_the_registration() {
    let pool = Arc::new(MemoryPool::new());
    let vfs = register_pool(pool.clone());
    drop(open(&vfs, Mode::Wal).unwrap());
    vfs.unregister().unwrap();
    assert_eq!(Arc::strong_count(&pool), 1);
}

#[test]
fn a_database_lies_where_its_path_leads_within_the_pool() {
    let pool = Arc::new(MemoryPool::new());
    let vfs = register_pool(pool.clone());
    for path in ["a.db", "/a.db", "./d/../a.db", "file:/a.db"] {
        let db = Connection::open_with_flags_and_vfs(path, OpenFlags::default(), vfs.name()).unwrap();
        db.execute_batch("CREATE TABLE IF NOT EXISTS t (x); INSERT INTO t VALUES (1)")
            .unwrap();
    }
    assert_eq!(pool.list("").unwrap(), ["a.db"]);
    assert_eq!(count(&open_plainly(&vfs).unwrap(), "t"), 4);
}

#[test]
fn a_path_out_of_the_pool_or_too_long_cannot_be_opened() {
    let vfs = register_pool(Arc::new(MemoryPool::new()));
    for path in ["../a.db", "d/../../a.db", &"x".repeat(250), &"y".repeat(600)] {
        let error = Connection::open_with_flags_and_vfs(path, OpenFlags::default(), vfs.name()).unwrap_err();
        assert_eq!(code(&error), ErrorCode::CannotOpen, "{path}");
    }
}

#[test]
fn a_missing_database_is_not_created_unless_asked_for() {
    let pool = Arc::new(MemoryPool::new());
    let vfs = register_pool(pool.clone());
    for flags in [
        OpenFlags::SQLITE_OPEN_READ_ONLY,
        OpenFlags::SQLITE_OPEN_READ_WRITE,
    ] {
        let error = Connection::open_with_flags_and_vfs("a.db", flags, vfs.name()).unwrap_err();
        assert_eq!(code(&error), ErrorCode::CannotOpen);
    }
    assert!(pool.list("").unwrap().is_empty());
    assert_eq!(vfs.last_error().unwrap().kind(), ErrorKind::NotFound);
}

#[test]
fn a_second_connection_is_busy_while_one_writes_or_holds_the_database_exclusively() {
    let vfs = register_pool(Arc::new(MemoryPool::new()));
    let first = open(&vfs, Mode::Rollback).unwrap();
    first.execute_batch("CREATE TABLE t (x)").unwrap();
    let second = open(&vfs, Mode::Rollback).unwrap();
    second.busy_timeout(Duration::ZERO).unwrap();
    first.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(
        count(&second, "t"),
        0,
        "readers go on beside a writer that has not committed"
    );
    assert_eq!(
        code(&second.execute_batch("BEGIN IMMEDIATE").unwrap_err()),
        ErrorCode::DatabaseBusy
    );
    first.execute_batch("COMMIT").unwrap();
    second.execute_batch("INSERT INTO t VALUES (1)").unwrap();
    assert_eq!(count(&first, "t"), 1);
    drop(second);

    drop(first);
    let exclusive = open(&vfs, Mode::Wal).unwrap();
    exclusive.execute_batch("INSERT INTO t VALUES (2)").unwrap();
    let third = open_plainly(&vfs).unwrap();
    third.busy_timeout(Duration::ZERO).unwrap();
    let error = third.query_row("SELECT * FROM t", [], |_| Ok(())).unwrap_err();
    assert_eq!(code(&error), ErrorCode::DatabaseBusy);
    drop(exclusive);
    third.execute_batch("PRAGMA locking_mode = EXCLUSIVE").unwrap();
    assert_eq!(count(&third, "t"), 2);
}

#[test]
fn threads_write_to_one_database_without_losing_an_update() {
    let vfs = register_pool(Arc::new(MemoryPool::new()));
    open(&vfs, Mode::Rollback)
        .unwrap()
        .execute_batch("CREATE TABLE t (n); INSERT INTO t VALUES (0)")
        .unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let db = open_plainly(&vfs).unwrap();
                db.busy_timeout(Duration::from_secs(60)).unwrap();
                for _ in 0..25 {
                    db.execute_batch("BEGIN IMMEDIATE; UPDATE t SET n = n + 1; COMMIT")
                        .unwrap();
                }
            });
        }
    });
    let n: i64 = open_plainly(&vfs)
        .unwrap()
        .query_row("SELECT n FROM t", [], |row| row.get(0))
        .unwrap();
    assert_eq!(n, 100);
}

#[test]
fn connections_share_a_log() {
    let pool = Arc::new(MemoryPool::new());
    let vfs = register_pool(pool.clone());
    let (writer, reader) = (open(&vfs, Mode::SharedWal).unwrap(), open_plainly(&vfs).unwrap());
    writer
        .execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
        .unwrap();
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(count(&reader, "t"), 1);
    writer.execute_batch("INSERT INTO t VALUES (2)").unwrap();
    assert_eq!(count(&reader, "t"), 1, "a reader sees what it began with");
    reader.execute_batch("COMMIT; INSERT INTO t VALUES (3)").unwrap();
    assert_eq!(count(&writer, "t"), 3);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let db = open_plainly(&vfs).unwrap();
                db.busy_timeout(Duration::from_secs(60)).unwrap();
                for _ in 0..25 {
                    db.execute_batch("BEGIN IMMEDIATE; INSERT INTO t SELECT max(x) + 1 FROM t; COMMIT")
                        .unwrap();
                }
            });
        }
    });
    assert_eq!(count(&reader, "t"), 103);
    assert_eq!(integrity(&reader), "ok");
    drop((writer, reader));
    assert_eq!(
        pool.list("").unwrap(),
        ["a.db"],
        "the last one to close empties the log"
    );
}

#[test]
fn a_database_left_in_wal_mode_opens_as_it_is_and_switches_back() {
    for left in [Mode::Wal, Mode::SharedWal] {
        let pool = Arc::new(MemoryPool::new());
        let vfs = register_pool(pool.clone());
        let db = open(&vfs, left).unwrap();
        db.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
            .unwrap();
        drop(db);
        let db = open_plainly(&vfs).unwrap();
        assert_eq!(count(&db, "t"), 1);
        db.execute_batch("INSERT INTO t VALUES (2)").unwrap();
        drop(db);
        let db = open_plainly(&vfs).unwrap();
        let mode: String = db
            .query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))
            .unwrap();
        assert_eq!(mode, "delete");
        drop(db);
        assert_eq!(
            pool.read_file("a.db").unwrap()[18..20],
            [1, 1],
            "who has no logs can open it"
        );
        assert_eq!(count(&open_plainly(&vfs).unwrap(), "t"), 2);
    }
}

#[test]
fn memory_mapping_can_be_asked_for_and_is_not_done() {
    let vfs = register_pool(Arc::new(MemoryPool::new()));
    let db = open(&vfs, Mode::Wal).unwrap();
    db.execute_batch(
        "PRAGMA mmap_size = 1000000; CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(100000))",
    )
    .unwrap();
    db.execute_batch("PRAGMA wal_checkpoint").unwrap();
    drop(db);
    let db = open(&vfs, Mode::Wal).unwrap();
    db.execute_batch("PRAGMA mmap_size = 1000000").unwrap();
    assert_eq!(count(&db, "t"), 1);
}

#[test]
fn the_last_error_tells_file_and_reason() {
    let directory = tempfile::tempdir().unwrap();
    let writable = DirectoryPool::open(directory.path()).unwrap();
    drop(open(&register_pool(Arc::new(writable)), Mode::Rollback).unwrap());
    let options = DirectoryOptions {
        read_only: true,
        ..DirectoryOptions::default()
    };
    let vfs = register_pool(Arc::new(
        DirectoryPool::open_with(directory.path(), options).unwrap(),
    ));
    let error = Connection::open_with_flags_and_vfs("b.db", OpenFlags::default(), vfs.name()).unwrap_err();
    assert_eq!(code(&error), ErrorCode::CannotOpen);
    assert_eq!(
        vfs.last_error().unwrap().to_string(),
        r#"cannot open "b.db": opened read-only"#
    );
}

#[test]
fn a_file_that_is_no_database_is_reported_and_left_alone() {
    let pool = Arc::new(MemoryPool::new());
    pool.write_file("a.db", &[b'x'; 5_000]).unwrap();
    let vfs = register_pool(pool.clone());
    let db = open_plainly(&vfs).unwrap();
    let error = db.execute_batch("CREATE TABLE t (x)").unwrap_err();
    assert_eq!(code(&error), ErrorCode::NotADatabase);
    drop(db);
    assert_eq!(pool.read_file("a.db").unwrap(), [b'x'; 5_000]);
}

#[test]
fn the_log_can_be_kept_when_the_last_connection_closes() {
    let pool = Arc::new(MemoryPool::new());
    let vfs = register_pool(pool.clone());
    let db = open(&vfs, Mode::Wal).unwrap();
    db.execute_batch("CREATE TABLE t (x)").unwrap();
    let mut persist = 1_i32;
    // SAFETY: the connection is open, and the operation takes a pointer to an integer.
    let code = unsafe {
        rusqlite::ffi::sqlite3_file_control(
            db.handle(),
            c"main".as_ptr(),
            rusqlite::ffi::SQLITE_FCNTL_PERSIST_WAL,
            (&raw mut persist).cast(),
        )
    };
    assert_eq!(code, rusqlite::ffi::SQLITE_OK);
    drop(db);
    assert!(pool.exists("a.db-wal").unwrap());
}

/// A clock that stands still.
#[derive(Debug)]
struct Stopped;

impl Environment for Stopped {
    fn fill_random(&self, buf: &mut [u8]) {
        buf.fill(7);
    }

    fn unix_time_ms(&self) -> i64 {
        951_827_696_789
    }
}

#[test]
fn sqlite_takes_the_time_from_the_environment() {
    let vfs = register_with(Arc::new(MemoryPool::new()), Options::new(Arc::new(Stopped)));
    let db = open_plainly(&vfs).unwrap();
    let now: String = db
        .query_row("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(now, "2000-02-29 12:34:56.789");
}
