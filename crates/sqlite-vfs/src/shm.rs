//! The shared memory of write-ahead logs. A pool belongs to one process, so the connections of one registration are all
//! that share it, and memory on the heap does.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::collections::HashMap;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::locks::Busy;

/// Locks that each log has.
const LOCKS: usize = 8;

/// The shared memory of every database that is open, by the database's name.
#[derive(Debug, Default)]
pub(crate) struct ShmTable {
    open: Mutex<HashMap<String, Arc<Mutex<Shared>>>>,
}

#[derive(Debug, Default)]
struct Shared {
    regions: Vec<Region>,
    /// How many connections share each lock; −1 if one has it alone.
    locks: [i32; LOCKS],
}

/// Zeros at first, at an address that does not change. SQLite alone reads and writes them, and orders that by the locks.
#[derive(Debug)]
struct Region {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: it owns its memory, and hands out only its address.
unsafe impl Send for Region {}

impl Region {
    fn new(size: usize) -> Option<Self> {
        let layout = Layout::from_size_align(size, 8)
            .ok()
            .filter(|layout| layout.size() > 0)?;
        // SAFETY: the layout has a size.
        let start = NonNull::new(unsafe { alloc_zeroed(layout) });
        Some(Self {
            start: start.unwrap_or_else(|| handle_alloc_error(layout)),
            layout,
        })
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: it was allocated with this layout. SQLite has unmapped it: its connections are gone.
        unsafe { dealloc(self.start.as_ptr(), self.layout) }
    }
}

/// What one connection has of a database's shared memory.
#[derive(Debug)]
pub(crate) struct Shm {
    name: String,
    shared: Arc<Mutex<Shared>>,
    /// Locks that this connection shares, and those it has alone, as bits.
    sharing: u8,
    alone: u8,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ShmTable {
    /// Begins to share a database's memory.
    pub(crate) fn join(&self, name: &str) -> Shm {
        Shm {
            name: name.to_owned(),
            shared: lock(&self.open).entry(name.to_owned()).or_default().clone(),
            sharing: 0,
            alone: 0,
        }
    }

    /// Ends it. The memory goes with the last that shares it.
    pub(crate) fn leave(&self, mut shm: Shm) {
        shm.unlock(0..LOCKS);
        let Shm { name, shared, .. } = shm;
        let mut open = lock(&self.open);
        drop(shared);
        if open
            .get(&name)
            .is_some_and(|shared| Arc::strong_count(shared) == 1)
        {
            open.remove(&name);
        }
    }
}

impl Shm {
    /// Where a region is; nothing if it is not there and not to be made, or has no size.
    pub(crate) fn region(&self, at: usize, size: usize, make: bool) -> Option<NonNull<u8>> {
        let regions = &mut lock(&self.shared).regions;
        while make && regions.len() <= at {
            regions.push(Region::new(size)?);
        }
        regions.get(at).map(|region| region.start)
    }

    /// Takes a lock together with others.
    pub(crate) fn share(&mut self, at: usize) -> Result<(), Busy> {
        let bit = 1 << at;
        if self.sharing & bit == 0 {
            let count = &mut lock(&self.shared).locks[at];
            if *count < 0 {
                return Err(Busy);
            }
            *count += 1;
            self.sharing |= bit;
        }
        Ok(())
    }

    /// Takes locks alone, all or none.
    pub(crate) fn exclude(&mut self, range: std::ops::Range<usize>) -> Result<(), Busy> {
        let locks = &mut lock(&self.shared).locks[range.clone()];
        if locks.iter().any(|count| *count != 0) {
            return Err(Busy);
        }
        locks.fill(-1);
        self.alone |= bits(range);
        Ok(())
    }

    /// Gives locks back.
    pub(crate) fn unlock(&mut self, range: std::ops::Range<usize>) {
        let mut shared = lock(&self.shared);
        for at in range.clone() {
            if self.alone & 1 << at != 0 {
                shared.locks[at] = 0;
            } else if self.sharing & 1 << at != 0 {
                shared.locks[at] -= 1;
            }
        }
        self.alone &= !bits(range.clone());
        self.sharing &= !bits(range);
    }
}

fn bits(range: std::ops::Range<usize>) -> u8 {
    range.fold(0, |bits, at| bits | 1 << at)
}

/// The locks that SQLite means.
pub(crate) fn locks(first: i32, count: i32) -> Option<std::ops::Range<usize>> {
    let first = usize::try_from(first).ok()?;
    let end = first.checked_add(usize::try_from(count).ok()?)?;
    (end <= LOCKS).then_some(first..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_are_shared_or_taken_alone() {
        let table = ShmTable::default();
        let (mut one, mut other) = (table.join("a"), table.join("a"));
        one.share(2).unwrap();
        one.share(2).unwrap();
        other.share(2).unwrap();
        assert!(one.exclude(1..4).is_err());
        other.unlock(2..3);
        one.unlock(2..3);
        other.exclude(1..4).unwrap();
        assert!(one.share(3).is_err());
        table.leave(other);
        one.share(3).unwrap();
        table.join("b").exclude(0..8).unwrap();
    }

    #[test]
    fn memory_is_shared_until_the_last_has_left() {
        let table = ShmTable::default();
        let (one, other) = (table.join("a"), table.join("a"));
        assert!(one.region(1, 32_768, false).is_none());
        let made = one.region(1, 32_768, true).unwrap();
        assert_eq!(other.region(1, 32_768, false), Some(made));
        table.leave(one);
        assert_eq!(other.region(1, 32_768, false), Some(made));
        table.leave(other);
        assert!(table.join("a").region(1, 32_768, false).is_none());
    }
}
