//! Random histories against plain collections: what the graph says is what they say, before and after every
//! flush, merge and reopening, in one session or many, and while former writers still read.
#![cfg(not(target_family = "wasm"))]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use nervusdb::{
    Batch, Committed, Durability, Graph, Options, Pattern, PropertyFilter, Snapshot, Value, check,
};
use proptest::prelude::*;
use tarbox_pool::MemoryPool;

/// Terms come in clusters: who writes about one at a time leaves gaps in the key ranges of tables.
const CLUSTERS: u32 = 4;
const CLUSTER: u32 = 6;
const TERMS: u32 = CLUSTERS * CLUSTER;

#[derive(Clone, Debug)]
enum Change {
    Add([u32; 3]),
    Delete([u32; 3]),
    SetNode(u32, Vec<(usize, i8)>),
    ClearNode(u32),
    SetEdge([u32; 3], i8),
}

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<Change>, Option<u8>),
    Intern(String),
    Flush,
    CompactSome,
    Compact,
    Reopen,
    /// Another writer takes over. This one goes on reading what it knows.
    TakeTurns,
    Snapshot,
}

/// What a history is like.
#[derive(Clone, Copy, Debug)]
struct Style {
    /// Each commit is about one cluster of terms.
    is_clustered: bool,
    /// Without, a table counts its facts by its index alone.
    deletes: bool,
    /// Most commits are flushed at once.
    flushes: bool,
    memtable_bytes: usize,
}

type Properties = BTreeMap<u32, Vec<(String, Value)>>;

#[derive(Clone, Debug, Default)]
struct Model {
    facts: BTreeSet<[u32; 3]>,
    nodes: Properties,
    edges: BTreeMap<[u32; 3], i8>,
    transactions: BTreeSet<u8>,
    terms: Vec<String>,
}

fn style() -> impl Strategy<Value = Style> {
    let flags = [any::<bool>(), any::<bool>(), any::<bool>()];
    (flags, 100..3_000_usize).prop_map(|([is_clustered, deletes, flushes], memtable_bytes)| Style {
        is_clustered,
        deletes,
        flushes,
        memtable_bytes,
    })
}

/// Changes of the terms `from..from + count`.
fn change(style: Style, from: u32, count: u32) -> impl Strategy<Value = Change> {
    let term = from..from + count;
    let fact = [term.clone(), term.clone(), term.clone()];
    let number = prop::collection::vec((0..NAMES.len(), any::<i8>()), 0..4);
    prop_oneof![
        6 => fact.clone().prop_map(Change::Add),
        if style.deletes { 3 } else { 0 } => fact.clone().prop_map(Change::Delete),
        2 => (term.clone(), number).prop_map(|(node, properties)| Change::SetNode(node, properties)),
        1 => term.prop_map(Change::ClearNode),
        1 => (fact, any::<i8>()).prop_map(|(edge, value)| Change::SetEdge(edge, value)),
    ]
}

fn changes(style: Style) -> BoxedStrategy<Vec<Change>> {
    match style.is_clustered {
        true => (0..CLUSTERS)
            .prop_flat_map(move |cluster| {
                prop::collection::vec(change(style, cluster * CLUSTER, CLUSTER), 0..6)
            })
            .boxed(),
        false => prop::collection::vec(change(style, 0, TERMS), 0..12).boxed(),
    }
}

fn step(style: Style) -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => (changes(style), prop::option::weighted(0.3, 0..6_u8))
            .prop_map(|(changes, tx)| Step::Commit(changes, tx)),
        2 => "[a-c]{0,4}".prop_map(Step::Intern),
        if style.flushes { 10 } else { 2 } => Just(Step::Flush),
        2 => Just(Step::CompactSome),
        1 => Just(Step::Compact),
        2 => Just(Step::Reopen),
        1 => Just(Step::TakeTurns),
        1 => Just(Step::Snapshot),
    ]
}

fn history() -> impl Strategy<Value = (Style, Vec<Step>)> {
    style().prop_flat_map(|style| (Just(style), prop::collection::vec(step(style), 0..100)))
}

const NAMES: [&str; 4] = [
    "age",
    "a long name that is far beyond what an index key holds, a long name that is far beyond what an index key holds, one that is cut there, and less",
    "a long name that is far beyond what an index key holds, a long name that is far beyond what an index key holds, one that is cut there, and more",
    "",
];

/// Numbers, strings, and strings longer than an index key.
fn value(seed: i8) -> Value {
    match seed % 4 {
        0 => Value::Number(f64::from(seed)),
        1 => Value::Text(format!("text {seed}")),
        2 => Value::Text("x".repeat(140) + &seed.to_string()),
        _ => Value::Null,
    }
}

fn properties(seeds: &[(usize, i8)]) -> Vec<(String, Value)> {
    let mut by_name = BTreeMap::new();
    seeds
        .iter()
        .for_each(|&(name, seed)| drop(by_name.insert(NAMES[name].to_owned(), value(seed))));
    by_name.into_iter().collect()
}

impl Model {
    fn apply(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Add(fact) => drop(self.facts.insert(*fact)),
                Change::Delete(fact) => drop(self.facts.remove(fact)),
                Change::SetNode(node, seeds) => drop(self.nodes.insert(*node, properties(seeds))),
                Change::ClearNode(node) => drop(self.nodes.remove(node)),
                Change::SetEdge(edge, seed) => drop(self.edges.insert(*edge, *seed)),
            }
        }
    }

    fn matching(&self, pattern: Pattern) -> Vec<[u32; 3]> {
        let bound = [pattern.subject, pattern.predicate, pattern.object];
        let matches = |fact: &&[u32; 3]| {
            bound
                .iter()
                .zip(**fact)
                .all(|(bound, word)| bound.is_none_or(|bound| bound == word))
        };
        self.facts.iter().filter(matches).copied().collect()
    }
}

fn batch(changes: &[Change]) -> Batch {
    let mut batch = Batch::new();
    for change in changes {
        match change {
            Change::Add(fact) => batch.add(*fact),
            Change::Delete(fact) => batch.delete(*fact),
            Change::SetNode(node, seeds) => batch.set_node(*node, &properties(seeds)),
            Change::ClearNode(node) => batch.clear_node(*node),
            Change::SetEdge(edge, seed) => batch.set_edge(*edge, &[("w".into(), value(*seed))]),
        };
    }
    batch
}

fn options(style: Style) -> Options {
    Options {
        memtable_bytes: style.memtable_bytes,
        cache_bytes: 30_000,
        remember_transactions: 100,
        ..Options::default()
    }
}

fn patterns() -> impl Iterator<Item = Pattern> {
    let choices = [None, Some(0), Some(CLUSTER + 3), Some(TERMS - 1)];
    let all = choices.into_iter().flat_map(move |s| {
        choices
            .into_iter()
            .flat_map(move |p| choices.into_iter().map(move |o| Pattern::new(s, p, o)))
    });
    all.chain([Pattern::new(Some(u32::MAX), None, None)])
}

fn assert_same(snapshot: &Snapshot, model: &Model) {
    for pattern in patterns() {
        let mut found: Vec<_> = snapshot.scan(pattern).unwrap().map(Result::unwrap).collect();
        assert_eq!(snapshot.count(pattern).unwrap(), found.len() as u64);
        found.sort_unstable();
        assert_eq!(found, model.matching(pattern), "{pattern:?}");
    }
    for node in 0..TERMS {
        assert_eq!(
            snapshot.node_properties(node).unwrap().as_ref(),
            model.nodes.get(&node)
        );
        let fact = [node, 1, 2];
        assert_eq!(snapshot.contains(fact).unwrap(), model.facts.contains(&fact));
    }
    for (edge, seed) in &model.edges {
        let expected = vec![("w".to_owned(), value(*seed))];
        assert_eq!(snapshot.edge_properties(*edge).unwrap(), Some(expected));
    }
    for (id, term) in (TERMS..).zip(&model.terms) {
        assert_eq!(snapshot.term(id).unwrap().as_ref(), Some(term));
        assert_eq!(snapshot.find_term(term).unwrap(), Some(id));
    }
    assert_properties_same(snapshot, model);
}

fn assert_properties_same(snapshot: &Snapshot, model: &Model) {
    let filters = [
        PropertyFilter::Any,
        PropertyFilter::Equals(value(5)),
        PropertyFilter::Equals(value(6)),
        PropertyFilter::Equals(Value::Null),
        PropertyFilter::Prefix("text 1".into()),
        PropertyFilter::Range {
            min: std::ops::Bound::Excluded(Value::Number(-20.0)),
            max: std::ops::Bound::Included(Value::Number(8.0)),
        },
    ];
    let matches = |filter: &PropertyFilter, value: &Value| match filter {
        PropertyFilter::Any => true,
        PropertyFilter::Equals(wanted) => value == wanted,
        PropertyFilter::Prefix(prefix) => matches!(value, Value::Text(text) if text.starts_with(prefix)),
        PropertyFilter::Range { .. } => matches!(value, Value::Number(n) if *n > -20.0 && *n <= 8.0),
    };
    for filter in &filters {
        for name in NAMES {
            let mut scan = snapshot.nodes_with(name, filter.clone()).unwrap();
            let mut found: Vec<_> = std::iter::from_fn(|| scan.next_node().unwrap()).collect();
            found.sort_unstable();
            let has = |properties: &Vec<(String, Value)>| {
                properties
                    .iter()
                    .any(|(key, value)| key == name && matches(filter, value))
            };
            let expected: Vec<_> = model
                .nodes
                .iter()
                .filter(|(_, properties)| has(properties))
                .map(|(&node, _)| node)
                .collect();
            assert_eq!(found, expected, "{name:?} {filter:?}");
        }
        let mut scan = snapshot.edges_with("w", filter.clone()).unwrap();
        let mut found: Vec<_> = std::iter::from_fn(|| scan.next_edge().unwrap()).collect();
        found.sort_unstable();
        let expected: Vec<_> = model
            .edges
            .iter()
            .filter(|(_, seed)| matches(filter, &value(**seed)))
            .map(|(&edge, _)| edge)
            .collect();
        assert_eq!(found, expected, "{filter:?}");
    }
}

fn run(style: Style, steps: Vec<Step>) {
    let pool = Arc::new(MemoryPool::new());
    let open = || Graph::open(pool.clone(), "g", options(style)).unwrap();
    let mut graph = open();
    let mut model = Model::default();
    (0..TERMS).for_each(|term| assert_eq!(graph.intern(&format!("term {term}")).unwrap(), term));
    graph.commit(&Batch::new(), Durability::Gathered).unwrap();
    let (mut kept, mut former) = (Vec::new(), Vec::new());
    for step in steps {
        match step {
            Step::Commit(changes, tx) => {
                let mut batch = batch(&changes);
                if let Some(tx) = tx {
                    batch.transaction(&format!("tx {tx}"), "", 0);
                }
                let is_new = tx.is_none_or(|tx| model.transactions.insert(tx));
                let committed = graph.commit(&batch, Durability::Gathered).unwrap();
                assert_eq!(committed != Committed::Duplicate, is_new);
                if is_new {
                    model.apply(&changes);
                }
            }
            Step::Intern(term) => {
                let known = model.terms.iter().position(|known| *known == term);
                let expected = TERMS + known.unwrap_or(model.terms.len()) as u32;
                assert_eq!(graph.intern(&term).unwrap(), expected);
                if known.is_none() {
                    model.terms.push(term);
                    graph.commit(&Batch::new(), Durability::Gathered).unwrap();
                }
            }
            Step::Flush => graph.flush().unwrap(),
            Step::CompactSome => drop(graph.compact_some(10).unwrap()),
            Step::Compact => graph.compact().unwrap(),
            Step::Reopen => {
                graph.sync().unwrap();
                drop(graph);
                graph = open();
            }
            Step::TakeTurns => {
                graph.flush().unwrap();
                former.push((graph, model.clone()));
                graph = open();
            }
            Step::Snapshot => kept.push((graph.snapshot(), model.clone())),
        }
    }
    assert!(!graph.stats().compaction_failed);
    assert_same(&graph.snapshot(), &model);
    for (graph, model) in former {
        assert_same(&graph.snapshot(), &model);
    }
    graph.sync().unwrap();
    drop(graph);
    kept.iter()
        .for_each(|(snapshot, model)| assert_same(snapshot, model));
    let report = check(pool.clone(), "g").unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    assert_eq!(report.facts, model.facts.len() as u64);
    assert_same(&open().snapshot(), &model);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_graph_is_what_a_plain_set_is((style, steps) in history()) {
        run(style, steps);
    }
}
