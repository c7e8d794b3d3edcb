//! Patterns, and the facts that match them.

use crate::MAX_TERM_ID;
use crate::buffer::Order;
use crate::error::Result;
use crate::record::{Fact, Record};
use crate::space::Space;
use crate::tree::{Merge, TreeView};

/// To ask the index costs as much as to read so many facts.
const SHORT: u64 = 64;

/// Which facts: each bound position must be that term. The default binds nothing and matches all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// The subject.
    pub subject: Option<u32>,
    /// The predicate.
    pub predicate: Option<u32>,
    /// The object.
    pub object: Option<u32>,
}

impl Pattern {
    /// A pattern of three positions.
    pub const fn new(subject: Option<u32>, predicate: Option<u32>, object: Option<u32>) -> Self {
        Self {
            subject,
            predicate,
            object,
        }
    }

    /// The index in which all matches are neighbours.
    pub(crate) const fn order(&self) -> Order {
        match (self.subject, self.predicate, self.object) {
            (Some(_), None, Some(_)) | (None, None, Some(_)) => Order::Osp,
            (None, Some(_), _) => Order::Pos,
            _ => Order::Spo,
        }
    }

    /// The first and the last key a match can have in its index.
    pub(crate) fn extent(&self) -> (Fact, Fact) {
        let bound = [self.subject, self.predicate, self.object];
        let order = self.order();
        let key = |free: u32| order.key(bound.map(|word| word.unwrap_or(free).min(MAX_TERM_ID)));
        (Fact::new(key(0), false), Fact::new(key(MAX_TERM_ID), false))
    }

    /// Whether it names an id no term can have.
    pub(crate) fn is_impossible(&self) -> bool {
        let words = [self.subject, self.predicate, self.object];
        words.iter().flatten().any(|&word| word > MAX_TERM_ID)
    }
}

/// Streams the facts that match a pattern, ascending in the index that serves it. It sees the graph as it was
/// when the scan began, and holds a block for every table it reads.
#[derive(Debug)]
pub struct Scan {
    merge: Merge<Fact>,
    order: Order,
    to: Fact,
}

impl Scan {
    pub(crate) fn new(view: &TreeView<Fact>, pattern: Pattern) -> Result<Self> {
        let (from, to) = pattern.extent();
        Ok(Self {
            merge: match pattern.is_impossible() {
                true => Merge::new(Vec::new()),
                false => view.merge(&from, &to)?,
            },
            order: pattern.order(),
            to,
        })
    }

    /// All facts, by this index.
    pub(crate) fn whole(view: &TreeView<Fact>) -> Result<Self> {
        let to = Fact::new([MAX_TERM_ID; 3], false);
        let order = match view.space {
            Space::Pos => Order::Pos,
            Space::Osp => Order::Osp,
            _ => Order::Spo,
        };
        Ok(Self {
            merge: view.merge(&Fact::default(), &to)?,
            order,
            to,
        })
    }

    /// The next fact: subject, predicate, object.
    ///
    /// # Errors
    /// `Corrupt`, and what the pool reports.
    #[inline]
    pub fn next_fact(&mut self) -> Result<Option<[u32; 3]>> {
        if !self.merge.advance_live()? {
            return Ok(None);
        }
        let record = self.merge.record();
        if record.order(&self.to).is_gt() {
            self.merge = Merge::new(Vec::new());
            return Ok(None);
        }
        Ok(Some(self.order.fact(record.key())))
    }

    /// Appends up to `limit` facts, three words each, and says how many there were: fewer only at the end.
    ///
    /// # Errors
    /// As [`next_fact`](Self::next_fact).
    pub fn fill(&mut self, out: &mut Vec<u32>, limit: usize) -> Result<usize> {
        for count in 0..limit {
            match self.next_fact()? {
                Some(fact) => out.extend_from_slice(&fact),
                None => return Ok(count),
            }
        }
        Ok(limit)
    }

    /// How many facts are left: as many as [`next_fact`](Self::next_fact) would give. Facts that come from one
    /// source alone are not read one by one: its index knows how many there are before others come in.
    ///
    /// # Errors
    /// As [`next_fact`](Self::next_fact).
    pub fn count(mut self) -> Result<u64> {
        let (mut count, mut source) = (0, usize::MAX);
        let (mut alone, mut patience) = (0, 1);
        while self.next_fact()?.is_some() {
            count += 1;
            alone = if self.merge.top() == source { alone + 1 } else { 1 };
            source = self.merge.top();
            if alone < patience {
                continue;
            }
            let skipped = self.merge.skip(&self.to)?;
            count += skipped;
            alone = 0;
            patience = if skipped < SHORT { SHORT } else { 1 };
        }
        Ok(count)
    }
}

impl Iterator for Scan {
    type Item = Result<[u32; 3]>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_fact().transpose()
    }
}
