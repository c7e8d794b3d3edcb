//! A pool in a fixed set of files: the names are in the files, not in a directory.
//!
//! A browser gives synchronous access to a file of its origin's private file system only through a handle that was
//! opened asynchronously before. So a [`SahPool`] is made of **slots**, files that are open all the time, and keeps
//! in the first 4,096 bytes of each whose file it holds. The form is that of SQLite's official `opfs-sahpool`, so
//! either opens what the other wrote.
//!
//! A slot is a [`PoolFile`] of anything: a browser's handle, memory, or the disk of the crash tests.
//!
//! # Durability
//! A header is written when a file is created and one byte of it when a file is deleted; both are durable with the
//! slot's next sync. A slot is used again only when the deletion is, or else a power cut could show new contents
//! under the old name.
//!
//! # Damage
//! A slot with contents whose header does not hold together is *set aside*: it is not used, its bytes stay as they
//! are, and [`SahPool::set_aside`] reports it, until somebody adopts or discards it.

mod file;
mod header;
mod table;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use header::Damage;
pub use table::{SetAside, SlotId};

use crate::error::Result;
use crate::name::check_name;
use crate::pool::{OpenOptions, Pool, PoolFile};
use crate::rules::{check_open, names_with_prefix};
use crate::{Error, ErrorKind, Operation};
use file::SahFile;
use table::Table;

/// Named files in a set of slots; see the [module](self).
#[derive(Clone, Debug)]
pub struct SahPool {
    table: Arc<Mutex<Table>>,
}

impl SahPool {
    /// A pool of these slots. None of them may be used by anything else.
    ///
    /// # Errors
    /// Those of reading a slot's header.
    pub fn open(slots: impl IntoIterator<Item = (SlotId, Arc<dyn PoolFile>)>) -> Result<Self> {
        let mut table = Table::default();
        for (id, device) in slots {
            table.add(id, device)?;
        }
        Ok(Self {
            table: Arc::new(Mutex::new(table)),
        })
    }

    /// Adds a slot. What its header says is believed, so a file that is not empty may bring a name with it.
    ///
    /// # Errors
    /// Those of reading the slot's header; `Exists` if there is a slot of that number.
    pub fn add_slot(&self, id: SlotId, device: Arc<dyn PoolFile>) -> Result<()> {
        self.table().add(id, device)
    }

    /// Takes out a slot that holds no file, if there is one.
    ///
    /// # Errors
    /// Those of making a deletion durable.
    pub fn remove_free_slot(&self) -> Result<Option<SlotId>> {
        self.table().remove_free()
    }

    /// How many slots there are, those set aside included.
    pub fn capacity(&self) -> usize {
        self.table().capacity()
    }

    /// How many files can be created before slots have to be added.
    pub fn free_slots(&self) -> usize {
        self.table().free_slots()
    }

    /// How many files there are.
    pub fn file_count(&self) -> usize {
        self.table().names.len()
    }

    /// The slot that holds the file of that name.
    pub fn slot_of(&self, name: &str) -> Option<SlotId> {
        self.table().names.get(name).copied()
    }

    /// Gives a file another name, durably. Handles that are open go on with the file.
    ///
    /// # Errors
    /// `NotFound`; `Exists`; those of creating a file. After an error of the device the file has either name, or, if the
    /// power fails too, its slot is set aside.
    pub fn rename(&self, from: &str, to: &str) -> Result<()> {
        check_name(Operation::Open, from)?;
        check_name(Operation::Create, to)?;
        self.table().rename(from, to)
    }

    /// Whether any file is open, one without a name included.
    pub fn has_open_files(&self) -> bool {
        self.table().has_open_files()
    }

    /// The slots that hold something which cannot be named, in order.
    pub fn set_aside(&self) -> Vec<SetAside> {
        self.table().set_aside()
    }

    /// Makes a file of a slot that was set aside, durably.
    ///
    /// # Errors
    /// `NotFound` if no such slot is set aside; those of creating a file.
    pub fn adopt(&self, id: SlotId, name: &str) -> Result<()> {
        check_name(Operation::Create, name)?;
        self.table().adopt(id, name)
    }

    /// Gives up what is in a slot that was set aside, and uses it again.
    ///
    /// # Errors
    /// `NotFound` if no such slot is set aside; those of the device.
    pub fn discard(&self, id: SlotId) -> Result<()> {
        self.table().discard(id)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // No method panics half-way through a change.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pool for SahPool {
    fn open(&self, name: &str, options: OpenOptions) -> Result<Arc<dyn PoolFile>> {
        check_open(Operation::Open, name, options)?;
        let (slot, device) = self.table().open(name, options)?;
        Ok(Arc::new(SahFile {
            table: self.table.clone(),
            device,
            slot,
            name: name.into(),
            read_only: options.read_only,
        }))
    }

    fn exists(&self, name: &str) -> Result<bool> {
        check_name(Operation::Exists, name)?;
        Ok(self.table().names.contains_key(name))
    }

    fn delete(&self, name: &str) -> Result<()> {
        check_name(Operation::Delete, name)?;
        self.table().delete(name)
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>> {
        Ok(names_with_prefix(&self.table().names, prefix))
    }

    fn sync_names(&self) -> Result<()> {
        self.table().sync_all()
    }

    fn is_read_only(&self) -> bool {
        false
    }
}

/// The error of a pool without a free slot.
fn full(capacity: usize, name: &str) -> Error {
    Error::new(ErrorKind::NoSpace, Operation::Create, name).because(format!(
        "all {capacity} slots of the pool are in use: add capacity, or delete files"
    ))
}
