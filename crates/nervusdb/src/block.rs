//! A few kilobytes of sorted records: the unit that is read, checked and cached.
//!
//! `records | restart offsets, u16 each | their number, u16 | XXH32 of all before`

use std::cmp::Ordering;
use std::sync::Arc;

use crate::hash::hash;
use crate::record::{End, Record};

/// A block is closed once its records take so many bytes. Every record begins below this, so that restart
/// offsets fit 16 bits.
pub(crate) const BLOCK_TARGET: usize = 4096;
/// Records from one restart point to the next; part of the format.
pub(crate) const RESTART_EVERY: usize = 24;
const CHECK_LEN: usize = 4;

/// Collects records into the bytes of one block.
#[derive(Debug)]
pub(crate) struct BlockBuilder<R> {
    out: Vec<u8>,
    restarts: Vec<u16>,
    entries: usize,
    last: R,
}

impl<R: Record> BlockBuilder<R> {
    pub(crate) fn new() -> Self {
        Self {
            out: Vec::with_capacity(BLOCK_TARGET + 256),
            restarts: Vec::new(),
            entries: 0,
            last: R::default(),
        }
    }

    /// Adds a record that sorts after all before it.
    #[inline]
    pub(crate) fn push(&mut self, record: &R) {
        if self.entries.is_multiple_of(RESTART_EVERY) {
            self.restarts.push(self.out.len() as u16);
            record.encode(&R::default(), &mut self.out);
        } else {
            record.encode(&self.last, &mut self.out);
        }
        self.last.clone_from(record);
        self.entries += 1;
    }

    pub(crate) fn is_full(&self) -> bool {
        self.out.len() >= BLOCK_TARGET
    }

    pub(crate) fn entries(&self) -> usize {
        self.entries
    }

    /// The last record added, to this block or one before.
    pub(crate) fn last(&self) -> &R {
        &self.last
    }

    /// Says that another block came in between, which ended with this record.
    pub(crate) fn follow(&mut self, last: &R) {
        self.last.clone_from(last);
    }

    /// Whether the block may end here without being much too small.
    pub(crate) fn may_end(&self) -> bool {
        self.entries == 0 || self.out.len() >= BLOCK_TARGET / 2
    }

    /// Appends the block to `file` and begins the next one.
    pub(crate) fn finish(&mut self, file: &mut Vec<u8>) -> usize {
        for restart in &self.restarts {
            self.out.extend_from_slice(&restart.to_le_bytes());
        }
        self.out
            .extend_from_slice(&(self.restarts.len() as u16).to_le_bytes());
        seal(&mut self.out);
        file.extend_from_slice(&self.out);
        let len = self.out.len();
        self.out.clear();
        self.restarts.clear();
        self.entries = 0;
        len
    }
}

/// Appends the checksum of `bytes` to them.
pub(crate) fn seal(bytes: &mut Vec<u8>) {
    let check = hash(bytes, 0);
    bytes.extend_from_slice(&check.to_le_bytes());
}

/// What [`seal`] was given, if the checksum is right.
pub(crate) fn unseal(bytes: &[u8]) -> Option<&[u8]> {
    let (content, check) = bytes.split_at_checked(bytes.len().checked_sub(CHECK_LEN)?)?;
    (hash(content, 0).to_le_bytes() == check).then_some(content)
}

/// The checked bytes of a block of records or of a page of a filter.
#[derive(Debug)]
pub(crate) struct Block {
    bytes: Vec<u8>,
    records_end: usize,
    restarts: usize,
}

impl Block {
    /// A block of records.
    pub(crate) fn parse(mut bytes: Vec<u8>) -> Option<Self> {
        let content = unseal(&bytes)?.len();
        bytes.truncate(content);
        let count_at = content.checked_sub(2)?;
        let restarts = usize::from(u16::from_le_bytes([bytes[count_at], bytes[count_at + 1]]));
        let records_end = count_at.checked_sub(restarts * 2)?;
        (restarts > 0).then_some(Self {
            bytes,
            records_end,
            restarts,
        })
    }

    /// A page of bytes without records.
    pub(crate) fn page(mut bytes: Vec<u8>) -> Option<Self> {
        let content = unseal(&bytes)?.len();
        bytes.truncate(content);
        Some(Self {
            bytes,
            records_end: content,
            restarts: 0,
        })
    }

    #[inline]
    pub(crate) fn records(&self) -> &[u8] {
        &self.bytes[..self.records_end]
    }

    /// Appends the block as it is stored, and says how long that is.
    pub(crate) fn put(&self, out: &mut Vec<u8>) -> usize {
        out.extend_from_slice(&self.bytes);
        out.extend_from_slice(&hash(&self.bytes, 0).to_le_bytes());
        self.bytes.len() + CHECK_LEN
    }

    #[inline]
    fn restart(&self, index: usize) -> usize {
        let at = self.records_end + index * 2;
        match self.bytes.get(at..at + 2) {
            Some(bytes) => usize::from(u16::from_le_bytes([bytes[0], bytes[1]])),
            None => usize::MAX,
        }
    }

    /// Memory held, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.bytes.capacity() + size_of::<Self>() + 64
    }
}

/// The records do not decode, although their checksum is right.
#[derive(Debug)]
pub(crate) struct Malformed;

/// A position in a block. It keeps its record when it moves on, and so allocates nothing.
#[derive(Debug)]
pub(crate) struct BlockCursor<R> {
    block: Arc<Block>,
    /// Where the next record begins.
    next: usize,
    /// Records before the next restart point.
    left: usize,
    record: R,
}

impl<R: Record> BlockCursor<R> {
    /// Before the first record.
    pub(crate) fn new(block: Arc<Block>) -> Self {
        Self {
            block,
            next: 0,
            left: 0,
            record: R::default(),
        }
    }

    /// Moves to another block, before its first record.
    pub(crate) fn enter(&mut self, block: Arc<Block>) {
        self.block = block;
        self.next = 0;
        self.left = 0;
    }

    #[inline(always)]
    pub(crate) fn record(&self) -> &R {
        &self.record
    }

    /// Whether it is at the first record.
    #[inline]
    pub(crate) fn is_at_first(&self) -> bool {
        self.left == RESTART_EVERY - 1 && (self.block.restarts == 1 || self.next <= self.block.restart(1))
    }

    /// Moves to the last record, and gives the whole block.
    pub(crate) fn finish(&mut self) -> Result<Arc<Block>, Malformed> {
        self.restart_at(self.block.restarts - 1)?;
        while self.advance()? {}
        Ok(self.block.clone())
    }

    /// Moves to the next record; `false` at the end.
    #[inline(always)]
    pub(crate) fn advance(&mut self) -> Result<bool, Malformed> {
        let records = self.block.records();
        if self.next >= records.len() {
            return Ok(false);
        }
        if self.left == 0 {
            self.record.reset();
            self.left = RESTART_EVERY;
        }
        self.left -= 1;
        self.next = self.record.decode(records, self.next).ok_or(Malformed)?;
        Ok(true)
    }

    /// Moves to the first record not before `probe`; `false` if there is none.
    pub(crate) fn seek(&mut self, probe: &R) -> Result<bool, Malformed> {
        self.seek_restart(|record| record.order(probe) == Ordering::Greater)?;
        while self.record.order(probe) == Ordering::Less {
            if !self.advance()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Moves to the last record before an end, or to the first of all.
    pub(crate) fn seek_last(&mut self, end: &End<R>) -> Result<(), Malformed> {
        self.seek_restart(|record| end.is_reached_by(record))?;
        loop {
            let (next, left, record) = (self.next, self.left, self.record.clone());
            if !self.advance()? || end.is_reached_by(&self.record) {
                (self.next, self.left, self.record) = (next, left, record);
                return Ok(());
            }
        }
    }

    /// Moves to the last restart point that is not past something, or to the first of all.
    #[inline]
    fn seek_restart(&mut self, is_past: impl Fn(&R) -> bool) -> Result<(), Malformed> {
        let (mut low, mut high) = (0, self.block.restarts);
        while high - low > 1 {
            let middle = (low + high) / 2;
            self.restart_at(middle)?;
            match is_past(&self.record) {
                true => high = middle,
                false => low = middle,
            }
        }
        self.restart_at(low)
    }

    /// How many records are before the current one.
    pub(crate) fn place(&self) -> usize {
        // Restart points lie before the position if the next record begins after them.
        let (mut low, mut high) = (0, self.block.restarts);
        while high - low > 1 {
            let middle = (low + high) / 2;
            match self.block.restart(middle) < self.next {
                true => low = middle,
                false => high = middle,
            }
        }
        (low + 1) * RESTART_EVERY - 1 - self.left
    }

    fn restart_at(&mut self, index: usize) -> Result<(), Malformed> {
        let at = self.block.restart(index);
        self.record.reset();
        self.left = RESTART_EVERY - 1;
        self.next = self.record.decode(self.block.records(), at).ok_or(Malformed)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Fact, Pair};

    fn facts(count: u32) -> Vec<Fact> {
        (0..count)
            .map(|n| Fact::new([n / 50, n / 5, n * 3], n % 7 == 0))
            .collect()
    }

    fn built(facts: &[Fact]) -> Vec<u8> {
        let mut builder = BlockBuilder::new();
        facts.iter().for_each(|fact| builder.push(fact));
        let mut bytes = Vec::new();
        builder.finish(&mut bytes);
        bytes
    }

    #[test]
    fn every_record_is_found_and_what_follows_comes_next() {
        let facts = facts(500);
        let mut cursor = BlockCursor::<Fact>::new(Arc::new(Block::parse(built(&facts)).unwrap()));
        for (at, fact) in facts.iter().enumerate() {
            assert!(cursor.seek(fact).unwrap());
            for expected in facts[at..].iter().take(60) {
                assert_eq!(cursor.record(), expected);
                cursor.advance().unwrap();
            }
        }
        assert!(!cursor.seek(&Fact::new([1_000, 0, 0], false)).unwrap());
    }

    /// Reads a block every way there is; only whether it panics or ends matters.
    fn read<R: Record>(content: &[u8], probe: &R) {
        let mut bytes = content.to_vec();
        seal(&mut bytes);
        let Some(block) = Block::parse(bytes) else {
            return;
        };
        let mut cursor = BlockCursor::<R>::new(Arc::new(block));
        while let Ok(true) = cursor.advance() {}
        let _ = cursor.seek(probe);
    }

    #[test]
    fn content_that_makes_no_sense_does_no_harm() {
        let sound = built(&facts(300));
        let content = &sound[..sound.len() - 4];
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..3_000 {
            let mut damaged = content.to_vec();
            for _ in 0..random.usize(1..5) {
                let at = random.usize(..damaged.len());
                damaged[at] = random.u8(..);
            }
            damaged.truncate(random.usize(..damaged.len() * 2));
            let key = [random.u32(..8), random.u32(..80), random.u32(..1_000)];
            read(&damaged, &Fact::new(key, false));
            read(&damaged, &Pair::probe(&random.u32(..).to_be_bytes()));
        }
    }

    #[test]
    fn the_last_record_before_another_is_found_with_its_place() {
        for count in [1, 23, 24, 25, 48, 500] {
            let facts = facts(count);
            let mut cursor = BlockCursor::<Fact>::new(Arc::new(Block::parse(built(&facts)).unwrap()));
            for (place, fact) in facts.iter().enumerate() {
                assert!(cursor.advance().unwrap());
                assert_eq!(cursor.place(), place);
                let mut other = BlockCursor::<Fact>::new(cursor.block.clone());
                other
                    .seek_last(&End {
                        key: *fact,
                        past: Ordering::Greater,
                    })
                    .unwrap();
                assert_eq!((other.record(), other.place()), (fact, place));
            }
        }
    }
}
