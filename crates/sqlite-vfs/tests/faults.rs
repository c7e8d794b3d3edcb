//! A full disk, failing calls and short reads: the transaction that meets them fails with the right code,
//! nothing that was acknowledged is lost, and the same connection goes on once the trouble is over.

mod common;

use std::sync::Arc;

use common::workload::{Workload, state};
use common::{Mode, integrity, open, open_plainly, register_pool};
use rusqlite::{Connection, ErrorCode};
use tarbox_pool::fault::{CrashPolicy, FaultPlan, FaultPool};
use tarbox_pool::{ErrorKind, Operation, Pool, PoolExt};
use tarbox_sqlite_vfs::Registration;

const MODES: [Mode; 3] = [Mode::Wal, Mode::Rollback, Mode::Truncate];

fn transactions() -> usize {
    if std::env::var_os("TARBOX_LONG").is_some() {
        25
    } else {
        9
    }
}

/// A fresh disk, a VFS on it, and a workload for it.
fn machine(seed: u64, mode: Mode) -> (FaultPool, Registration, Workload) {
    let disk = FaultPool::with_seed(seed);
    let vfs = register_pool(Arc::new(disk.clone()));
    (disk, vfs, Workload::new(seed, mode, "FULL", transactions()))
}

/// After the workload has come to its end all of it is there, and so it is after a crash.
fn check_end(disk: &FaultPool, vfs: &Registration, workload: &Workload, story: &str) {
    let expected = *workload.states().last().unwrap();
    let db = workload.open(vfs).unwrap();
    assert_eq!(state(&db), expected, "{story}");
    for policy in [CrashPolicy::DropUnsynced, CrashPolicy::Scattered] {
        let vfs = register_pool(Arc::new(disk.after_crash(1, policy)));
        let db = workload.open(&vfs).unwrap();
        assert_eq!(integrity(&db), "ok", "{story}, {policy:?}");
        assert_eq!(state(&db), expected, "{story}, {policy:?}");
    }
}

fn code(error: &rusqlite::Error) -> Option<ErrorCode> {
    error.sqlite_error_code()
}

#[test]
fn a_full_disk_fails_the_transaction_and_nothing_else() {
    for mode in MODES {
        let (disk, vfs, workload) = machine(1, mode);
        workload.run(&vfs).1.unwrap();
        let needed = size(&disk);
        for part in 1..24 {
            let (disk, vfs, workload) = machine(1, mode);
            disk.set_plan(FaultPlan::new().capacity(needed * part / 24));
            let errors = workload.run_in_spite_of_errors(&vfs, |error| {
                assert_eq!(code(error), Some(ErrorCode::DiskFull), "{mode:?}: {error}");
                assert_eq!(vfs.last_error().unwrap().kind(), ErrorKind::NoSpace);
                // Someone frees space.
                disk.set_plan(FaultPlan::new());
            });
            assert!(
                errors > 0 || part > 10,
                "{mode:?}: {part} parts of 24 were enough"
            );
            check_end(&disk, &vfs, &workload, &format!("{mode:?}, {part} parts of 24"));
        }
    }
}

/// Nobody frees space: what is there is read, deleting and vacuuming make room, and then there is some.
#[test]
fn on_a_full_disk_reading_deleting_and_vacuuming_go_on() {
    // Bytes of the cache, so that transactions are written in the middle or not; and of the capacity.
    for mode in Mode::ALL {
        for (cache, exclusive, spare) in [
            (0, false, 0),
            (2_000, false, 0),
            (0, true, 700),
            (2_000, true, 3_000),
        ] {
            let disk = FaultPool::with_seed(7);
            let vfs = register_pool(Arc::new(disk.clone()));
            let story = format!("{mode:?}, cache {cache}, exclusive {exclusive}, spare {spare}");
            let db = open_plainly(&vfs).unwrap();
            db.set_prepared_statement_cache_capacity(0);
            if exclusive {
                db.execute_batch("PRAGMA locking_mode = EXCLUSIVE").unwrap();
            }
            db.execute_batch(mode.pragmas()).unwrap();
            db.execute_batch(&format!(
                "PRAGMA cache_size = {cache}; PRAGMA wal_autocheckpoint = 4; CREATE TABLE t (n INTEGER PRIMARY KEY, x)"
            ))
            .unwrap();
            disk.set_plan(FaultPlan::new().capacity(1_000_000 + spare));
            let ask = |db: &Connection, sql: &str| {
                db.query_row(sql, [], |row| row.get::<_, rusqlite::types::Value>(0))
                    .unwrap_or_else(|error| panic!("{story}: {sql}: {error}"))
            };
            let mut there = 0;
            let full = loop {
                match db.execute(
                    "INSERT INTO t VALUES (?1, zeroblob(?2))",
                    [there, 9_000 + there % 7_000],
                ) {
                    Ok(_) => there += 1,
                    Err(error) => break error,
                }
            };
            assert_eq!(code(&full), Some(ErrorCode::DiskFull), "{story}: {full}");
            assert!(there > 20, "{story}: {there}");
            for (begin, end) in [("BEGIN", "COMMIT"), ("BEGIN", "ROLLBACK")] {
                // Large transactions, of which a statement fails, or the end.
                db.execute_batch(begin).unwrap();
                let failed = (0..200).find_map(|n| {
                    db.execute("INSERT INTO t VALUES (?1, zeroblob(20000))", [1_000 + n])
                        .err()
                });
                if !db.is_autocommit() {
                    let _ = db.execute_batch(end);
                }
                if !db.is_autocommit() {
                    db.execute_batch("ROLLBACK").unwrap();
                }
                if let Some(failed) = failed {
                    assert_eq!(code(&failed), Some(ErrorCode::DiskFull), "{story}: {failed}");
                }
            }
            let must = |what: &str, result: rusqlite::Result<()>| {
                result.unwrap_or_else(|error| panic!("{story}: {what}: {error}"));
            };
            // Without any room there may be none for a journal; reading needs none.
            let vacuumed = db.execute_batch("VACUUM");
            let deleted = db.execute_batch("DELETE FROM t WHERE n = 0");
            let left = there - i64::from(deleted.is_ok());
            assert_eq!(
                ask(&db, "SELECT count(*) FROM t"),
                (left).into(),
                "{story}, {vacuumed:?}, {deleted:?}"
            );
            assert_eq!(
                ask(&db, "PRAGMA integrity_check"),
                "ok".to_owned().into(),
                "{story}"
            );
            // A little is enough to make more.
            disk.set_plan(FaultPlan::new().capacity(1_000_000 + spare + 40_000));
            for n in 0..there / 2 {
                must(
                    "DELETE",
                    db.execute_batch(&format!("DELETE FROM t WHERE n = {n}")),
                );
            }
            must("checkpoint", db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)"));
            must(
                "INSERT",
                db.execute_batch("INSERT INTO t VALUES (5000, zeroblob(20000))"),
            );
            disk.set_plan(FaultPlan::new().capacity(3_000_000));
            must("VACUUM", db.execute_batch("VACUUM"));
            assert_eq!(
                ask(&db, "SELECT count(*) FROM t"),
                (there - there / 2 + 1).into(),
                "{story}"
            );
            assert_eq!(
                ask(&db, "PRAGMA integrity_check"),
                "ok".to_owned().into(),
                "{story}"
            );
            drop(db);
            for policy in [CrashPolicy::DropUnsynced, CrashPolicy::Scattered] {
                let vfs = register_pool(Arc::new(disk.after_crash(1, policy)));
                let db = open(&vfs, mode).unwrap();
                assert_eq!(
                    ask(&db, "PRAGMA integrity_check"),
                    "ok".to_owned().into(),
                    "{story}, {policy:?}"
                );
                assert_eq!(
                    ask(&db, "SELECT count(*) FROM t"),
                    (there - there / 2 + 1).into(),
                    "{story}, {policy:?}"
                );
            }
        }
    }
}

/// The bytes of all files.
fn size(disk: &FaultPool) -> u64 {
    disk.list("")
        .unwrap()
        .iter()
        .map(|name| disk.read_file(name).unwrap().len() as u64)
        .sum()
}

/// Fails the n-th call of an operation, for every n there is.
fn fail_each(operation: Operation, stride: u64) {
    for mode in MODES {
        for seed in 0..2 {
            for nth in (1..).step_by(stride as usize) {
                let (disk, vfs, workload) = machine(seed, mode);
                disk.set_plan(FaultPlan::new().fail(operation, nth, ErrorKind::Io));
                let story = format!("{mode:?}, seed {seed}, {operation} {nth} fails");
                let errors = workload.run_in_spite_of_errors(&vfs, |error| {
                    let expected = [ErrorCode::SystemIoFailure, ErrorCode::CannotOpen];
                    assert!(expected.contains(&code(error).unwrap()), "{story}: {error}");
                });
                // SQLite may ignore an error, but the VFS remembers it.
                let nothing_failed = errors == 0 && vfs.last_error().is_none();
                disk.set_plan(FaultPlan::new());
                check_end(&disk, &vfs, &workload, &story);
                if nothing_failed {
                    break;
                }
            }
        }
    }
}

#[test]
fn a_write_that_fails_once_fails_its_transaction_only() {
    fail_each(Operation::Write, 1);
}

#[test]
fn a_sync_that_fails_once_and_loses_data_loses_nothing_acknowledged() {
    fail_each(Operation::Sync, 1);
}

#[test]
fn a_sync_of_names_that_fails_once_loses_nothing_acknowledged() {
    fail_each(Operation::SyncNames, 1);
}

#[test]
fn a_truncation_that_fails_once_fails_its_transaction_only() {
    fail_each(Operation::Truncate, 1);
}

#[test]
fn a_read_that_fails_once_fails_its_statement_only() {
    fail_each(Operation::Read, 13);
}

#[test]
fn a_creation_that_fails_once_fails_its_transaction_only() {
    fail_each(Operation::Create, 1);
}

/// With `synchronous=NORMAL`, several commits share the sync of the checkpoint; if that fails, all of them
/// are in doubt.
#[test]
fn a_log_whose_sync_failed_is_written_again_before_the_database_relies_on_it() {
    let disk = FaultPool::with_seed(5);
    let vfs = register_pool(Arc::new(disk.clone()));
    let db = open(&vfs, Mode::Wal).unwrap();
    db.execute_batch(
        "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0;
         CREATE TABLE t (n INTEGER PRIMARY KEY, x)",
    )
    .unwrap();
    for n in 0..20 {
        db.execute("INSERT INTO t VALUES (?1, zeroblob(2000))", [n])
            .unwrap();
    }
    disk.set_plan(FaultPlan::new().fail(Operation::Sync, 1, ErrorKind::Io));
    let checkpoint = |db: &Connection| db.query_row("PRAGMA wal_checkpoint", [], |row| row.get::<_, i64>(0));
    checkpoint(&db).unwrap_err();
    checkpoint(&db).unwrap();
    let vfs = register_pool(Arc::new(disk.after_crash(0, CrashPolicy::DropUnsynced)));
    let wal = disk
        .after_crash(0, CrashPolicy::DropUnsynced)
        .read_file("a.db-wal")
        .unwrap();
    assert!(
        wal == disk.read_file("a.db-wal").unwrap(),
        "what readers see of the log is on the disk"
    );
    assert_eq!(integrity(&open(&vfs, Mode::Wal).unwrap()), "ok");
}

#[test]
fn short_reads_go_unnoticed() {
    for mode in MODES {
        let (disk, vfs, workload) = machine(3, mode);
        disk.set_plan(FaultPlan::new().short_read_every(2));
        workload.run(&vfs).1.unwrap();
        check_end(&disk, &vfs, &workload, "short reads");
    }
}
