//! One sorted input of a merge.

use std::sync::Arc;

use super::levels::Levels;
use crate::error::Result;
use crate::record::{End, Record};
use crate::table::{Table, TableCursor};

/// A position in a sorted run of memory, a table, or a whole level. It owns what it reads.
#[derive(Debug)]
pub(crate) enum Source<R> {
    Run {
        run: Arc<Vec<R>>,
        at: usize,
    },
    Table(TableCursor<R>),
    Level {
        levels: Arc<Levels<R>>,
        level: usize,
        table: usize,
        cursor: TableCursor<R>,
    },
}

impl<R: Record> Source<R> {
    /// At the first record of the run not before `probe`; `None` if there is none.
    pub(crate) fn run(run: &Arc<Vec<R>>, probe: &R) -> Option<Self> {
        let at = run.partition_point(|record| record.order(probe).is_lt());
        (at < run.len()).then(|| Self::Run { run: run.clone(), at })
    }

    pub(crate) fn table(table: &Arc<Table<R>>, probe: &R) -> Result<Option<Self>> {
        match table.last().order(probe).is_lt() {
            true => Ok(None),
            false => Ok(TableCursor::seek(table.clone(), probe)?.map(Self::Table)),
        }
    }

    /// As [`table`](Self::table), over all tables of a sorted level.
    pub(crate) fn level(levels: &Arc<Levels<R>>, level: usize, probe: &R) -> Result<Option<Self>> {
        let tables = &levels.sorted[level];
        let table = tables.partition_point(|table| table.last().order(probe).is_lt());
        let Some(first) = tables.get(table) else {
            return Ok(None);
        };
        let cursor = TableCursor::seek(first.clone(), probe)?;
        Ok(cursor.map(|cursor| Self::Level {
            levels: levels.clone(),
            level,
            table,
            cursor,
        }))
    }

    /// Moves to the last record before an end, or some way towards it, without reading what lies between, and says
    /// by how many. These are all live.
    pub(crate) fn skip(&mut self, end: &End<R>) -> Result<u64> {
        match self {
            Self::Run { .. } => Ok(0),
            Self::Table(cursor) => cursor.skip(end),
            Self::Level {
                levels,
                level,
                table,
                cursor,
            } => {
                let tables = &levels.sorted[*level];
                let is_whole =
                    |table: &&Arc<Table<R>>| table.footer.tombstones == 0 && !end.is_reached_by(table.last());
                let whole = tables[*table..].iter().take_while(is_whole).count();
                // The one after them may begin in time; else the last of them is as far as it goes.
                let target = match tables.get(*table + whole) {
                    Some(next) if whole > 0 && !end.is_reached_by(next.first()) => *table + whole,
                    _ => *table + whole.saturating_sub(1),
                };
                let mut skipped = 0;
                if target > *table
                    && let Some(next) = TableCursor::seek(tables[target].clone(), &R::default())?
                {
                    let between = tables[*table..target].iter().map(|table| table.footer.entries);
                    skipped = between.sum::<u64>().saturating_sub(cursor.place());
                    *table = target;
                    *cursor = next;
                }
                Ok(skipped + cursor.skip(end)?)
            }
        }
    }

    #[inline(always)]
    pub(crate) fn record(&self) -> &R {
        match self {
            Self::Run { run, at } => &run[*at],
            Self::Table(cursor) | Self::Level { cursor, .. } => cursor.record(),
        }
    }

    /// Moves to the next record; `false` at the end.
    #[inline]
    pub(crate) fn advance(&mut self) -> Result<bool> {
        match self {
            Self::Run { run, at } => {
                // The position stays on a record, so that `record` has one even after the end.
                let more = *at + 1 < run.len();
                *at += usize::from(more);
                Ok(more)
            }
            Self::Table(cursor) => cursor.advance(),
            Self::Level {
                levels,
                level,
                table,
                cursor,
            } => {
                if cursor.advance()? {
                    return Ok(true);
                }
                let Some(next) = levels.sorted[*level].get(*table + 1) else {
                    return Ok(false);
                };
                *table += 1;
                match TableCursor::seek(next.clone(), &R::default())? {
                    Some(next) => {
                        *cursor = next;
                        Ok(true)
                    }
                    None => Ok(false),
                }
            }
        }
    }
}
