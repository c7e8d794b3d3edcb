//! The power fails at every single write and sync of random workloads, and what was not synced is dropped, kept, torn or
//! reordered. Whatever the disk then holds, the database opens, holds what a prefix of the operations gives, at least all
//! that was synced, and breaks no invariant.
//!
//! A workload runs once on a disk that does not fail, which tells how many steps it has and what the state is after each
//! operation. What one tenant has synced says nothing of another. Then it runs once for each step. Nothing is left to chance: a failure names the workload, the step, the policy
//! and the seed, and happens again.
//!
//! `TARBOX_LONG=1` tries more workloads, and every policy with several seeds at each step.

#[path = "../common/mod.rs"]
mod common;
mod fault;
mod state;
mod workload;

use std::sync::Arc;

use tarbox_pool::FaultPool;
use tarbox_pool::fault::{CrashPolicy, FaultPlan, Rng};
use tarbox_store::{Database, Quota};

use state::{Clock, Open, State};
use workload::{Action, Effect, TENANTS};

/// How many actions of the workload each tenant has made durable.
type Synced = [usize; TENANTS.len()];

fn is_long() -> bool {
    std::env::var_os("TARBOX_LONG").is_some()
}

/// A workload, where it starts from, and what it does when nothing fails.
struct Case {
    seed: u64,
    start: FaultPool,
    actions: Vec<Action>,
    results: Vec<Result<Effect, tarbox_store::ErrorKind>>,
    /// The state after so many actions.
    states: Vec<State>,
    steps: u64,
    /// Whether it is stored with a redo log.
    redo: bool,
}

impl Case {
    /// Now and then the actions of a seed hardly ever reach the disk; then it is the next ones.
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let redo = !seed.is_multiple_of(3);
        (0..10)
            .map(|_| Self::with(seed, redo, workload::actions(&mut rng, redo)))
            .find(|case| case.steps > 20)
            .expect("a workload does more than next to nothing")
    }

    fn with(seed: u64, redo: bool, actions: Vec<Action>) -> Self {
        let start = FaultPool::with_seed(seed);
        {
            let open = Open::create(&start, Clock::at(0, redo));
            for tenant in workload::TENANTS {
                pollster::block_on(open.database.create_tenant(tenant, Quota::default())).unwrap();
            }
            open.database.sync().unwrap();
        }
        let disk = start.fork();
        let clock = Clock::at(0, redo);
        let mut open = Open::on(&disk, clock.clone()).unwrap();
        let mut states = vec![State::of(&open)];
        let mut results = Vec::new();
        for (i, action) in actions.iter().enumerate() {
            clock.set(i + 1);
            results.push(open.run(action));
            states.push(State::of(&open));
        }
        drop(open);
        Self {
            seed,
            start,
            actions,
            results,
            states,
            steps: disk.steps(),
            redo,
        }
    }

    /// Lets the power fail at one step, and answers the disk as the machine left it, how many of the actions each tenant must
    /// hold at least, and how many any may.
    fn crash_at(&self, step: u64) -> (FaultPool, Synced, usize) {
        let disk = self.start.fork();
        disk.set_plan(FaultPlan::new().crash_at(step));
        let clock = Clock::at(0, self.redo);
        let (mut synced, mut tried) = ([0; TENANTS.len()], 0);
        if let Ok(mut open) = Open::on(&disk, clock.clone()) {
            for (i, action) in self.actions.iter().enumerate() {
                clock.set(i + 1);
                tried = i + 1;
                let result = open.run(action);
                if result != self.results[i] {
                    break;
                }
                if result == Ok(Effect::Durable) {
                    synced[action.tenant] = i + 1;
                }
            }
        }
        (disk, synced, tried)
    }

    /// Starts the machine again with what the crash left, and checks all of it.
    fn recover(
        &self,
        crashed: &FaultPool,
        step: u64,
        between: (Synced, usize),
        seed: u64,
        policy: CrashPolicy,
    ) {
        let what = format!("workload {}, step {step}, {policy:?}, seed {seed}", self.seed);
        let disk = crashed.after_crash(seed, policy);
        if seed % 4 == 3 {
            // The power fails again while the machine starts.
            disk.set_plan(FaultPlan::new().crash_at(1 + seed / 4 % 6));
            drop(Open::on(&disk, Clock::at(0, self.redo)));
            let again = disk.after_crash(seed, policy);
            return self.check(&again, &format!("{what}, twice"), between);
        }
        self.check(&disk, &what, between);
    }

    fn check(&self, disk: &FaultPool, what: &str, (synced, tried): (Synced, usize)) {
        // What is in a redo log is taken over by who wants none as well.
        let redo = self.redo && !synced[0].is_multiple_of(4);
        let open = Open::on(disk, Clock::at(9_999, redo)).unwrap_or_else(|e| panic!("{what}: {e}"));
        let state = State::of(&open);
        for (tenant, synced) in synced.into_iter().enumerate() {
            let is = |known: &State| known.of_tenant(tenant) == state.of_tenant(tenant);
            if !self.states[synced..=tried].iter().any(is) {
                let elsewhere: Vec<usize> = (0..self.states.len()).filter(|i| is(&self.states[*i])).collect();
                let after: Vec<_> = self.actions[..tried]
                    .iter()
                    .enumerate()
                    .skip(synced.saturating_sub(3))
                    .collect();
                panic!(
                    "{what}: the state of tenant {tenant} is none between {synced} and {tried} actions; it is that after \
                     {elsewhere:?}\n{after:#?}\nfound {state:#?}\nat {synced} {:#?}\nat {tried} {:#?}",
                    self.states[synced], self.states[tried]
                );
            }
        }
        let report = pollster::block_on(open.database.fsck(false, &|_, _| {})).unwrap();
        assert!(report.problems.is_empty(), "{what}: {:#?}", report.problems);
        open.check_usable(what);
    }
}

/// Runs one workload with a crash at every step.
fn crash_everywhere(seed: u64) {
    let case = Case::new(seed);
    let mut rng = Rng::new(seed ^ 0xC0FFEE);
    eprintln!(
        "workload {seed}: {} actions, {} steps",
        case.actions.len(),
        case.steps
    );
    for step in 1..=case.steps {
        let (disk, synced, tried) = case.crash_at(step);
        let tries = if is_long() { 4 * CrashPolicy::ALL.len() } else { 2 };
        for i in 0..tries {
            let policy = CrashPolicy::ALL[(step as usize + i) % CrashPolicy::ALL.len()];
            case.recover(&disk, step, (synced, tried), rng.next() >> 8, policy);
        }
    }
}

macro_rules! workloads {
    ($($name:ident: $seeds:expr;)*) => {
        $(#[test]
        fn $name() {
            for seed in $seeds { crash_everywhere(seed) }
        })*
    };
}

// Several tests, so that they run side by side.
workloads! {
    a_crash_at_any_step_of_workloads_1_to_6: 1..=6;
    a_crash_at_any_step_of_workloads_7_to_12: 7..=12;
    a_crash_at_any_step_of_workloads_13_to_18: 13..=18;
    a_crash_at_any_step_of_workloads_19_to_24: 19..=24;
    a_crash_at_any_step_of_further_workloads: if is_long() { 25..=200 } else { 25..=25 };
}

/// The start of everything: whenever the power fails while a database is made, it is there whole or can be made again.
#[test]
fn a_crash_while_the_database_is_made_leaves_one_that_can_be_made() {
    for step in 1.. {
        let disk = FaultPool::with_seed(step);
        disk.set_plan(FaultPlan::new().crash_at(step));
        let made = Open::try_create(&disk, Clock::at(0, step.is_multiple_of(2))).and_then(|open| {
            pollster::block_on(open.database.create_tenant("a", Quota::default()))?;
            pollster::block_on(open.database.create_tenant("b", Quota::default()))?;
            Ok(())
        });
        for policy in CrashPolicy::ALL {
            let disk = disk.after_crash(step, policy);
            let open = Open::try_create(&disk, Clock::at(1, step.is_multiple_of(2)))
                .unwrap_or_else(|e| panic!("{step} {policy:?}: {e}"));
            let tenants = pollster::block_on(open.database.tenants()).unwrap();
            assert!(tenants.len() == 2 || made.is_err(), "{step} {policy:?}");
            for tenant in ["a", "b"].into_iter().skip(tenants.len()) {
                pollster::block_on(open.database.create_tenant(tenant, Quota::default())).unwrap();
            }
            let report = pollster::block_on(open.database.fsck(false, &|_, _| {})).unwrap();
            assert!(
                report.problems.is_empty(),
                "{step} {policy:?}: {:#?}",
                report.problems
            );
        }
        if made.is_ok() && disk.steps() < step {
            assert!(step > 5, "making a database takes some steps");
            return;
        }
    }
}

/// A pool that outlives the test's own handle of it.
fn shared(pool: &FaultPool) -> Arc<FaultPool> {
    Arc::new(pool.clone())
}
