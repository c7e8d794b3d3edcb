//! SQLite's temporary files: in memory, and all together bounded.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tarbox_pool::{Error, ErrorKind, MemoryPool, OpenOptions, Operation, Pool, PoolFile, Result};

/// What all temporary files of a script have left.
#[derive(Debug)]
pub(super) struct Room(Arc<AtomicU64>);

impl Room {
    pub(super) fn new(bytes: u64) -> Self {
        Self(Arc::new(AtomicU64::new(bytes)))
    }

    /// A new file.
    ///
    /// # Errors
    /// None that a pool in memory does not have.
    pub(super) fn file(&self) -> Result<Arc<dyn PoolFile>> {
        Ok(Arc::new(Counted {
            file: MemoryPool::new().open("temporary", OpenOptions::CREATE)?,
            room: Arc::clone(&self.0),
            taken: AtomicU64::new(0),
        }))
    }
}

/// A file in memory that takes what it needs from a common amount, and gives it back in the end.
#[derive(Debug)]
struct Counted {
    file: Arc<dyn PoolFile>,
    room: Arc<AtomicU64>,
    taken: AtomicU64,
}

impl Counted {
    /// Nothing is given back before the end: SQLite's temporary files grow, and are dropped.
    fn reserve(&self, operation: Operation, end: u64) -> Result<()> {
        let taken = self.taken.load(Ordering::Relaxed);
        let Some(more) = end.checked_sub(taken).filter(|more| *more > 0) else {
            return Ok(());
        };
        let left = |room: u64| room.checked_sub(more);
        match self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left) {
            Ok(_) => self.taken.store(end, Ordering::Relaxed),
            Err(_) => return Err(Error::new(ErrorKind::NoSpace, operation, self.name())),
        }
        Ok(())
    }
}

impl PoolFile for Counted {
    fn name(&self) -> &str {
        self.file.name()
    }
    fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize> {
        self.file.read_at(buf, offset)
    }
    fn write_at(&self, data: &[u8], offset: u64) -> Result<()> {
        self.reserve(Operation::Write, offset.saturating_add(data.len() as u64))?;
        self.file.write_at(data, offset)
    }
    fn truncate(&self, len: u64) -> Result<()> {
        self.reserve(Operation::Truncate, len)?;
        self.file.truncate(len)
    }
    fn sync(&self) -> Result<()> {
        self.file.sync()
    }
    fn len(&self) -> Result<u64> {
        self.file.len()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let taken = self.taken.load(Ordering::Relaxed);
        self.room.fetch_add(taken, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_share_what_there_is_and_give_it_back() {
        let room = Room::new(100);
        let (one, other) = (room.file().unwrap(), room.file().unwrap());
        one.write_at(&[1; 60], 0).unwrap();
        one.write_at(&[2; 60], 0).unwrap();
        assert_eq!(
            other.write_at(&[3; 60], 0).unwrap_err().kind(),
            ErrorKind::NoSpace
        );
        drop(one);
        other.write_at(&[3; 60], 0).unwrap();
    }
}
