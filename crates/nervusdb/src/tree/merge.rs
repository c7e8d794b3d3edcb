//! Merges sorted sources; of several records of one key the newest counts.

use std::cmp::Ordering;

use super::source::Source;
use crate::error::Result;
use crate::record::{End, Record};
use crate::table::WholeBlock;

/// A stream of the newest record of every key, tombstones included. Memory is one block a source.
#[derive(Debug)]
pub(crate) struct Merge<R> {
    /// Newest first, each at a record.
    sources: Vec<Source<R>>,
    /// The source of the current record.
    top: usize,
    /// The source whose record is the smallest of the others: as long as `top` stays below, it stays on top.
    rival: usize,
    started: bool,
}

impl<R: Record> Merge<R> {
    pub(crate) fn new(sources: Vec<Source<R>>) -> Self {
        Self {
            sources,
            top: 0,
            rival: usize::MAX,
            started: false,
        }
    }

    /// The place of the source that the current record is from.
    pub(crate) fn top(&self) -> usize {
        self.top
    }

    /// Passes over records that come from the source on top alone, all of them live and not after `to`, as far as
    /// its index can tell, and says how many. The last of them is the current record then.
    pub(crate) fn skip(&mut self, to: &R) -> Result<u64> {
        let rival = self.sources.get(self.rival).map(Source::record);
        let end = match rival.filter(|rival| !rival.order(to).is_gt()) {
            Some(rival) => End {
                key: rival.clone(),
                past: Ordering::Equal,
            },
            None => End {
                key: to.clone(),
                past: Ordering::Greater,
            },
        };
        match self.sources.get_mut(self.top) {
            Some(top) => top.skip(&end),
            None => Ok(0),
        }
    }

    /// The current record, after [`advance`](Self::advance) has said that there is one.
    #[inline(always)]
    pub(crate) fn record(&self) -> &R {
        self.sources[self.top].record()
    }

    /// Moves to the next key; `false` at the end, and from then on.
    #[inline]
    pub(crate) fn advance(&mut self) -> Result<bool> {
        if !self.started {
            self.started = true;
            return self.select();
        }
        let Some(source) = self.sources.get_mut(self.top) else {
            return Ok(false);
        };
        if !source.advance()? {
            self.sources.remove(self.top);
            return self.select();
        }
        match self.sources.get(self.rival) {
            Some(rival) if self.sources[self.top].record().order(rival.record()) != Ordering::Less => {
                self.select()
            }
            _ => Ok(true),
        }
    }

    /// As [`advance`](Self::advance), past tombstones.
    #[inline]
    pub(crate) fn advance_live(&mut self) -> Result<bool> {
        while self.advance()? {
            if !self.record().is_dead() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The rest of the block of the current record, if that is its first and nothing else reaches into it; then
    /// the current record is its last.
    #[inline]
    pub(crate) fn take_block(&mut self) -> Result<Option<WholeBlock<R>>> {
        let rival = self.sources.get(self.rival).map(Source::record);
        match &self.sources[self.top] {
            Source::Table(cursor) if cursor.is_at_whole_block(rival) => (),
            _ => return Ok(None),
        }
        match &mut self.sources[self.top] {
            Source::Table(cursor) => cursor.take_block().map(Some),
            _ => Ok(None),
        }
    }

    /// Finds the smallest key and its newest source, and moves the others past it.
    #[cold]
    fn select(&mut self) -> Result<bool> {
        if self.sources.is_empty() {
            return Ok(false);
        }
        self.top = (1..self.sources.len()).fold(0, |top, next| {
            match self.sources[next].record().order(self.sources[top].record()) {
                Ordering::Less => next,
                _ => top,
            }
        });
        let mut index = self.top + 1;
        while index < self.sources.len() {
            let same = self.sources[index]
                .record()
                .order(self.sources[self.top].record());
            match same == Ordering::Equal && !self.sources[index].advance()? {
                true => drop(self.sources.remove(index)),
                false => index += 1,
            }
        }
        self.rival = (0..self.sources.len())
            .filter(|&index| index != self.top)
            .min_by(|&a, &b| self.sources[a].record().order(self.sources[b].record()))
            .unwrap_or(usize::MAX);
        Ok(true)
    }
}
