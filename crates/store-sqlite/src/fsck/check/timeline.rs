//! The versions of one inode, and what has to agree with each of them.
//!
//! Whatever names, fills or counts for an inode changes together with its row. So everything that is valid in the last
//! layer in which a version can be seen must add up to what that version says.

use std::ops::Range;

use crate::fsck::finding::HEAD;
use crate::fsck::scope::Scope;

/// The versions of one inode in order, and the layer in which each is compared.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// `born..died` of every version.
    lives: Vec<(i64, i64)>,
    /// The layers, in order.
    views: Vec<i64>,
    /// Which version each of them belongs to.
    versions: Vec<usize>,
}

impl Timeline {
    /// From the layers in which versions were born and died, in order of their deaths.
    pub(super) fn new(scope: &Scope<'_>, lives: impl Iterator<Item = (i64, i64)>) -> Self {
        let mut line = Self::default();
        for (i, (born, died)) in lives.enumerate() {
            line.lives.push((born, died));
            // Overlapping versions, an error of its own, would bring the views out of order.
            if let Some(view) = scope.last_view(born, died)
                && line.views.last().is_none_or(|last| *last < view)
            {
                line.views.push(view);
                line.versions.push(i);
            }
        }
        line
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lives.is_empty()
    }

    /// How many versions are compared with something.
    pub(super) fn len(&self) -> usize {
        self.views.len()
    }

    /// The compared versions, each with its number among all.
    pub(super) fn versions(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.versions.iter().copied().enumerate()
    }

    /// The number among all versions of the compared version `at`.
    pub(super) fn version(&self, at: usize) -> Option<usize> {
        self.versions.get(at).copied()
    }

    /// The compared versions that a row of this life has to agree with.
    pub(super) fn span(&self, born: i64, died: i64) -> Range<usize> {
        let from = self.views.partition_point(|view| *view < born);
        let to = match died {
            HEAD => self.views.len(),
            died => self.views.partition_point(|view| *view < died),
        };
        from.min(to)..to
    }

    /// The layer in which something of this life can be seen, but no version of the inode.
    pub(super) fn gap(&self, scope: &Scope<'_>, born: i64, died: i64) -> Option<i64> {
        let (first, last) = (scope.first_view(born, died)?, scope.last_view(born, died)?);
        [last, first].into_iter().find(|view| !self.covers(*view))
    }

    /// Where something of this life begins or ends in the middle of a version, seen from the layers that are kept: the
    /// version's death, and the layer.
    pub(super) fn tear(&self, scope: &Scope<'_>, born: i64, died: i64) -> Option<(i64, i64)> {
        let (first, last) = (scope.first_view(born, died)?, scope.last_view(born, died)?);
        let begins = self
            .at(first)
            .filter(|v| scope.first_view(v.0, v.1) != Some(first));
        let ends = self.at(last).filter(|v| scope.last_view(v.0, v.1) != Some(last));
        begins
            .map(|(_, end)| (end, born))
            .or(ends.map(|(_, end)| (end, died)))
    }

    fn covers(&self, view: i64) -> bool {
        self.at(view).is_some()
    }

    /// The life of the version that is valid in a layer.
    fn at(&self, view: i64) -> Option<(i64, i64)> {
        if view == HEAD {
            return self.lives.last().copied().filter(|(_, died)| *died == HEAD);
        }
        let at = self.lives.partition_point(|(_, died)| *died <= view);
        self.lives.get(at).copied().filter(|(born, _)| *born <= view)
    }
}

/// A sum for each compared version.
#[derive(Debug)]
pub(super) struct Sums(Vec<i64>);

impl Sums {
    pub(super) fn new(line: &Timeline) -> Self {
        Self(vec![0; line.len() + 1])
    }

    /// Adds to the sums of a span.
    pub(super) fn add(&mut self, span: &Range<usize>, n: i64) {
        if span.is_empty() {
            return;
        }
        self.0[span.start] = self.0[span.start].saturating_add(n);
        self.0[span.end] = self.0[span.end].saturating_sub(n);
    }

    /// The sums, in order.
    pub(super) fn finish(mut self) -> Vec<i64> {
        let mut sum = 0i64;
        for n in &mut self.0 {
            sum = sum.saturating_add(*n);
            *n = sum;
        }
        self.0.pop();
        self.0
    }
}

/// A maximum for each compared version: a tree, in which a span is a few nodes.
#[derive(Debug)]
pub(super) struct Maxima(Vec<(i64, i64)>);

impl Maxima {
    pub(super) fn new(line: &Timeline) -> Self {
        Self(vec![(0, 0); line.len() * 2])
    }

    /// Raises the maxima of a span to `value`, remembering what it belongs to.
    pub(super) fn raise(&mut self, span: &Range<usize>, value: (i64, i64)) {
        let n = self.0.len() / 2;
        let (mut from, mut to) = (span.start + n, span.end + n);
        while from < to {
            if from % 2 == 1 {
                self.0[from] = self.0[from].max(value);
                from += 1;
            }
            if to % 2 == 1 {
                to -= 1;
                self.0[to] = self.0[to].max(value);
            }
            (from, to) = (from / 2, to / 2);
        }
    }

    pub(super) fn at(&self, version: usize) -> (i64, i64) {
        let mut node = version + self.0.len() / 2;
        let mut max = (0, 0);
        while node > 0 {
            max = max.max(self.0[node]);
            node /= 2;
        }
        max
    }
}
