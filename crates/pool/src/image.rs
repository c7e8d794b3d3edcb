//! The bytes of one file in memory: sparse, and copied only where two copies differ.

use std::collections::BTreeMap;
use std::sync::Arc;

const PAGE: usize = 4096;
type Page = [u8; PAGE];

/// What a [`FaultPool`](crate::FaultPool) tears writes at, in bytes: the sector of a disk.
pub(crate) const SECTOR: usize = 512;

/// A sparse array of bytes. A clone costs one reference count; a page is copied when it is written to while
/// shared.
///
/// Bytes at and after `len` are zero in every page, so that growing needs no clearing. Missing pages are
/// zeros.
#[derive(Clone, Debug, Default)]
pub(crate) struct Image {
    len: u64,
    pages: Arc<BTreeMap<u64, Arc<Page>>>,
}

impl Image {
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Fills `buf` from `offset` on, as far as the bytes reach, and returns how far that was.
    pub(crate) fn read(&self, buf: &mut [u8], offset: u64) -> usize {
        let available = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let count = buf.len().min(available);
        for (number, within, range) in pieces(offset, count) {
            let target = &mut buf[range];
            match self.pages.get(&number) {
                Some(page) => target.copy_from_slice(&page[within..within + target.len()]),
                None => target.fill(0),
            }
        }
        count
    }

    /// Writes `data` at `offset`, growing as needed. The caller has checked that the end is in range.
    pub(crate) fn write(&mut self, data: &[u8], offset: u64) {
        if data.is_empty() {
            return;
        }
        let pages = Arc::make_mut(&mut self.pages);
        for (number, within, range) in pieces(offset, data.len()) {
            let source = &data[range];
            let page = pages.entry(number).or_insert_with(|| Arc::new([0; PAGE]));
            Arc::make_mut(page)[within..within + source.len()].copy_from_slice(source);
        }
        self.len = self.len.max(offset + data.len() as u64);
    }

    /// Cuts off, or extends with zeros.
    pub(crate) fn set_len(&mut self, len: u64) {
        if len < self.len {
            let pages = Arc::make_mut(&mut self.pages);
            let within = (len % PAGE as u64) as usize;
            let kept = len.div_ceil(PAGE as u64);
            drop(pages.split_off(&kept));
            if within > 0
                && let Some(page) = pages.get_mut(&(kept - 1))
            {
                Arc::make_mut(page)[within..].fill(0);
            }
        }
        self.len = len;
    }

    /// One sector, with zeros past the end of the file.
    pub(crate) fn sector(&self, number: u64) -> [u8; SECTOR] {
        let mut sector = [0; SECTOR];
        self.read(&mut sector, number * SECTOR as u64);
        sector
    }
}

/// Cuts `count` bytes from `offset` on at page boundaries: page number, offset within the page, range of the
/// buffer.
fn pieces(offset: u64, count: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done == count {
            return None;
        }
        let position = offset + done as u64;
        let within = (position % PAGE as u64) as usize;
        let start = done;
        done += (PAGE - within).min(count - done);
        Some((position / PAGE as u64, within, start..done))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(image: &Image) -> Vec<u8> {
        let mut all = vec![0xEE; image.len() as usize + 10];
        let count = image.read(&mut all, 0);
        all.truncate(count);
        all
    }

    #[test]
    fn bytes_cut_off_do_not_come_back_when_the_file_grows_again() {
        let mut image = Image::default();
        image.write(&[7; 10_000], 0);
        image.set_len(5_000);
        image.set_len(10_000);
        let all = contents(&image);
        assert!(all[..5_000].iter().all(|&byte| byte == 7));
        assert!(all[5_000..].iter().all(|&byte| byte == 0));
    }

    #[test]
    fn a_clone_is_independent() {
        let mut image = Image::default();
        image.write(b"old", 4_095);
        let before = image.clone();
        image.write(b"new", 4_095);
        assert_eq!(&contents(&before)[4_095..], b"old");
        assert_eq!(&contents(&image)[4_095..], b"new");
    }

    #[test]
    fn a_write_far_out_costs_only_its_own_pages() {
        let mut image = Image::default();
        image.write(b"x", 1 << 60);
        assert_eq!(image.len(), (1 << 60) + 1);
        assert_eq!(image.pages.len(), 1);
    }
}
