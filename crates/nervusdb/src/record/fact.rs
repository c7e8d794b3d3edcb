//! Three words in the order of an index.

use std::cmp::Ordering;

use super::{Filtering, Record};
use crate::bytes::{Reader, put_varint, varint32};
use crate::hash::mix;

/// A fixed-width key of three words; the third has 31 bits, which leaves room for the tombstone's.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Fact([u32; 3]);

/// Tags with this bit set are long forms; others are the distance in the third word.
const LONG: u8 = 0x80;
const DEAD: u8 = 0x40;
/// Which word is the first that differs.
const SECOND: u8 = 0x10;
const FIRST: u8 = 0x20;
const FORM: u8 = 0x30;

impl Fact {
    #[inline]
    pub(crate) const fn new(key: [u32; 3], dead: bool) -> Self {
        Self([key[0], key[1], key[2] << 1 | dead as u32])
    }

    #[inline]
    pub(crate) const fn key(&self) -> [u32; 3] {
        [self.0[0], self.0[1], self.0[2] >> 1]
    }

    /// The words as they are sorted, the tombstone's bit lowest.
    #[inline]
    pub(crate) const fn words(&self) -> [u32; 3] {
        self.0
    }

    /// The same fact with its words in another order.
    #[inline]
    pub(crate) const fn permuted(&self, order: [usize; 3]) -> Self {
        let key = self.key();
        Self::new([key[order[0]], key[order[1]], key[order[2]]], self.0[2] & 1 == 1)
    }

    fn decode_long(&mut self, tag: u8, input: &[u8], at: usize) -> Option<usize> {
        let [mut first, mut second, last] = self.0;
        let (mut third, mut at) = (last >> 1, at);
        let mut next = || {
            let (value, end) = varint32(input, at)?;
            at = end;
            Some(value)
        };
        match tag & FORM {
            FIRST => {
                first = first.wrapping_add(next()?);
                second = next()?;
                third = next()?;
            }
            SECOND => {
                second = second.wrapping_add(next()?);
                third = next()?;
            }
            0 => third = third.wrapping_add(next()?),
            _ => return None,
        }
        if third > i32::MAX as u32 {
            return None;
        }
        *self = Self::new([first, second, third], tag & DEAD != 0);
        Some(at)
    }
}

impl Record for Fact {
    fn last_possible() -> Self {
        Self::new([u32::MAX, u32::MAX, crate::MAX_TERM_ID], false)
    }

    #[inline]
    fn order(&self, other: &Self) -> Ordering {
        let ([a, b, c], [x, y, z]) = (self.0, other.0);
        a.cmp(&x)
            .then_with(|| b.cmp(&y))
            .then_with(|| (c >> 1).cmp(&(z >> 1)))
    }

    #[inline(always)]
    fn reset(&mut self) {
        *self = Self::default();
    }

    #[inline]
    fn is_dead(&self) -> bool {
        self.0[2] & 1 == 1
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }

    fn encode(&self, previous: &Self, out: &mut Vec<u8>) {
        let ([a, b, c], [x, y, z]) = (self.key(), previous.key());
        let dead = if self.is_dead() { DEAD } else { 0 };
        if a != x {
            out.push(LONG | FIRST | dead);
            put_varint(out, u64::from(a.wrapping_sub(x)));
            put_varint(out, u64::from(b));
            put_varint(out, u64::from(c));
        } else if b != y {
            out.push(LONG | SECOND | dead);
            put_varint(out, u64::from(b.wrapping_sub(y)));
            put_varint(out, u64::from(c));
        } else if dead == 0 && c.wrapping_sub(z) < u32::from(LONG) {
            out.push(c.wrapping_sub(z) as u8);
        } else {
            out.push(LONG | dead);
            put_varint(out, u64::from(c.wrapping_sub(z)));
        }
    }

    #[inline(always)]
    fn decode(&mut self, input: &[u8], at: usize) -> Option<usize> {
        let tag = *input.get(at)?;
        if tag < LONG {
            self.0[2] = (self.0[2] & !1).wrapping_add(u32::from(tag) << 1);
            return Some(at + 1);
        }
        self.decode_long(tag, input, at + 1)
    }

    fn put_key(&self, out: &mut Vec<u8>) {
        for word in self.key() {
            out.extend_from_slice(&word.to_le_bytes());
        }
    }

    fn get_key(reader: &mut Reader<'_>) -> Option<Self> {
        let key = [reader.u32()?, reader.u32()?, reader.u32()?];
        (key[2] <= i32::MAX as u32).then(|| Self::new(key, false))
    }

    #[inline]
    fn filter_hash(&self, filtering: Filtering) -> Option<u32> {
        match filtering {
            Filtering::None => None,
            Filtering::Key => Some(mix(self.key())),
            Filtering::FirstWord => Some(mix([self.0[0], 0, 0])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_difference_comes_back() {
        let top = i32::MAX as u32;
        let keys = [
            [0, 0, 0],
            [0, 0, 1],
            [0, 0, 128],
            [0, 0, 300],
            [0, 7, 5],
            [0, 7, top],
            [9, 0, 0],
            [u32::MAX, u32::MAX, top],
        ];
        for dead in [false, true] {
            for old in keys {
                for new in keys {
                    let (old, new) = (Fact::new(old, dead), Fact::new(new, !dead));
                    if old.order(&new) == Ordering::Greater {
                        continue;
                    }
                    let mut out = Vec::new();
                    new.encode(&old, &mut out);
                    let mut record = old;
                    assert_eq!(record.decode(&out, 0), Some(out.len()));
                    assert_eq!(record, new);
                }
            }
        }
    }
}
