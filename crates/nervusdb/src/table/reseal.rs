//! Makes the checksums of a table right, for fuzzers: else nothing they change would get past them.

use super::footer::{FOOTER_LEN, Footer, header};
use super::{HEADER_LEN, parse_index};
use crate::filter;
use crate::hash::hash;
use crate::record::{Fact, Pair};
use crate::space::Space;

/// Makes right what can be told apart: the header, the footer, and the parts that the footer and the index name.
pub(crate) fn reseal(bytes: &mut [u8]) {
    let end = bytes.len() as u64;
    let Some(footer) = end.checked_sub(FOOTER_LEN).and_then(|at| {
        let content = seal_part(bytes, at, FOOTER_LEN)?;
        Footer::parse(content)
    }) else {
        return;
    };
    if let Some(start) = bytes.get_mut(..HEADER_LEN as usize) {
        start.copy_from_slice(&header(footer.space, footer.level));
    }
    let index = seal_part(bytes, footer.index_offset, u64::from(footer.index_len)).map(<[u8]>::to_vec);
    let is_fact = Space::from_byte(footer.space).is_some_and(|space| (space as usize) < Space::FACTS);
    let extents = index.and_then(|index| match is_fact {
        true => parse_index::<Fact>(&index, &footer).map(|(_, extents, _)| extents),
        false => parse_index::<Pair>(&index, &footer).map(|(_, extents, _)| extents),
    });
    for extent in extents.unwrap_or_default() {
        seal_part(bytes, extent.offset, u64::from(extent.len));
    }
    for page in 0..footer.filter_lines.div_ceil(filter::PAGE_LINES as u32) {
        let (at, len) = filter::page_extent(page, footer.filter_lines);
        let begin = footer.filter_offset.saturating_add(at);
        if seal_part(bytes, begin, len as u64).is_none() {
            return;
        }
    }
}

/// Gives a part the checksum it should have, and gives its content.
fn seal_part(bytes: &mut [u8], begin: u64, len: u64) -> Option<&[u8]> {
    let begin = usize::try_from(begin).ok()?;
    let part = bytes.get_mut(begin..begin.checked_add(usize::try_from(len).ok()?)?)?;
    let (content, check) = part.split_at_mut(part.len().checked_sub(4)?);
    check.copy_from_slice(&hash(content, 0).to_le_bytes());
    Some(content)
}
