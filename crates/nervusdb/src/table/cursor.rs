//! A position in a table.

use std::sync::Arc;

use super::Table;
use crate::block::{Block, BlockCursor};
use crate::error::Result;
use crate::record::{End, Record};

/// Moves forward through the records of one table, a block at a time.
#[derive(Debug)]
pub(crate) struct TableCursor<R> {
    table: Arc<Table<R>>,
    index: usize,
    block: BlockCursor<R>,
    reading: Reading,
}

/// How blocks come to a cursor.
#[derive(Debug)]
enum Reading {
    /// Through the cache.
    Cached,
    /// Past the cache; the next blocks that have been read, the last first.
    Once(Vec<Arc<Block>>),
}

impl<R: Record> TableCursor<R> {
    /// At the first record not before `probe`; `None` if there is none.
    pub(crate) fn seek(table: Arc<Table<R>>, probe: &R) -> Result<Option<Self>> {
        let found = table.find_block(probe);
        let index = found.unwrap_or(0);
        let block = BlockCursor::new(table.file.block(index)?);
        let mut cursor = Self {
            table,
            index,
            block,
            reading: Reading::Cached,
        };
        let there = match found {
            Some(_) => cursor
                .block
                .seek(probe)
                .map_err(|error| cursor.table.file.malformed(index, error))?,
            None => false,
        };
        Ok((there || cursor.advance()?).then_some(cursor))
    }

    /// At the first record, for one who reads everything once.
    pub(crate) fn read_once(table: Arc<Table<R>>) -> Result<Option<Self>> {
        let (first, ahead) = once(&table, 0)?;
        let mut cursor = Self {
            table,
            index: 0,
            block: BlockCursor::new(first),
            reading: Reading::Once(ahead),
        };
        Ok(cursor.advance()?.then_some(cursor))
    }

    #[inline(always)]
    pub(crate) fn record(&self) -> &R {
        self.block.record()
    }

    /// Whether it is at the beginning of a block whose records are all live and before `rival`.
    #[inline]
    pub(crate) fn is_at_whole_block(&self, rival: Option<&R>) -> bool {
        self.block.is_at_first()
            && self.table.footer.tombstones == 0
            && rival.is_none_or(|rival| match self.index + 1 < self.table.blocks() {
                true => self.table.first_of(self.index + 1).order(rival).is_le(),
                false => self.table.last().order(rival).is_lt(),
            })
    }

    /// Gives the block it is in, and moves to its last record.
    pub(crate) fn take_block(&mut self) -> Result<WholeBlock<R>> {
        let finished = self.block.finish();
        Ok(WholeBlock {
            block: finished.map_err(|error| self.table.file.malformed(self.index, error))?,
            table: self.table.clone(),
            index: self.index,
        })
    }

    /// Moves to the next record; `false` at the end.
    #[inline]
    pub(crate) fn advance(&mut self) -> Result<bool> {
        match self.block.advance() {
            Ok(true) => Ok(true),
            Ok(false) => self.next_block(),
            Err(error) => Err(self.table.file.malformed(self.index, error)),
        }
    }

    #[cold]
    fn next_block(&mut self) -> Result<bool> {
        if self.index + 1 >= self.table.blocks() {
            return Ok(false);
        }
        self.index += 1;
        let block = match &mut self.reading {
            Reading::Cached => self.table.file.block_ahead(self.index)?,
            Reading::Once(ahead) => match ahead.pop() {
                Some(block) => block,
                None => {
                    let (next, after) = once(&self.table, self.index)?;
                    *ahead = after;
                    next
                }
            },
        };
        self.block.enter(block);
        self.advance()
    }

    /// How many records are before the current one.
    pub(crate) fn place(&self) -> u64 {
        self.table.entries_before(self.index) + self.block.place() as u64
    }

    /// Moves to the last record before an end, and says by how many; the current one is before it. It reads one block at most. 0 if some records of the table only say that a key is gone.
    pub(crate) fn skip(&mut self, end: &End<R>) -> Result<u64> {
        let found = match self.table.footer.tombstones {
            0 => self.table.find_block_before(end),
            _ => None,
        };
        let Some(index) = found else {
            return Ok(0);
        };
        let from = self.place();
        let mut block = BlockCursor::new(self.table.file.block(index)?);
        block
            .seek_last(end)
            .map_err(|error| self.table.file.malformed(index, error))?;
        let to = self.table.entries_before(index) + block.place() as u64;
        if to > from {
            self.index = index;
            self.block = block;
        }
        Ok(to.saturating_sub(from))
    }
}

/// A block of a table, to be copied as it is.
#[derive(Debug)]
pub(crate) struct WholeBlock<R> {
    pub(super) block: Arc<Block>,
    table: Arc<Table<R>>,
    index: usize,
}

impl<R: Record> WholeBlock<R> {
    pub(super) fn first(&self) -> &R {
        self.table.first_of(self.index)
    }

    pub(crate) fn entries(&self) -> u64 {
        self.table.entries_before(self.index + 1) - self.table.entries_before(self.index)
    }
}

/// A block read past the cache, and those read with it, the last first.
fn once<R: Record>(table: &Table<R>, index: usize) -> Result<(Arc<Block>, Vec<Arc<Block>>)> {
    let mut blocks = table.file.blocks_uncached(index)?;
    let first = blocks.remove(0);
    blocks.reverse();
    Ok((first, blocks))
}
