//! Sorted runs in memory.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::record::Record;

/// A run absorbs the one before it unless that is so many times longer: few runs to read, few copies to write.
const GROWTH: usize = 4;

/// Immutable sorted runs, so that a reader keeps what it began with.
#[derive(Debug)]
pub(crate) struct Runs<R> {
    /// Oldest and longest first.
    runs: Vec<Arc<Vec<R>>>,
}

impl<R> Default for Runs<R> {
    fn default() -> Self {
        Self { runs: Vec::new() }
    }
}

impl<R: Record> Runs<R> {
    /// Adds records that are newer than all before; sorted, each key once.
    pub(crate) fn push(&mut self, mut newest: Vec<R>) {
        if newest.is_empty() {
            return;
        }
        while let Some(before) = self
            .runs
            .pop_if(|run| run.len() < newest.len().saturating_mul(GROWTH))
        {
            newest = merged(before, newest);
        }
        self.runs.push(Arc::new(newest));
    }

    /// The runs, newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Arc<Vec<R>>> {
        self.runs.iter().rev()
    }

    /// The runs, newest first, to keep.
    pub(crate) fn to_vec(&self) -> Vec<Arc<Vec<R>>> {
        self.newest_first().cloned().collect()
    }

    /// All records as one run.
    pub(crate) fn combined(&self) -> Arc<Vec<R>> {
        let mut runs = self.runs.iter().rev();
        let Some(newest) = runs.next() else {
            return Arc::default();
        };
        runs.fold(newest.clone(), |newer, older| {
            Arc::new(merged(older.clone(), newer.to_vec()))
        })
    }
}

/// Both runs as one; of the same key, the newer record. A run no reader holds is moved, not copied.
fn merged<R: Record>(older: Arc<Vec<R>>, newer: Vec<R>) -> Vec<R> {
    let older = Arc::try_unwrap(older).unwrap_or_else(|shared| shared.to_vec());
    let mut result = Vec::with_capacity(older.len() + newer.len());
    let mut older = older.into_iter().peekable();
    for record in newer {
        while let Some(before) = older.next_if(|old| old.order(&record) == Ordering::Less) {
            result.push(before);
        }
        older.next_if(|old| old.order(&record) == Ordering::Equal);
        result.push(record);
    }
    result.extend(older);
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Fact;

    #[test]
    fn the_newest_record_counts_and_runs_stay_few() {
        let mut runs = Runs::default();
        for n in 0..2_000_u32 {
            runs.push(vec![Fact::new([n * 7 % 500, 0, 0], n < 1_000)]);
            assert!(runs.runs.len() <= 8);
        }
        let all = runs.combined();
        assert_eq!(all.len(), 500);
        assert!(all.windows(2).all(|pair| pair[0].order(&pair[1]).is_lt()));
        assert!(all.iter().all(|fact| !fact.is_dead()));
    }
}
