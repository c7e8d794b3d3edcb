//! A position in a table.

use std::sync::Arc;

use super::Table;
use crate::block::BlockCursor;
use crate::error::Result;
use crate::record::Record;

/// Moves forward through the records of one table, a block at a time.
#[derive(Debug)]
pub(crate) struct TableCursor<R> {
    table: Arc<Table<R>>,
    index: usize,
    block: BlockCursor<R>,
}

impl<R: Record> TableCursor<R> {
    /// At the first record not before `probe`; `None` if there is none.
    pub(crate) fn seek(table: Arc<Table<R>>, probe: &R) -> Result<Option<Self>> {
        let found = table.find_block(probe);
        let index = found.unwrap_or(0);
        let block = BlockCursor::new(table.block(index)?);
        let mut cursor = Self { table, index, block };
        let there = match found {
            Some(_) => cursor
                .block
                .seek(probe)
                .map_err(|error| cursor.table.malformed(index, error))?,
            None => false,
        };
        Ok((there || cursor.advance()?).then_some(cursor))
    }

    #[inline(always)]
    pub(crate) fn record(&self) -> &R {
        self.block.record()
    }

    /// Moves to the next record; `false` at the end.
    #[inline]
    pub(crate) fn advance(&mut self) -> Result<bool> {
        match self.block.advance() {
            Ok(true) => Ok(true),
            Ok(false) => self.next_block(),
            Err(error) => Err(self.table.malformed(self.index, error)),
        }
    }

    #[cold]
    fn next_block(&mut self) -> Result<bool> {
        if self.index + 1 >= self.table.blocks() {
            return Ok(false);
        }
        self.index += 1;
        self.block.enter(self.table.block_ahead(self.index)?);
        self.advance()
    }

    /// Moves on to the end of the last block of which the index says that all its records are live and not
    /// after `to`, and says how many records that were.
    pub(crate) fn skip_blocks_before(&mut self, to: &R) -> Result<u64> {
        if self.table.footer.tombstones > 0 {
            return Ok(0);
        }
        // A block ends before the next one begins; that of the last ends with the table.
        let last_whole = match self.table.last().order(to).is_le() {
            true => self.table.blocks().checked_sub(1),
            false => self.table.find_block(to).and_then(|block| block.checked_sub(1)),
        };
        let Some(target) = last_whole.filter(|&target| target > self.index) else {
            return Ok(0);
        };
        let mut skipped = 0;
        while self
            .block
            .advance()
            .map_err(|error| self.table.malformed(self.index, error))?
        {
            skipped += 1;
        }
        skipped += self.table.extent(target).before - self.table.extent(self.index + 1).before;
        self.index = target;
        self.block.enter(self.table.block_ahead(target)?);
        Ok(skipped)
    }
}
