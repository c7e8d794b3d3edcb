//! Small steps: the tables of each level stay apart whatever is written in which order, and a graph of an engine
//! that let them overlap comes back whole.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use nervusdb::{
    Batch, Committed, Durability, Graph, Options, Owner, Pattern, PropertyFilter, Value, check, repair,
};
use tarbox_pool::{MemoryPool, OpenOptions, Pool};

type Facts = BTreeSet<[String; 3]>;

/// An overlapping graph, file by file: three facts a flush about one of three kinds of things at a time, written
/// until SPO, POS, OSP and the data overlapped. Most facts could not be found any more when it was closed, and the
/// index of properties kept weights that had been replaced. Its last commit is in the log.
const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/overlapping");
const FACTS: &str = include_str!("data/overlapping-facts.tsv");
const WEIGHTS: [([u32; 3], f64); 2] = [([15, 11, 10], 8.0), ([15, 11, 11], 9.0)];

fn overlapping() -> (Arc<MemoryPool>, Facts) {
    let pool = Arc::new(MemoryPool::new());
    for file in std::fs::read_dir(FILES).unwrap() {
        let file = file.unwrap();
        let name = format!("g/{}", file.file_name().to_str().unwrap());
        let bytes = std::fs::read(file.path()).unwrap();
        pool.open(&name, OpenOptions::CREATE)
            .unwrap()
            .write_at(&bytes, 0)
            .unwrap();
    }
    let facts = FACTS.lines().map(|line| {
        let mut terms = line.split('\t').map(str::to_owned);
        [(); 3].map(|()| terms.next().unwrap())
    });
    (pool, facts.collect())
}

fn open(pool: &Arc<MemoryPool>) -> Graph {
    let options = Options {
        remember_transactions: 10,
        ..Options::default()
    };
    Graph::open(pool.clone(), "g", options).unwrap()
}

/// Every fact by every pattern, and nothing else.
fn assert_holds(graph: &Graph, facts: &Facts, context: &str) {
    let mut ids = BTreeMap::new();
    for term in facts.iter().flatten() {
        let id = graph.find_term(term).unwrap();
        ids.insert(term, id.unwrap_or_else(|| panic!("{context}: {term} has no id")));
    }
    let as_ids = |fact: &[String; 3]| [&fact[0], &fact[1], &fact[2]].map(|term| ids[term]);
    let all: BTreeSet<[u32; 3]> = facts.iter().map(as_ids).collect();
    let found =
        |pattern| -> BTreeSet<[u32; 3]> { graph.scan(pattern).unwrap().map(Result::unwrap).collect() };
    assert_eq!(found(Pattern::default()), all, "{context}");
    for fact in &all {
        assert!(graph.contains(*fact).unwrap(), "{context}: {fact:?}");
        for bound in 0..8 {
            let [s, p, o] = [0, 1, 2].map(|at| (bound >> at & 1 == 1).then_some(fact[at]));
            let matches = |other: &&[u32; 3]| {
                let pairs = [s, p, o].into_iter().zip(**other);
                pairs
                    .into_iter()
                    .all(|(bound, word)| bound.is_none_or(|bound| bound == word))
            };
            let expected: BTreeSet<_> = all.iter().filter(matches).copied().collect();
            let pattern = Pattern::new(s, p, o);
            assert_eq!(found(pattern), expected, "{context}: {pattern:?}");
            assert_eq!(
                graph.count(pattern).unwrap(),
                expected.len() as u64,
                "{context}: {pattern:?}"
            );
        }
    }
}

fn weights(graph: &Graph) -> Vec<(Owner, Value)> {
    let mut scan = graph.edges_with("weight", PropertyFilter::Any).unwrap();
    std::iter::from_fn(|| scan.next_entry().unwrap()).collect()
}

fn expected_weights() -> Vec<(Owner, Value)> {
    WEIGHTS
        .map(|(edge, weight)| (Owner::Edge(edge), weight.into()))
        .into()
}

#[test]
fn an_overlapping_graph_opens_with_every_fact_and_is_sound_from_then_on() {
    let (pool, mut facts) = overlapping();
    let before = check(pool.clone(), "g").unwrap();
    assert_eq!(before.facts, facts.len() as u64);
    let problems: Vec<String> = before.problems.iter().map(ToString::to_string).collect();
    assert!(
        problems
            .iter()
            .any(|problem| problem.contains("tables of one level overlap")),
        "{problems:?}"
    );

    let read_only = Options {
        read_only: true,
        ..Options::default()
    };
    let reader = Graph::open(Arc::new(pool.fork()), "g", read_only).unwrap();
    assert_holds(&reader, &facts, "for a reader");

    let graph = open(&pool);
    assert_holds(&graph, &facts, "opened");
    for (edge, weight) in WEIGHTS {
        assert_eq!(
            graph.edge_properties(edge).unwrap(),
            Some(vec![("weight".into(), weight.into())])
        );
    }
    for n in 0..20 {
        let fact = ["term 05", "term 15", "term 25"].map(|term| format!("{term}/{n}"));
        let mut batch = Batch::new();
        batch.add(fact.each_ref().map(|term| graph.intern(term).unwrap()));
        graph.commit(&batch, Durability::Written).unwrap();
        facts.insert(fact);
        graph.flush().unwrap();
        assert_holds(&graph, &facts, &format!("after {n} more"));
    }
    graph.compact().unwrap();
    drop(graph);
    assert_holds(&open(&pool), &facts, "compacted");
}

#[test]
fn a_repair_of_an_overlapping_graph_keeps_every_fact_and_makes_the_index_right() {
    let (pool, facts) = overlapping();
    assert_ne!(
        weights(&open(&Arc::new(pool.fork()))),
        expected_weights(),
        "nothing to repair"
    );
    let repaired = repair(pool.clone(), "g").unwrap();
    assert_eq!(
        (
            repaired.facts_restored,
            repaired.facts_removed,
            repaired.terms_lost
        ),
        (0, 0, 0)
    );
    let report = check(pool.clone(), "g").unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    assert_eq!(report.facts, facts.len() as u64);
    let graph = open(&pool);
    assert_holds(&graph, &facts, "repaired");
    assert_eq!(weights(&graph), expected_weights());
    let mut batch = Batch::new();
    batch.transaction("tx 7", "s", 0);
    assert_eq!(
        graph.commit(&batch, Durability::Written).unwrap(),
        Committed::Duplicate
    );
}

/// Writes some facts step by step, where the tables must stay apart and few, and every fact be found after each.
fn write_in_steps(steps: impl Iterator<Item = Vec<[String; 3]>>, session: Session) {
    let pool = Arc::new(MemoryPool::new());
    let mut graph = open(&pool);
    let mut facts = Facts::new();
    for (n, step) in steps.enumerate() {
        let mut batch = Batch::new();
        for fact in step {
            batch.add(fact.each_ref().map(|term| graph.intern(term).unwrap()));
            facts.insert(fact);
        }
        graph.commit(&batch, Durability::Gathered).unwrap();
        let context = format!("{session:?}, step {n}");
        match session {
            Session::One => graph.flush().unwrap(),
            Session::Each => {
                graph.close().unwrap();
                graph = open(&pool);
            }
            Session::Killed => {
                graph.sync().unwrap();
                graph = open(&pool);
            }
        }
        let stats = graph.stats();
        assert!(!stats.compaction_failed, "{context}");
        let most = stats.trees.iter().map(|tree| tree.tables[0]).max().unwrap();
        assert!(
            most <= 12,
            "{context}: {most} tables of one tree wait to be merged"
        );
        if n % 7 == 0 {
            assert_holds(&graph, &facts, &context);
            assert_holds(&open(&Arc::new(pool.fork())), &facts, &context);
        }
    }
    let report = check(pool.clone(), "g").unwrap();
    assert!(report.is_sound(), "{session:?}: {:?}", report.problems);
    assert_holds(&graph, &facts, "at the end");
}

#[derive(Clone, Copy, Debug)]
enum Session {
    /// One, with a flush after each step.
    One,
    /// Each step has one of its own.
    Each,
    /// As `Each`, and none is closed.
    Killed,
}

const SESSIONS: [Session; 3] = [Session::One, Session::Each, Session::Killed];

#[test]
fn things_in_turn_stay_apart() {
    for session in SESSIONS {
        for things in 2..5 {
            for at_a_time in [1, 3, 4, 6, 10] {
                let fact = |n: usize| {
                    let thing = n / at_a_time % things;
                    vec![[format!("thing {thing}"), "has".into(), format!("part {n}")]]
                };
                write_in_steps((0..60).map(fact), session);
            }
        }
    }
}

#[test]
fn a_diary_stays_apart() {
    for session in SESSIONS {
        let day = |n: usize| {
            let fact = |s: String, p: &str, o: String| [s, p.to_owned(), o];
            vec![
                fact(
                    format!("person {}", n % 5),
                    "met",
                    format!("person {}", n * 3 % 5),
                ),
                fact(format!("day {n}"), "was", ["rainy", "sunny"][n % 2].into()),
                fact(format!("person {}", n % 3), "wrote", format!("page {n}")),
            ]
        };
        write_in_steps((0..60).map(day), session);
    }
}
