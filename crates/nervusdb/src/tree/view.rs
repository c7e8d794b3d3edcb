//! A tree as it is at one moment.

use std::sync::Arc;

use super::{Levels, Merge, Source};
use crate::error::Result;
use crate::record::Record;
use crate::space::Space;

/// A consistent view: runs in memory above tables. It stays as it is, whatever is written or compacted.
#[derive(Clone, Debug)]
pub(crate) struct TreeView<R> {
    pub(crate) space: Space,
    /// Newest first.
    pub(crate) runs: Vec<Arc<Vec<R>>>,
    pub(crate) levels: Arc<Levels<R>>,
}

impl<R: Record> TreeView<R> {
    /// The newest record of the key of `probe`, unless it is a tombstone.
    pub(crate) fn get(&self, probe: &R) -> Result<Option<R>> {
        get(self.space, self.runs.iter(), &self.levels, probe)
    }

    /// All keys.
    pub(crate) fn whole(&self) -> Result<Merge<R>> {
        self.merge(&R::default(), &R::last_possible())
    }

    /// All keys from `from` to `to`, both included, and perhaps some after.
    pub(crate) fn merge(&self, from: &R, to: &R) -> Result<Merge<R>> {
        let mut sources: Vec<Source<R>> = Vec::new();
        let begins_in_time = |first: &R| !first.order(to).is_gt();
        sources.extend(self.runs.iter().filter_map(|run| Source::run(run, from)));
        sources.retain(|source| begins_in_time(source.record()));
        for table in self.levels.fresh.iter().filter(|table| table.overlaps(from, to)) {
            sources.extend(Source::table(table, from)?.filter(|source| begins_in_time(source.record())));
        }
        for level in 0..self.levels.sorted.len() {
            let source = Source::level(&self.levels, level, from)?;
            sources.extend(source.filter(|source| begins_in_time(source.record())));
        }
        Ok(Merge::new(sources))
    }
}

/// The newest record of the key of `probe` in runs (newest first) and tables, unless it is a tombstone.
pub(crate) fn get<'a, R: Record + 'a>(
    space: Space,
    runs: impl Iterator<Item = &'a Arc<Vec<R>>>,
    levels: &Levels<R>,
    probe: &R,
) -> Result<Option<R>> {
    let live = |record: R| (!record.is_dead()).then_some(record);
    for run in runs {
        if let Ok(at) = run.binary_search_by(|record| record.order(probe)) {
            return Ok(live(run[at].clone()));
        }
    }
    let hash = probe.filter_hash(space.filtering());
    for table in &levels.fresh {
        if let Some(found) = table.get(probe, hash)? {
            return Ok(live(found));
        }
    }
    for tables in &levels.sorted {
        let place = tables.partition_point(|table| table.last().order(probe).is_lt());
        if let Some(table) = tables.get(place)
            && let Some(found) = table.get(probe, hash)?
        {
            return Ok(live(found));
        }
    }
    Ok(None)
}
