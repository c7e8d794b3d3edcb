//! The power fails at every step of a collection and of a repair. Whatever the disk made of what was not synced, the
//! database is sound when it is opened again, everything in it is as it was, and the work can be done once more.

use std::sync::Arc;

use pollster::block_on;
use tarbox_pool::FaultPool;
use tarbox_pool::fault::{CrashPolicy, FaultPlan};
use tarbox_store::*;
use tarbox_store_sqlite::SqliteDatabase;

use crate::collection::{put, remove};
use crate::support::{assert_clean, me, replayable, snapshot, tenant};
use crate::workload::Worker;

const NAME: &str = "t.db";

fn open(disk: &FaultPool) -> Result<SqliteDatabase> {
    SqliteDatabase::on_pool(Arc::new(disk.clone()), NAME, &replayable())
}

/// A disk with a database of which much is garbage, and what can be seen in it.
fn disk() -> (FaultPool, Vec<Vec<String>>) {
    let disk = FaultPool::new();
    let db = open(&disk).unwrap();
    let s = tenant(&db, "one");
    let mut worker = Worker::new(s.clone(), 11);
    worker.run(150);
    worker.release_all();
    let head = block_on(s.position()).unwrap().head;
    block_on(s.switch(&me(), head)).unwrap();
    put(&s, "kept", 1, 300_000);
    put(&s, "garbage", 2, 2_500_000);
    block_on(s.sync()).unwrap();
    remove(&s, "garbage");
    block_on(s.sync()).unwrap();
    let seen = everything(&db);
    drop((worker, s, db));
    (disk, seen)
}

/// What can be seen in every layer.
fn everything(db: &SqliteDatabase) -> Vec<Vec<String>> {
    let s = tenant(db, "one");
    let layers = block_on(s.layers()).unwrap();
    layers
        .iter()
        .map(|layer| snapshot(&s, View::Layer(layer.id)))
        .collect()
}

/// Runs `work` with the power failing at each of its steps, on a copy of the disk each time.
fn crashes(
    disk: &FaultPool,
    work: impl Fn(&SqliteDatabase) -> Result<()>,
    after: impl Fn(&SqliteDatabase, &str),
) {
    for step in 1.. {
        let copy = disk.fork();
        let db = open(&copy).unwrap();
        copy.set_plan(FaultPlan::new().crash_at(step));
        let result = work(&db);
        let finished = copy.steps() < step;
        assert!(
            finished || result.is_err(),
            "step {step} failed, and nobody heard of it"
        );
        drop(db);
        for offset in [0, 3] {
            let policy = CrashPolicy::ALL[(step as usize + offset) % CrashPolicy::ALL.len()];
            let when = format!("step {step}, {policy:?}");
            let db = open(&copy.after_crash(step, policy)).unwrap();
            after(&db, &when);
        }
        if finished {
            return;
        }
    }
}

#[test]
fn a_collection_can_be_cut_off_at_any_step() {
    let (disk, before) = disk();
    let report = block_on(open(&disk.fork()).unwrap().gc()).unwrap();
    assert!(
        report.segments > 0 && report.bytes_freed > 2_000_000,
        "{report:?}"
    );
    crashes(
        &disk,
        |db| block_on(db.gc()).map(drop),
        |db, when| {
            assert_clean(db, when);
            assert_eq!(everything(db), before, "{when}");
            block_on(db.gc()).unwrap();
            assert_clean(db, &format!("{when}, collected again"));
            assert_eq!(everything(db), before, "{when}, collected again");
            let s = tenant(db, "one");
            put(&s, "afterwards", 3, 200_000);
            block_on(s.sync()).unwrap();
            assert_clean(db, &format!("{when}, written again"));
        },
    );
}

#[test]
fn a_repair_can_be_cut_off_at_any_step() {
    let (disk, before) = disk();
    damage(&disk);
    crashes(
        &disk,
        |db| block_on(db.fsck(true, &|_, _| {})).map(drop),
        |db, when| {
            block_on(db.fsck(true, &|_, _| {})).unwrap();
            let left = crate::support::check(db);
            assert!(
                left.problems.iter().all(|p| p.invariant == "block-hash"),
                "{when}"
            );
            let s = tenant(db, "one");
            assert!(
                block_on(s.lookup(View::Current, Ino::ROOT, b"lost+found")).is_ok(),
                "{when}"
            );
            assert_eq!(everything(db).len(), before.len(), "{when}");
        },
    );
}

/// Flips a bit of a block that is in use.
fn damage(disk: &FaultPool) {
    use tarbox_pool::{OpenOptions, Pool, PoolFileExt};
    let names = disk.list(&format!("{NAME}-blocks/")).unwrap();
    let file = disk.open(&names[0], OpenOptions::EXISTING).unwrap();
    let mut bytes = file.read_all().unwrap();
    // The block of `kept` is found by its content.
    let kept = &crate::patient::content(1, 300_000)[..64];
    let at = bytes.windows(64).position(|window| window == kept).unwrap();
    bytes[at] ^= 1;
    file.write_at(&bytes, 0).unwrap();
    file.sync().unwrap();
}
