//! Writes tables from records in order.

use std::sync::Arc;

use tarbox_pool::PoolFile;

use super::footer::{Footer, header};
use super::{HEADER_LEN, Table, WholeBlock};
use crate::block::{BlockBuilder, seal};
use crate::bytes::put_varint;
use crate::device::{Device, FileName};
use crate::error::Result;
use crate::filter;
use crate::record::{Filtering, Record};
use crate::space::Space;

/// Bytes gathered for one device write.
const WRITE_SIZE: usize = 64 * 1024;
/// A table is closed at so many bytes of blocks …
const TABLE_BYTES: u64 = 4 << 20;
/// … or so many records, which bounds the memory for its filter.
const TABLE_ENTRIES: u64 = 1 << 20;

/// A table being written. Dropped before [`finish`](Self::finish), it leaves a file the next open removes.
#[derive(Debug)]
pub(crate) struct TableWriter<R> {
    device: Arc<Device>,
    file: Arc<dyn PoolFile>,
    number: u32,
    space: Space,
    filtering: Filtering,
    buffer: Vec<u8>,
    /// What of the file is written.
    written: u64,
    block: BlockBuilder<R>,
    block_first: R,
    index: Vec<u8>,
    hashes: Vec<u32>,
    footer: Footer,
}

impl<R: Record> TableWriter<R> {
    pub(crate) fn create(
        device: &Arc<Device>,
        number: u32,
        space: Space,
        level: u8,
        filtering: Filtering,
    ) -> Result<Self> {
        let file = device.create(FileName::Table(number))?;
        Ok(Self {
            device: device.clone(),
            file,
            number,
            space,
            filtering,
            buffer: header(space as u8, level).to_vec(),
            written: 0,
            block: BlockBuilder::new(),
            block_first: R::default(),
            index: Vec::new(),
            hashes: Vec::new(),
            footer: Footer {
                space: space as u8,
                level,
                ..Footer::default()
            },
        })
    }

    /// Adds a record that sorts after all before it.
    pub(crate) fn push(&mut self, record: &R) -> Result<()> {
        if self.block.entries() == 0 {
            self.block_first.clone_from(record);
        }
        self.block.push(record);
        self.footer.entries += 1;
        self.footer.tombstones += u64::from(record.is_dead());
        if let Some(hash) = record.filter_hash(self.filtering)
            && self.hashes.last() != Some(&hash)
        {
            self.hashes.push(hash);
        }
        if self.block.is_full() {
            self.close_block()?;
        }
        Ok(())
    }

    /// Whether a block may come next that was written before: its records are not looked at, so they cannot be
    /// filtered.
    pub(crate) fn takes_blocks(&self) -> bool {
        self.filtering == Filtering::None && self.block.may_end()
    }

    /// Adds a block of live records that sorts after all before it, and ends with `last`.
    pub(crate) fn push_block(&mut self, whole: &WholeBlock<R>, last: &R) -> Result<()> {
        self.close_block()?;
        let len = whole.block.put(&mut self.buffer);
        self.block.follow(last);
        self.footer.entries += whole.entries();
        self.end_block(whole.first(), len, whole.entries())
    }

    /// Whether the table is large enough.
    pub(crate) fn is_full(&self) -> bool {
        self.written >= TABLE_BYTES || self.footer.entries >= TABLE_ENTRIES
    }

    fn close_block(&mut self) -> Result<()> {
        let entries = self.block.entries();
        if entries == 0 {
            return Ok(());
        }
        let len = self.block.finish(&mut self.buffer);
        let first = std::mem::take(&mut self.block_first);
        self.end_block(&first, len, entries as u64)?;
        self.block_first = first;
        Ok(())
    }

    /// Enters a block that is in the buffer into the index.
    fn end_block(&mut self, first: &R, len: usize, entries: u64) -> Result<()> {
        first.put_key(&mut self.index);
        put_varint(&mut self.index, len as u64);
        put_varint(&mut self.index, entries);
        self.footer.blocks += 1;
        match self.buffer.len() >= WRITE_SIZE {
            true => self.write_out(),
            false => Ok(()),
        }
    }

    fn write_out(&mut self) -> Result<()> {
        self.file.write_at(&self.buffer, self.written)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    fn position(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Completes the file and makes it durable. At least one record must have been added.
    pub(crate) fn finish(mut self, sequence: u64) -> Result<Table<R>> {
        self.close_block()?;
        self.footer.sequence = sequence;
        self.footer.filter_offset = self.position();
        let (pages, lines) = filter::build(&self.hashes);
        self.hashes = Vec::new();
        self.footer.filter_lines = lines;
        self.buffer.extend_from_slice(&pages);
        self.footer.index_offset = self.position();
        let mut index = Vec::with_capacity(self.index.len() + 64);
        self.block.last().put_key(&mut index);
        index.extend_from_slice(&self.index);
        seal(&mut index);
        self.footer.index_len = index.len() as u32;
        self.buffer.extend_from_slice(&index);
        self.buffer.extend_from_slice(&self.footer.to_bytes());
        self.write_out()?;
        self.file.sync()?;
        debug_assert!(self.footer.filter_offset > HEADER_LEN);
        // Read back through the device: what cannot be opened must not be named by a manifest.
        Table::open(&self.device, self.number, self.space, self.written)
    }
}

/// Writes sorted records as one or more tables of level 0.
pub(crate) struct TablesWriter<'a, R> {
    device: &'a Arc<Device>,
    space: Space,
    sequence: u64,
    next_number: &'a mut dyn FnMut() -> u32,
    open: Option<TableWriter<R>>,
    done: Vec<Table<R>>,
}

impl<'a, R: Record> TablesWriter<'a, R> {
    /// `sequence` is the number of the newest commit they hold something of.
    pub(crate) fn new(
        device: &'a Arc<Device>,
        space: Space,
        sequence: u64,
        next_number: &'a mut dyn FnMut() -> u32,
    ) -> Self {
        Self {
            device,
            space,
            sequence,
            next_number,
            open: None,
            done: Vec::new(),
        }
    }

    /// Adds a record that sorts after all before it.
    pub(crate) fn push(&mut self, record: &R) -> Result<()> {
        let open = match &mut self.open {
            Some(open) => open,
            None => {
                let number = (self.next_number)();
                let filtering = self.space.filtering();
                let create = TableWriter::create(self.device, number, self.space, 0, filtering);
                self.open.insert(create?)
            }
        };
        open.push(record)?;
        match open.is_full() {
            true => self.close(),
            false => Ok(()),
        }
    }

    fn close(&mut self) -> Result<()> {
        if let Some(open) = self.open.take() {
            self.done.push(open.finish(self.sequence)?);
        }
        Ok(())
    }

    /// Adds all of some records, and gives the tables.
    pub(crate) fn write<'r>(mut self, records: impl IntoIterator<Item = &'r R>) -> Result<Vec<Table<R>>>
    where
        R: 'r,
    {
        records.into_iter().try_for_each(|record| self.push(record))?;
        self.finish()
    }

    /// The tables, durable.
    pub(crate) fn finish(mut self) -> Result<Vec<Table<R>>> {
        self.close()?;
        Ok(self.done)
    }
}
