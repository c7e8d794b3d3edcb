//! Rows with history: the head's versions, and those of sealed layers, each valid in `born <= layer < died`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use tarbox_store::LayerId;
use tarbox_store_core::{Change, Content, Dentry, Inode, Map, Xattr};

/// A row that began in a layer.
pub trait Version: Clone {
    /// The layer in which it began.
    fn born(&self) -> LayerId;

    /// This version, put in the place of another one.
    fn over(self, _earlier: Option<&Self>) -> Self {
        self
    }
}

impl Version for Inode {
    fn born(&self) -> LayerId {
        self.born
    }

    fn over(mut self, earlier: Option<&Self>) -> Self {
        if self.content == Content::Stored
            && let Some(earlier) = earlier
        {
            self.content = earlier.content.clone();
        }
        self
    }
}

macro_rules! versions {
    ($($row:ty),*) => {$(
        impl Version for $row {
            fn born(&self) -> LayerId {
                self.born
            }
        }
    )*};
}

versions!(Dentry, Map, Xattr);

/// A table of them.
#[derive(Debug, Clone)]
pub struct Versions<K, R> {
    /// The head's.
    pub head: BTreeMap<K, R>,
    /// Those that ended, by key and the layer in which they did.
    pub past: BTreeMap<(K, LayerId), R>,
}

impl<K, R> Default for Versions<K, R> {
    fn default() -> Self {
        Self {
            head: BTreeMap::new(),
            past: BTreeMap::new(),
        }
    }
}

impl<K: Ord + Clone, R: Version> Versions<K, R> {
    /// Whether a change leaves at most one version that ends in a layer.
    pub(crate) fn admits(&self, key: &K, change: &Change<R>) -> bool {
        let is_taken = |died| self.past.contains_key(&(key.clone(), died));
        !(self.head.contains_key(key) && change.preserve.is_some_and(is_taken))
    }

    /// Makes one change of a commit.
    pub(crate) fn change(&mut self, key: &K, change: &Change<R>) {
        let old = self.head.get(key);
        if let (Some(died), Some(old)) = (change.preserve, old) {
            self.past.insert((key.clone(), died), old.clone());
        }
        match &change.row {
            Some(row) => {
                let row = row.clone().over(old);
                self.head.insert(key.clone(), row);
            }
            None => drop(self.head.remove(key)),
        }
    }

    /// The version that was valid at the end of a layer.
    pub(crate) fn at(&self, key: &K, layer: LayerId) -> Option<&R> {
        let after = (key.clone(), LayerId(layer.0 + 1));
        let past = self.past.range(after..).next().filter(|((of, _), _)| of == key);
        match past {
            Some((_, row)) if row.born() <= layer => Some(row),
            _ => self.head.get(key).filter(|row| row.born() <= layer),
        }
    }

    /// The versions of a range of keys: the head's, or those of a layer.
    pub(crate) fn range(&self, keys: RangeInclusive<K>, layer: Option<LayerId>) -> BTreeMap<&K, &R> {
        if keys.is_empty() {
            return BTreeMap::new();
        }
        let Some(layer) = layer else {
            return self.head.range(keys).collect();
        };
        let (from, to) = (keys.start().clone(), keys.end().clone());
        let past = self.past.range((from, LayerId(0))..=(to, LayerId(u64::MAX)));
        let past = past.filter(|((_, died), row)| row.born() <= layer && *died > layer);
        let mut found: BTreeMap<&K, &R> = past.map(|((key, _), row)| (key, row)).collect();
        found.extend(self.head.range(keys).filter(|(_, row)| row.born() <= layer));
        found
    }

    /// Every version that began or ended in `from < layer <= to`, with the layer in which it ended.
    pub(crate) fn touched(
        &self,
        from: LayerId,
        to: LayerId,
    ) -> impl Iterator<Item = (&K, Option<LayerId>, &R)> {
        let within = move |layer: LayerId| from < layer && layer <= to;
        let head = self.head.iter().map(|(key, row)| (key, None, row));
        let past = self.past.iter().map(|((key, died), row)| (key, Some(*died), row));
        head.chain(past)
            .filter(move |(_, died, row)| within(row.born()) || died.is_some_and(within))
    }

    /// Versions that neither of two neighbouring kept layers shows.
    pub(crate) fn hidden(&self, kept: LayerId, next: LayerId) -> impl Iterator<Item = &R> {
        let past = self.past.iter();
        past.filter(move |((_, died), row)| is_hidden(*died, row.born(), kept, next))
            .map(|(_, row)| row)
    }

    pub(crate) fn prune(&mut self, kept: LayerId, next: LayerId) {
        self.past
            .retain(|(_, died), row| !is_hidden(*died, row.born(), kept, next));
    }

    /// Versions that go with everything after a layer: of the head, and of the past.
    pub(crate) fn later(&self, layer: LayerId) -> impl Iterator<Item = &R> {
        let head = self.head.values().filter(move |row| row.born() > layer);
        let past = self.past.iter();
        head.chain(
            past.filter_map(move |((_, died), row)| (*died > layer && row.born() > layer).then_some(row)),
        )
    }

    /// Versions that are the head's again when everything after a layer is undone.
    pub(crate) fn revived(&self, layer: LayerId) -> impl Iterator<Item = (&K, &R)> {
        let past = self.past.iter();
        past.filter(move |((_, died), row)| *died > layer && row.born() <= layer)
            .map(|((key, _), row)| (key, row))
    }

    pub(crate) fn rewind(&mut self, layer: LayerId) {
        let revived: Vec<(K, R)> = self
            .revived(layer)
            .map(|(key, row)| (key.clone(), row.clone()))
            .collect();
        self.head.retain(|_, row| row.born() <= layer);
        self.past.retain(|(_, died), _| *died <= layer);
        self.head.extend(revived);
    }

    /// Every version, of the head or not.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&K, &R)> {
        self.head
            .iter()
            .chain(self.past.iter().map(|((key, _), row)| (key, row)))
    }

    /// The intervals of each key, the earliest first; the head's has no end.
    pub(crate) fn intervals(&self) -> BTreeMap<&K, BTreeSet<(LayerId, Option<LayerId>)>> {
        let mut intervals: BTreeMap<&K, BTreeSet<_>> = BTreeMap::new();
        for ((key, died), row) in &self.past {
            intervals
                .entry(key)
                .or_default()
                .insert((row.born(), Some(*died)));
        }
        for (key, row) in &self.head {
            intervals.entry(key).or_default().insert((row.born(), None));
        }
        intervals
    }
}

fn is_hidden(died: LayerId, born: LayerId, kept: LayerId, next: LayerId) -> bool {
    died > kept && died <= next && born > kept
}
