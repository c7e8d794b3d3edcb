//! What an inode number means: an inode of the workspace, one of a snapshot, or a hook.

use std::sync::{PoisonError, RwLock};

use rustc_hash::FxHashMap;
use tarbox_store::{Attr, Error, ErrorKind, Ino, LayerId, Result, View};

use crate::hooks::Node;

/// Where an inode is. The store's numbers are below 2^44; above them are a snapshot's (bit 62, then 18 bits that stand
/// for the layer, then the store's number) and the hooks' (bit 61).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// In the layer the tenant is switched to.
    Real(Ino),
    /// In the state at the end of a layer.
    Snapshot(LayerId, Ino),
    /// Below `/.tarbox`.
    Hook(Node),
}

const SNAPSHOT: u64 = 1 << 62;
const HOOK: u64 = 1 << 61;
const SLOT_SHIFT: u32 = 44;
const SLOTS_MAX: usize = 1 << 18;

impl Place {
    /// The inode in the store and the view it is in.
    pub(crate) fn in_store(self) -> Option<(View, Ino)> {
        match self {
            Self::Real(ino) => Some((View::Current, ino)),
            Self::Snapshot(layer, ino) => Some((View::Layer(layer), ino)),
            Self::Hook(_) => None,
        }
    }
}

/// Which part of a file system an inode belongs to, told from its number alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Realm {
    /// The files of the layer in view.
    Workspace,
    /// A state of the past, which never changes.
    Snapshot,
    /// `/.tarbox`: what is read there is made when it is asked for.
    Hook,
}

impl Realm {
    /// The part that this inode is in.
    pub const fn of(ino: Ino) -> Self {
        match ino.0 {
            number if number < Ino::LIMIT => Self::Workspace,
            number if number & SNAPSHOT != 0 => Self::Snapshot,
            _ => Self::Hook,
        }
    }
}

/// Which layer each slot of snapshot numbers stands for.
#[derive(Default)]
pub(crate) struct SnapshotSlots(RwLock<Slots>);

#[derive(Default)]
struct Slots {
    layers: Vec<LayerId>,
    by_layer: FxHashMap<LayerId, usize>,
}

impl SnapshotSlots {
    /// What the number means.
    pub(crate) fn place(&self, ino: Ino) -> Result<Place> {
        if ino.0 < Ino::LIMIT {
            return Ok(Place::Real(ino));
        }
        let missing = || Error::new(ErrorKind::NotFound).because(format!("there is no inode {ino}"));
        if ino.0 & SNAPSHOT != 0 {
            let slot = ((ino.0 & !SNAPSHOT) >> SLOT_SHIFT) as usize;
            let slots = self.0.read().unwrap_or_else(PoisonError::into_inner);
            let layer = slots.layers.get(slot).copied().ok_or_else(missing)?;
            return Ok(Place::Snapshot(layer, Ino(ino.0 & (Ino::LIMIT - 1))));
        }
        match ino.0 & HOOK != 0 {
            true => Node::from_number(ino.0 & !HOOK)
                .map(Place::Hook)
                .ok_or_else(missing),
            false => Err(missing()),
        }
    }

    /// The number that stands for the place.
    pub(crate) fn number(&self, place: Place) -> Result<Ino> {
        match place {
            Place::Real(ino) => Ok(ino),
            Place::Hook(node) => Ok(Ino(HOOK | node.number())),
            Place::Snapshot(layer, ino) => Ok(Ino(SNAPSHOT | self.slot(layer)? << SLOT_SHIFT | ino.0)),
        }
    }

    /// Attributes as callers know them: with the number that stands for the place.
    pub(crate) fn renumber(&self, view: View, attr: &mut Attr) -> Result<()> {
        if let View::Layer(layer) = view {
            attr.ino = self.number(Place::Snapshot(layer, attr.ino))?;
        }
        Ok(())
    }

    fn slot(&self, layer: LayerId) -> Result<u64> {
        if let Some(slot) = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .by_layer
            .get(&layer)
        {
            return Ok(*slot as u64);
        }
        let mut slots = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.by_layer.get(&layer) {
            return Ok(*slot as u64);
        }
        let slot = slots.layers.len();
        if slot == SLOTS_MAX {
            return Err(Error::new(ErrorKind::TooManyOpen).because(format!(
                "{SLOTS_MAX} different snapshots were accessed; reopen the workspace"
            )));
        }
        slots.layers.push(layer);
        slots.by_layer.insert(layer, slot);
        Ok(slot as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lead_back_to_their_places() {
        let slots = SnapshotSlots::default();
        let places = [
            Place::Real(Ino::ROOT),
            Place::Real(Ino(Ino::LIMIT - 1)),
            Place::Snapshot(LayerId(1), Ino(1)),
            Place::Snapshot(LayerId(u64::MAX), Ino(Ino::LIMIT - 1)),
            Place::Hook(Node::ROOT),
        ];
        for place in places {
            assert_eq!(slots.place(slots.number(place).unwrap()).unwrap(), place);
        }
    }

    #[test]
    fn other_numbers_mean_nothing() {
        let slots = SnapshotSlots::default();
        for number in [
            Ino::LIMIT,
            HOOK | 60_000,
            HOOK | 1 << 60,
            SNAPSHOT,
            SNAPSHOT | 5 << SLOT_SHIFT | 1,
            u64::MAX,
        ] {
            assert_eq!(
                slots.place(Ino(number)).unwrap_err().kind(),
                ErrorKind::NotFound,
                "{number:x}"
            );
        }
    }
}
