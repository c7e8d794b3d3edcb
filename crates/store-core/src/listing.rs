//! A whole directory of the head in memory.

use std::collections::BTreeMap;
use std::ops::RangeBounds;

use crate::rows::Dentry;

/// Every entry of one directory, committed or not, by cookie. What is not in it does not exist.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listing {
    entries: BTreeMap<u64, Dentry>,
    /// Bytes of all names.
    names: usize,
}

impl Listing {
    /// The entries with these cookies.
    pub(crate) fn range(&self, cookies: impl RangeBounds<u64>) -> impl Iterator<Item = &Dentry> {
        self.entries.range(cookies).map(|(_, entry)| entry)
    }

    /// Puts an entry at its cookie, or removes the one there.
    pub(crate) fn change(&mut self, cookie: u64, entry: Option<Dentry>) {
        self.names += entry.as_ref().map_or(0, |e| e.name.len());
        let old = match entry {
            Some(entry) => self.entries.insert(cookie, entry),
            None => self.entries.remove(&cookie),
        };
        self.names -= old.map_or(0, |e| e.name.len());
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// About how many bytes it takes.
    pub(crate) fn weight(&self) -> u64 {
        (96 + self.entries.len() * (size_of::<Dentry>() + 48) + self.names) as u64
    }
}

impl FromIterator<Dentry> for Listing {
    fn from_iter<I: IntoIterator<Item = Dentry>>(entries: I) -> Self {
        let mut listing = Self::default();
        for entry in entries {
            listing.change(entry.cookie, Some(entry));
        }
        listing
    }
}

#[cfg(test)]
mod tests {
    use tarbox_store::{FileKind, Ino, LayerId};

    use super::*;

    fn entry(cookie: u64, name: &[u8]) -> Dentry {
        Dentry {
            cookie,
            name: name.into(),
            ino: Ino(2),
            kind: FileKind::File,
            born: LayerId(1),
        }
    }

    #[test]
    fn its_weight_follows_what_it_holds() {
        let empty = Listing::default().weight();
        let mut listing: Listing = [entry(1, b"a"), entry(2, b"bcd")].into_iter().collect();
        let two = listing.weight();
        listing.change(2, Some(entry(2, b"b")));
        assert_eq!(listing.weight(), two - 2);
        listing.change(1, None);
        listing.change(2, None);
        listing.change(2, None);
        assert_eq!(listing.weight(), empty);
        assert_eq!(listing.range(..).count(), 0);
    }
}
