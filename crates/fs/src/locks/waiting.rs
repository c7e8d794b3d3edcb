//! Who waits for which lock.

use std::collections::BTreeMap;
use std::task::Waker;

use tarbox_store::Ino;

use super::{Owner, Span};
use crate::interface::LockKind;

/// A lock that is waited for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted {
    Range {
        ino: Ino,
        owner: Owner,
        kind: LockKind,
        span: Span,
    },
    Whole {
        ino: Ino,
    },
}

impl Wanted {
    pub(super) fn ino(&self) -> Ino {
        match self {
            Self::Range { ino, .. } | Self::Whole { ino } => *ino,
        }
    }

    /// Who would hold it, where waiting for it can close a circle.
    pub(super) fn owner(&self) -> Option<Owner> {
        match self {
            Self::Range { owner, .. } => Some(*owner),
            Self::Whole { .. } => None,
        }
    }
}

/// Everyone who waits, in the order they came.
#[derive(Default)]
pub(super) struct Waiters {
    waiting: BTreeMap<u64, Waiting>,
    next: u64,
}

struct Waiting {
    wanted: Wanted,
    /// Taken when it is woken; it brings a new one when it has to wait on.
    waker: Option<Waker>,
}

impl Waiters {
    /// Waits, or goes on waiting in the same place.
    pub(super) fn enter(&mut self, id: Option<u64>, wanted: Wanted, waker: Waker) -> u64 {
        let id = id.unwrap_or_else(|| {
            self.next += 1;
            self.next
        });
        self.waiting.insert(
            id,
            Waiting {
                wanted,
                waker: Some(waker),
            },
        );
        id
    }

    pub(super) fn leave(&mut self, id: u64) {
        self.waiting.remove(&id);
    }

    /// The wakers of all who wait for a lock on the file.
    pub(super) fn take_wakers(&mut self, ino: Ino) -> Vec<Waker> {
        let of_file = self
            .waiting
            .values_mut()
            .filter(|waiting| waiting.wanted.ino() == ino);
        of_file.filter_map(|waiting| waiting.waker.take()).collect()
    }

    /// What an owner waits for.
    pub(super) fn of_owner(&self, owner: Owner) -> impl Iterator<Item = &Wanted> {
        self.waiting
            .values()
            .map(|waiting| &waiting.wanted)
            .filter(move |w| w.owner() == Some(owner))
    }
}
