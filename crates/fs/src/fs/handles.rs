//! The table of open handles.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tarbox_store::{Error, ErrorKind, FileKind, Ino, Result};

use super::grounds::Grounds;
use super::place::Place;
use crate::interface::{Credentials, Handle, HandleInfo, OpenFlags};

/// Shards, so that opening and closing on one thread does not stop reading and writing on others.
const SHARDS: usize = 16;

/// What a hook file said: kept, so that one reader sees one state however small the pieces are.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) content: Arc<[u8]>,
    /// It answers what was written, so reading from the start must not ask again.
    pub(crate) to_write: bool,
}

/// One open file or directory.
pub(crate) struct Open {
    /// Where the inode is.
    pub(crate) place: Place,
    /// Its number as callers know it.
    pub(crate) ino: Ino,
    pub(crate) kind: FileKind,
    pub(crate) flags: OpenFlags,
    /// Who opened it: writes are theirs.
    pub(crate) who: Credentials,
    /// Whether anything was changed through it. What it was opened on condition of holds for the first change.
    pub(crate) changed: AtomicBool,
    /// Whether a lock was ever set through it, so that closing need not look for one.
    pub(crate) locked: AtomicBool,
    /// What a hook file said, once it was read or written.
    pub(crate) answer: Mutex<Option<Answer>>,
}

impl Open {
    pub(crate) fn info(&self) -> HandleInfo {
        HandleInfo {
            ino: self.ino,
            kind: self.kind,
            flags: self.flags,
        }
    }

    /// What a change through it rests on.
    pub(super) fn grounds(&self) -> Grounds<'_> {
        match self.changed.load(Ordering::Acquire) {
            true => Grounds::unconditional(&self.who),
            false => Grounds::of(&self.who),
        }
    }

    /// Something was changed through it.
    pub(super) fn has_changed(&self) {
        self.changed.store(true, Ordering::Release);
    }

    pub(crate) fn is_dir(&self) -> bool {
        self.kind == FileKind::Directory
    }

    /// `BadHandle` unless it was opened for reading.
    pub(crate) fn require_read(&self) -> Result<()> {
        self.require(self.flags.read, "it is not open for reading")
    }

    /// `BadHandle` unless it was opened for writing.
    pub(crate) fn require_write(&self) -> Result<()> {
        self.require(self.flags.write, "it is not open for writing")
    }

    /// `BadHandle` for a mere place in the tree.
    pub(crate) fn require_content(&self) -> Result<()> {
        self.require(!self.flags.path_only, "it was opened with O_PATH")
    }

    fn require(&self, held: bool, why: &str) -> Result<()> {
        match held {
            true => Ok(()),
            false => Err(Error::new(ErrorKind::BadHandle).because(why)),
        }
    }

    pub(crate) fn kept_answer(&self) -> Option<Answer> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn keep_answer(&self, content: Arc<[u8]>, to_write: bool) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(Answer { content, to_write });
    }
}

/// A handle is a shard (low bits), a slot in it, and the slot's generation (high half), so none comes twice.
pub(crate) struct HandleTable {
    shards: [RwLock<Shard>; SHARDS],
    next_shard: AtomicU32,
    open: AtomicUsize,
    limit: usize,
}

#[derive(Default)]
struct Shard {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

struct Slot {
    generation: u32,
    open: Option<Arc<Open>>,
}

impl HandleTable {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            shards: Default::default(),
            next_shard: AtomicU32::new(0),
            open: AtomicUsize::new(0),
            limit,
        }
    }

    /// Takes room for one more, so that nothing is made that could then not be opened.
    ///
    /// # Errors
    /// `TooManyOpen` if there is none.
    pub(crate) fn reserve(&self) -> Result<Reservation<'_>> {
        let reservation = Reservation {
            table: self,
            used: false,
        };
        match self.open.fetch_add(1, Ordering::Relaxed) < self.limit {
            true => Ok(reservation),
            false => Err(Error::new(ErrorKind::TooManyOpen)
                .because(format!("at most {} handles can be open", self.limit))),
        }
    }

    fn insert(&self, open: Open) -> Handle {
        let number = self.next_shard.fetch_add(1, Ordering::Relaxed) as usize % SHARDS;
        let mut shard = self.shards[number]
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let slot = match shard.free.pop() {
            Some(slot) => slot,
            None => {
                shard.slots.push(Slot {
                    generation: 0,
                    open: None,
                });
                (shard.slots.len() - 1) as u32
            }
        };
        let entry = &mut shard.slots[slot as usize];
        entry.open = Some(Arc::new(open));
        handle(number, slot as usize, entry.generation)
    }

    pub(crate) fn get(&self, handle: Handle) -> Result<Arc<Open>> {
        let (number, slot, generation) = parts(handle);
        let shard = self.shards[number].read().unwrap_or_else(PoisonError::into_inner);
        match shard.slots.get(slot) {
            Some(Slot {
                generation: g,
                open: Some(open),
            }) if *g == generation => Ok(open.clone()),
            _ => Err(closed()),
        }
    }

    /// Every handle that is open.
    pub(crate) fn all(&self) -> Vec<Handle> {
        let mut all = Vec::new();
        for (number, shard) in self.shards.iter().enumerate() {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            let open = shard
                .slots
                .iter()
                .enumerate()
                .filter(|(_, slot)| slot.open.is_some());
            all.extend(open.map(|(slot, entry)| handle(number, slot, entry.generation)));
        }
        all
    }

    pub(crate) fn remove(&self, handle: Handle) -> Result<Arc<Open>> {
        let (number, slot, generation) = parts(handle);
        let mut shard = self.shards[number]
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = shard.slots.get_mut(slot).filter(|s| s.generation == generation) else {
            return Err(closed());
        };
        let open = entry.open.take().ok_or_else(closed)?;
        // A slot whose generations are used up is retired rather than give out a handle twice.
        if let Some(next) = entry.generation.checked_add(1) {
            entry.generation = next;
            shard.free.push(slot as u32);
        }
        drop(shard);
        self.open.fetch_sub(1, Ordering::Relaxed);
        Ok(open)
    }
}

/// Room for one handle; given back unless a handle takes it.
pub(crate) struct Reservation<'t> {
    table: &'t HandleTable,
    used: bool,
}

impl Reservation<'_> {
    pub(crate) fn insert(mut self, open: Open) -> Handle {
        self.used = true;
        self.table.insert(open)
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        if !self.used {
            self.table.open.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn handle(shard: usize, slot: usize, generation: u32) -> Handle {
    Handle(u64::from(generation) << 32 | (slot * SHARDS + shard) as u64)
}

fn parts(handle: Handle) -> (usize, usize, u32) {
    let low = (handle.0 & u64::from(u32::MAX)) as usize;
    (low % SHARDS, low / SHARDS, (handle.0 >> 32) as u32)
}

fn closed() -> Error {
    Error::new(ErrorKind::BadHandle).because("it is not open")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> Open {
        Open {
            place: Place::Real(Ino(7)),
            ino: Ino(7),
            kind: FileKind::File,
            flags: OpenFlags::READ,
            who: Credentials::root("test"),
            changed: AtomicBool::new(false),
            locked: AtomicBool::new(false),
            answer: Mutex::new(None),
        }
    }

    fn insert(table: &HandleTable) -> Result<Handle> {
        Ok(table.reserve()?.insert(open()))
    }

    #[test]
    fn a_closed_handle_stays_closed_when_its_slot_is_used_again() {
        let table = HandleTable::new(1000);
        let first = insert(&table).unwrap();
        assert_eq!(table.get(first).unwrap().ino, Ino(7));
        table.remove(first).unwrap();
        let later: Vec<Handle> = (0..100).map(|_| insert(&table).unwrap()).collect();
        assert!(!later.contains(&first));
        assert_eq!(table.get(first).err().unwrap().kind(), ErrorKind::BadHandle);
        assert_eq!(table.remove(first).err().unwrap().kind(), ErrorKind::BadHandle);
        assert_eq!(table.all().len(), later.len());
        for handle in later {
            table.remove(handle).unwrap();
        }
        assert!(table.all().is_empty());
    }

    #[test]
    fn the_limit_is_on_open_handles() {
        let table = HandleTable::new(2);
        let first = insert(&table).unwrap();
        insert(&table).unwrap();
        assert_eq!(insert(&table).unwrap_err().kind(), ErrorKind::TooManyOpen);
        table.remove(first).unwrap();
        insert(&table).unwrap();
        assert_eq!(
            table.get(Handle(u64::MAX)).err().unwrap().kind(),
            ErrorKind::BadHandle
        );
    }
}
