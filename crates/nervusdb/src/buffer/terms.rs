//! New terms in memory: an arena of strings, and a hash table of their ids.

use super::sort::sort_newest;
use crate::error::Result;
use crate::hash::hash;
use crate::record::{Fact, Pair};

const EMPTY: u32 = u32::MAX;

/// Terms whose ids follow one another from `base` on. They are only ever added.
#[derive(Debug)]
pub(crate) struct TermBuffer {
    base: u32,
    bytes: Vec<u8>,
    /// Where each term ends in `bytes`.
    ends: Vec<usize>,
    hashes: Vec<u32>,
    /// Open addressing; indexes into `ends`. The length is a power of two.
    slots: Vec<u32>,
}

impl TermBuffer {
    pub(crate) fn new(base: u32) -> Self {
        Self {
            base,
            bytes: Vec::new(),
            ends: Vec::new(),
            hashes: Vec::new(),
            slots: vec![EMPTY; 64],
        }
    }

    /// The id of the first term here.
    pub(crate) fn base(&self) -> u32 {
        self.base
    }

    /// The id the next new term gets.
    pub(crate) fn next_id(&self) -> u32 {
        self.base.saturating_add(self.ends.len() as u32)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(crate) fn size(&self) -> usize {
        self.bytes.len() + self.ends.len() * (size_of::<usize>() + 4) + self.slots.len() * 4
    }

    /// The term of an id, if it is one of these.
    pub(crate) fn get(&self, id: u32) -> Option<&[u8]> {
        self.at(id.checked_sub(self.base)? as usize)
    }

    fn at(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let begin = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.bytes.get(begin..end)
    }

    /// The id of a term, if it is one of these. `hash` is its XXH32.
    pub(crate) fn find(&self, term: &[u8], hash: u32) -> Option<u32> {
        let slot = self.slots[self.slot_of(term, hash)];
        (slot != EMPTY).then(|| self.base + slot)
    }

    /// The id of a term, which is added if it is not there yet.
    pub(crate) fn find_or_add(&mut self, term: &[u8], hash: u32) -> u32 {
        let slot = self.slot_of(term, hash);
        if self.slots[slot] != EMPTY {
            return self.base + self.slots[slot];
        }
        let index = self.ends.len() as u32;
        self.slots[slot] = index;
        self.bytes.extend_from_slice(term);
        self.ends.push(self.bytes.len());
        self.hashes.push(hash);
        if self.ends.len() * 4 > self.slots.len() * 3 {
            self.grow();
        }
        self.base + index
    }

    /// The slot that holds the term, or the empty one where it belongs.
    fn slot_of(&self, term: &[u8], hash: u32) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let index = self.slots[slot];
            if index == EMPTY {
                return slot;
            }
            let same = self.hashes[index as usize] == hash && self.at(index as usize) == Some(term);
            if same {
                return slot;
            }
            slot = (slot + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let mask = self.slots.len() * 2 - 1;
        let mut slots = vec![EMPTY; mask + 1];
        for (index, &hash) in (0..).zip(&self.hashes) {
            let mut slot = hash as usize & mask;
            while slots[slot] != EMPTY {
                slot = (slot + 1) & mask;
            }
            slots[slot] = index;
        }
        self.slots = slots;
    }

    /// Gives `visit` the terms as records of the tree of terms, each in the memory of the one before.
    pub(crate) fn each_pair(&self, mut visit: impl FnMut(&Pair) -> Result<()>) -> Result<()> {
        let mut pair = Pair::default();
        let mut begin = 0;
        for (id, &end) in (self.base..).zip(&self.ends) {
            pair.key.clear();
            pair.key.extend_from_slice(&term_key(id));
            pair.value.clear();
            pair.value.extend_from_slice(&self.bytes[begin..end]);
            begin = end;
            visit(&pair)?;
        }
        Ok(())
    }

    /// The terms as records of the tree of hashes, sorted.
    pub(crate) fn hash_facts(&self) -> Vec<Fact> {
        let ids = self.base..;
        let mut facts: Vec<Fact> = ids
            .zip(&self.hashes)
            .map(|(id, &hash)| Fact::new([hash, id, 0], false))
            .collect();
        sort_newest(&mut facts, &mut Vec::new());
        facts
    }
}

/// The key of a term in its tree.
pub(crate) fn term_key(id: u32) -> [u8; 4] {
    id.to_be_bytes()
}

/// The hash terms are found by.
pub(crate) fn term_hash(term: &[u8]) -> u32 {
    hash(term, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_found_both_ways() {
        let mut terms = TermBuffer::new(10);
        let names: Vec<String> = (0..1_000).map(|n| format!("term {}", n * n)).collect();
        for name in &names {
            let hash = term_hash(name.as_bytes());
            assert_eq!(terms.find(name.as_bytes(), hash), None);
            terms.find_or_add(name.as_bytes(), hash);
        }
        for (id, name) in (10..).zip(&names) {
            assert_eq!(terms.find(name.as_bytes(), term_hash(name.as_bytes())), Some(id));
            assert_eq!(terms.get(id), Some(name.as_bytes()));
        }
        assert_eq!((terms.get(9), terms.get(1_010)), (None, None));
        let mut pairs = 0;
        let visited = terms.each_pair(|pair| {
            assert_eq!(pair.value, names[pairs].as_bytes());
            pairs += 1;
            Ok(())
        });
        assert_eq!((visited.is_ok(), pairs), (true, 1_000));
    }

    #[test]
    fn terms_of_one_hash_are_kept_apart() {
        let mut terms = TermBuffer::new(0);
        let ids = [b"a", b"b", b"c"].map(|term| terms.find_or_add(term, 42));
        assert_eq!([b"a", b"b", b"c"].map(|term| terms.find(term, 42)), ids.map(Some));
        assert_eq!(terms.find(b"d", 42), None);
    }
}
