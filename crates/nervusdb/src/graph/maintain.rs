//! Compaction, a step at a time.

use std::sync::Arc;

use super::state::{AnyJob, State, Tables};
use crate::device::Device;
use crate::error::Result;
use crate::record::{Fact, Pair, Record};
use crate::space::Space;
use crate::tree::{Choice, Job, L0_LIMIT, Levels, choose, pressure};

/// From so many fresh tables on, a call does more than it was asked for: readers pay for each of them.
const L0_SLOW: usize = 6;

impl State {
    /// Merges up to about `budget` records, and says whether there is more to do.
    pub(super) fn maintain(&mut self, budget: usize) -> Result<bool> {
        self.check_writable()?;
        loop {
            if self.job.is_none() && !self.start_job()? {
                return Ok(false);
            }
            // The more fresh tables there are, the more of each write goes into merging.
            let budget = match self.tables.most_fresh() {
                L0_LIMIT.. => usize::MAX,
                9.. => budget.saturating_mul(16),
                L0_SLOW.. => budget.saturating_mul(4),
                _ => budget,
            };
            self.work(budget)?;
            // Small merges end before the budget does, and one a write does not keep up with all trees.
            if self.job.is_some() || self.tables.most_fresh() < L0_SLOW {
                return Ok(true);
            }
        }
    }

    /// Begins the most pressing merge, if there is one.
    fn start_job(&mut self) -> Result<bool> {
        if self.is_merged {
            return Ok(false);
        }
        let tables = &self.tables;
        let facts = tables.facts.iter().map(|levels| pressure(levels));
        let pressures = facts.chain(tables.pairs.iter().map(|levels| pressure(levels)));
        let Some((tree, _)) = (0..).zip(pressures).max_by_key(|(_, pressure)| *pressure) else {
            return Ok(false);
        };
        self.job = self.job_of(tree, choose, choose)?;
        self.is_merged = self.job.is_none();
        Ok(!self.is_merged)
    }

    /// Begins a merge in one of the six trees.
    fn job_of(
        &self,
        tree: usize,
        of_facts: impl FnOnce(&Levels<Fact>) -> Option<Choice<Fact>>,
        of_pairs: impl FnOnce(&Levels<Pair>) -> Option<Choice<Pair>>,
    ) -> Result<Option<AnyJob>> {
        let space = Space::ALL[tree];
        Ok(match tree.checked_sub(Space::FACTS) {
            None => begin(&self.device, space, &self.tables.facts[tree], of_facts)?
                .map(|job| AnyJob::Facts(tree, job)),
            Some(tree) => begin(&self.device, space, &self.tables.pairs[tree], of_pairs)?
                .map(|job| AnyJob::Pairs(tree, job)),
        })
    }

    /// A step of the merge under way. A merge that failed is given up; its inputs are still there.
    fn work(&mut self, budget: usize) -> Result<()> {
        let Some(mut job) = self.job.take() else {
            return Ok(());
        };
        let next_file = &mut self.next_file;
        let number = || {
            *next_file += 1;
            *next_file - 1
        };
        let done = match &mut job {
            AnyJob::Facts(_, job) => job.step(budget, number)?,
            AnyJob::Pairs(_, job) => job.step(budget, number)?,
        };
        match done {
            true => self.install(&job),
            false => {
                self.job = Some(job);
                Ok(())
            }
        }
    }

    fn install(&mut self, job: &AnyJob) -> Result<()> {
        let mut tables = self.tables.clone();
        match job {
            AnyJob::Facts(tree, job) => {
                tables.facts[*tree] = Arc::new(job.install(&tables.facts[*tree]));
            }
            AnyJob::Pairs(tree, job) => {
                tables.pairs[*tree] = Arc::new(job.install(&tables.pairs[*tree]));
            }
        }
        let Some(log) = &self.log else {
            return Ok(());
        };
        // The log goes on: its records are newer than all tables, before and after.
        let (log, next_term, sequence) = (log.number, self.manifest.next_term, self.manifest.sequence);
        self.switch(tables, log, next_term, sequence)?;
        match job {
            AnyJob::Facts(_, job) => job.retire_inputs(),
            AnyJob::Pairs(_, job) => job.retire_inputs(),
        }
        Ok(())
    }

    /// Merges everything into as few tables as possible.
    pub(super) fn compact(&mut self) -> Result<()> {
        self.flush()?;
        self.job = None;
        self.compaction_failed = false;
        for tree in 0..Space::ALL.len() {
            self.job = self.job_of(tree, Choice::everything, Choice::everything)?;
            self.work(usize::MAX)?;
        }
        Ok(())
    }
}

fn begin<R: Record>(
    device: &Arc<Device>,
    space: Space,
    levels: &Levels<R>,
    choose: impl FnOnce(&Levels<R>) -> Option<Choice<R>>,
) -> Result<Option<Job<R>>> {
    let choice = choose(levels);
    choice
        .map(|choice| Job::start(device, space, levels, choice))
        .transpose()
}

impl Tables {
    /// The tables of level 0 of the tree that has most of them.
    pub(super) fn most_fresh(&self) -> usize {
        let facts = self.facts.iter().map(|levels| levels.fresh.len());
        let pairs = self.pairs.iter().map(|levels| levels.fresh.len());
        facts.chain(pairs).max().unwrap_or(0)
    }
}
