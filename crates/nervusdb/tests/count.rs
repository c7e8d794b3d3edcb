//! Counts that the indexes give are what iterating gives, where facts are in many blocks, tables and levels.

use std::collections::BTreeSet;
use std::sync::Arc;

use fastrand::Rng;
use nervusdb::{Batch, Durability, Graph, Options, Pattern, Snapshot};
use tarbox_pool::MemoryPool;

/// Terms of each position: some patterns match nothing, others thousands.
const TERMS: u32 = 90;

fn open() -> Graph {
    let options = Options {
        memtable_bytes: 1 << 20,
        ..Options::default()
    };
    let graph = Graph::open(Arc::new(MemoryPool::new()), "g", options).unwrap();
    (0..TERMS).for_each(|n| assert_eq!(graph.intern(&n.to_string()).unwrap(), n));
    graph
}

fn change(graph: &Graph, facts: &mut BTreeSet<[u32; 3]>, added: &[[u32; 3]], deleted: &[[u32; 3]]) {
    let mut batch = Batch::new();
    for &fact in added {
        batch.add(fact);
        facts.insert(fact);
    }
    for &fact in deleted {
        batch.delete(fact);
        facts.remove(&fact);
    }
    graph.commit(&batch, Durability::Gathered).unwrap();
}

/// All eight kinds of patterns, about terms that are there and not.
fn assert_counts(snapshot: &Snapshot, facts: &BTreeSet<[u32; 3]>, random: &mut Rng, context: &str) {
    let known: Vec<_> = facts.iter().collect();
    for round in 0..3 {
        let about = match round % 3 {
            0 if !known.is_empty() => *known[random.usize(..known.len())],
            _ => [(); 3].map(|()| random.u32(..TERMS)),
        };
        for bound in 0..8 {
            let words = [0, 1, 2].map(|at| (bound >> at & 1 == 1).then_some(about[at]));
            let matches = |fact: &&[u32; 3]| {
                words
                    .iter()
                    .zip(**fact)
                    .all(|(bound, word)| bound.is_none_or(|bound| bound == word))
            };
            let expected = facts.iter().filter(matches).count() as u64;
            let pattern = Pattern::new(words[0], words[1], words[2]);
            let read = snapshot
                .scan(pattern)
                .unwrap()
                .inspect(|fact| assert!(fact.is_ok()))
                .count() as u64;
            let counted = snapshot.count(pattern).unwrap();
            assert_eq!((read, counted), (expected, expected), "{context}: {pattern:?}");
            // A count of what is left after some were read.
            let mut scan = snapshot.scan(pattern).unwrap();
            let mut out = Vec::new();
            let taken = scan.fill(&mut out, random.usize(..2_000)).unwrap() as u64;
            assert_eq!(
                taken + scan.count().unwrap(),
                expected,
                "{context}: {pattern:?} after {taken}"
            );
        }
    }
}

fn random_facts(random: &mut Rng, count: usize) -> Vec<[u32; 3]> {
    (0..count)
        .map(|_| [(); 3].map(|()| random.u32(..TERMS)))
        .collect()
}

#[test]
fn facts_said_again_and_flushed_count_once() {
    let (graph, mut facts, mut random) = (open(), BTreeSet::new(), Rng::with_seed(1));
    for n in 0..4 {
        change(&graph, &mut facts, &[[1, 2, 3], [1, 2, 4 + n], [9, 2, 3]], &[]);
        graph.flush().unwrap();
        assert_counts(&graph.snapshot(), &facts, &mut random, "said again");
        assert_eq!(graph.count(Pattern::new(Some(1), Some(2), Some(3))).unwrap(), 1);
    }
}

#[test]
fn counts_are_what_iterating_gives() {
    for (seed, deletes) in [(1, 0), (2, 0), (3, 1), (4, 40), (5, 3_000)] {
        let (graph, mut facts, mut random) = (open(), BTreeSet::new(), Rng::with_seed(seed));
        let mut kept = Vec::new();
        let large = random_facts(&mut random, 20_000);
        change(&graph, &mut facts, &large, &[]);
        graph.compact().unwrap();
        for n in 0..8 {
            let context = format!("seed {seed}, step {n}");
            // A few facts above many, many above few, old ones again, and some gone.
            let count = [3, 200, 8_000][random.usize(..3)];
            let mut added = random_facts(&mut random, count);
            added.extend(facts.iter().skip(random.usize(..500)).step_by(97).copied());
            let gone: Vec<_> = (0..deletes).map(|_| large[random.usize(..large.len())]).collect();
            change(&graph, &mut facts, &added, &gone);
            assert_counts(&graph.snapshot(), &facts, &mut random, &context);
            match random.usize(..4) {
                0 => while graph.compact_some(usize::MAX).unwrap() {},
                1 => (),
                _ => graph.flush().unwrap(),
            }
            assert_counts(&graph.snapshot(), &facts, &mut random, &context);
            if n % 4 == 0 {
                kept.push((graph.snapshot(), facts.clone()));
            }
        }
        graph.compact().unwrap();
        assert_counts(&graph.snapshot(), &facts, &mut random, "compacted");
        for (snapshot, facts) in kept {
            assert_counts(&snapshot, &facts, &mut random, "a snapshot");
        }
    }
}

/// Tables that follow one another stay apart on their level, so that a level has many.
#[test]
fn counts_go_from_table_to_table_of_a_level() {
    let (graph, mut facts, mut random) = (open(), BTreeSet::new(), Rng::with_seed(6));
    for subject in 0..TERMS {
        let added: Vec<_> = (0..300)
            .map(|n| [subject, n / 20, n % 20 + subject % 7])
            .collect();
        change(&graph, &mut facts, &added, &[]);
        graph.flush().unwrap();
        while graph.compact_some(usize::MAX).unwrap() {}
        if subject % 10 == 0 {
            assert_counts(
                &graph.snapshot(),
                &facts,
                &mut random,
                &format!("subject {subject}"),
            );
        }
    }
    assert!(
        graph.stats().trees[0].tables[1] > 10,
        "{:?}",
        graph.stats().trees[0].tables
    );
    let gone: Vec<_> = facts.iter().skip(1_000).step_by(1_711).copied().collect();
    change(&graph, &mut facts, &[[3, 80, 80], [50, 80, 80]], &gone);
    graph.flush().unwrap();
    assert_counts(&graph.snapshot(), &facts, &mut random, "with some gone");
}
