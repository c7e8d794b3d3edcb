//! Random operations on the file system and on a simple reference, which have to agree after each.
//!
//! The reference is a map of inodes in memory, written for obviousness; a layer is a copy of it. Two users, four names
//! and a handful of sizes make collisions, replacements and refusals frequent. `TARBOX_LONG=1` runs many more cases.

mod check;
mod expected;
mod operation;
mod reference;
mod resolve;
mod step;
mod world;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use operation::{Operation, operation};
use world::World;

fn cases() -> u32 {
    match std::env::var_os("TARBOX_LONG") {
        Some(_) => 30_000,
        None => 2_000,
    }
}

fn run(strategy: impl Strategy<Value = Vec<Operation>>, cases: u32) {
    let config = Config {
        cases,
        max_shrink_iters: 20_000,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&strategy, |operations| {
            let mut world = World::new();
            for (number, operation) in operation::beginning().iter().chain(&operations).enumerate() {
                world
                    .step(operation)
                    .map_err(|e| TestCaseError::fail(format!("step {number}: {e}")))?;
            }
            world.check_everything().map_err(TestCaseError::fail)
        })
        .unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn short_lives_agree_with_the_reference() {
    run(proptest::collection::vec(operation(), 1..40), cases());
}

#[test]
fn long_lives_agree_with_the_reference() {
    run(proptest::collection::vec(operation(), 300..600), cases() / 50);
}
