//! Compaction, a step at a time.

use std::sync::Arc;

use super::state::{AnyJob, State, Tables};
use crate::device::Device;
use crate::error::Result;
use crate::record::Record;
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
        let (mut tree, mut most) = (0, 0);
        let mut weigh = |other, pressure| {
            if pressure > most {
                (tree, most) = (other, pressure);
            }
        };
        for (tree, levels) in self.tables.facts.iter().enumerate() {
            weigh(tree, pressure(levels));
        }
        for (tree, levels) in self.tables.pairs.iter().enumerate() {
            weigh(Space::FACTS + tree, pressure(levels));
        }
        self.job = self.job_of(tree, Which::Pressing)?;
        self.is_merged = self.job.is_none();
        Ok(!self.is_merged)
    }

    /// Begins a merge in one of the six trees.
    fn job_of(&self, tree: usize, which: Which) -> Result<Option<AnyJob>> {
        let (device, space) = (&self.device, Space::ALL[tree]);
        Ok(match tree.checked_sub(Space::FACTS) {
            None => {
                begin(device, space, &self.tables.facts[tree], which)?.map(|job| AnyJob::Facts(tree, job))
            }
            Some(tree) => {
                begin(device, space, &self.tables.pairs[tree], which)?.map(|job| AnyJob::Pairs(tree, job))
            }
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
            self.job = self.job_of(tree, Which::Everything)?;
            self.work(usize::MAX)?;
        }
        Ok(())
    }
}

/// Which merge of a tree.
#[derive(Clone, Copy)]
enum Which {
    Pressing,
    Everything,
}

#[inline(never)]
fn begin<R: Record>(
    device: &Arc<Device>,
    space: Space,
    levels: &Levels<R>,
    which: Which,
) -> Result<Option<Job<R>>> {
    let choice = match which {
        Which::Pressing => choose(levels),
        Which::Everything => Choice::everything(levels),
    };
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
