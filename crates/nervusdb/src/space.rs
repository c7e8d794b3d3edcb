//! The key spaces: each is an LSM tree of its own.

use crate::record::Filtering;

/// What the keys of a tree are. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Space {
    /// Facts as subject, predicate, object.
    Spo = 0,
    /// Facts as predicate, object, subject.
    Pos = 1,
    /// Facts as object, subject, predicate.
    Osp = 2,
    /// Terms by hash: XXH32 of the term, its id, 0.
    Hash = 3,
    /// Terms by id: the id, big-endian, to the string.
    Terms = 4,
    /// Properties, their index and transaction ids, each kind below a tag.
    Data = 5,
}

impl Space {
    pub(crate) const ALL: [Self; 6] = [
        Self::Spo,
        Self::Pos,
        Self::Osp,
        Self::Hash,
        Self::Terms,
        Self::Data,
    ];
    /// Those whose records are facts of three words.
    pub(crate) const FACTS: usize = 4;

    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.get(usize::from(byte)).copied()
    }

    /// Which lookups of single keys its tables filter.
    pub(crate) const fn filtering(self) -> Filtering {
        match self {
            Self::Spo | Self::Data => Filtering::Key,
            Self::Hash => Filtering::FirstWord,
            // Patterns with a free position are ranges, and every id given has its term.
            Self::Pos | Self::Osp | Self::Terms => Filtering::None,
        }
    }

    /// As [`filtering`](Self::filtering), for tables with nothing below them. Facts that are asked for are
    /// mostly there, and then the last filter only costs; of terms most that are asked for are new.
    pub(crate) const fn filtering_below_all(self) -> Filtering {
        match self {
            Self::Hash => Filtering::FirstWord,
            _ => Filtering::None,
        }
    }
}
