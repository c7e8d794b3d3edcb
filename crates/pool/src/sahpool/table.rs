//! Which slot holds what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::full;
use super::header::{DATA, Damage, Found, HEADER, decode, encode, path};
use crate::error::{Error, ErrorKind, Operation, Result};
use crate::ext::PoolFileExt;
use crate::pool::{OpenOptions, PoolFile};
use crate::rules::{Decision, decide, missing};

/// The number of a slot, given by whoever opened it.
pub type SlotId = u32;

/// A slot that holds something which cannot be named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Which one.
    pub slot: SlotId,
    /// The name of the file that the slot is, as its device calls it.
    pub device_name: String,
    /// What is wrong with it.
    pub damage: Damage,
    /// The path in its header, if it can be read. It may be wrong.
    pub path: Option<String>,
    /// Bytes of contents.
    pub len: u64,
}

#[derive(Debug)]
struct Slot {
    device: Arc<dyn PoolFile>,
    state: State,
    /// Open handles.
    handles: usize,
    /// Whether the header changed since the last sync that succeeded.
    unsynced: bool,
    /// Whether a sync failed meanwhile: then the header may never reach the disk unless it is written again.
    doubtful: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Free,
    Named(String),
    /// The file was deleted, and either is open or its deletion is not durable.
    Deleted(String),
    SetAside(Damage),
}

/// The slots, and the names of the files in them.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) names: BTreeMap<String, SlotId>,
    slots: BTreeMap<SlotId, Slot>,
    free: BTreeSet<SlotId>,
    /// Deleted, not open, and not durably so: free after a sync.
    deleted: BTreeSet<SlotId>,
}

impl Table {
    pub(super) fn add(&mut self, id: SlotId, device: Arc<dyn PoolFile>) -> Result<()> {
        if self.slots.contains_key(&id) {
            return Err(Error::new(ErrorKind::Exists, Operation::OpenPool, device.name())
                .because(format!("slot {id} already exists")));
        }
        let mut header = [0; HEADER];
        let filled = device.read_up_to(&mut header, 0)?;
        let len = device.len()?;
        let state = match decode(&header[..filled], len) {
            Found::Free => State::Free,
            Found::File(name) if self.names.contains_key(&name) => State::SetAside(Damage::Duplicate),
            Found::File(name) => State::Named(name),
            Found::Damaged(damage) => State::SetAside(damage),
        };
        match &state {
            State::Free => drop(self.free.insert(id)),
            State::Named(name) => drop(self.names.insert(name.clone(), id)),
            State::Deleted(_) | State::SetAside(_) => (),
        }
        let slot = Slot {
            device,
            state,
            handles: 0,
            unsynced: false,
            doubtful: false,
        };
        self.slots.insert(id, slot);
        Ok(())
    }

    pub(super) fn capacity(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn free_slots(&self) -> usize {
        self.free.len() + self.deleted.len()
    }

    pub(super) fn has_open_files(&self) -> bool {
        self.slots.values().any(|slot| slot.handles > 0)
    }

    pub(super) fn open(&mut self, name: &str, options: OpenOptions) -> Result<(SlotId, Arc<dyn PoolFile>)> {
        let id = match decide(&self.names, name, options)? {
            Decision::UseExisting => self.names[name],
            Decision::Create => self.create(name)?,
        };
        let slot = self.slot(id, Operation::Open, name)?;
        slot.handles += 1;
        Ok((id, slot.device.clone()))
    }

    fn create(&mut self, name: &str) -> Result<SlotId> {
        self.forget_earlier(name)?;
        let id = self.free_slot(name)?;
        let slot = self.slot(id, Operation::Create, name)?;
        if slot.device.len()? != DATA {
            slot.device.truncate(DATA)?;
        }
        slot.unsynced = true;
        slot.device.write_at(&encode(name), 0)?;
        slot.state = State::Named(name.to_owned());
        self.free.remove(&id);
        self.names.insert(name.to_owned(), id);
        Ok(id)
    }

    /// Makes the deletion of earlier files of that name durable, or else they might be there beside the new one after
    /// a power cut.
    fn forget_earlier(&mut self, name: &str) -> Result<()> {
        let earlier = |slot: &Slot| slot.unsynced && matches!(&slot.state, State::Deleted(n) if n == name);
        let ids: Vec<_> = self
            .slots
            .iter()
            .filter(|(_, slot)| earlier(slot))
            .map(|(&id, _)| id)
            .collect();
        ids.into_iter().try_for_each(|id| self.sync(id))
    }

    /// A slot that holds nothing, not even durably something that was deleted.
    fn free_slot(&mut self, name: &str) -> Result<SlotId> {
        if self.free.is_empty()
            && let Some(&id) = self.deleted.first()
        {
            self.sync(id)?;
        }
        self.free
            .first()
            .copied()
            .ok_or_else(|| full(self.slots.len(), name))
    }

    pub(super) fn delete(&mut self, name: &str) -> Result<()> {
        let Some(&id) = self.names.get(name) else {
            return Err(missing(&self.names, Operation::Delete, name));
        };
        let slot = self.slot(id, Operation::Delete, name)?;
        slot.unsynced = true;
        slot.device.write_at(&[0], 0)?;
        slot.state = State::Deleted(name.to_owned());
        if slot.handles == 0 {
            self.deleted.insert(id);
        }
        self.names.remove(name);
        Ok(())
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        let Some(&id) = self.names.get(from) else {
            return Err(missing(&self.names, Operation::Open, from));
        };
        decide(&self.names, to, OpenOptions::CREATE_NEW)?;
        self.forget_earlier(to)?;
        let slot = self.slot(id, Operation::Create, to)?;
        slot.unsynced = true;
        slot.device.write_at(&encode(to), 0)?;
        slot.state = State::Named(to.to_owned());
        self.names.remove(from);
        self.names.insert(to.to_owned(), id);
        self.sync(id)
    }

    pub(super) fn close(&mut self, id: SlotId) {
        let Some(slot) = self.slots.get_mut(&id) else {
            return;
        };
        slot.handles -= 1;
        if slot.handles > 0 || !matches!(slot.state, State::Deleted(_)) {
            return;
        }
        if slot.unsynced {
            self.deleted.insert(id);
        } else {
            release(slot);
            self.free.insert(id);
        }
    }

    pub(super) fn sync(&mut self, id: SlotId) -> Result<()> {
        let Some(slot) = self.slots.get_mut(&id) else {
            return Ok(());
        };
        if slot.doubtful {
            match &slot.state {
                State::Named(name) => slot.device.write_at(&encode(name), 0)?,
                _ => slot.device.write_at(&[0], 0)?,
            }
        }
        if let Err(error) = slot.device.sync() {
            slot.doubtful |= slot.unsynced;
            return Err(error);
        }
        slot.unsynced = false;
        slot.doubtful = false;
        if self.deleted.remove(&id) {
            release(slot);
            self.free.insert(id);
        }
        Ok(())
    }

    pub(super) fn sync_all(&mut self) -> Result<()> {
        let unsynced: Vec<_> = self
            .slots
            .iter()
            .filter(|(_, slot)| slot.unsynced)
            .map(|(&id, _)| id)
            .collect();
        unsynced.into_iter().try_for_each(|id| self.sync(id))
    }

    pub(super) fn remove_free(&mut self) -> Result<Option<SlotId>> {
        if self.free_slots() == 0 {
            return Ok(None);
        }
        let id = self.free_slot("")?;
        self.free.remove(&id);
        self.slots.remove(&id);
        Ok(Some(id))
    }

    pub(super) fn set_aside(&self) -> Vec<SetAside> {
        let report = |(&id, slot): (&SlotId, &Slot)| {
            let State::SetAside(damage) = slot.state else {
                return None;
            };
            let mut header = [0; HEADER];
            let filled = slot.device.read_up_to(&mut header, 0).unwrap_or(0);
            Some(SetAside {
                slot: id,
                device_name: slot.device.name().to_owned(),
                damage,
                path: path(&header[..filled]).map(str::to_owned),
                len: slot.device.len().unwrap_or(0).saturating_sub(DATA),
            })
        };
        self.slots.iter().filter_map(report).collect()
    }

    pub(super) fn adopt(&mut self, id: SlotId, name: &str) -> Result<()> {
        decide(&self.names, name, OpenOptions::CREATE_NEW)?;
        self.forget_earlier(name)?;
        let slot = self.damaged(id, name)?;
        if slot.device.len()? < DATA {
            slot.device.truncate(DATA)?;
        }
        slot.device.write_at(&encode(name), 0)?;
        slot.device.sync()?;
        slot.state = State::Named(name.to_owned());
        self.names.insert(name.to_owned(), id);
        Ok(())
    }

    pub(super) fn discard(&mut self, id: SlotId) -> Result<()> {
        let slot = self.damaged(id, "")?;
        slot.device.write_at(&[0], 0)?;
        slot.device.sync()?;
        release(slot);
        self.free.insert(id);
        Ok(())
    }

    fn damaged(&mut self, id: SlotId, name: &str) -> Result<&mut Slot> {
        let error = || {
            Error::new(ErrorKind::NotFound, Operation::Open, name)
                .because(format!("no slot {id} is set aside"))
        };
        let slot = self.slots.get_mut(&id).ok_or_else(error)?;
        match slot.state {
            State::SetAside(_) => Ok(slot),
            _ => Err(error()),
        }
    }

    fn slot(&mut self, id: SlotId, operation: Operation, name: &str) -> Result<&mut Slot> {
        self.slots
            .get_mut(&id)
            .ok_or_else(|| Error::new(ErrorKind::NotFound, operation, name))
    }
}

/// Gives back the space of a slot whose file is durably gone. That it fails costs only space: the next file in the
/// slot tries again, and reports it.
fn release(slot: &mut Slot) {
    slot.state = State::Free;
    let _ = slot.device.truncate(DATA);
    let _ = slot.device.write_at(&[0; HEADER], 0);
}
