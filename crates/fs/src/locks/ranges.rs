//! The byte-range locks of one file.

use super::Owner;
use crate::interface::LockKind;

/// Bytes from `start` to before `end`; never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u64,
    pub(crate) end: u64,
}

impl Span {
    fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) owner: Owner,
    pub(super) kind: LockKind,
    pub(super) span: Span,
}

/// Locks sorted by where they start. Those of one owner do not overlap, and where they touch they differ in kind.
#[derive(Debug, Default)]
pub(super) struct RangeSet(Vec<Held>);

impl RangeSet {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every lock of others that excludes this one.
    pub(super) fn conflicts(&self, owner: Owner, kind: LockKind, span: Span) -> impl Iterator<Item = &Held> {
        self.0.iter().filter(move |held| {
            held.owner != owner
                && held.span.overlaps(span)
                && (kind == LockKind::Write || held.kind == LockKind::Write)
        })
    }

    /// The first of them.
    pub(super) fn conflict(&self, owner: Owner, kind: LockKind, span: Span) -> Option<&Held> {
        self.conflicts(owner, kind, span).next()
    }

    /// Makes the owner's lock on these bytes be of this kind, or none. Conflicts are not looked for.
    pub(super) fn set(&mut self, owner: Owner, kind: Option<LockKind>, mut span: Span) {
        let mut kept = Vec::with_capacity(self.0.len() + 2);
        for held in self.0.drain(..) {
            let touches = held.span.start <= span.end && span.start <= held.span.end;
            if held.owner != owner || !touches {
                kept.push(held);
            } else if Some(held.kind) == kind {
                span = Span {
                    start: span.start.min(held.span.start),
                    end: span.end.max(held.span.end),
                };
            } else {
                if held.span.start < span.start {
                    kept.push(Held {
                        span: Span {
                            end: span.start.min(held.span.end),
                            ..held.span
                        },
                        ..held
                    });
                }
                if held.span.end > span.end {
                    kept.push(Held {
                        span: Span {
                            start: span.end.max(held.span.start),
                            ..held.span
                        },
                        ..held
                    });
                }
            }
        }
        if let Some(kind) = kind {
            kept.push(Held { owner, kind, span });
        }
        tarbox_store::sort_by_key(&mut kept, |held| held.span.start);
        self.0 = kept;
    }

    pub(super) fn forget(&mut self, owner: Owner) {
        self.0.retain(|held| held.owner != owner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: Owner = Owner::Process(1);
    const YOU: Owner = Owner::Process(2);

    fn span(start: u64, end: u64) -> Span {
        Span { start, end }
    }

    fn mine(set: &RangeSet) -> Vec<(u64, u64, LockKind)> {
        set.0
            .iter()
            .filter(|h| h.owner == ME)
            .map(|h| (h.span.start, h.span.end, h.kind))
            .collect()
    }

    #[test]
    fn locks_of_one_owner_split_merge_and_change() {
        use LockKind::*;
        let mut set = RangeSet::default();
        set.set(ME, Some(Write), span(0, 100));
        set.set(ME, Some(Read), span(40, 60));
        assert_eq!(mine(&set), [(0, 40, Write), (40, 60, Read), (60, 100, Write)]);
        set.set(ME, None, span(50, 70));
        assert_eq!(mine(&set), [(0, 40, Write), (40, 50, Read), (70, 100, Write)]);
        set.set(ME, Some(Write), span(40, 70));
        assert_eq!(mine(&set), [(0, 100, Write)]);
        set.set(ME, None, span(0, 100));
        assert!(set.is_empty());
    }

    /// A byte-by-byte array is the reference.
    #[test]
    fn any_sequence_agrees_with_an_array() {
        let mut set = RangeSet::default();
        let mut bytes: [Option<LockKind>; 32] = [None; 32];
        let mut seed = 7u64;
        for _ in 0..5_000 {
            seed = seed
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            let (a, b) = ((seed >> 33) % 32, (seed >> 40) % 32);
            let (start, end) = (a.min(b), a.max(b) + 1);
            let kind = [None, Some(LockKind::Read), Some(LockKind::Write)][(seed >> 50) as usize % 3];
            set.set(ME, kind, span(start, end));
            bytes[start as usize..end as usize].fill(kind);
            for (at, expected) in bytes.iter().enumerate() {
                let at = at as u64;
                let held = mine(&set)
                    .into_iter()
                    .find(|(s, e, _)| *s <= at && at < *e)
                    .map(|h| h.2);
                assert_eq!(held, *expected, "byte {at}");
            }
            let minimal = mine(&set).windows(2).all(|w| w[0].1 < w[1].0 || w[0].2 != w[1].2);
            assert!(minimal, "neighbours of one kind are one lock: {:?}", mine(&set));
        }
    }

    #[test]
    fn only_readers_share() {
        use LockKind::*;
        let mut set = RangeSet::default();
        set.set(ME, Some(Read), span(10, 20));
        assert!(set.conflict(YOU, Read, span(0, 100)).is_none());
        assert!(set.conflict(YOU, Write, span(0, 10)).is_none());
        assert!(set.conflict(YOU, Write, span(0, 11)).is_some());
        assert!(set.conflict(ME, Write, span(0, 100)).is_none());
        set.forget(ME);
        assert!(set.conflict(YOU, Write, span(0, 100)).is_none());
    }
}
