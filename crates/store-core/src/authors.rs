//! Who recorded a tenant's latest changes: so that a way in learns, without reading the log, whether anything new was
//! done by others than itself.

use std::sync::Arc;

/// Ways in that are told apart; of more, the one that was quiet longest counts as another process.
const KNOWN_MAX: usize = 32;

/// The last positions of a tenant's log, by who recorded them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Authors {
    /// The last record made here.
    last: u64,
    /// The last record made elsewhere before that, or one later.
    elsewhere: u64,
    here: Vec<(Arc<str>, u64)>,
}

impl Authors {
    /// A record is made here. A gap before it was filled by somebody else.
    pub(crate) fn note(&mut self, agent: &Arc<str>, seq: u64) {
        if seq != self.last + 1 {
            self.elsewhere = seq - 1;
        }
        self.last = seq;
        let same = |(known, _): &&mut (Arc<str>, u64)| Arc::ptr_eq(known, agent) || **known == **agent;
        if let Some((_, last)) = self.here.iter_mut().find(same) {
            *last = seq;
            return;
        }
        if self.here.len() == KNOWN_MAX {
            self.forget_oldest();
        }
        self.here.push((agent.clone(), seq));
    }

    fn forget_oldest(&mut self) {
        let oldest = self.here.iter().enumerate().min_by_key(|(_, (_, last))| *last);
        if let Some(at) = oldest.map(|(at, _)| at) {
            let (_, last) = self.here.swap_remove(at);
            self.elsewhere = self.elsewhere.max(last);
        }
    }

    /// The last record of others, where the log ends at `end`.
    pub(crate) fn last_of_others(&self, agent: &str, end: u64) -> u64 {
        if end != self.last {
            return end;
        }
        let others = self.here.iter().filter(|(known, _)| **known != *agent);
        others.map(|(_, last)| *last).fold(self.elsewhere, u64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_records_are_told_from_those_of_others() {
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        let mut authors = Authors::default();
        assert_eq!(authors.last_of_others("a", 7), 7);
        authors.note(&a, 8);
        authors.note(&a, 9);
        assert_eq!(authors.last_of_others("a", 9), 7);
        assert_eq!(authors.last_of_others("b", 9), 9);
        authors.note(&b, 10);
        authors.note(&a, 11);
        assert_eq!(authors.last_of_others("a", 11), 10);
        // Another process went on, here and behind a gap.
        assert_eq!(authors.last_of_others("a", 12), 12);
        authors.note(&a, 14);
        assert_eq!(authors.last_of_others("a", 14), 13);
    }

    #[test]
    fn many_ways_in_never_hide_a_change() {
        let me: Arc<str> = "me".into();
        let mut authors = Authors::default();
        for seq in 1..=100 {
            authors.note(&format!("other {seq}").into(), seq);
        }
        authors.note(&me, 101);
        assert_eq!(authors.last_of_others("me", 101), 100);
        assert!(authors.here.len() <= KNOWN_MAX);
    }
}
