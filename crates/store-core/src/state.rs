//! What is in memory of one tenant.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use tarbox_store::{Error, ErrorKind, Ino, LayerId, Result};

use crate::authors::Authors;
use crate::cache::Caches;
use crate::commit::Kept;
use crate::delta::{Delta, Edits};
use crate::listing::Listing;
use crate::memtable::{DirtyFile, Memtable};
use crate::rows::{BUCKET, Tenant};

/// A memtable that is being committed, or that the redo log holds.
#[derive(Debug)]
pub(crate) struct Frozen {
    pub(crate) table: Memtable,
    /// The tenant, with the counters as of the table's last operation.
    pub(crate) tenant: Tenant,
    /// Bytes its content may add, which count for the quota until the commit knows better.
    pub(crate) reserved: u64,
    /// What a commit made of it that did not succeed for sure.
    pub(crate) kept: Kept,
}

/// Changes that were accepted and are lost, as after a crash, because another process took the lease over or the database went
/// back. Nothing is lost that was durable.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    pub(crate) count: u64,
    /// Nobody has been told of the last one.
    pub(crate) untold: bool,
    text: String,
}

impl Losses {
    /// Notes that there was one.
    pub(crate) fn add(&mut self, text: String) {
        self.count += 1;
        self.untold = true;
        self.text = text;
    }

    /// Tells of it.
    pub(crate) fn tell(&mut self) -> Error {
        self.untold = false;
        Error::new(ErrorKind::Io).because(self.text.clone())
    }

    /// Tells of those that came after the first so many.
    pub(crate) fn after(&mut self, count: u64) -> Result<()> {
        match self.count > count {
            true => Err(self.tell()),
            false => Ok(()),
        }
    }
}

/// Where a tenant stands among those that the background commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Queued {
    No,
    InLine,
    First,
}

/// Everything that operations of a tenant read and change. Nothing waits while it is locked.
pub(crate) struct State {
    /// What operations changed since the last commit began.
    pub(crate) active: Memtable,
    pub(crate) frozen: Option<Arc<Frozen>>,
    /// How many memtables were frozen before the active one.
    pub(crate) number: u64,
    /// The memtables before this one are on the device.
    pub(crate) durable: u64,
    /// The redo log has what is frozen.
    pub(crate) logged: bool,
    /// The tenant with the counters as of the last operation; not there until it is loaded.
    pub(crate) tenant: Option<Tenant>,
    /// Layers that are known to be sealed and kept.
    pub(crate) sealed: FxHashSet<LayerId>,
    /// Paths of directories of the head, for the log; forgotten when any directory moves.
    pub(crate) paths: FxHashMap<Ino, Arc<[u8]>>,
    /// Committed rows.
    pub(crate) caches: Caches,
    /// What others had committed when the caches and the tenant were read.
    pub(crate) seen: u64,
    /// Changes with each commit: rows that were loaded before are of no use behind it.
    pub(crate) generation: u64,
    /// Whether the lease is held for this tenant.
    pub(crate) leased: bool,
    /// Another process wants the lease: no new change before the next commit has given it back.
    pub(crate) yielding: bool,
    /// History is being changed: no changes of files meanwhile, and no rows can be loaded.
    pub(crate) exclusive: bool,
    /// Open handles on inodes.
    pub(crate) holds: FxHashMap<Ino, u32>,
    /// Whether no other process has anything open, as long as that is sure.
    pub(crate) alone: Option<bool>,
    /// Who recorded the latest changes.
    pub(crate) authors: Authors,
    /// Bytes that writes since the last commit may add, for the quota.
    pub(crate) reserved: u64,
    /// How many bytes may wait for a commit, as the device said when last asked.
    pub(crate) allowance: u64,
    /// The device has so little room that commits should be small.
    pub(crate) is_scarce: bool,
    /// Why changes that were accepted are lost: nothing is accepted any more.
    pub(crate) lost: Option<String>,
    /// How often changes were lost that had been accepted, and what was the last time.
    pub(crate) losses: Losses,
    /// It waits for the background to commit it.
    pub(crate) queued: Queued,
    /// Kept between operations for its memory alone.
    pub(crate) delta: Delta,
}

impl State {
    pub(crate) fn new(caches: Caches) -> Self {
        Self {
            active: Memtable::default(),
            frozen: None,
            number: 0,
            durable: 0,
            logged: false,
            tenant: None,
            sealed: FxHashSet::default(),
            paths: FxHashMap::default(),
            caches,
            seen: 0,
            generation: 0,
            leased: false,
            yielding: false,
            exclusive: false,
            holds: FxHashMap::default(),
            alone: None,
            authors: Authors::default(),
            reserved: 0,
            allowance: 0,
            is_scarce: false,
            lost: None,
            losses: Losses::default(),
            queued: Queued::No,
            delta: Delta::default(),
        }
    }

    /// Forgets everything read from the database: it has changed.
    pub(crate) fn forget(&mut self) {
        self.generation += 1;
        self.caches.clear();
        self.tenant = None;
        self.sealed.clear();
        self.paths.clear();
    }

    /// Forgets committed rows if another process has committed since they were read.
    pub(crate) fn refresh(&mut self, foreign: u64) {
        if foreign != self.seen {
            self.seen = foreign;
            self.forget();
        }
    }

    /// The memtables, the older one first.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &Memtable> {
        self.frozen
            .as_ref()
            .map(|frozen| &frozen.table)
            .into_iter()
            .chain([&self.active])
    }

    /// About how many bytes wait for a commit.
    pub(crate) fn pending(&self) -> u64 {
        self.tables().map(Memtable::weight).sum()
    }

    /// Whether nothing would be lost with it.
    pub(crate) fn is_idle(&self) -> bool {
        self.is_committed()
            && self.holds.is_empty()
            && self.lost.is_none()
            && !self.losses.untold
            && !(self.leased || self.exclusive)
    }

    /// Refuses everything once changes that were accepted are lost.
    pub(crate) fn check_whole(&self) -> Result<()> {
        match &self.lost {
            Some(reason) => Err(Error::new(ErrorKind::Io).because(reason.clone())),
            None => Ok(()),
        }
    }

    /// Whether nothing waits for a commit.
    pub(crate) fn is_committed(&self) -> bool {
        self.frozen.is_none() && self.active.is_empty()
    }

    /// Takes over what an operation has changed.
    pub(crate) fn take_over(&mut self, edits: Edits<'_>) {
        let mut delta = std::mem::take(&mut self.delta);
        if let Some(tenant) = delta.tenant.take() {
            self.tenant = Some(tenant);
            self.active.tenant = true;
        }
        for (ino, slot) in delta.inodes.drain(..) {
            match &slot.row {
                None if slot.base.is_none() => drop(self.active.inodes.remove(&ino)),
                Some(row)
                    if row.is_dir() && slot.base.is_none() && !self.active.inodes.contains_key(&ino) =>
                {
                    self.caches.listings.insert(ino, Listing::default());
                    self.active.inodes.insert(ino, slot);
                }
                _ => drop(self.active.inodes.insert(ino, slot)),
            }
        }
        for ((dir, cookie), slot) in delta.dentries.drain(..) {
            let bucket = cookie - cookie % BUCKET;
            self.caches.change_entry(dir, bucket, cookie, slot.row.clone());
            match (self.active.dentries.get_mut(&(dir, cookie)), slot.row) {
                (Some(old), None) if old.base.is_none() => drop(self.active.dentries.remove(&(dir, cookie))),
                (Some(old), row) => old.row = row,
                (None, None) if slot.base.is_none() => {}
                (None, row) => {
                    let base = slot.base;
                    let slot = crate::memtable::Slot { row, base };
                    self.active.dentries.insert((dir, cookie), slot);
                }
            }
        }
        for (ino, name, slot) in delta.xattrs.drain(..) {
            self.active.xattrs.put(ino, name, slot);
        }
        self.active.orphans.extend(delta.orphans.drain(..));
        if let Some((at, bytes)) = delta.wrote.take()
            && let Some(record) = self.active.log.get_mut(at)
        {
            record.bytes = record.bytes.saturating_add(bytes);
        }
        for record in delta.log.drain(..) {
            self.authors.note(&record.agent, record.seq);
            self.active.log.push(record);
        }
        if let Some(ino) = delta.writes.take() {
            self.active.last_write.insert(ino, self.active.log.len() - 1);
        }
        if std::mem::take(&mut delta.moved) {
            self.paths.clear();
        }
        for (ino, edit) in edits {
            let file: &mut DirtyFile = self.active.files.entry(ino).or_default();
            let grown = edit.apply(file);
            self.active.bytes = self.active.bytes.saturating_add_signed(grown);
            self.reserved = self.reserved.saturating_add_signed(grown);
        }
        self.delta = delta;
    }
}
