//! The blocks of a table and the pages of its filter, whatever its records are.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use tarbox_pool::{PoolFile, PoolFileExt};

use super::Footer;
use crate::block::{Block, Malformed, unseal};
use crate::device::{Device, FileName};
use crate::error::{Error, Result};
use crate::filter;
use crate::space::Space;

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

/// The file of an open table: its blocks and filter pages are in the cache.
#[derive(Debug)]
pub(crate) struct TableFile {
    device: Arc<Device>,
    file: Arc<dyn PoolFile>,
    number: u32,
    pub(super) footer: Footer,
    pub(super) extents: Vec<Extent>,
    /// The pages of the filter, once asked for, if they fit the budget for that.
    filter: OnceLock<Option<Vec<Arc<Block>>>>,
    /// No manifest names it any more: the file goes with the last reader.
    obsolete: AtomicBool,
}

impl TableFile {
    /// Opens the file of a table, of `len` bytes as the manifest says, and reads its index: the checked bytes, which
    /// the caller gives meaning.
    pub(super) fn open(device: &Arc<Device>, number: u32, space: Space, len: u64) -> Result<(Self, Vec<u8>)> {
        let file = device.open_to_read(FileName::Table(number))?;
        let bad = |offset, what| Err(Error::corrupt(file.name(), offset, what));
        if file.len()? != len {
            return bad(file.len()?, "the length is not what the manifest says");
        }
        let footer = Footer::read(&*file, len)?;
        if footer.space != space as u8 {
            return bad(12, "it is a table of another key space");
        }
        let mut index = vec![0; footer.index_len as usize];
        file.read_exact_at(&mut index, footer.index_offset)?;
        let Some(content) = unseal(&index).map(<[u8]>::len) else {
            return bad(footer.index_offset, "the checksum of the index");
        };
        index.truncate(content);
        let file = Self {
            device: device.clone(),
            file,
            number,
            footer,
            extents: Vec::new(),
            filter: OnceLock::new(),
            obsolete: AtomicBool::new(false),
        };
        Ok((file, index))
    }

    pub(crate) fn name(&self) -> &str {
        self.file.name()
    }

    pub(crate) fn extent(&self, block: usize) -> Extent {
        self.extents[block]
    }

    /// From now on the file is deleted with its last reader.
    pub(crate) fn set_obsolete(&self) {
        self.obsolete.store(true, Ordering::Release);
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
    #[inline(never)]
    pub(crate) fn block(&self, index: usize) -> Result<Arc<Block>> {
        match self.cached(index) {
            Some(block) => Ok(block),
            None => self
                .read(index, 1)
                .map(|mut blocks| self.keep(index, &mut blocks)),
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
            self.device
                .cache
                .insert((self.number, place as u32), block.clone());
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

    fn filter_size(&self) -> usize {
        filter::stored_len(self.footer.filter_lines) as usize
    }
}

impl Drop for TableFile {
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
