//! Compaction, a step at a time.

use std::sync::Arc;

use super::state::{AnyJob, State, Tables};
use crate::error::Result;
use crate::record::Record;
use crate::space::Space;
use crate::tree::{Choice, Job, L0_LIMIT, Levels, choose};

impl State {
    /// Merges up to about `budget` records, and says whether there is more to do.
    pub(super) fn maintain(&mut self, budget: usize) -> Result<bool> {
        self.check_writable()?;
        if self.job.is_none() && !self.start_job()? {
            return Ok(false);
        }
        // Readers pay for every fresh table: the more there are, the more of each write goes into merging.
        let budget = match self.tables.most_fresh() {
            L0_LIMIT.. => usize::MAX,
            9.. => budget.saturating_mul(16),
            6.. => budget.saturating_mul(4),
            _ => budget,
        };
        self.work(budget)?;
        Ok(true)
    }

    /// Begins the most pressing merge, if there is one.
    fn start_job(&mut self) -> Result<bool> {
        for (tree, levels) in self.tables.facts.iter().enumerate() {
            if let Some(choice) = choose(levels) {
                let job = Job::start(&self.device, Space::ALL[tree], levels, choice)?;
                self.job = Some(AnyJob::Facts(tree, job));
                return Ok(true);
            }
        }
        for (tree, levels) in self.tables.pairs.iter().enumerate() {
            if let Some(choice) = choose(levels) {
                let job = Job::start(&self.device, Space::ALL[Space::FACTS + tree], levels, choice)?;
                self.job = Some(AnyJob::Pairs(tree, job));
                return Ok(true);
            }
        }
        Ok(false)
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
        let old = &self.manifest;
        let manifest = self.manifest_of(&tables, log.number, old.next_term, old.sequence);
        self.switch(manifest)?;
        self.tables = tables;
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
        for tree in 0..self.tables.facts.len() {
            if let Some(job) = everything(self, Space::ALL[tree], &self.tables.facts[tree])? {
                self.job = Some(AnyJob::Facts(tree, job));
                self.work(usize::MAX)?;
            }
        }
        for tree in 0..self.tables.pairs.len() {
            let space = Space::ALL[Space::FACTS + tree];
            if let Some(job) = everything(self, space, &self.tables.pairs[tree])? {
                self.job = Some(AnyJob::Pairs(tree, job));
                self.work(usize::MAX)?;
            }
        }
        Ok(())
    }
}

fn everything<R: Record>(state: &State, space: Space, levels: &Levels<R>) -> Result<Option<Job<R>>> {
    let choice = Choice::everything(levels);
    choice
        .map(|choice| Job::start(&state.device, space, levels, choice))
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
