//! Random histories, copied from one kind of database to the other and back.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::machine::Machine;
use crate::op::{Op, any_op};
use crate::place::Place;
use crate::support::*;

#[test]
fn random_histories_arrive_as_they_were() {
    let long = std::env::var_os("TARBOX_LONG").is_some();
    let config = Config {
        cases: if long { 600 } else { 12 },
        max_shrink_iters: 200,
        failure_persistence: None,
        ..Config::default()
    };
    let operations = prop::collection::vec(any_op(), 1..80);
    let server = postgres();
    let number = std::cell::Cell::new(0);
    let outcome = TestRunner::new_with_rng(config, rng()).run(&operations, |ops: Vec<Op>| {
        let mut machine = Machine::new(32 << 20);
        for op in &ops {
            machine.step(op)?;
        }
        machine.finish()?;
        drop(machine);
        number.set(number.get() + 1);
        let name = format!("case-{}", number.get());
        let place = Place::last();
        let first = sqlite(place.path());
        let original = picture(&first, "default");
        let send = |result: tarbox_store::Result<_>| result.map_err(|e| TestCaseError::fail(e.to_string()));
        send(tarbox_transfer::copy(
            &first,
            "default",
            &server,
            Some(&name),
            &mut |_| {},
        ))?;
        send(tarbox_transfer::copy(
            &server,
            &name,
            &first,
            Some("back"),
            &mut |_| {},
        ))?;
        assert_same(&picture(&server, &name), &original);
        assert_same(&picture(&first, "back"), &original);
        assert_sound(&first);
        assert_sound(&server);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

fn rng() -> proptest::test_runner::TestRng {
    proptest::test_runner::TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &[7; 32])
}
