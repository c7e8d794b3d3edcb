//! What several operations changed of a state, to take it back if one of them fails.
//!
//! Nobody sees a state between them: it is locked from the first to the last.

use rustc_hash::FxHashMap;
use tarbox_store::Ino;

use crate::authors::Authors;
use crate::delta::Edits;
use crate::memtable::{DirtyFile, Slot, Xattr};
use crate::rows::{BUCKET, Dentry, Inode, Tenant};
use crate::state::State;

/// What a state was before: of each thing that changed, what it was first.
#[derive(Debug)]
pub(crate) struct Savepoint {
    tenant: Option<Tenant>,
    tenant_changed: bool,
    inodes: FxHashMap<Ino, Option<Slot<Inode>>>,
    dentries: FxHashMap<(Ino, u64), Option<Slot<Dentry>>>,
    xattrs: FxHashMap<(Ino, Vec<u8>), Option<Slot<Xattr>>>,
    orphans: FxHashMap<Ino, Option<bool>>,
    files: FxHashMap<Ino, Option<DirtyFile>>,
    /// How many records there were, and what those counted that count more now.
    records: usize,
    counted: Vec<(usize, u64)>,
    authors: Authors,
    bytes: u64,
    reserved: u64,
}

impl Savepoint {
    pub(crate) fn new(state: &State) -> Self {
        Self {
            tenant: state.tenant.clone(),
            tenant_changed: state.active.tenant,
            inodes: FxHashMap::default(),
            dentries: FxHashMap::default(),
            xattrs: FxHashMap::default(),
            orphans: FxHashMap::default(),
            files: FxHashMap::default(),
            records: state.active.log.len(),
            counted: Vec::new(),
            authors: state.authors.clone(),
            bytes: state.active.bytes,
            reserved: state.reserved,
        }
    }

    /// Notes what the state's delta, and these edits, are about to change.
    pub(crate) fn note(&mut self, state: &State, edits: &Edits<'_>) {
        let (active, delta) = (&state.active, &state.delta);
        for (ino, _) in &delta.inodes {
            let before = || active.inodes.get(ino).cloned();
            self.inodes.entry(*ino).or_insert_with(before);
        }
        for (at, _) in &delta.dentries {
            let before = || active.dentries.get(at).cloned();
            self.dentries.entry(*at).or_insert_with(before);
        }
        for (ino, name, _) in &delta.xattrs {
            let before = || active.xattrs.get(*ino, name).cloned();
            self.xattrs.entry((*ino, name.clone())).or_insert_with(before);
        }
        for (ino, _) in &delta.orphans {
            let before = || active.orphans.get(ino).copied();
            self.orphans.entry(*ino).or_insert_with(before);
        }
        for (ino, _) in edits {
            let before = || active.files.get(ino).cloned();
            self.files.entry(*ino).or_insert_with(before);
        }
        if let Some((at, _)) = delta.wrote
            && at < self.records
            && let Some(record) = active.log.get(at)
        {
            self.counted.push((at, record.bytes));
        }
    }

    /// Makes the state what it was.
    pub(crate) fn restore(self, state: &mut State) {
        let (active, caches) = (&mut state.active, &mut state.caches);
        state.tenant = self.tenant;
        active.tenant = self.tenant_changed;
        for (ino, before) in self.inodes {
            // A directory that was made has a listing of its own.
            caches.listings.remove(&ino);
            match before {
                Some(slot) => drop(active.inodes.insert(ino, slot)),
                None => drop(active.inodes.remove(&ino)),
            }
        }
        for ((dir, cookie), before) in self.dentries {
            caches.buckets.remove(&(dir, cookie - cookie % BUCKET));
            caches.listings.remove(&dir);
            match before {
                Some(slot) => drop(active.dentries.insert((dir, cookie), slot)),
                None => drop(active.dentries.remove(&(dir, cookie))),
            }
        }
        for ((ino, name), before) in self.xattrs {
            active.xattrs.restore(ino, &name, before);
        }
        for (ino, before) in self.orphans {
            match before {
                Some(waits) => drop(active.orphans.insert(ino, waits)),
                None => drop(active.orphans.remove(&ino)),
            }
        }
        for (ino, before) in self.files {
            match before {
                Some(file) => drop(active.files.insert(ino, file)),
                None => drop(active.files.remove(&ino)),
            }
        }
        active.log.truncate(self.records);
        active.last_write.retain(|_, at| *at < self.records);
        for (at, bytes) in self.counted.into_iter().rev() {
            active.log[at].bytes = bytes;
        }
        active.bytes = self.bytes;
        state.reserved = self.reserved;
        state.authors = self.authors;
        state.paths.clear();
    }
}
