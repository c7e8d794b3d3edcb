//! A key and a value of any bytes.

use std::cmp::Ordering;

use super::{Filtering, Record};
use crate::bytes::{Reader, put_slice, put_varint, varint32};
use crate::hash::hash;

/// The longest key of a pair, in bytes. Values may be as long as memory allows.
const MAX_KEY_LEN: usize = 1024;

/// A key and its value, or its tombstone.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Pair {
    pub(crate) key: Vec<u8>,
    pub(crate) value: Vec<u8>,
    pub(crate) dead: bool,
}

impl Pair {
    pub(crate) fn new(key: Vec<u8>, value: Vec<u8>) -> Self {
        debug_assert!(key.len() <= MAX_KEY_LEN);
        Self {
            key,
            value,
            dead: false,
        }
    }

    pub(crate) fn dead(key: Vec<u8>) -> Self {
        Self {
            key,
            value: Vec::new(),
            dead: true,
        }
    }

    pub(crate) fn probe(key: &[u8]) -> Self {
        Self::new(key.to_vec(), Vec::new())
    }
}

fn shared(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// Replaces what follows the first `kept` bytes of `target`.
fn splice(target: &mut Vec<u8>, kept: usize, rest: &[u8]) -> Option<()> {
    if kept > target.len() {
        return None;
    }
    target.truncate(kept);
    target.extend_from_slice(rest);
    Some(())
}

impl Record for Pair {
    fn last_possible() -> Self {
        Self::probe(&[0xFF; 64])
    }

    #[inline]
    fn order(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }

    fn reset(&mut self) {
        self.key.clear();
        self.value.clear();
        self.dead = false;
    }

    #[inline]
    fn is_dead(&self) -> bool {
        self.dead
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.key.len() + self.value.len()
    }

    fn encode(&self, previous: &Self, out: &mut Vec<u8>) {
        let key = shared(&self.key, &previous.key);
        let value = shared(&self.value, &previous.value);
        put_varint(out, (key as u64) << 1 | u64::from(self.dead));
        put_varint(out, (self.key.len() - key) as u64);
        put_varint(out, value as u64);
        put_varint(out, (self.value.len() - value) as u64);
        out.extend_from_slice(&self.key[key..]);
        out.extend_from_slice(&self.value[value..]);
    }

    fn decode(&mut self, input: &[u8], at: usize) -> Option<usize> {
        let (key_kept, at) = varint32(input, at)?;
        let (key_rest, at) = varint32(input, at)?;
        let (value_kept, at) = varint32(input, at)?;
        let (value_rest, at) = varint32(input, at)?;
        let middle = at.checked_add(key_rest as usize)?;
        let end = middle.checked_add(value_rest as usize)?;
        self.dead = key_kept & 1 == 1;
        let kept = (key_kept >> 1) as usize;
        if kept + key_rest as usize > MAX_KEY_LEN {
            return None;
        }
        splice(&mut self.key, kept, input.get(at..middle)?)?;
        splice(&mut self.value, value_kept as usize, input.get(middle..end)?)?;
        Some(end)
    }

    fn put_key(&self, out: &mut Vec<u8>) {
        put_slice(out, &self.key);
    }

    fn get_key(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self::probe(
            reader.slice().filter(|key| key.len() <= MAX_KEY_LEN)?,
        ))
    }

    fn filter_hash(&self, filtering: Filtering) -> Option<u32> {
        match filtering {
            Filtering::None => None,
            _ => Some(hash(&self.key, 0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_come_back_and_cut_ones_are_refused() {
        let pairs = [
            Pair::new(b"a".to_vec(), b"http://example.org/one".to_vec()),
            Pair::dead(b"ab".to_vec()),
            Pair::new(b"abc".to_vec(), Vec::new()),
            Pair::new(b"b".to_vec(), vec![7; 1000]),
        ];
        for old in &pairs {
            for new in &pairs {
                let mut out = Vec::new();
                new.encode(old, &mut out);
                let mut record = old.clone();
                assert_eq!(record.decode(&out, 0), Some(out.len()));
                assert_eq!(&record, new);
                for cut in 0..out.len() {
                    assert_eq!(old.clone().decode(&out[..cut], 0), None);
                }
            }
        }
    }
}
