//! An immutable file of sorted records.

mod cursor;
mod footer;
mod writer;

use std::cmp::Ordering;
use std::sync::atomic::{AtomicBool, Ordering as Atomic};
use std::sync::{Arc, OnceLock};

use tarbox_pool::{PoolFile, PoolFileExt};

use crate::block::{Block, BlockCursor, Malformed};
use crate::bytes::Reader;
use crate::device::{Device, FileName};
use crate::error::{Error, Result};
use crate::filter;
use crate::record::Record;
use crate::space::Space;

pub(crate) use cursor::TableCursor;
pub(crate) use footer::Footer;
pub(crate) use writer::{TableWriter, write_tables};

/// The first bytes of a table, before its blocks.
pub(crate) const HEADER_LEN: u64 = 16;
/// Cache keys from here on are pages of filters.
const FILTER_PAGES: u32 = 1 << 31;
/// A scan that misses the cache reads so many bytes at once.
const READ_AHEAD: usize = 64 * 1024;

/// One block as the index knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(crate) offset: u64,
    pub(crate) len: u32,
    /// Records in all blocks before it.
    pub(crate) before: u64,
}

/// An open table: its index is in memory, its blocks and filter pages are in the cache.
#[derive(Debug)]
pub(crate) struct Table<R> {
    device: Arc<Device>,
    file: Arc<dyn PoolFile>,
    pub(crate) number: u32,
    pub(crate) space: Space,
    pub(crate) footer: Footer,
    pub(crate) len: u64,
    firsts: Vec<R>,
    extents: Vec<Extent>,
    last: R,
    /// The pages of the filter, once asked for, if they fit the budget for that.
    filter: OnceLock<Option<Vec<Arc<Block>>>>,
    /// No manifest names it any more: the file goes with the last reader.
    obsolete: AtomicBool,
}

impl<R: Record> Table<R> {
    /// Opens a table and reads its index. `len` is what the manifest says.
    pub(crate) fn open(device: &Arc<Device>, number: u32, space: Space, len: u64) -> Result<Self> {
        let file = device.open_to_read(FileName::Table(number))?;
        if file.len()? != len {
            let what = "the length is not what the manifest says";
            return Err(Error::corrupt(file.name(), file.len()?, what));
        }
        let footer = Footer::read(&*file, len)?;
        if footer.space != space as u8 {
            return Err(Error::corrupt(
                file.name(),
                12,
                "it is a table of another key space",
            ));
        }
        Self::with_footer(device, file, number, space, footer, len)
    }

    fn with_footer(
        device: &Arc<Device>,
        file: Arc<dyn PoolFile>,
        number: u32,
        space: Space,
        footer: Footer,
        len: u64,
    ) -> Result<Self> {
        let mut index = vec![0; footer.index_len as usize];
        file.read_exact_at(&mut index, footer.index_offset)?;
        let bad = |what| Error::corrupt(file.name(), footer.index_offset, what);
        let content = crate::block::unseal(&index).ok_or_else(|| bad("the checksum of the index"))?;
        let (firsts, extents, last) = parse_index::<R>(content, &footer).ok_or_else(|| bad("the index"))?;
        Ok(Self {
            device: device.clone(),
            file,
            number,
            space,
            footer,
            len,
            firsts,
            extents,
            last,
            filter: OnceLock::new(),
            obsolete: AtomicBool::new(false),
        })
    }

    pub(crate) fn name(&self) -> &str {
        self.file.name()
    }

    pub(crate) fn first(&self) -> &R {
        &self.firsts[0]
    }

    pub(crate) fn last(&self) -> &R {
        &self.last
    }

    pub(crate) fn blocks(&self) -> usize {
        self.extents.len()
    }

    pub(crate) fn extent(&self, block: usize) -> Extent {
        self.extents[block]
    }

    /// The first key of a block.
    pub(crate) fn first_of(&self, block: usize) -> &R {
        &self.firsts[block]
    }

    /// Memory of the index, in bytes.
    pub(crate) fn index_size(&self) -> usize {
        self.extents.len() * (size_of::<Extent>() + size_of::<R>())
    }

    /// Whether keys of the two ranges could be the same.
    pub(crate) fn overlaps(&self, first: &R, last: &R) -> bool {
        self.first().order(last) != Ordering::Greater && self.last.order(first) != Ordering::Less
    }

    /// From now on the file is deleted with its last reader.
    pub(crate) fn set_obsolete(&self) {
        self.obsolete.store(true, Atomic::Release);
    }

    /// The block that would hold `probe`: the last that does not begin after it.
    #[inline]
    pub(crate) fn find_block(&self, probe: &R) -> Option<usize> {
        self.firsts
            .partition_point(|first| first.order(probe) != Ordering::Greater)
            .checked_sub(1)
    }

    /// About how many records are from `from` to `to`: whole blocks between, and half of those at the ends.
    pub(crate) fn estimate(&self, from: &R, to: &R) -> u64 {
        if !self.overlaps(from, to) {
            return 0;
        }
        let begin = self.find_block(from).unwrap_or(0);
        let end = self.find_block(to).map_or(0, |block| block + 1);
        let before = |block: usize| match self.extents.get(block) {
            Some(extent) => extent.before,
            None => self.footer.entries,
        };
        let all = before(end).saturating_sub(before(begin));
        match end - begin {
            1 => all.div_ceil(4),
            _ => all - (before(begin + 1) - before(begin)) / 2 - (before(end) - before(end - 1)) / 2,
        }
    }

    /// How many records are not after `probe`.
    pub(crate) fn rank(&self, probe: &R) -> Result<u64> {
        let Some(block) = self.find_block(probe) else {
            return Ok(0);
        };
        let mut cursor = BlockCursor::new(self.block(block)?);
        let within = cursor.rank(probe).map_err(|error| self.malformed(block, error))?;
        Ok(self.extents[block].before + within)
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
            && !self.may_contain(hash)?
        {
            return Ok(None);
        }
        let mut cursor = BlockCursor::new(self.block(block)?);
        let found = cursor.seek(probe).map_err(|error| self.malformed(block, error))?;
        let same = found && cursor.record().order(probe) == Ordering::Equal;
        Ok(same.then(|| cursor.record().clone()))
    }

    /// Whether the filter admits the hash; true without a filter.
    pub(crate) fn may_contain(&self, hash: u32) -> Result<bool> {
        let lines = self.footer.filter_lines;
        if lines == 0 {
            return Ok(true);
        }
        let page = filter::line_of(hash, lines) / filter::PAGE_LINES as u32;
        if let Some(pages) = self.filter.get_or_init(|| self.pin_filter()) {
            let page = pages.get(page as usize);
            return Ok(page.is_none_or(|page| filter::may_contain(page.records(), hash, lines)));
        }
        let page = self.filter_page(page)?;
        Ok(filter::may_contain(page.records(), hash, lines))
    }

    /// All pages of the filter, if there is room for them and they are readable.
    fn pin_filter(&self) -> Option<Vec<Arc<Block>>> {
        if !self.device.cache.pin(self.filter_size()) {
            return None;
        }
        let pages: Result<_> = (0..self.filter_pages())
            .map(|page| self.read_filter_page(page))
            .collect();
        if pages.is_err() {
            self.device.cache.unpin(self.filter_size());
        }
        pages.ok()
    }

    fn filter_pages(&self) -> u32 {
        self.footer.filter_lines.div_ceil(filter::PAGE_LINES as u32)
    }

    fn filter_page(&self, page: u32) -> Result<Arc<Block>> {
        let key = (self.number, FILTER_PAGES | page);
        if let Some(page) = self.device.cache.get(key) {
            return Ok(page);
        }
        let page = self.read_filter_page(page)?;
        self.device.cache.insert(key, page.clone());
        Ok(page)
    }

    fn read_filter_page(&self, page: u32) -> Result<Arc<Block>> {
        let (at, len) = filter::page_extent(page, self.footer.filter_lines);
        let offset = self.footer.filter_offset + at;
        let mut bytes = vec![0; len];
        self.file.read_exact_at(&mut bytes, offset)?;
        let damaged = || Error::corrupt(self.name(), offset, "the checksum of a filter page");
        Ok(Arc::new(Block::page(bytes).ok_or_else(damaged)?))
    }

    /// Reads every page of the filter past the cache.
    pub(crate) fn check_filter(&self) -> Result<()> {
        (0..self.filter_pages()).try_for_each(|page| self.read_filter_page(page).map(drop))
    }

    /// A block, from the cache if it is there.
    #[inline]
    pub(crate) fn block(&self, index: usize) -> Result<Arc<Block>> {
        match self.cached(index) {
            Some(block) => Ok(block),
            None => self.read(index, 1).map(|mut blocks| self.keep(index, &mut blocks)),
        }
    }

    /// As [`block`](Self::block), for a scan: a miss reads the following blocks too.
    pub(crate) fn block_ahead(&self, index: usize) -> Result<Arc<Block>> {
        if let Some(block) = self.cached(index) {
            return Ok(block);
        }
        let wanted = (1..self.ahead(index))
            .take_while(|next| !self.device.cache.contains((self.number, (index + next) as u32)))
            .count();
        let mut blocks = self.read(index, wanted + 1)?;
        Ok(self.keep(index, &mut blocks))
    }

    /// The block and those after it that are read at once, for one who reads everything once: the cache is
    /// neither asked nor filled.
    pub(crate) fn blocks_uncached(&self, index: usize) -> Result<Vec<Arc<Block>>> {
        self.read(index, self.ahead(index))
    }

    fn cached(&self, index: usize) -> Option<Arc<Block>> {
        self.device.cache.get((self.number, index as u32))
    }

    /// How many blocks from this one on are read at once.
    fn ahead(&self, index: usize) -> usize {
        let begin = self.extents[index].offset;
        let fits = |extent: &&Extent| extent.offset + u64::from(extent.len) - begin <= READ_AHEAD as u64;
        self.extents[index..].iter().take_while(fits).count().max(1)
    }

    /// Puts blocks read into the cache, and gives the first.
    fn keep(&self, index: usize, blocks: &mut Vec<Arc<Block>>) -> Arc<Block> {
        for (place, block) in (index..).zip(blocks.iter()) {
            self.device.cache.insert((self.number, place as u32), block.clone());
        }
        blocks.swap_remove(0)
    }

    /// Reads `count` blocks from `index` on: those that are sound, and at least the first.
    fn read(&self, index: usize, count: usize) -> Result<Vec<Arc<Block>>> {
        let extents = &self.extents[index..index + count];
        let begin = extents[0].offset;
        let end = extents[count - 1].offset + u64::from(extents[count - 1].len);
        let mut bytes = vec![0; (end - begin) as usize];
        self.file.read_exact_at(&mut bytes, begin)?;
        let blocks: Vec<Arc<Block>> = extents
            .iter()
            .map_while(|extent| {
                let at = (extent.offset - begin) as usize;
                // Each has memory of its own, so that one does not keep that of all.
                Block::parse(bytes[at..at + extent.len as usize].to_vec()).map(Arc::new)
            })
            .collect();
        match blocks.is_empty() {
            true => Err(Error::corrupt(self.name(), begin, "the checksum of a block")),
            false => Ok(blocks),
        }
    }

    /// Reads a block from the device and not from the cache.
    pub(crate) fn block_uncached(&self, index: usize) -> Result<Arc<Block>> {
        let extent = self.extents[index];
        let mut bytes = vec![0; extent.len as usize];
        self.file.read_exact_at(&mut bytes, extent.offset)?;
        let damaged = || Error::corrupt(self.name(), extent.offset, "the checksum of a block");
        Ok(Arc::new(Block::parse(bytes).ok_or_else(damaged)?))
    }

    #[cold]
    pub(crate) fn malformed(&self, block: usize, Malformed: Malformed) -> Error {
        Error::corrupt(
            self.name(),
            self.extents[block].offset,
            "a record does not decode",
        )
    }
}

impl<R> Table<R> {
    fn filter_size(&self) -> usize {
        filter::stored_len(self.footer.filter_lines) as usize
    }
}

impl<R> Drop for Table<R> {
    fn drop(&mut self) {
        if let Some(Some(_)) = self.filter.get() {
            self.device.cache.unpin(self.filter_size());
        }
        if *self.obsolete.get_mut() && !self.device.read_only {
            // What stays because of an error is removed by the next open.
            self.device.delete(FileName::Table(self.number)).ok();
        }
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
