//! What one operation changes, before anybody else sees it.
//!
//! An operation that fails, or that has to wait for a row, leaves nothing behind: the delta is taken over when it has
//! succeeded, and not before.

use smallvec::SmallVec;
use tarbox_store::{Ino, LayerId};

use crate::batch::HistoryOp;
use crate::memtable::{DirtyFile, Piece, Slot, Xattr};
use crate::rows::{Block, Dentry, Hash, Inode, LogRow, Tenant};

/// A change of a file's content. Applied last, in order: no operation reads what it writes.
#[derive(Debug)]
pub(crate) enum Edit<'d> {
    /// Bytes at an offset.
    Write(u64, &'d [u8]),
    /// The same, made by the operation.
    Put(u64, Vec<u8>),
    /// A piece that lies in one chunk.
    Insert(u64, Piece),
    /// `start..end` becomes a hole.
    Punch(u64, u64),
    /// All content goes.
    Discard,
}

impl Edit<'_> {
    /// Changes a file, and answers by how many bytes more it holds in memory.
    pub(crate) fn apply(self, file: &mut DirtyFile) -> i64 {
        match self {
            Self::Write(offset, data) => file.write(offset, data),
            Self::Put(offset, data) => file.write(offset, &data),
            Self::Insert(index, piece) => file.insert(index, piece),
            Self::Punch(start, end) => file.punch(start, end),
            Self::Discard => {
                let held = file.held;
                *file = DirtyFile::default();
                file.punch(0, u64::MAX);
                -i64::try_from(held).unwrap_or(i64::MAX)
            }
        }
    }
}

/// Changes of rows, in the order in which they are few.
#[derive(Debug, Default)]
pub(crate) struct Delta {
    /// The tenant's row, if it changes.
    pub(crate) tenant: Option<Tenant>,
    pub(crate) inodes: Vec<(Ino, Slot<Inode>)>,
    pub(crate) dentries: Vec<((Ino, u64), Slot<Dentry>)>,
    pub(crate) xattrs: Vec<(Ino, Vec<u8>, Slot<Xattr>)>,
    pub(crate) orphans: Vec<(Ino, bool)>,
    pub(crate) log: Vec<LogRow>,
    /// A record of the memtable that counts so many bytes more.
    pub(crate) wrote: Option<(usize, u64)>,
    /// The file that the last record of `log` is about, if it is a write that later ones may add to.
    pub(crate) writes: Option<Ino>,
    /// A directory has another path.
    pub(crate) moved: bool,
    /// What an operation on history asks for.
    pub(crate) rewrite: Rewrite,
}

/// Changes of history, and what becomes of blocks by them.
#[derive(Debug, Default)]
pub(crate) struct Rewrite {
    pub(crate) history: Vec<HistoryOp>,
    pub(crate) blocks: Vec<(Hash, Option<Block>)>,
    pub(crate) live: Vec<(u64, i64)>,
}

/// Changes of content.
pub(crate) type Edits<'d> = SmallVec<[(Ino, Edit<'d>); 2]>;

impl Delta {
    pub(crate) fn inode(&self, ino: Ino) -> Option<&Slot<Inode>> {
        self.inodes
            .iter()
            .find(|(of, _)| *of == ino)
            .map(|(_, slot)| slot)
    }

    pub(crate) fn inode_mut(&mut self, ino: Ino) -> Option<&mut Slot<Inode>> {
        self.inodes
            .iter_mut()
            .find(|(of, _)| *of == ino)
            .map(|(_, slot)| slot)
    }

    pub(crate) fn dentry_mut(&mut self, at: (Ino, u64)) -> Option<&mut Slot<Dentry>> {
        self.dentries
            .iter_mut()
            .find(|(of, _)| *of == at)
            .map(|(_, slot)| slot)
    }

    /// When the head's version of an entry began that is in the way of a new one.
    pub(crate) fn put_dentry(&mut self, at: (Ino, u64), base: Option<LayerId>, row: Option<Dentry>) {
        match self.dentry_mut(at) {
            Some(slot) => slot.row = row,
            None => self.dentries.push((at, Slot { row, base })),
        }
    }

    /// Forgets everything, but keeps its memory for the next operation.
    pub(crate) fn clear(&mut self) {
        self.tenant = None;
        self.inodes.clear();
        self.dentries.clear();
        self.xattrs.clear();
        self.orphans.clear();
        self.log.clear();
        self.wrote = None;
        self.writes = None;
        self.moved = false;
    }
}
