//! New content of one file.

use std::collections::BTreeMap;

use super::{Piece, Pieces, Ranges};
use crate::rows::CHUNK;

/// Content above what older tables and the database hold: pieces where it was written, holes where it was cut.
#[derive(Debug, Clone, Default)]
pub(crate) struct DirtyFile {
    /// Bytes of the file that hide everything older. Pieces lie above them.
    pub(crate) holes: Ranges,
    pub(crate) chunks: BTreeMap<u64, Pieces>,
    /// Bytes of content that the pieces hold in memory.
    pub(crate) held: u64,
    /// Bytes of the file that the pieces are: also those in blocks, which are shared.
    pub(crate) len: u64,
}

/// The part of a byte range that lies in one chunk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) index: u64,
    /// Within the chunk.
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// Splits `start..end` at the chunks' borders.
pub(crate) fn spans(start: u64, end: u64) -> impl Iterator<Item = Span> {
    let mut at = start;
    std::iter::from_fn(move || {
        if at >= end {
            return None;
        }
        let index = at / CHUNK;
        let from = at % CHUNK;
        let to = CHUNK.min(end - index * CHUNK);
        at = index * CHUNK + to;
        Some(Span {
            index,
            start: from as u32,
            end: to as u32,
        })
    })
}

impl DirtyFile {
    /// Writes bytes, and answers by how many more the file holds in memory.
    pub(crate) fn write(&mut self, offset: u64, data: &[u8]) -> i64 {
        let mut rest = data;
        let mut grown = 0;
        for span in spans(offset, offset + data.len() as u64) {
            let (part, more) = rest.split_at((span.end - span.start) as usize);
            rest = more;
            grown += self.change(span.index, |pieces| pieces.write(span.start, part));
        }
        grown
    }

    /// Puts a piece that lies in one chunk, and answers by how many bytes more the file holds in memory.
    pub(crate) fn insert(&mut self, index: u64, piece: Piece) -> i64 {
        self.change(index, |pieces| pieces.insert(piece))
    }

    /// Makes `start..end` a hole, and answers by how many bytes more (never a positive number) the file holds in memory.
    pub(crate) fn punch(&mut self, start: u64, end: u64) -> i64 {
        if start >= end {
            return 0;
        }
        let mut grown = 0;
        let (first, last) = (start / CHUNK, (end - 1) / CHUNK);
        let touched: Vec<u64> = self.chunks.range(first..=last).map(|(&index, _)| index).collect();
        for index in touched {
            let base = index * CHUNK;
            let (from, to) = (start.max(base) - base, end.min(base.saturating_add(CHUNK)) - base);
            grown += self.change(index, |pieces| {
                pieces.cut(from as u32, to as u32);
            });
            if self.chunks.get(&index).is_some_and(Pieces::is_empty) {
                self.chunks.remove(&index);
            }
        }
        self.holes.insert(start, end);
        grown
    }

    fn change(&mut self, index: u64, f: impl FnOnce(&mut Pieces)) -> i64 {
        let pieces = self.chunks.entry(index).or_default();
        let (held, len) = (pieces.held(), pieces.len());
        f(pieces);
        self.len = self.len + pieces.len() - len;
        let grown = pieces.held() as i64 - held as i64;
        self.held = self.held.saturating_add_signed(grown);
        grown
    }
}
