//! Processes, a server and everything that may happen to them, one step after the other.
//!
//! Each seed is a history of its own: some processes with some clients each, who change and read one tenant's files; calls
//! that are late, fail, or are done although they seem to fail; processes that end, or stand still while others take their lease
//! over; a server that crashes. There is one thread and no clock but the number of steps, so that a seed always gives the same
//! history. What every client saw, and what is left in the end, has to be what *one* order of all changes explains: that of
//! the log.
//!
//! `TARBOX_LONG=1` runs many more seeds, `TARBOX_SEEDS=10000..60000` those, and `TARBOX_SEED=17` only that one, telling everything
//! that happens in it.

/// Tells what happens, if that was asked for.
macro_rules! tell {
    ($($what:tt)*) => {
        if std::env::var_os("TARBOX_SEED").is_some() {
            eprintln!($($what)*);
        }
    };
}
pub(crate) use tell;

mod executor;
mod faults;
mod history;
#[path = "../../../store-sqlite/tests/model/reference.rs"]
#[allow(dead_code)] // the simulation needs less of it than the model test
mod reference;
mod run;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

/// How many histories are tried.
const SEEDS: u64 = 300;
const SEEDS_LONG: u64 = 10_000;

#[test]
fn one_order_of_all_changes_explains_what_everybody_saw() {
    let number = |text: &str| text.parse::<u64>().expect("seeds are numbers");
    let seeds = match (std::env::var("TARBOX_SEED"), std::env::var("TARBOX_SEEDS")) {
        (Ok(seed), _) => number(&seed)..number(&seed) + 1,
        (_, Ok(seeds)) => {
            let (from, to) = seeds
                .split_once("..")
                .expect("two numbers with dots between them");
            number(from)..number(to)
        }
        _ if std::env::var_os("TARBOX_LONG").is_some() => 0..SEEDS_LONG,
        _ => 0..SEEDS,
    };
    let failed: Vec<u64> = seeds
        .filter(|seed| catch_unwind(AssertUnwindSafe(|| run::run(*seed))).is_err())
        .collect();
    assert!(
        failed.is_empty(),
        "seeds {failed:?} fail: try TARBOX_SEED={}",
        failed[0]
    );
}

#[test]
fn a_seed_gives_the_same_history_again() {
    for seed in 0..5 {
        assert_eq!(run::run(seed), run::run(seed), "seed {seed}");
    }
}
