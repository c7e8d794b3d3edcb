//! Random operations on the store and on the reference that the store on SQLite is compared with, too.
//!
//! `TARBOX_LONG=1` runs many more cases.

#[path = "../../../store-sqlite/tests/model/machine.rs"]
mod machine;
#[path = "../../../store-sqlite/tests/model/op.rs"]
mod op;
mod place;
#[path = "../../../store-sqlite/tests/model/reference.rs"]
mod reference;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use machine::Machine;
use op::Op;

/// Runs so many cases of up to `length` operations.
fn run(cases: u32, length: usize, cache_bytes: u64) {
    let long = std::env::var_os("TARBOX_LONG").is_some();
    let config = Config {
        cases: if long { cases * 30 } else { cases },
        max_shrink_iters: 300,
        failure_persistence: None,
        ..Config::default()
    };
    let operations = prop::collection::vec(op::any_op(), 1..length);
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
    run(60, 14, 32 << 20);
}

#[test]
fn long_histories_agree_with_the_reference() {
    run(20, 120, 32 << 20);
}

#[test]
fn histories_agree_with_almost_no_cache() {
    run(40, 40, 16 << 10);
}
