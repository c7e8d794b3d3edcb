//! Whatever operations leave behind is sound: nothing that the check looks at depends on how it came about.

use crate::support::{Place, assert_clean, check, snapshot, tenant};
use crate::workload::Worker;
use pollster::block_on;
use tarbox_store::*;

/// Runs a workload in two tenants, checking now and then, and once more after opening it again.
fn stays_clean(seed: u64, rounds: usize) {
    let place = Place::new();
    let db = place.open();
    let mut workers: Vec<Worker> = ["one", "two"]
        .iter()
        .zip(0..)
        .map(|(name, i)| Worker::new(tenant(&db, name), seed * 2 + i))
        .collect();
    for round in 0..rounds {
        for worker in &mut workers {
            worker.run(40);
        }
        assert_clean(&db, &format!("seed {seed}, round {round}"));
    }
    for worker in &mut workers {
        worker.release_all();
    }
    assert_clean(&db, &format!("seed {seed}, all released"));
    drop(workers);
    drop(db);
    let db = place.open();
    assert_clean(&db, &format!("seed {seed}, opened again"));
    block_on(db.gc()).unwrap();
    assert_clean(&db, &format!("seed {seed}, collected"));
}

#[test]
fn a_database_is_clean_whatever_was_done_to_it() {
    for seed in 0..12 {
        stays_clean(seed, 12);
    }
}

#[test]
fn a_new_database_is_clean_and_the_report_counts_what_it_saw() {
    let place = Place::new();
    let db = place.open();
    let report = check(&db);
    assert_eq!(report, FsckReport::default());
    tenant(&db, "one");
    let report = check(&db);
    assert_eq!((report.tenants, report.inodes, report.entries), (1, 1, 0));
    assert!(report.problems.is_empty());
}

#[test]
fn a_check_changes_nothing() {
    let place = Place::new();
    let db = place.open();
    let s = tenant(&db, "one");
    Worker::new(s.clone(), 7).run(300);
    block_on(s.switch(&crate::support::me(), block_on(s.position()).unwrap().head)).unwrap();
    let before = snapshot(&s, View::Current);
    let seq = block_on(s.last_seq()).unwrap();
    check(&db);
    assert_eq!(snapshot(&s, View::Current), before);
    assert_eq!(block_on(s.last_seq()).unwrap(), seq);
}

#[test]
fn progress_grows_to_its_total() {
    let place = Place::new();
    let db = place.open();
    Worker::new(tenant(&db, "one"), 3).run(2_000);
    let calls = std::sync::Mutex::new(Vec::new());
    let progress = |done, total| calls.lock().unwrap().push((done, total));
    block_on(db.fsck(false, &progress)).unwrap();
    let calls = calls.into_inner().unwrap();
    let (first, last) = (calls.first().unwrap(), calls.last().unwrap());
    assert_eq!((first.0, last.0), (0, last.1));
    assert!(calls.is_sorted() && calls.iter().all(|call| call.1 == last.1));
}
