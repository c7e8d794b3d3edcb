//! Power cuts: a workload is stopped at every step of the device, the disk keeps what it may, and the graph is
//! opened again.
//!
//! What was synced is there; of what was not, a prefix of whole commits is; and the graph goes on working.

use std::collections::BTreeSet;
use std::sync::Arc;

use nervusdb::{Batch, Committed, Durability, Error, Graph, Options, Pattern};
use tarbox_pool::fault::{CrashPolicy, FaultPlan, FaultPool};

/// A commit of the workload: some facts of its own, one deletion of an older fact, one new term.
const COMMITS: u32 = 24;

fn options() -> Options {
    Options {
        memtable_bytes: 600,
        remember_transactions: 50,
        ..Options::default()
    }
}

fn open(pool: &FaultPool) -> Result<Graph, Error> {
    Graph::open(Arc::new(pool.clone()), "g", options())
}

/// The facts of commit `n`, by the ids of its terms: of its own subject, or of the first ones, so that tables leave
/// gaps for one another.
fn facts_of(n: u32) -> Vec<[u32; 3]> {
    let subject = |k| if n / 4 % 2 == 1 { k } else { n };
    (0..4).map(|k| [subject(k), (n + k) % (n + 1), n / 2]).collect()
}

fn batch_of(n: u32) -> Batch {
    let mut batch = Batch::new();
    for fact in facts_of(n) {
        batch.add(fact);
    }
    if n >= 4 {
        batch.delete(facts_of(n - 3)[0]);
    }
    batch.set_node(n, &[("n".into(), f64::from(n).into())]);
    batch.transaction(&format!("tx {n}"), "s", u64::from(n));
    batch
}

fn durability_of(n: u32) -> Durability {
    [Durability::Synced, Durability::Gathered, Durability::Written][n as usize % 3]
}

/// What a graph holds after the first `count` commits.
fn expected(count: u32) -> BTreeSet<[u32; 3]> {
    let mut facts = BTreeSet::new();
    for n in 0..count {
        facts.extend(facts_of(n));
        if n >= 4 {
            facts.remove(&facts_of(n - 3)[0]);
        }
    }
    facts
}

#[derive(Default)]
struct Progress {
    /// Commits that were begun.
    begun: u32,
    /// Commits that are durable for sure.
    durable: u32,
}

/// Runs commits `from..` until the power fails or all are made.
fn work(pool: &FaultPool, from: u32, progress: &mut Progress) -> Result<(), Error> {
    let graph = open(pool)?;
    for n in from..COMMITS {
        assert_eq!(graph.intern(&format!("term {n}"))?, n);
        progress.begun = n + 1;
        graph.commit(&batch_of(n), durability_of(n))?;
        if durability_of(n) == Durability::Synced {
            progress.durable = n + 1;
        }
        match n % 8 {
            3 => {
                graph.sync()?;
                progress.durable = n + 1;
            }
            5 => drop(graph.compact_some(7)?),
            7 => {
                graph.flush()?;
                progress.durable = n + 1;
            }
            _ => (),
        }
        if n == COMMITS - 3 {
            graph.compact()?;
        }
    }
    graph.close()?;
    progress.durable = COMMITS;
    Ok(())
}

/// How many commits the graph holds, which must be whole.
fn commits_in(graph: &Graph) -> u32 {
    let count = u32::try_from(graph.sequence()).unwrap();
    let found: BTreeSet<_> = graph
        .scan(Pattern::default())
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(found, expected(count), "after {count} commits");
    for n in 0..count {
        assert_eq!(graph.term(n).unwrap().unwrap(), format!("term {n}"));
        assert_eq!(graph.find_term(&format!("term {n}")).unwrap(), Some(n));
        assert!(graph.node_properties(n).unwrap().is_some());
    }
    for [s, p, o] in &found {
        assert_eq!(
            graph.count(Pattern::new(Some(*s), Some(*p), Some(*o))).unwrap(),
            1
        );
    }
    let by_predicate: u64 = (0..COMMITS)
        .map(|p| graph.count(Pattern::new(None, Some(p), None)).unwrap())
        .sum();
    let by_object: u64 = (0..COMMITS)
        .map(|o| graph.count(Pattern::new(None, None, Some(o))).unwrap())
        .sum();
    assert_eq!(
        (by_predicate, by_object),
        (found.len() as u64, found.len() as u64)
    );
    count
}

/// How much of the rest of the workload is made after a power cut.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    OneCommit,
    All,
}

fn check_disk(disk: &FaultPool, progress: &Progress, rest: Rest, context: &str) {
    let graph = open(disk).unwrap_or_else(|error| panic!("{context}: {error}"));
    let count = commits_in(&graph);
    assert!(
        (progress.durable..=progress.begun).contains(&count),
        "{context}: {count} commits of {} durable and {} begun",
        progress.durable,
        progress.begun
    );
    // The last commit again, under its id, changes nothing; the next goes through.
    if count > 0 {
        let again = graph.commit(&batch_of(count - 1), Durability::Synced).unwrap();
        assert_eq!(again, Committed::Duplicate, "{context}");
    }
    if rest == Rest::OneCommit && count < COMMITS {
        assert_eq!(
            graph.intern(&format!("term {count}")).unwrap(),
            count,
            "{context}"
        );
        graph.commit(&batch_of(count), Durability::Written).unwrap();
        drop(graph);
        assert_eq!(commits_in(&open(disk).unwrap()), count + 1, "{context}");
        return;
    }
    drop(graph);
    work(disk, count, &mut Progress::default()).unwrap();
    assert_eq!(commits_in(&open(disk).unwrap()), COMMITS, "{context}");
}

#[test]
fn a_power_cut_at_any_step_loses_nothing_that_was_durable() {
    let whole = FaultPool::new();
    work(&whole, 0, &mut Progress::default()).unwrap();
    let steps = whole.steps();
    assert!(steps > 100, "the workload has only {steps} steps");
    for step in 1..=steps {
        let pool = FaultPool::new();
        pool.set_plan(FaultPlan::new().crash_at(step));
        let mut progress = Progress::default();
        let stopped = work(&pool, 0, &mut progress).is_err();
        // What fails after the last commit that asks for it, such as deleting an old log, shows nowhere.
        assert!(stopped || step + 20 > steps, "step {step} of {steps}");
        // Half of the policies at each step, the other half at the next.
        for policy in CrashPolicy::ALL.into_iter().skip(step as usize % 2).step_by(2) {
            let seed = step * 31;
            let rest = if step % 7 == 0 { Rest::All } else { Rest::OneCommit };
            let context = format!("step {step} of {steps}, {policy:?}");
            check_disk(&pool.after_crash(seed, policy), &progress, rest, &context);
        }
    }
}

#[test]
fn a_power_cut_during_recovery_loses_nothing_either() {
    let pool = FaultPool::new();
    pool.set_plan(FaultPlan::new().crash_at(90));
    let mut progress = Progress::default();
    work(&pool, 0, &mut progress).unwrap_err();
    let first = pool.after_crash(5, CrashPolicy::KeepUnsynced);
    for step in 1..40 {
        let second = first.fork();
        second.set_plan(FaultPlan::new().crash_at(step));
        let mut again = Progress {
            begun: progress.begun,
            durable: progress.durable,
        };
        let begun = open(&second).map(|graph| u32::try_from(graph.sequence()).unwrap());
        if let Ok(count) = begun {
            let _ = work(&second, count, &mut again);
        }
        for policy in [
            CrashPolicy::DropUnsynced,
            CrashPolicy::Mixed,
            CrashPolicy::Garbage,
        ] {
            let progress = Progress {
                begun: again.begun.max(progress.begun),
                durable: again.durable.max(progress.durable),
            };
            let context = format!("recovery step {step}, {policy:?}");
            check_disk(
                &second.after_crash(step, policy),
                &progress,
                Rest::OneCommit,
                &context,
            );
        }
    }
}
