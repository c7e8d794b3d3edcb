//! The blocks read most recently, up to a number of bytes.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::block::Block;
use crate::sync::lock;

/// Which block of which table.
pub(crate) type BlockKey = (u32, u32);

/// A cache of blocks that evicts by the clock: what was used since the hand last came by stays.
#[derive(Debug)]
pub(crate) struct Cache {
    inner: Mutex<Inner>,
    capacity: usize,
    /// Bytes of filters that tables hold for themselves.
    pinned: AtomicUsize,
}

#[derive(Debug, Default)]
struct Inner {
    places: HashMap<BlockKey, usize, BuildHasherDefault<KeyHasher>>,
    slots: Vec<Option<Slot>>,
    free: Vec<usize>,
    hand: usize,
    used: usize,
    hits: u64,
    misses: u64,
}

#[derive(Debug)]
struct Slot {
    key: BlockKey,
    block: Arc<Block>,
    recent: bool,
}

impl Cache {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            inner: Mutex::default(),
            capacity,
            pinned: AtomicUsize::new(0),
        }
    }

    pub(crate) fn get(&self, key: BlockKey) -> Option<Arc<Block>> {
        let mut guard = lock(&self.inner);
        let inner = &mut *guard;
        let slot = inner
            .places
            .get(&key)
            .and_then(|&place| inner.slots[place].as_mut());
        match slot {
            Some(slot) => {
                slot.recent = true;
                inner.hits += 1;
                Some(slot.block.clone())
            }
            None => {
                inner.misses += 1;
                None
            }
        }
    }

    pub(crate) fn contains(&self, key: BlockKey) -> bool {
        lock(&self.inner).places.contains_key(&key)
    }

    pub(crate) fn insert(&self, key: BlockKey, block: Arc<Block>) {
        let mut inner = lock(&self.inner);
        if inner.places.contains_key(&key) || block.size() > self.capacity {
            return;
        }
        inner.used += block.size();
        let slot = Slot {
            key,
            block,
            recent: false,
        };
        let place = match inner.free.pop() {
            Some(place) => place,
            None => {
                inner.slots.push(None);
                inner.slots.len() - 1
            }
        };
        inner.slots[place] = Some(slot);
        inner.places.insert(key, place);
        while inner.used > self.capacity {
            inner.evict_one(place);
        }
    }

    /// Whether a table may hold so many bytes of filter outside the cache: they may take half as much as it.
    pub(crate) fn pin(&self, bytes: usize) -> bool {
        let fits = |pinned: usize| Some(pinned + bytes).filter(|&sum| sum <= self.capacity / 2);
        self.pinned
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits)
            .is_ok()
    }

    pub(crate) fn unpin(&self, bytes: usize) {
        self.pinned.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Bytes held, hits and misses.
    pub(crate) fn usage(&self) -> (usize, u64, u64) {
        let inner = lock(&self.inner);
        (
            inner.used + self.pinned.load(Ordering::Relaxed),
            inner.hits,
            inner.misses,
        )
    }
}

impl Inner {
    /// Moves the hand on by one slot. `newest` stays, so a loop of these ends once only it is left.
    fn evict_one(&mut self, newest: usize) {
        self.hand = (self.hand + 1) % self.slots.len();
        let place = self.hand;
        match &mut self.slots[place] {
            Some(slot) if place != newest => {
                if std::mem::take(&mut slot.recent) {
                    return;
                }
                self.used -= slot.block.size();
                let key = slot.key;
                self.places.remove(&key);
                self.slots[place] = None;
                self.free.push(place);
            }
            _ => (),
        }
    }
}

/// Multiplies: the keys are small numbers, not anyone's input.
#[derive(Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u32(u32::from(byte)));
    }

    fn write_u32(&mut self, word: u32) {
        self.0 = (self.0.rotate_left(32) ^ u64::from(word)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}
