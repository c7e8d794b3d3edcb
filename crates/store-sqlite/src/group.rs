//! Commits of several tenants as one transaction, which waits for the device once.
//!
//! While one is under way, others gather; whoever finds none under way commits for all that have. If their transaction fails,
//! each is tried alone, so that none fails for what another wanted.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tarbox_store::{Error, ErrorKind, Result};
use tarbox_store_core::{Batch, Durability};

use crate::engine::Write;

/// Commits are waited for that are about to come, for this fraction of what the last one took.
const PATIENCE: u32 = 4;

/// Commits that gather.
#[derive(Debug, Default)]
pub(crate) struct Group {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Somebody commits, or waits for others before he does.
    is_led: bool,
    waiting: Vec<Job>,
    done: HashMap<u64, (Vec<Batch>, Result<()>)>,
    last: u64,
    /// How many are likely to come together: as many as did the last time, or waited behind them.
    expected: usize,
    /// How long the last transaction took.
    took: Duration,
}

/// What one tenant commits.
#[derive(Debug)]
struct Job {
    number: u64,
    batches: Vec<Batch>,
    durability: Durability,
}

impl Group {
    /// Returns when the batches are committed, by this call of `write` or by another.
    pub(crate) fn commit(
        &self,
        batches: &mut [Batch],
        durability: Durability,
        write: &Write<'_>,
    ) -> Result<()> {
        let take = |batch: &mut Batch| {
            let tenant = batch.tenant;
            std::mem::replace(batch, Batch::new(tenant))
        };
        let mut state = self.lock();
        state.last += 1;
        let number = state.last;
        state.waiting.push(Job {
            number,
            batches: batches.iter_mut().map(take).collect(),
            durability,
        });
        self.changed.notify_all();
        loop {
            if let Some((own, result)) = state.done.remove(&number) {
                batches.iter_mut().zip(own).for_each(|(batch, own)| *batch = own);
                return result;
            }
            state = match state.is_led {
                true => self.wait(state, None),
                false => {
                    self.lead(state, write);
                    self.lock()
                }
            };
        }
    }

    /// Commits for everybody who waits.
    fn lead(&self, mut state: MutexGuard<'_, State>, write: &Write<'_>) {
        state.is_led = true;
        let mut leader = Leader {
            group: self,
            jobs: Vec::new(),
            begun: Instant::now(),
        };
        let limit = leader.begun + state.took / PATIENCE;
        while state.waiting.len() < state.expected
            && state
                .waiting
                .iter()
                .any(|job| job.durability == Durability::Durable)
            && let Some(left) = limit
                .checked_duration_since(Instant::now())
                .filter(|left| !left.is_zero())
        {
            state = self.wait(state, Some(left));
        }
        leader.jobs = state.waiting.drain(..).map(|job| (job, None)).collect();
        leader.begun = Instant::now();
        drop(state);
        let all: Vec<&[Batch]> = leader.jobs.iter().map(|(job, _)| &job.batches[..]).collect();
        let durability = leader.jobs.iter().map(|(job, _)| job.durability).max();
        let together = write(&all, durability.unwrap_or(Durability::Visible));
        let is_single = all.len() == 1;
        match together {
            Err(error) if is_single => leader.jobs[0].1 = Some(Err(error)),
            Err(_) => {
                for (job, result) in &mut leader.jobs {
                    *result = Some(write(&[&job.batches], job.durability));
                }
            }
            Ok(()) => leader
                .jobs
                .iter_mut()
                .for_each(|(_, result)| *result = Some(Ok(()))),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, limit: Option<Duration>) -> MutexGuard<'a, State> {
        match limit {
            None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            Some(limit) => {
                let waited = self.changed.wait_timeout(state, limit);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }
}

/// Whoever commits for others. Everybody is answered when it goes, however it does.
struct Leader<'a> {
    group: &'a Group,
    jobs: Vec<(Job, Option<Result<()>>)>,
    begun: Instant,
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        let mut state = self.group.lock();
        state.is_led = false;
        state.took = self.begun.elapsed();
        state.expected = self.jobs.len() + state.waiting.len();
        for (job, result) in self.jobs.drain(..) {
            let given_up = || Err(Error::new(ErrorKind::Io).because("a commit was given up"));
            let result = result.unwrap_or_else(given_up);
            state.done.insert(job.number, (job.batches, result));
        }
        self.group.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tarbox_store_core::TenantId;

    use super::*;

    /// Commits of so many tenants at once, and how many transactions they became.
    fn commit_all(
        count: u64,
        write: &(dyn Fn(&[&[Batch]]) -> Result<()> + Sync),
    ) -> (Vec<Result<()>>, usize) {
        let (group, barrier, calls) = (
            Group::default(),
            Barrier::new(count as usize),
            AtomicUsize::new(0),
        );
        let (group, barrier, calls) = (&group, &barrier, &calls);
        let results = std::thread::scope(|scope| {
            let one = |tenant| {
                scope.spawn(move || {
                    barrier.wait();
                    let mut batches = [Batch::new(TenantId(tenant))];
                    let result = group.commit(&mut batches, Durability::Durable, &|all, _| {
                        calls.fetch_add(1, Ordering::Relaxed);
                        write(all)
                    });
                    assert_eq!(batches[0].tenant, TenantId(tenant), "everybody gets his own back");
                    result
                })
            };
            let all: Vec<_> = (0..count).map(one).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        (results, calls.load(Ordering::Relaxed))
    }

    #[test]
    fn those_who_wait_are_committed_together() {
        // The first transaction ends when all others wait, so there is one more.
        let group = Group::default();
        let calls = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for tenant in 0..8 {
                let (group, calls) = (&group, &calls);
                scope.spawn(move || {
                    let write = |all: &[&[Batch]], _| {
                        let call = calls.fetch_add(1, Ordering::SeqCst);
                        while call == 0 && group.lock().waiting.len() < 7 - (all.len() - 1) {
                            std::thread::yield_now();
                        }
                        Ok(())
                    };
                    let mut batches = [Batch::new(TenantId(tenant))];
                    group.commit(&mut batches, Durability::Durable, &write).unwrap();
                });
            }
        });
        assert!(calls.into_inner() <= 2);
    }

    #[test]
    fn one_that_fails_fails_alone() {
        let (results, _) = commit_all(8, &|all| {
            let is_bad = |batches: &&[Batch]| batches[0].tenant == TenantId(3);
            match all.iter().any(is_bad) {
                true => Err(ErrorKind::QuotaExceeded.into()),
                false => Ok(()),
            }
        });
        for (tenant, result) in results.iter().enumerate() {
            assert_eq!(result.is_err(), tenant == 3, "tenant {tenant}");
        }
    }

    #[test]
    fn a_panic_leaves_nobody_waiting() {
        let group = Group::default();
        let mut batches = [Batch::new(TenantId(1))];
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            group.commit(&mut batches, Durability::Visible, &|_, _| panic!("a bug"))
        }));
        assert!(panicked.is_err());
        group
            .commit(&mut batches, Durability::Visible, &|_, _| Ok(()))
            .unwrap();
    }
}
