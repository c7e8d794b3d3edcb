//! A device that fails without losing power: the error is given, nothing acknowledged is lost, and the graph goes
//! on once the device does. And readers beside a writer.

use std::sync::Arc;

use nervusdb::{Batch, Committed, Durability, Error, Graph, Options, Pattern};
use tarbox_pool::fault::{CrashPolicy, FaultPlan, FaultPool};
use tarbox_pool::{ErrorKind, Operation};

fn options() -> Options {
    Options {
        memtable_bytes: 400,
        ..Options::default()
    }
}

fn open(pool: &FaultPool) -> Result<Graph, Error> {
    Graph::open(Arc::new(pool.clone()), "g", options())
}

/// Commits fact `n`; the id of its term if it was acknowledged.
fn try_commit(graph: &Graph, n: u32, durability: Durability) -> Result<u32, Error> {
    let id = graph.intern(&format!("term {n}"))?;
    let mut batch = Batch::new();
    batch.add([id, id, id]);
    graph.commit(&batch, durability).map(|_| id)
}

fn commit(graph: &Graph, n: u32, durability: Durability) -> bool {
    try_commit(graph, n, durability).is_ok()
}

fn facts(graph: &Graph) -> Vec<[u32; 3]> {
    graph
        .scan(Pattern::default())
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn a_failed_call_loses_nothing_acknowledged() {
    for operation in [
        Operation::Write,
        Operation::Sync,
        Operation::Create,
        Operation::Delete,
        Operation::Read,
    ] {
        for n in 1..30 {
            let pool = FaultPool::with_seed(n);
            let graph = open(&pool).unwrap();
            pool.set_plan(FaultPlan::new().fail(operation, n, ErrorKind::Io));
            let mut acknowledged = Vec::new();
            for number in 0..40 {
                acknowledged.extend(try_commit(&graph, number, Durability::Synced));
                if number % 10 == 9 {
                    let _ = graph.flush();
                    let _ = graph.compact_some(100);
                }
            }
            let context = format!("{operation} {n}");
            assert!(acknowledged.len() >= 38, "{context}: {}", acknowledged.len());
            let expected: Vec<_> = acknowledged.iter().map(|&id| [id; 3]).collect();
            pool.set_plan(FaultPlan::new());
            assert_eq!(facts(&graph), expected, "{context}");
            for policy in [CrashPolicy::DropUnsynced, CrashPolicy::Mixed] {
                let graph = open(&pool.after_crash(n, policy)).unwrap();
                assert_eq!(facts(&graph), expected, "{context} and a crash, {policy:?}");
            }
        }
    }
}

#[test]
fn a_full_device_is_an_error_and_room_made_later_is_used() {
    let pool = FaultPool::new();
    let graph = open(&pool).unwrap();
    pool.set_plan(FaultPlan::new().capacity(6_000));
    let mut acknowledged = 0;
    while acknowledged < 10_000 && commit(&graph, acknowledged, Durability::Synced) {
        acknowledged += 1;
    }
    assert!(acknowledged > 10 && acknowledged < 10_000, "{acknowledged}");
    assert_eq!(facts(&graph).len(), acknowledged as usize);
    pool.set_plan(FaultPlan::new());
    assert!(commit(&graph, acknowledged, Durability::Synced));
    graph.compact().unwrap();
    drop(graph);
    let graph = open(&pool.after_crash(1, CrashPolicy::DropUnsynced)).unwrap();
    assert_eq!(facts(&graph).len(), acknowledged as usize + 1);
}

#[test]
fn short_reads_change_nothing() {
    let pool = FaultPool::new();
    let graph = open(&pool).unwrap();
    (0..200).for_each(|n| assert!(commit(&graph, n, Durability::Written)));
    drop(graph);
    pool.set_plan(FaultPlan::new().short_read_every(2));
    let graph = open(&pool).unwrap();
    assert_eq!(facts(&graph).len(), 200);
}

#[test]
fn a_reader_sees_what_was_committed_and_changes_nothing() {
    let pool = FaultPool::new();
    let writer = open(&pool).unwrap();
    (0..50).for_each(|n| assert!(commit(&writer, n, Durability::Written)));
    let read_only = Options {
        read_only: true,
        ..options()
    };
    pool.set_plan(FaultPlan::new());
    let reader = Graph::open(Arc::new(pool.clone()), "g", read_only.clone()).unwrap();
    assert_eq!(pool.steps(), 0, "a reader changes nothing");
    assert_eq!(facts(&reader).len(), 50);
    (50..100).for_each(|n| assert!(commit(&writer, n, Durability::Written)));
    writer.compact().unwrap();
    assert_eq!(facts(&reader).len(), 50);
    assert_eq!(reader.intern("new").unwrap_err().code(), "READ_ONLY");
    assert_eq!(
        reader
            .commit(&Batch::new(), Durability::Written)
            .unwrap_err()
            .code(),
        "READ_ONLY"
    );
    assert_eq!(reader.flush().unwrap_err().code(), "READ_ONLY");
    reader.close().unwrap();
    let empty = Graph::open(Arc::new(FaultPool::new()), "g", read_only).unwrap_err();
    assert_eq!(empty.code(), "NOT_FOUND");
}

#[test]
fn a_snapshot_outlives_compaction_and_the_graph_on_another_thread() {
    let pool = FaultPool::new();
    let graph = open(&pool).unwrap();
    (0..30).for_each(|n| assert!(commit(&graph, n, Durability::Written)));
    let snapshot = graph.snapshot();
    (30..90).for_each(|n| assert!(commit(&graph, n, Durability::Written)));
    let mut batch = Batch::new();
    facts(&graph).into_iter().for_each(|fact| {
        batch.delete(fact);
    });
    graph.commit(&batch, Durability::Written).unwrap();
    graph.compact().unwrap();
    assert_eq!(graph.count(Pattern::default()).unwrap(), 0);
    graph.close().unwrap();
    let count = std::thread::spawn(move || snapshot.count(Pattern::default()))
        .join()
        .unwrap();
    assert_eq!(count.unwrap(), 30);
}

#[test]
fn what_cannot_be_stored_is_refused() {
    let graph = open(&FaultPool::new()).unwrap();
    let mut batch = Batch::new();
    batch.add([0, 0, 0]);
    let error = graph.commit(&batch, Durability::Written).unwrap_err();
    assert!(
        matches!(error.kind(), nervusdb::ErrorKind::UnknownTerm { id: 0 }),
        "{error}"
    );
    let mut batch = Batch::new();
    batch.set_node(u32::MAX, &[]);
    assert_eq!(
        graph.commit(&batch, Durability::Written).unwrap_err().code(),
        "UNKNOWN_TERM"
    );
    assert!(!graph.contains([u32::MAX; 3]).unwrap());
    assert_eq!(graph.sequence(), 0);
}

#[test]
fn transaction_ids_are_forgotten_oldest_first() {
    let pool = FaultPool::new();
    let remembering = Options {
        remember_transactions: 8,
        ..options()
    };
    let graph = Graph::open(Arc::new(pool.clone()), "g", remembering.clone()).unwrap();
    let commit = |graph: &Graph, n: u32| {
        let mut batch = Batch::new();
        batch.transaction(&format!("{n}{}", "x".repeat(300)), "session", 1);
        graph.commit(&batch, Durability::Written).unwrap()
    };
    (0..40).for_each(|n| assert_ne!(commit(&graph, n), Committed::Duplicate));
    graph.compact().unwrap();
    drop(graph);
    let graph = Graph::open(Arc::new(pool), "g", remembering).unwrap();
    (33..40).for_each(|n| assert_eq!(commit(&graph, n), Committed::Duplicate, "{n}"));
    assert_ne!(commit(&graph, 0), Committed::Duplicate);
    graph.forget_transactions(0).unwrap();
    assert_ne!(commit(&graph, 39), Committed::Duplicate);
}
