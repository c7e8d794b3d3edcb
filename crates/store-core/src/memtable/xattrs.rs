//! Changed extended attributes. Few inodes have any, and those have few.

use rustc_hash::FxHashMap;
use tarbox_store::{Ino, LayerId};

use super::Slot;

/// A value of an extended attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Xattr {
    /// Its bytes.
    pub value: Vec<u8>,
    /// The layer in which this version began.
    pub born: LayerId,
}

/// Changed attributes of one inode, by name, in no order.
type Changed = Vec<(Vec<u8>, Slot<Xattr>)>;

/// Changed attributes by inode.
#[derive(Debug, Default)]
pub(crate) struct Xattrs {
    of: FxHashMap<Ino, Changed>,
    len: usize,
    /// Bytes of the values held.
    bytes: u64,
}

impl Xattrs {
    pub(crate) fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Changed attributes of one inode.
    pub(crate) fn of(&self, ino: Ino) -> &[(Vec<u8>, Slot<Xattr>)] {
        self.of.get(&ino).map_or(&[], Vec::as_slice)
    }

    /// This change behind an earlier one.
    pub(crate) fn put(&mut self, ino: Ino, name: Vec<u8>, slot: Slot<Xattr>) {
        self.bytes += weigh(&slot.row);
        let all = self.of.entry(ino).or_default();
        match all.iter_mut().find(|(of, _)| *of == name) {
            Some((_, earlier)) => {
                self.bytes -= weigh(&earlier.row);
                // What the database has is still what the earlier one says.
                earlier.row = slot.row;
            }
            None => {
                all.push((name, slot));
                self.len += 1;
            }
        }
    }

    /// What is known of one attribute.
    pub(crate) fn get(&self, ino: Ino, name: &[u8]) -> Option<&Slot<Xattr>> {
        let found = self.of(ino).iter().find(|(of, _)| of == name);
        found.map(|(_, slot)| slot)
    }

    /// Makes what is known of an attribute what it was before a [`put`](Self::put).
    pub(crate) fn restore(&mut self, ino: Ino, name: &[u8], before: Option<Slot<Xattr>>) {
        let Some(all) = self.of.get_mut(&ino) else {
            return;
        };
        let Some(at) = all.iter().position(|(of, _)| of == name) else {
            return;
        };
        self.bytes -= weigh(&all[at].1.row);
        match before {
            Some(slot) => {
                self.bytes += weigh(&slot.row);
                all[at].1 = slot;
            }
            None => {
                all.swap_remove(at);
                self.len -= 1;
                if all.is_empty() {
                    self.of.remove(&ino);
                }
            }
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Ino, &Vec<u8>, &Slot<Xattr>)> {
        let all = self.of.iter();
        all.flat_map(|(ino, all)| all.iter().map(|(name, slot)| (*ino, name, slot)))
    }
}

fn weigh(row: &Option<Xattr>) -> u64 {
    row.as_ref().map_or(0, |xattr| xattr.value.len() as u64)
}

impl IntoIterator for Xattrs {
    type Item = (Ino, Vec<u8>, Slot<Xattr>);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        let all = self.of.into_iter();
        let all: Vec<_> = all
            .flat_map(|(ino, all)| all.into_iter().map(move |(name, slot)| (ino, name, slot)))
            .collect();
        all.into_iter()
    }
}
