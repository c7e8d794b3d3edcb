//! The power fails at every step of random SQL, and nothing that was acknowledged is lost.
//!
//! Each workload runs once to count its steps (writes, truncations, creations, deletions, syncs), and then
//! once for each of them with a crash there. From each crash several disks are made: what was not synced is
//! dropped, kept, torn, scattered, or replaced by garbage. On each the database must open, pass
//! `integrity_check`, hold exactly what a prefix of the transactions gives, and that prefix must have every
//! transaction that was acknowledged with `synchronous=FULL`. Now and then the power fails again while the
//! database recovers.
//!
//! `TARBOX_LONG=1` tries more seeds, longer workloads and every kind of disk at every step.

mod common;

use std::sync::Arc;

use common::workload::{Progress, State, Workload, state};
use common::{Mode, Slot, integrity, open, register_with};
use tarbox_pool::fault::{CrashPolicy, FaultPlan, FaultPool};
use tarbox_sqlite_vfs::{Options, Registration};

/// What a run tries.
struct Effort {
    seeds: u64,
    transactions: usize,
    /// Kinds of disks at each step.
    disks: usize,
    /// A second crash is tried at one of so many steps.
    second_crash_every: u64,
}

fn effort() -> Effort {
    match std::env::var_os("TARBOX_LONG") {
        Some(_) => Effort {
            seeds: 12,
            transactions: 16,
            disks: CrashPolicy::ALL.len(),
            second_crash_every: 1,
        },
        None => Effort {
            seeds: 6,
            transactions: 9,
            disks: 2,
            second_crash_every: 7,
        },
    }
}

/// A machine whose disk is exchanged at each start.
struct Machine {
    slot: Slot,
    vfs: Registration,
    workload: Workload,
    states: Vec<State>,
    /// Whether an acknowledged transaction must survive.
    durable: bool,
}

impl Machine {
    fn new(seed: u64, mode: Mode, synchronous: &str, transactions: usize) -> Self {
        let slot = Slot::new();
        // Some machines send a transaction in several writes.
        let gather_limit = if seed.is_multiple_of(3) {
            3_000
        } else {
            Options::DEFAULT_GATHER_LIMIT
        };
        let vfs = register_with(
            Arc::new(slot.clone()),
            Options {
                gather_limit,
                ..Options::default()
            },
        );
        let workload = Workload::new(seed, mode, synchronous, transactions);
        let states = workload.states();
        Self {
            slot,
            vfs,
            workload,
            states,
            durable: synchronous == "FULL",
        }
    }

    fn run(&self, disk: &FaultPool) -> (Progress, rusqlite::Result<()>) {
        self.slot.put(disk.clone());
        self.workload.run(&self.vfs)
    }

    /// Starts with that disk, checks what it holds, and gives how many transactions that is.
    fn check(&self, disk: &FaultPool, progress: Progress, story: &str) -> usize {
        self.slot.put(disk.clone());
        let db = self
            .workload
            .open(&self.vfs)
            .unwrap_or_else(|error| panic!("{story}: cannot open: {error}"));
        assert_eq!(integrity(&db), "ok", "{story}");
        let found = state(&db);
        let survived = self.states.iter().position(|state| *state == found);
        let Some(survived) = survived else {
            panic!("{story}: no prefix of the transactions gives this state")
        };
        assert!(
            survived <= progress.attempted,
            "{story}: {survived} survived, {progress:?}"
        );
        assert!(
            !self.durable || survived >= progress.acknowledged,
            "{story}: {survived} survived, {progress:?}"
        );
        db.execute_batch("CREATE TABLE after_crash (x); INSERT INTO after_crash VALUES (zeroblob(5000))")
            .unwrap_or_else(|error| panic!("{story}: cannot write after recovery: {error}"));
        assert_eq!(integrity(&db), "ok", "{story}, after a write");
        survived
    }

    /// Starts with that disk, and loses power once more while it recovers.
    fn crash_again(&self, disk: &FaultPool, step: u64, policy: CrashPolicy) -> FaultPool {
        disk.set_plan(FaultPlan::new().crash_at(step));
        self.slot.put(disk.clone());
        if let Ok(db) = self.workload.open(&self.vfs) {
            // What recovers the database is the first read.
            let _ = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| {
                row.get::<_, i64>(0)
            });
        }
        disk.after_crash(step, policy)
    }
}

fn crash_everywhere(mode: Mode, synchronous: &str) {
    let effort = effort();
    for seed in 0..effort.seeds {
        let machine = Machine::new(seed, mode, synchronous, effort.transactions);
        let disk = FaultPool::new();
        let (progress, result) = machine.run(&disk);
        result.unwrap();
        assert_eq!(progress.acknowledged, machine.states.len() - 1);
        for step in 1..=disk.steps() {
            crash_at(&machine, seed, step, &effort);
        }
    }
}

fn crash_at(machine: &Machine, seed: u64, step: u64, effort: &Effort) {
    let disk = FaultPool::new();
    disk.set_plan(FaultPlan::new().crash_at(step));
    let (progress, result) = machine.run(&disk);
    assert!(result.is_err() || disk.steps() >= step, "the crash happened");
    let policies = CrashPolicy::ALL
        .into_iter()
        .cycle()
        .skip(step as usize)
        .take(effort.disks);
    for policy in policies {
        let story = format!(
            "{:?}, seed {seed}, step {step}, {policy:?}",
            machine.workload.mode
        );
        let crashed = disk.after_crash(seed ^ step, policy);
        if step.is_multiple_of(effort.second_crash_every) {
            let second = 1 + (seed + step) % 5;
            let crashed_again = machine.crash_again(&crashed.fork(), second, policy);
            machine.check(
                &crashed_again,
                progress,
                &format!("{story}, again at step {second} of recovery"),
            );
        }
        machine.check(&crashed, progress, &story);
    }
}

#[test]
fn a_crash_at_any_step_in_wal_mode_loses_nothing_acknowledged_at_full() {
    crash_everywhere(Mode::Wal, "FULL");
}

#[test]
fn a_crash_at_any_step_with_a_shared_log_loses_nothing_acknowledged_at_full() {
    crash_everywhere(Mode::SharedWal, "FULL");
}

#[test]
fn a_crash_at_any_step_in_wal_mode_leaves_a_whole_prefix_at_normal() {
    crash_everywhere(Mode::Wal, "NORMAL");
}

#[test]
fn a_crash_at_any_step_with_a_deleted_journal_loses_nothing_acknowledged_at_full() {
    crash_everywhere(Mode::Rollback, "FULL");
}

#[test]
fn a_crash_at_any_step_with_a_persistent_journal_loses_nothing_acknowledged_at_full() {
    crash_everywhere(Mode::Persist, "FULL");
}

#[test]
fn a_crash_at_any_step_with_a_truncated_journal_loses_nothing_acknowledged_at_full() {
    crash_everywhere(Mode::Truncate, "FULL");
}

#[test]
fn a_killed_process_loses_nothing_acknowledged_even_without_syncs() {
    for mode in Mode::ALL {
        for seed in 0..effort().seeds / 2 {
            let machine = Machine::new(seed, mode, "OFF", effort().transactions);
            let disk = FaultPool::new();
            machine.run(&disk).1.unwrap();
            for step in 1..=disk.steps() {
                let disk = FaultPool::new();
                disk.set_plan(FaultPlan::new().crash_at(step));
                let (progress, _) = machine.run(&disk);
                let story = format!("{mode:?}, seed {seed}, killed at step {step}");
                let survivor = disk.after_crash(0, CrashPolicy::KeepUnsynced);
                let survived = machine.check(&survivor, progress, &story);
                assert!(
                    survived >= progress.acknowledged,
                    "{story}: {survived} survived, {progress:?}"
                );
            }
        }
    }
}

/// The hazard behind the sync of a log's header: as long as the old header is on the disk, old frames are
/// valid, and a few of them without the rest are older than the database.
#[test]
fn a_log_used_again_is_never_mixed_with_its_old_frames() {
    let slot = Slot::new();
    let vfs = register_with(Arc::new(slot.clone()), Options::default());
    for step in 1..=4 {
        let disk = FaultPool::new();
        slot.put(disk.clone());
        let db = open(&vfs, Mode::Wal).unwrap();
        // Eight rows, each on a page of its own; then a log of five transactions, which is used again.
        db.execute_batch(
            "PRAGMA page_size = 512; VACUUM; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (n, filling);
             WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i WHERE x < 8)
             INSERT INTO t SELECT 0, zeroblob(300) FROM i; PRAGMA wal_checkpoint(RESTART)",
        )
        .unwrap();
        for n in 1..=5 {
            db.execute("UPDATE t SET n = ?1 WHERE rowid = 1", [n]).unwrap();
        }
        db.execute_batch("PRAGMA wal_checkpoint(RESTART)").unwrap();
        disk.set_plan(FaultPlan::new().crash_at(step));
        assert!(
            db.execute_batch("UPDATE t SET n = 6").is_err(),
            "it has so many steps"
        );
        drop(db);
        for (seed, policy) in (0..40).flat_map(|seed| CrashPolicy::ALL.map(|policy| (seed, policy))) {
            slot.put(disk.after_crash(seed, policy));
            let db = open(&vfs, Mode::Wal).unwrap();
            let n: i64 = db
                .query_row("SELECT n FROM t WHERE rowid = 1", [], |row| row.get(0))
                .unwrap();
            assert!(
                n == 5 || n == 6,
                "{n} came back: step {step}, seed {seed}, {policy:?}"
            );
        }
    }
}
