//! A bloom filter in lines of 64 bytes: one lookup reads one line of one page.

use crate::block::seal;

const LINE: usize = 64;
/// Lines of one page, which is read and cached as a block.
pub(crate) const PAGE_LINES: usize = 64;
const BITS_PER_KEY: usize = 10;
const PROBES: usize = 6;

/// The filter of the given hashes as checked pages, and its lines.
pub(crate) fn build(hashes: &[u32]) -> (Vec<u8>, u32) {
    let lines = (hashes.len() * BITS_PER_KEY).div_ceil(LINE * 8);
    let mut bits = vec![0_u8; lines * LINE];
    for &hash in hashes {
        let line = line_of(hash, lines as u32) as usize;
        for bit in probes(hash) {
            bits[line * LINE + bit / 8] |= 1 << (bit % 8);
        }
    }
    let mut pages = Vec::with_capacity(bits.len() + lines);
    for page in bits.chunks(PAGE_LINES * LINE) {
        let mut page = page.to_vec();
        seal(&mut page);
        pages.extend_from_slice(&page);
    }
    (pages, lines as u32)
}

/// The line a hash belongs to.
#[inline]
pub(crate) fn line_of(hash: u32, lines: u32) -> u32 {
    ((u64::from(hash) * u64::from(lines)) >> 32) as u32
}

/// Where page `page` lies in the filter, and its stored length.
pub(crate) fn page_extent(page: u32, lines: u32) -> (u64, usize) {
    let stored = (PAGE_LINES * LINE + 4) as u64;
    let begin = page as usize * PAGE_LINES;
    let count = (lines as usize).saturating_sub(begin).min(PAGE_LINES);
    (u64::from(page) * stored, count * LINE + 4)
}

/// The stored bytes of a filter of so many lines.
pub(crate) fn stored_len(lines: u32) -> u64 {
    let pages = (lines as usize).div_ceil(PAGE_LINES);
    (lines as usize * LINE + pages * 4) as u64
}

/// Whether the page may hold the hash.
#[inline]
pub(crate) fn may_contain(page: &[u8], hash: u32, lines: u32) -> bool {
    let begin = line_of(hash, lines) as usize % PAGE_LINES * LINE;
    let Some(line) = page.get(begin..begin + LINE) else {
        return true;
    };
    probes(hash).all(|bit| line[bit / 8] & 1 << (bit % 8) != 0)
}

#[inline]
fn probes(hash: u32) -> impl Iterator<Item = usize> {
    let mut state = hash;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(0x9E37_79B1).wrapping_add(0x7F4A_7C15);
        (state >> 23) as usize
    })
    .take(PROBES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::unseal;
    use crate::hash::mix;

    #[test]
    fn what_was_added_is_found_and_little_else() {
        let hashes: Vec<u32> = (0..50_000).map(|n| mix([n, 1, 2])).collect();
        let (pages, lines) = build(&hashes);
        assert_eq!(pages.len() as u64, stored_len(lines));
        let holds = |hash| {
            let (at, len) = page_extent(line_of(hash, lines) / PAGE_LINES as u32, lines);
            let page = unseal(&pages[at as usize..][..len]).unwrap();
            may_contain(page, hash, lines)
        };
        assert!(hashes.iter().all(|&hash| holds(hash)));
        let wrong = (0..50_000).filter(|&n| holds(mix([n, 3, 4]))).count();
        assert!(wrong < 1_000, "{wrong} of 50,000 are false positives");
    }
}
