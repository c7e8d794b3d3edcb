//! Maps of files with holes, in the four ways archives have them.

use crate::BLOCK;
use crate::number::decimal;
use crate::pax::Pax;

/// What is wrong with a map: a sentence.
pub(crate) type Result<T> = std::result::Result<T, &'static str>;

const NO_NUMBER: &str = "a sparse file whose map contains something that is not a number";

/// Where a sparse file has data: offset and length of each piece, in bytes.
pub(crate) type Pieces = Vec<(u64, u64)>;

/// A map with more pieces than this is not believed: it would take more memory than a reader has.
pub(crate) const PIECES_MAX: usize = 1 << 20;

/// Whether a map fits a file of this length, with its holes, of which so many bytes are stored.
pub(crate) fn check(pieces: &Pieces, real_size: u64, stored: u64) -> Result<()> {
    let mut end = 0;
    let mut sum = 0u64;
    for (offset, len) in pieces {
        if *offset < end {
            return Err("a sparse file whose pieces overlap");
        }
        end = offset.saturating_add(*len);
        sum = sum.saturating_add(*len);
    }
    if end > real_size || sum != stored {
        return Err("a sparse file whose map does not fit its content");
    }
    Ok(())
}

/// What pax records say of holes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PaxSparse {
    /// Nothing.
    No,
    /// The map is in the records (formats 0.0 and 0.1).
    Here(Pieces, u64),
    /// The map is in front of the content (format 1.0).
    InContent(u64),
}

impl PaxSparse {
    pub(crate) fn of(pax: &Pax) -> Result<Self> {
        if pax.get("GNU.sparse.major").is_some_and(|major| major != b"0") {
            let Some(real) = pax.number("GNU.sparse.realsize").last else {
                return Err("a sparse file without its size");
            };
            return Ok(Self::InContent(real));
        }
        let Some(real) = pax.number("GNU.sparse.size").last else {
            return Ok(Self::No);
        };
        let pieces = match pax.get("GNU.sparse.map") {
            Some(map) => pairs(map.split(|b| *b == b',').filter(|n| !n.is_empty()))?,
            None => {
                let offsets = pax
                    .each("GNU.sparse.offset")
                    .map(number)
                    .collect::<Result<Vec<_>>>()?;
                let lens = pax
                    .each("GNU.sparse.numbytes")
                    .map(number)
                    .collect::<Result<Vec<_>>>()?;
                offsets.into_iter().zip(lens).collect()
            }
        };
        Ok(Self::Here(pieces, real))
    }
}

fn number(text: &[u8]) -> Result<u64> {
    decimal(text).ok_or(NO_NUMBER)
}

fn pairs<'a>(mut numbers: impl Iterator<Item = &'a [u8]>) -> Result<Pieces> {
    let mut pieces = Vec::new();
    while let Some(offset) = numbers.next() {
        let Some(len) = numbers.next() else {
            return Err("a sparse file with half a map");
        };
        pieces.push((number(offset)?, number(len)?));
    }
    Ok(pieces)
}

/// Parses the map in front of the content, fed block by block.
#[derive(Debug, Default)]
pub(crate) struct MapParser {
    digits: Vec<u8>,
    numbers: Vec<u64>,
}

impl MapParser {
    /// Takes a block; answers the pieces once the map is complete.
    pub(crate) fn feed(&mut self, block: &[u8; BLOCK]) -> Result<Option<Pieces>> {
        for byte in block {
            match byte {
                b'\n' => {
                    self.numbers.push(number(&self.digits)?);
                    self.digits.clear();
                }
                _ if self.digits.len() < 20 => self.digits.push(*byte),
                _ => return Err("a sparse file with an invalid map"),
            }
            let Some(&count) = self.numbers.first() else {
                continue;
            };
            let Some(count) = usize::try_from(count).ok().filter(|count| *count <= PIECES_MAX) else {
                return Err("a sparse file of too many pieces");
            };
            if self.numbers.len() == 1 + 2 * count {
                let pieces = self.numbers[1..].chunks_exact(2).map(|pair| (pair[0], pair[1]));
                return Ok(Some(pieces.collect()));
            }
        }
        Ok(None)
    }
}

/// A map in front of the content, as format 1.0 has it, filled up to whole blocks.
pub(crate) fn to_bytes(pieces: &[(u64, u64)]) -> Vec<u8> {
    let mut text = format!("{}\n", pieces.len());
    for (offset, len) in pieces {
        text.push_str(&format!("{offset}\n{len}\n"));
    }
    let mut bytes = text.into_bytes();
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_in_the_content_reads_as_it_was_written() {
        for count in [0, 1, 50, 1000] {
            let pieces: Vec<_> = (0..count).map(|i| (i * 1_000_000, 4096)).collect();
            let bytes = to_bytes(&pieces);
            let mut parser = MapParser::default();
            let mut blocks = bytes.chunks_exact(BLOCK);
            let read = loop {
                let block = blocks.next().unwrap().try_into().unwrap();
                if let Some(read) = parser.feed(block).unwrap() {
                    break read;
                }
            };
            assert_eq!(read, pieces);
            assert_eq!(blocks.next(), None);
        }
    }

    #[test]
    fn maps_that_lie_are_refused() {
        assert!(check(&vec![(0, 10), (5, 10)], 100, 20).is_err());
        assert!(check(&vec![(0, 10)], 5, 10).is_err());
        assert!(check(&vec![(0, 10)], 10, 11).is_err());
        assert!(check(&vec![(u64::MAX, 10)], u64::MAX, 10).is_ok());
        let mut huge = [b'0'; BLOCK];
        huge[..9].copy_from_slice(b"99999999\n");
        assert!(MapParser::default().feed(&huge).is_err());
        assert!(MapParser::default().feed(&[b'1'; BLOCK]).is_err());
    }

    #[test]
    fn older_formats() {
        let mut pax = Pax::default();
        pax.push(b"GNU.sparse.size", b"100");
        pax.push(b"GNU.sparse.map", b"0,10,50,10");
        assert_eq!(
            PaxSparse::of(&pax).unwrap(),
            PaxSparse::Here(vec![(0, 10), (50, 10)], 100)
        );
        let mut pax = Pax::default();
        pax.push(b"GNU.sparse.size", b"100");
        for (key, value) in [
            ("offset", "0"),
            ("numbytes", "10"),
            ("offset", "50"),
            ("numbytes", "10"),
        ] {
            pax.push(format!("GNU.sparse.{key}").as_bytes(), value.as_bytes());
        }
        assert_eq!(
            PaxSparse::of(&pax).unwrap(),
            PaxSparse::Here(vec![(0, 10), (50, 10)], 100)
        );
        pax.push(b"GNU.sparse.map", b"1");
        assert!(PaxSparse::of(&pax).is_err());
    }
}
