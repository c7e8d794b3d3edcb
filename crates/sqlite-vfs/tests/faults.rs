//! A full disk, failing calls and short reads: the transaction that meets them fails with the right code,
//! nothing that was acknowledged is lost, and the same connection goes on once the trouble is over.

mod common;

use std::sync::Arc;

use common::workload::{Workload, state};
use common::{Mode, integrity, open, register_pool};
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
