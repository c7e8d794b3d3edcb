//! An immutable file of sorted records.

mod cursor;
mod file;
mod footer;
#[cfg(any(test, fuzzing))]
mod reseal;
mod writer;

use std::cmp::Ordering;
use std::sync::Arc;

use crate::block::BlockCursor;
use crate::bytes::Reader;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::record::{End, Record};
use crate::space::Space;

pub(crate) use cursor::{TableCursor, WholeBlock};
pub(crate) use file::{Extent, TableFile};
pub(crate) use footer::Footer;
#[cfg(any(test, fuzzing))]
pub(crate) use reseal::reseal;
pub(crate) use writer::{TableWriter, TablesWriter};

/// The first bytes of a table, before its blocks.
pub(crate) const HEADER_LEN: u64 = 16;

/// An open table: its index is in memory, its blocks and filter pages are in the cache.
#[derive(Debug)]
pub(crate) struct Table<R> {
    pub(crate) file: TableFile,
    pub(crate) number: u32,
    pub(crate) space: Space,
    pub(crate) footer: Footer,
    pub(crate) len: u64,
    firsts: Vec<R>,
    last: R,
}

impl<R: Record> Table<R> {
    /// Opens a table and reads its index. `len` is what the manifest says.
    pub(crate) fn open(device: &Arc<Device>, number: u32, space: Space, len: u64) -> Result<Self> {
        let (mut file, index) = TableFile::open(device, number, space, len)?;
        let (firsts, extents, last) = parse_index::<R>(&index, &file.footer)
            .ok_or_else(|| Error::corrupt(file.name(), file.footer.index_offset, "the index"))?;
        file.extents = extents;
        Ok(Self {
            number,
            space,
            footer: file.footer,
            len,
            file,
            firsts,
            last,
        })
    }

    pub(crate) fn first(&self) -> &R {
        &self.firsts[0]
    }

    pub(crate) fn last(&self) -> &R {
        &self.last
    }

    pub(crate) fn blocks(&self) -> usize {
        self.file.extents.len()
    }

    /// The first key of a block.
    pub(crate) fn first_of(&self, block: usize) -> &R {
        &self.firsts[block]
    }

    /// Memory of the index, in bytes.
    pub(crate) fn index_size(&self) -> usize {
        self.file.extents.len() * (size_of::<Extent>() + size_of::<R>())
    }

    /// Whether keys of the two ranges could be the same.
    pub(crate) fn overlaps(&self, first: &R, last: &R) -> bool {
        self.first().order(last) != Ordering::Greater && self.last.order(first) != Ordering::Less
    }

    /// The block that would hold `probe`: the last that does not begin after it.
    #[inline]
    pub(crate) fn find_block(&self, probe: &R) -> Option<usize> {
        self.firsts
            .partition_point(|first| first.order(probe) != Ordering::Greater)
            .checked_sub(1)
    }

    /// The last block that begins before an end.
    pub(crate) fn find_block_before(&self, end: &End<R>) -> Option<usize> {
        self.firsts
            .partition_point(|first| !end.is_reached_by(first))
            .checked_sub(1)
    }

    /// How many records the blocks before that one have.
    pub(crate) fn entries_before(&self, block: usize) -> u64 {
        match self.file.extents.get(block) {
            Some(extent) => extent.before,
            None => self.footer.entries,
        }
    }

    /// The record of the same key as `probe`.
    pub(crate) fn get(&self, probe: &R, hash: Option<u32>) -> Result<Option<R>> {
        if self.last.order(probe) == Ordering::Less {
            return Ok(None);
        }
        let Some(block) = self.find_block(probe) else {
            return Ok(None);
        };
        if let Some(hash) = hash
            && !self.file.may_contain(hash)?
        {
            return Ok(None);
        }
        let mut cursor = BlockCursor::new(self.file.block(block)?);
        let found = cursor
            .seek(probe)
            .map_err(|error| self.file.malformed(block, error))?;
        let same = found && cursor.record().order(probe) == Ordering::Equal;
        Ok(same.then(|| cursor.record().clone()))
    }
}

type Index<R> = (Vec<R>, Vec<Extent>, R);

fn parse_index<R: Record>(content: &[u8], footer: &Footer) -> Option<Index<R>> {
    let mut reader = Reader::new(content);
    let last = R::get_key(&mut reader)?;
    // Each block takes more than one byte here, so a count that lies reserves little.
    let blocks = (footer.blocks as usize).min(content.len());
    let (mut firsts, mut extents) = (Vec::with_capacity(blocks), Vec::with_capacity(blocks));
    let (mut offset, mut before) = (HEADER_LEN, 0_u64);
    while !reader.is_empty() {
        firsts.push(R::get_key(&mut reader)?);
        let len = reader.varint32()?;
        extents.push(Extent { offset, len, before });
        offset = offset.checked_add(u64::from(len))?;
        before = before.checked_add(reader.varint()?)?;
    }
    let whole = !firsts.is_empty()
        && firsts.len() == footer.blocks as usize
        && offset == footer.filter_offset
        && before == footer.entries
        && firsts.is_sorted_by(|a, b| a.order(b).is_lt())
        && firsts.last().is_some_and(|first| first.order(&last).is_le());
    whole.then_some((firsts, extents, last))
}
