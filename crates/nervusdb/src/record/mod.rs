//! What tables and buffers hold: records with a key, delta-coded against the one before.

mod fact;
mod pair;

use std::cmp::Ordering;
use std::fmt::Debug;

pub(crate) use fact::Fact;
pub(crate) use pair::Pair;

use crate::bytes::Reader;

/// A key, perhaps a value, and whether it is a tombstone. A record without value doubles as a probe.
pub(crate) trait Record: Clone + Default + Debug {
    /// After every key; the default record is before them.
    fn last_possible() -> Self;

    /// Orders by key alone.
    fn order(&self, other: &Self) -> Ordering;

    /// Becomes the default record, keeping its memory.
    fn reset(&mut self);

    /// Whether it says that the key is gone.
    fn is_dead(&self) -> bool;

    /// About how many bytes of memory it holds.
    fn size(&self) -> usize;

    /// Appends the difference to `previous`. At a restart point `previous` is the default record.
    fn encode(&self, previous: &Self, out: &mut Vec<u8>);

    /// Turns the record before into the one encoded at `at`, and says where that ends. Whatever the bytes are,
    /// it consumes at least one.
    fn decode(&mut self, input: &[u8], at: usize) -> Option<usize>;

    /// Appends the key, for an index.
    fn put_key(&self, out: &mut Vec<u8>);

    /// Reads what [`put_key`](Self::put_key) wrote.
    fn get_key(reader: &mut Reader<'_>) -> Option<Self>;

    /// What a filter knows the key by; `None` if lookups of such keys are not filtered.
    fn filter_hash(&self, filtering: Filtering) -> Option<u32>;
}

/// Which lookups of a key space go through a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filtering {
    None,
    /// By the whole key.
    Key,
    /// By the first word of a fact.
    FirstWord,
}

/// Where a range of keys ends.
#[derive(Clone, Debug)]
pub(crate) struct End<R> {
    pub(crate) key: R,
    /// How a key that is past the end compares to `key` at least: `Equal` if `key` is past it itself.
    pub(crate) past: Ordering,
}

impl<R: Record> End<R> {
    #[inline]
    pub(crate) fn is_reached_by(&self, record: &R) -> bool {
        record.order(&self.key) >= self.past
    }
}
