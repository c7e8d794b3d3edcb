//! Facts in memory: written once, sorted for an index when it is first asked.

use std::sync::Arc;

use super::Runs;
use super::sort::sort_newest;
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
/// A bulk load that is not read meanwhile costs 12 bytes and one copy a fact, and one sort an order at the
/// flush.
#[derive(Debug, Default)]
pub(crate) struct FactBuffer {
    facts: Vec<Fact>,
    indexes: [Index; 3],
}

#[derive(Debug, Default)]
struct Index {
    /// How many of the facts are in the runs.
    taken: usize,
    runs: Runs<Fact>,
}

impl FactBuffer {
    pub(crate) fn push(&mut self, fact: Fact) {
        self.facts.push(fact);
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
            sort_newest(&mut fresh);
            index.runs.push(fresh);
            index.taken = self.facts.len();
        }
        &index.runs
    }

    /// All facts sorted, as a flush writes them.
    pub(crate) fn sorted(&self, order: Order) -> Arc<Vec<Fact>> {
        let index = &self.indexes[order as usize];
        if index.taken == self.facts.len() {
            return index.runs.combined();
        }
        let mut all = permuted(&self.facts, order);
        sort_newest(&mut all);
        Arc::new(all)
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
