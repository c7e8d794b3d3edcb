//! A set of bytes as ranges.

use std::collections::BTreeMap;

/// Disjoint, non-adjacent ranges `start..end`, by their start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ranges(BTreeMap<u64, u64>);

impl Ranges {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.0.iter().map(|(&start, &end)| (start, end))
    }

    /// How many bytes there are.
    pub(crate) fn len(&self) -> u64 {
        self.iter().map(|(start, end)| end - start).sum()
    }

    /// Adds `start..end`.
    pub(crate) fn insert(&mut self, mut start: u64, mut end: u64) {
        if start >= end {
            return;
        }
        // Whatever overlaps or touches becomes one with it.
        while let Some((&s, &e)) = self.0.range(..=end).next_back() {
            if e < start {
                break;
            }
            self.0.remove(&s);
            start = start.min(s);
            end = end.max(e);
        }
        self.0.insert(start, end);
    }

    /// Takes `start..end` away.
    pub(crate) fn remove(&mut self, start: u64, end: u64) {
        for (from, to) in self.overlap(start, end) {
            let Some((&s, &e)) = self.0.range(..=from).next_back() else {
                continue;
            };
            self.0.remove(&s);
            if s < from {
                self.0.insert(s, from);
            }
            if to < e {
                self.0.insert(to, e);
            }
        }
    }

    /// The parts of `start..end` that are in the set.
    pub(crate) fn overlap(&self, start: u64, end: u64) -> Vec<(u64, u64)> {
        let first = self.0.range(..=start).next_back().map_or(start, |(&s, _)| s);
        self.0
            .range(first..end.max(first))
            .map(|(&s, &e)| (s.max(start), e.min(end)))
            .filter(|(s, e)| s < e)
            .collect()
    }

    /// The parts of `start..end` that are not in the set.
    pub(crate) fn gaps(&self, start: u64, end: u64) -> Vec<(u64, u64)> {
        let mut gaps = Vec::new();
        let mut at = start;
        for (s, e) in self.overlap(start, end) {
            if at < s {
                gaps.push((at, s));
            }
            at = e;
        }
        if at < end {
            gaps.push((at, end));
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ranges_behave_as_a_set_of_bytes(ops in prop::collection::vec((0u64..64, 0u64..64), 0..40), a in 0u64..70, b in 0u64..70) {
            let mut ranges = Ranges::default();
            let mut model = [false; 80];
            for (i, (x, y)) in ops.into_iter().enumerate() {
                let (start, end) = (x.min(y), x.max(y));
                let add = i % 3 != 2;
                if add { ranges.insert(start, end) } else { ranges.remove(start, end) }
                model[start as usize..end as usize].fill(add);
            }
            let mut last = None;
            for (s, e) in ranges.iter() {
                prop_assert!(s < e && last.is_none_or(|l| l < s));
                last = Some(e);
            }
            let (a, b) = (a.min(b), a.max(b));
            let mut seen = [None; 80];
            for (s, e) in ranges.overlap(a, b) { seen[s as usize..e as usize].fill(Some(true)); }
            for (s, e) in ranges.gaps(a, b) { seen[s as usize..e as usize].fill(Some(false)); }
            for i in 0..80 {
                let inside = (i as u64) >= a && (i as u64) < b;
                prop_assert_eq!(seen[i], inside.then_some(model[i]));
            }
        }
    }
}
