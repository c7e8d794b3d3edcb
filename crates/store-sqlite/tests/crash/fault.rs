//! Calls that fail while the power stays on: an error is told, nothing is lost, and the next try goes on.

use tarbox_pool::fault::{FaultPlan, FaultPool};
use tarbox_pool::{ErrorKind as PoolError, Operation};
use tarbox_store::{Database, ErrorKind};

use crate::state::{Clock, Open, State};
use crate::workload::{Action, Effect};
use crate::{Case, is_long};

/// Runs a workload while calls fail, trying each action again until it is done. Answers how many errors were seen.
fn run_with_faults(case: &Case, disk: &FaultPool, what: &str) -> usize {
    let clock = Clock::at(0, case.redo);
    let mut errors = 0;
    let mut open = match Open::on(disk, clock.clone()) {
        Ok(open) => open,
        Err(_) => {
            errors += 1;
            Open::on(disk, clock.clone()).unwrap_or_else(|e| panic!("{what}: does not open again: {e}"))
        }
    };
    for (i, action) in case.actions.iter().enumerate() {
        clock.set(i + 1);
        let expected = case.results[i];
        for attempt in 0.. {
            let result = open.run(action);
            if result == expected || attempt > 0 && is_repeated(action, result) {
                break;
            }
            errors += 1;
            let told = matches!(result, Err(ErrorKind::Io | ErrorKind::NoSpace));
            assert!(
                told,
                "{what}: action {i} {action:?} gives {result:?} instead of {expected:?}"
            );
            assert!(attempt < 10, "{what}: action {i} {action:?} never succeeds");
        }
    }
    disk.set_plan(FaultPlan::new());
    open.database.sync().unwrap_or_else(|e| panic!("{what}: {e}"));
    let last = case.states.last();
    assert!(Some(&State::of(&open)) == last, "{what}: something is lost");
    drop(open);
    let open = Open::on(disk, Clock::at(9_999, case.redo)).unwrap();
    assert!(
        Some(&State::of(&open)) == last,
        "{what}: something is lost after the next start"
    );
    let report = pollster::block_on(open.database.fsck(false, &|_, _| {})).unwrap();
    assert!(report.problems.is_empty(), "{what}: {:#?}", report.problems);
    errors
}

/// Whether the first try of this action may have happened although it failed, so that the second finds it done.
fn is_repeated(_: &Action, result: Result<Effect, ErrorKind>) -> bool {
    result == Err(ErrorKind::Exists)
}

/// Every n-th call of an operation fails once, for every n.
fn each_call_fails(operation: Operation, kind: PoolError) {
    let seeds = if is_long() { 300..330 } else { 300..303 };
    for seed in seeds {
        let case = Case::new(seed);
        let mut seen = 0;
        for n in 1.. {
            let disk = case.start.fork();
            disk.set_plan(FaultPlan::new().fail(operation, n, kind));
            let errors = run_with_faults(&case, &disk, &format!("workload {seed}, {operation} {n} fails"));
            seen += errors;
            // Opening and the first commits are always reached; behind the last call nothing fails any more.
            if errors == 0 && n > 40 {
                break;
            }
        }
        assert!(seen > 0, "no call of {operation} failed");
    }
}

#[test]
fn a_write_that_fails_loses_nothing() {
    each_call_fails(Operation::Write, PoolError::Io);
}

#[test]
fn a_write_without_room_loses_nothing() {
    each_call_fails(Operation::Write, PoolError::NoSpace);
}

#[test]
fn a_sync_that_fails_loses_nothing() {
    each_call_fails(Operation::Sync, PoolError::Io);
}
