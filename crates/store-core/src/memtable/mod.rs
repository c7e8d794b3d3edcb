//! The memtable: what a group of operations changed and no commit holds yet.
//!
//! Operations change rows here and are visible at once; a commit turns the whole table into one transaction. There are
//! at most two: the active one that operations change, and a frozen one that is being committed, or waits for that in the
//! redo log.

mod file;
mod pieces;
mod ranges;
mod xattrs;

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use tarbox_store::{Ino, LayerId};

pub(crate) use file::{DirtyFile, spans};
pub(crate) use pieces::{Body, Piece, Pieces, uncovered};
pub(crate) use ranges::Ranges;
pub use xattrs::Xattr;
pub(crate) use xattrs::Xattrs;

use crate::rows::{Dentry, Inode, LogRow};

/// About what a row takes in the log and in the database: many share a page, and many pages are there already.
const ROW: u64 = 1024;

/// The new state of a row, and when the committed one began (`None`: there is none).
#[derive(Debug, Clone)]
pub(crate) struct Slot<R> {
    /// `None` means that the row is gone.
    pub(crate) row: Option<R>,
    pub(crate) base: Option<LayerId>,
}

impl<R> Slot<R> {
    /// This change behind an earlier one: what the database has is still what that one says.
    fn over(self, earlier: Option<&Self>) -> Self {
        let base = earlier.map_or(self.base, |slot| slot.base);
        Self { base, ..self }
    }
}

/// Changed rows, by their keys.
#[derive(Debug, Default)]
pub(crate) struct Memtable {
    pub(crate) inodes: FxHashMap<Ino, Slot<Inode>>,
    pub(crate) dentries: BTreeMap<(Ino, u64), Slot<Dentry>>,
    pub(crate) xattrs: Xattrs,
    /// Content that is not in blocks yet.
    pub(crate) files: FxHashMap<Ino, DirtyFile>,
    pub(crate) log: Vec<LogRow>,
    /// Where in `log` the last write to a file is recorded, so that the next one adds to it.
    pub(crate) last_write: FxHashMap<Ino, usize>,
    pub(crate) orphans: FxHashMap<Ino, bool>,
    /// The tenant's row has changed.
    pub(crate) tenant: bool,
    /// Bytes of content held.
    pub(crate) bytes: u64,
}

impl Memtable {
    pub(crate) fn is_empty(&self) -> bool {
        self.inodes.is_empty()
            && self.dentries.is_empty()
            && self.xattrs.is_empty()
            && self.files.is_empty()
            && self.log.is_empty()
            && self.orphans.is_empty()
            && !self.tenant
    }

    /// Takes over what came later, which holds no content of files.
    pub(crate) fn absorb(&mut self, later: Self) {
        for (key, slot) in later.inodes {
            let slot = slot.over(self.inodes.get(&key));
            self.inodes.insert(key, slot);
        }
        for (at, slot) in later.dentries {
            let slot = slot.over(self.dentries.get(&at));
            self.dentries.insert(at, slot);
        }
        for (ino, name, slot) in later.xattrs {
            self.xattrs.put(ino, name, slot);
        }
        self.log.extend(later.log);
        self.orphans.extend(later.orphans);
        self.tenant |= later.tenant;
    }

    /// Inodes that have lost their last name, and may be open.
    pub(crate) fn nameless(&self) -> Vec<Ino> {
        let waiting = self.orphans.iter().filter(|(_, waits)| **waits);
        waiting.map(|(key, _)| *key).collect()
    }

    /// About how many bytes of the device a commit takes.
    pub(crate) fn weight(&self) -> u64 {
        self.held() + self.rows() as u64 * ROW
    }

    /// Bytes of content and of attributes that are held.
    pub(crate) fn held(&self) -> u64 {
        self.bytes + self.xattrs.bytes()
    }

    /// Rows held, as a measure of the work a commit will be.
    pub(crate) fn rows(&self) -> usize {
        self.inodes.len() + self.dentries.len() + self.xattrs.len() + self.log.len()
    }
}
