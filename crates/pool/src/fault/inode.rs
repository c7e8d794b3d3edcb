//! One file of the model disk: what is cached, what is durable, and what lies between.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use super::rng::Rng;
use crate::image::{Image, SECTOR};

/// A change of contents.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Write { offset: u64, data: Arc<[u8]> },
    SetLen(u64),
}

impl Change {
    pub(super) fn apply(&self, image: &mut Image) {
        match self {
            Self::Write { offset, data } => image.write(data, *offset),
            Self::SetLen(len) => image.set_len(*len),
        }
    }

    /// The sectors whose bytes it sets.
    pub(super) fn sectors(&self) -> Range<u64> {
        match self {
            Self::Write { offset, data } => sectors_of(*offset, data.len()),
            Self::SetLen(_) => 0..0,
        }
    }
}

/// A change that no sync has covered yet.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    /// When it was made, in the order of all changes of the device.
    pub(super) sequence: u64,
    pub(super) change: Change,
}

/// A file, named or not.
#[derive(Clone, Debug, Default)]
pub(super) struct Inode {
    /// What a crash cannot take away.
    pub(super) durable: Image,
    /// What readers see.
    pub(super) cached: Image,
    /// What leads from `durable` to `cached`, in order, but for `forgotten` sectors.
    pub(super) pending: Vec<Pending>,
    /// Sectors a failed sync has dropped: cached, believed written, and not on the disk. Writing them again
    /// heals them.
    forgotten: BTreeSet<u64>,
    /// How many handles are open on it.
    pub(super) handles: usize,
}

impl Inode {
    /// A file that holds `image`, durably.
    pub(super) fn with_contents(image: Image) -> Self {
        Self {
            durable: image.clone(),
            cached: image,
            ..Self::default()
        }
    }

    pub(super) fn change(&mut self, sequence: u64, change: Change) {
        change.apply(&mut self.cached);
        for sector in change.sectors() {
            self.forgotten.remove(&sector);
        }
        self.pending.push(Pending { sequence, change });
    }

    /// Everything cached becomes durable, but for what an earlier failure has dropped.
    pub(super) fn sync(&mut self) {
        let before = std::mem::replace(&mut self.durable, self.cached.clone());
        self.pending.clear();
        for &sector in &self.forgotten {
            put_sector(&mut self.durable, sector, &before.sector(sector));
        }
    }

    /// A sync that fails: of the unsynced sectors, some reach the disk and the rest are dropped.
    pub(super) fn fail_sync(&mut self, rng: &mut Rng) {
        let written: BTreeSet<u64> = self
            .pending
            .iter()
            .flat_map(|pending| pending.change.sectors())
            .collect();
        self.forgotten
            .extend(written.into_iter().filter(|_| rng.chance(60)));
        self.sync();
    }
}

/// The sectors a range of bytes touches.
pub(super) fn sectors_of(offset: u64, len: usize) -> Range<u64> {
    let sector = SECTOR as u64;
    offset / sector..(offset + len as u64).div_ceil(sector)
}

/// Sets one sector, as far as it lies within the file.
pub(super) fn put_sector(image: &mut Image, sector: u64, bytes: &[u8; SECTOR]) {
    let offset = sector * SECTOR as u64;
    let within = image.len().saturating_sub(offset).min(SECTOR as u64) as usize;
    image.write(&bytes[..within], offset);
}
