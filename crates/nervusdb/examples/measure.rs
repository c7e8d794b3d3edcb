//! Measures the engine natively: `cargo run --release -p nervusdb --example measure [--rows] [directory]`.
//!
//! With `--rows` it prints what has a goal, as `cargo xtask bench` does: row, cost, goal, ratio, verdict, unit.
//!
//! Times are the thread's time on the processor where the host tells it (Linux), so that a busy machine disturbs
//! less; elsewhere, and for waiting on a device, use the wall clock.
//!
//! The data are 128³ facts (d = 128: every combination of 128 subjects, predicates and objects).

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nervusdb::{Batch, Durability, Graph, Options, Pattern};
use tarbox_pool::{DirectoryPool, MemoryPool, Pool};

const D: u32 = 128;
const FACTS: f64 = (D * D * D) as f64;
const ROWS: &str = "--rows";
/// The measure at least, or the time at most, in the unit it is reported in.
const GOALS: [(&str, f64); 4] = [
    ("load, durable at the end", 2.0),
    ("one fact a commit, Written", 2.5),
    ("reopen after a clean close", 10.0),
    ("reopen after a kill", 1_000.0),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::args().skip(1).find(|word| word != ROWS);
    let pool: Arc<dyn Pool> = match directory {
        Some(directory) => Arc::new(DirectoryPool::open(directory)?),
        None => Arc::new(MemoryPool::new()),
    };
    let graph = Graph::open(pool.clone(), "measure", Options::default())?;

    let begin = Clock::start();
    let ids = load(&graph)?;
    report(
        "load, durable at the end",
        "M/s",
        FACTS / begin.elapsed().as_secs_f64() / 1e6,
    );
    read(&graph, &ids, "as loaded")?;
    let bytes = graph.stats().bytes() as f64;
    report("on disk as loaded", "bytes/fact", bytes / FACTS);

    let begin = Clock::start();
    graph.compact()?;
    report("compact", "s", begin.elapsed().as_secs_f64());
    read(&graph, &ids, "compacted")?;
    report(
        "on disk compacted",
        "bytes/fact",
        graph.stats().bytes() as f64 / FACTS,
    );
    add_some(&graph, &ids)?;
    read(&graph, &ids, "and some more")?;
    drop(graph);

    let begin = Instant::now();
    let graph = Graph::open(pool, "measure", Options::default())?;
    report(
        "reopen after a clean close",
        "ms",
        begin.elapsed().as_secs_f64() * 1e3,
    );
    single_adds(&graph)?;
    recovery()?;
    unique_terms()
}

/// Opens what a process left that was killed with 64 MB of log. Only a memtable much larger than usual lets a log
/// grow so long.
fn recovery() -> Result<(), Box<dyn std::error::Error>> {
    let pool: Arc<dyn Pool> = Arc::new(MemoryPool::new());
    let options = Options {
        memtable_bytes: 1 << 30,
        log_bytes: 1 << 30,
        ..Options::default()
    };
    let graph = Graph::open(pool.clone(), "recovery", options)?;
    let term = graph.intern("http://example.org/term")?;
    let ids: Vec<u32> = (0..2_048)
        .map(|n| graph.intern(&format!("http://example.org/#{n}")))
        .collect::<Result<_, _>>()?;
    let mut batch = Batch::new();
    for n in 0..5_300_000_usize {
        batch.add([ids[n % 2_048], term, ids[n / 2_048 % 2_048]]);
        if batch.len() == 10_000 {
            graph.commit(&batch, Durability::Written)?;
            batch.clear();
        }
    }
    let log = graph.stats().log_bytes as f64;
    drop(graph);
    let begin = Clock::start();
    let graph = Graph::open(pool, "recovery", Options::default())?;
    let elapsed = begin.elapsed().as_secs_f64() * 1e3;
    report(
        &format!("reopen after a kill, {:.0} MB of log", log / 1e6),
        "ms",
        elapsed,
    );
    assert_eq!(graph.stats().memtable_facts, 0, "the log was written to tables");
    Ok(())
}

fn load(graph: &Graph) -> nervusdb::Result<[Vec<u32>; 3]> {
    let term = |kind: &str, n| graph.intern(&format!("http://example.org/{kind}#{n}"));
    let ids = ["subject", "predicate", "object"].map(|kind| (0..D).map(|n| term(kind, n)).collect());
    let [subjects, predicates, objects]: [nervusdb::Result<Vec<u32>>; 3] = ids;
    let ids = [subjects?, predicates?, objects?];
    let mut batch = Batch::new();
    for &s in &ids[0] {
        for &p in &ids[1] {
            for &o in &ids[2] {
                batch.add([s, p, o]);
                if batch.len() == 10_000 {
                    graph.commit(&batch, Durability::Written)?;
                    batch.clear();
                }
            }
        }
    }
    graph.commit(&batch, Durability::Synced)?;
    graph.flush()?;
    Ok(ids)
}

fn read(graph: &Graph, ids: &[Vec<u32>; 3], state: &str) -> nervusdb::Result<()> {
    let [subjects, predicates, objects] = ids;
    let mut random = fastrand::Rng::with_seed(0);
    let mut next = || [subjects, predicates, objects].map(|ids| ids[random.usize(..ids.len())]);
    time(&format!("exact, {state}"), 200_000, || {
        graph.contains(next()).map(u64::from)
    })?;
    let mut out = Vec::new();
    let mut scan = |pattern| {
        out.clear();
        graph
            .scan(pattern)?
            .fill(&mut out, usize::MAX)
            .map(|count| count as u64)
    };
    time(&format!("S P ? (128), {state}"), 20_000, || {
        let [s, p, _] = next();
        scan(Pattern::new(Some(s), Some(p), None))
    })?;
    time(&format!("S ? ? (16,384), {state}"), 200, || {
        scan(Pattern::new(Some(next()[0]), None, None))
    })?;
    time(&format!("? P ? (16,384), {state}"), 200, || {
        scan(Pattern::new(None, Some(next()[1]), None))
    })?;
    time(&format!("scan all, {state}"), 2, || scan(Pattern::default()))?;
    time(&format!("count ? P ?, {state}"), 200, || {
        graph.count(Pattern::new(None, Some(next()[1]), None))
    })?;
    time(&format!("count ? ? ?, {state}"), 20, || {
        graph.count(Pattern::default())
    })?;
    time(&format!("term of an id, {state}"), 100_000, || {
        out_len(graph.term(next()[2])?)
    })?;
    time(&format!("id of a term, {state}"), 100_000, || {
        graph
            .find_term("http://example.org/object#77")
            .map(|id| u64::from(id.unwrap_or(0)))
    })
}

/// A few facts all over the others, in a table above theirs: some are new, most are there already.
fn add_some(graph: &Graph, [subjects, predicates, objects]: &[Vec<u32>; 3]) -> nervusdb::Result<()> {
    let mut batch = Batch::new();
    for n in 0..200 {
        let at = |step: usize| n * step % D as usize;
        batch.add([subjects[at(7)], predicates[at(11)], objects[at(3)]]);
        if n % 4 == 0 {
            batch.add([subjects[at(5)], predicates[at(13)], subjects[at(3)]]);
        }
    }
    graph.commit(&batch, Durability::Synced)?;
    graph.flush()
}

fn out_len(term: Option<String>) -> nervusdb::Result<u64> {
    Ok(term.map_or(0, |term| term.len() as u64))
}

fn single_adds(graph: &Graph) -> nervusdb::Result<()> {
    let mut batch = Batch::new();
    let mut n = 0_u32;
    for durability in [Durability::Gathered, Durability::Written] {
        time(&format!("one fact a commit, {durability:?}"), 200_000, || {
            n += 1;
            batch.clear();
            batch.add([n % 384, n / 384 % 384, 5]);
            graph.commit(&batch, durability).map(|_| 1)
        })?;
    }
    Ok(())
}

/// Facts whose three terms are all new.
fn unique_terms() -> Result<(), Box<dyn std::error::Error>> {
    const COUNT: u32 = 300_000;
    let graph = Graph::open(Arc::new(MemoryPool::new()), "unique", Options::default())?;
    let terms: Vec<String> = (0..3 * COUNT)
        .map(|n| format!("http://example.org/term#{n}"))
        .collect();
    let begin = Clock::start();
    let mut batch = Batch::new();
    for fact in terms.chunks_exact(3) {
        batch.add([
            graph.intern(&fact[0])?,
            graph.intern(&fact[1])?,
            graph.intern(&fact[2])?,
        ]);
        if batch.len() == 10_000 {
            graph.commit(&batch, Durability::Written)?;
            batch.clear();
        }
    }
    graph.flush()?;
    let rate = f64::from(COUNT) / begin.elapsed().as_secs_f64() / 1e6;
    report("load of unique terms, interning included", "M/s", rate);
    report(
        "on disk, unique terms",
        "bytes/fact",
        graph.stats().bytes() as f64 / f64::from(COUNT),
    );
    Ok(())
}

fn time(name: &str, times: u32, mut work: impl FnMut() -> nervusdb::Result<u64>) -> nervusdb::Result<()> {
    let begin = Clock::start();
    let mut found = 0;
    for _ in 0..times {
        found += black_box(work()?);
    }
    let each = begin.elapsed().as_secs_f64() / f64::from(times);
    report(
        &format!("{name} ({} results)", found / u64::from(times)),
        "µs",
        each * 1e6,
    );
    Ok(())
}

/// Time on the processor, or else on the wall.
struct Clock {
    wall: Instant,
    processor: Option<Duration>,
}

impl Clock {
    fn start() -> Self {
        Self {
            wall: Instant::now(),
            processor: processor_time(),
        }
    }

    fn elapsed(&self) -> Duration {
        match (self.processor, processor_time()) {
            (Some(begin), Some(end)) => end.saturating_sub(begin),
            _ => self.wall.elapsed(),
        }
    }
}

fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

fn report(name: &str, unit: &str, value: f64) {
    if !std::env::args().any(|word| word == ROWS) {
        println!("{name:<56} {value:>12.3} {unit}");
        return;
    }
    let Some((_, goal)) = GOALS.iter().find(|(start, _)| name.starts_with(start)) else {
        return;
    };
    let (cost, goal, unit) = match unit {
        "M/s" => (1.0 / value, 1.0 / goal, "µs/fact"),
        _ => (value, *goal, unit),
    };
    let verdict = if cost <= goal { "ok" } else { "over" };
    let ratio = cost / goal;
    println!("graph native {name} vs goal\t{cost:.3}\t{goal:.3}\t{ratio:.3}\t{verdict} <= 1\t{unit}");
}
