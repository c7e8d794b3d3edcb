//! Short ones, long ones, and some with next to nothing in memory.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::machine::Machine;
use crate::op::{Op, any_op};
use crate::place::{CASES, SHRINKS};

/// Runs so many cases of up to `length` operations.
fn run(cases: u32, length: usize, cache_bytes: u64) {
    let long = std::env::var_os("TARBOX_LONG").is_some();
    let config = Config {
        cases: if long { cases * 30 } else { cases },
        max_shrink_iters: SHRINKS,
        failure_persistence: None,
        ..Config::default()
    };
    let operations = prop::collection::vec(any_op(), 1..length);
    let outcome = TestRunner::new(config).run(&operations, |ops: Vec<Op>| {
        let mut machine = Machine::new(cache_bytes);
        for op in &ops {
            machine.step(op)?;
        }
        machine.finish()
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[test]
fn short_histories_agree_with_the_reference() {
    run(CASES[0], 14, 32 << 20);
}

#[test]
fn long_histories_agree_with_the_reference() {
    run(CASES[1], 120, 32 << 20);
}

#[test]
fn histories_agree_with_almost_no_cache() {
    run(CASES[2], 40, 16 << 10);
}
