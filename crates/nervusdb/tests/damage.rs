//! Damaged files: nothing panics, a check finds it, and a repair keeps what is readable.

use std::collections::BTreeSet;
use std::sync::Arc;

use nervusdb::{
    Batch, Durability, Error, ErrorKind, Graph, Options, Pattern, PropertyFilter, Value, check, repair,
};
use tarbox_pool::{MemoryPool, OpenOptions, Pool, PoolExt, PoolFileExt};

fn options() -> Options {
    Options {
        memtable_bytes: 60_000,
        ..Options::default()
    }
}

fn open(pool: &Arc<MemoryPool>) -> Result<Graph, Error> {
    Graph::open(pool.clone(), "g", options())
}

/// A graph with tables on two levels and a log.
fn sample() -> (Arc<MemoryPool>, BTreeSet<[u32; 3]>) {
    let pool = Arc::new(MemoryPool::new());
    let graph = open(&pool).unwrap();
    let ids: Vec<u32> = (0..300)
        .map(|n| graph.intern(&format!("http://example.org/{n}")).unwrap())
        .collect();
    let mut facts = BTreeSet::new();
    for round in 0..8_u32 {
        let mut batch = Batch::new();
        for n in 0..600 {
            let fact = [
                ids[(n * 7 + round) as usize % 300],
                ids[n as usize % 9],
                ids[(n * round) as usize % 300],
            ];
            batch.add(fact);
            facts.insert(fact);
            if n % 50 == 0 {
                let gone = [ids[n as usize % 300], ids[3], ids[round as usize]];
                batch.delete(gone);
                facts.remove(&gone);
            }
        }
        for &id in &ids[..20] {
            batch.set_node(
                id,
                &[
                    ("round".into(), f64::from(round).into()),
                    ("name".into(), "x".into()),
                ],
            );
        }
        graph.commit(&batch, Durability::Written).unwrap();
        if round == 3 {
            graph.compact().unwrap();
        }
    }
    graph.flush().unwrap();
    let mut last = Batch::new();
    last.add([ids[1], ids[1], ids[1]]);
    facts.insert([ids[1], ids[1], ids[1]]);
    graph.commit(&last, Durability::Synced).unwrap();
    (pool, facts)
}

/// Reads everything, ignoring what cannot be read.
fn read_everything(pool: &Arc<MemoryPool>) -> Result<(), Error> {
    let graph = open(pool)?;
    for pattern in [
        Pattern::default(),
        Pattern::new(None, Some(3), None),
        Pattern::new(None, None, Some(7)),
    ] {
        let _ = graph.count(pattern);
        for fact in graph.scan(pattern)? {
            fact?;
        }
    }
    for id in 0..310 {
        if let Some(term) = graph.term(id)? {
            graph.find_term(&term)?;
        }
        graph.node_properties(id)?;
        graph.contains([id, 3, id])?;
    }
    let mut scan = graph.nodes_with("round", PropertyFilter::Any)?;
    while scan.next_node()?.is_some() {}
    graph.compact()
}

fn facts_in(pool: &Arc<MemoryPool>) -> BTreeSet<[u32; 3]> {
    let graph = open(pool).unwrap();
    let facts = graph.scan(Pattern::default()).unwrap();
    facts.map(Result::unwrap).collect()
}

fn flip(pool: &MemoryPool, name: &str, at: u64) {
    let file = pool.open(name, OpenOptions::EXISTING).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_at(&[byte[0] ^ 0x41], at).unwrap();
}

#[test]
fn a_sound_graph_is_left_alone() {
    let (pool, facts) = sample();
    let before: Vec<_> = pool.list("").unwrap();
    let report = check(pool.clone(), "g").unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    assert_eq!(report.facts, facts.len() as u64);
    assert!(report.blocks > 10 && report.log_records == 1);
    assert!(repair(pool.clone(), "g").unwrap().problems.is_empty());
    assert_eq!(pool.list("").unwrap(), before);
}

#[test]
fn any_flipped_byte_is_found_and_repaired() {
    let (pool, facts) = sample();
    for name in pool.list("g/").unwrap() {
        let len = pool.read_file(&name).unwrap().len() as u64;
        let places = (0..4).map(|n| n * len / 4 + n % 3).chain([
            9,
            13,
            len - 1,
            len.saturating_sub(70),
            len.saturating_sub(20),
        ]);
        for at in places.filter(|&at| at < len) {
            let context = format!("{name} of {len} bytes, byte {at}");
            let damaged = Arc::new(pool.fork());
            flip(&damaged, &name, at);
            let _ = read_everything(&Arc::new(damaged.fork()));
            // A damaged end of the log is what a power cut leaves: it is not read.
            let found = check(damaged.clone(), "g");
            if name.ends_with(".table") {
                let sound = found.as_ref().is_ok_and(|report| report.is_sound());
                assert!(!sound, "{context} went unnoticed");
            }
            match repair(damaged.clone(), "g") {
                Ok(_) => (),
                // A flipped version cannot be told from a newer one.
                Err(error) if error.code() == "VERSION" => continue,
                Err(error) => panic!("{context}: {error}"),
            }
            let kept = facts_in(&damaged);
            match name.ends_with(".log") {
                true => assert!(kept.len() + 1 >= facts.len(), "{context}"),
                false => assert_eq!(kept.symmetric_difference(&facts).count(), 0, "{context}"),
            }
            let again = check(damaged.clone(), "g").unwrap();
            let only_terms_missing = again
                .problems
                .iter()
                .all(|error| error.to_string().contains("a term is missing"));
            assert!(only_terms_missing, "{context}: {:?}", again.problems);
        }
    }
}

#[test]
fn any_cut_file_is_an_error_or_shorter_and_never_a_panic() {
    let (pool, _) = sample();
    for name in pool.list("g/").unwrap() {
        let len = pool.read_file(&name).unwrap().len() as u64;
        for cut in [
            0,
            1,
            15,
            16,
            40,
            len / 3,
            len / 2,
            len.saturating_sub(65),
            len - 1,
        ] {
            let damaged = Arc::new(pool.fork());
            let file = damaged.open(&name, OpenOptions::EXISTING).unwrap();
            file.truncate(cut.min(len - 1)).unwrap();
            let _ = read_everything(&Arc::new(damaged.fork()));
            repair(damaged.clone(), "g").unwrap();
            open(&damaged).unwrap();
        }
    }
}

#[test]
fn without_a_manifest_the_tables_say_enough() {
    let (pool, facts) = sample();
    for slot in 0..2 {
        pool.delete_if_exists(&format!("g/manifest-{slot}")).unwrap();
    }
    assert_eq!(open(&pool).unwrap_err().code(), "NO_MANIFEST");
    repair(pool.clone(), "g").unwrap();
    assert_eq!(facts_in(&pool), facts);
    let report = check(pool.clone(), "g").unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    let graph = open(&pool).unwrap();
    let mut scan = graph
        .nodes_with("round", PropertyFilter::Equals(Value::from(7.0)))
        .unwrap();
    assert_eq!(std::iter::from_fn(|| scan.next_node().unwrap()).count(), 20);
}

#[test]
fn a_newer_format_is_refused_by_name() {
    let (pool, _) = sample();
    for slot in 0..2 {
        let name = format!("g/manifest-{slot}");
        if let Ok(file) = pool.open(&name, OpenOptions::EXISTING) {
            file.write_at(&9_u32.to_le_bytes(), 8).unwrap();
        }
    }
    let error = open(&pool).unwrap_err();
    assert!(
        matches!(
            error.kind(),
            ErrorKind::Version {
                found: 9,
                supported: 1,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(open(&Arc::new(MemoryPool::new())).unwrap().term_count(), 0);
}

#[test]
fn damaged_files_are_kept_aside() {
    let (pool, _) = sample();
    let table = pool
        .list("g/")
        .unwrap()
        .into_iter()
        .find(|name| name.ends_with(".table"))
        .unwrap();
    flip(&pool, &table, 30);
    let damaged = pool.read_file(&table).unwrap();
    let repaired = repair(pool.clone(), "g").unwrap();
    assert_eq!(repaired.set_aside.len(), 1);
    assert_eq!(pool.read_file(&repaired.set_aside[0]).unwrap(), damaged);
    assert!(!pool.exists(&table).unwrap());
}
