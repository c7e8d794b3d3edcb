//! Facts in memory: written once, sorted for an index when it is first asked.

use super::Runs;
use super::sort::{rotate, rotate_and_sort, sort_newest};
use crate::error::Result;
use crate::record::Fact;
use crate::space::Space;

/// An index order of facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Spo = 0,
    Pos = 1,
    Osp = 2,
}

impl Order {
    pub(crate) const ALL: [Self; 3] = [Self::Spo, Self::Pos, Self::Osp];

    pub(crate) const fn space(self) -> Space {
        match self {
            Self::Spo => Space::Spo,
            Self::Pos => Space::Pos,
            Self::Osp => Space::Osp,
        }
    }

    /// Which word of subject, predicate, object stands at each place of the key.
    pub(crate) const fn places(self) -> [usize; 3] {
        match self {
            Self::Spo => [0, 1, 2],
            Self::Pos => [1, 2, 0],
            Self::Osp => [2, 0, 1],
        }
    }

    /// The key of a fact in this order.
    #[inline]
    pub(crate) const fn key(self, fact: [u32; 3]) -> [u32; 3] {
        let places = self.places();
        [fact[places[0]], fact[places[1]], fact[places[2]]]
    }

    /// The fact of a key in this order.
    #[inline(always)]
    pub(crate) const fn fact(self, key: [u32; 3]) -> [u32; 3] {
        match self {
            Self::Spo => key,
            Self::Pos => [key[2], key[0], key[1]],
            Self::Osp => [key[1], key[2], key[0]],
        }
    }
}

/// Added and deleted facts in the order of the calls, with an index for each order that was asked for.
///
/// A bulk load that is not read meanwhile costs 12 bytes and one copy a fact, and the sorts at the flush.
#[derive(Debug, Default)]
pub(crate) struct FactBuffer {
    facts: Vec<Fact>,
    indexes: [Index; 3],
    /// Where sorts move facts to.
    spare: Vec<Fact>,
}

#[derive(Debug, Default)]
struct Index {
    /// How many of the facts are in the runs.
    taken: usize,
    runs: Runs<Fact>,
}

impl FactBuffer {
    pub(crate) fn extend(&mut self, facts: &[[u32; 3]], dead: bool) {
        self.facts.extend(facts.iter().map(|&fact| Fact::new(fact, dead)));
    }

    /// Forgets all facts. The memory of a large load is kept for the next part of it.
    pub(crate) fn clear(&mut self) {
        self.facts.clear();
        self.indexes = Default::default();
    }

    pub(crate) fn len(&self) -> usize {
        self.facts.len()
    }

    pub(crate) fn size(&self) -> usize {
        let indexed: usize = self.indexes.iter().map(|index| index.taken).sum();
        (self.facts.len() + indexed) * size_of::<Fact>()
    }

    /// The index, brought up to date.
    pub(crate) fn runs(&mut self, order: Order) -> &Runs<Fact> {
        let index = &mut self.indexes[order as usize];
        if index.taken < self.facts.len() {
            let mut fresh = permuted(&self.facts[index.taken..], order);
            sort_newest(&mut fresh, &mut self.spare);
            index.runs.push(fresh);
            index.taken = self.facts.len();
        }
        &index.runs
    }

    /// Gives the facts to `visit` in each order, sorted, each key once: what a flush writes. Afterwards the
    /// facts are the same, but only the newest of each key is left.
    pub(crate) fn each_sorted(&mut self, mut visit: impl FnMut(Order, &[Fact]) -> Result<()>) -> Result<()> {
        sort_newest(&mut self.facts, &mut self.spare);
        self.indexes = Default::default();
        let mut result = visit(Order::Spo, &self.facts);
        // Each order has the last word of the one before at its front.
        for order in [Order::Osp, Order::Pos] {
            rotate_and_sort(&mut self.facts, &mut self.spare);
            result = result.and_then(|()| visit(order, &self.facts));
        }
        rotate(&mut self.facts);
        result
    }
}

fn permuted(facts: &[Fact], order: Order) -> Vec<Fact> {
    match order {
        Order::Spo => facts.to_vec(),
        _ => facts.iter().map(|fact| fact.permuted(order.places())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_permute_and_come_back() {
        for order in Order::ALL {
            assert_eq!(order.fact(order.key([1, 2, 3])), [1, 2, 3]);
        }
        assert_eq!(Order::Pos.key([1, 2, 3]), [2, 3, 1]);
        assert_eq!(Order::Osp.key([1, 2, 3]), [3, 1, 2]);
    }
}
