//! Memory, bounded over all tenants of a database together.
//!
//! Each tenant may fill the caches that all are allowed; when they are over that together, those that were used least recently give
//! theirs back. What waits for commits is bounded in the same way: over the bound, whoever changes something commits first.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::cache::Caches;
use crate::database::Inner;
use crate::engine::Engine;
use crate::open::Open;
use crate::state::State;

/// Bytes that may wait for commits, of all tenants.
const PENDING_MAX: u64 = 64 * 1024 * 1024;
/// Tenants up to which none is forgotten that nobody uses.
const FEW: usize = 256;

/// What all tenants hold together.
#[derive(Debug)]
pub(crate) struct Budget {
    /// Bytes of committed rows that may be in memory.
    cache_bytes: u64,
    /// See [`Settings`](crate::Settings).
    listing_max: usize,
    cached: AtomicU64,
    pending: AtomicU64,
    /// Advances whenever a tenant has loaded something.
    clock: AtomicU64,
    giving_back: AtomicBool,
}

/// What one tenant holds, as far as it has been counted.
#[derive(Debug, Default)]
pub(crate) struct Share {
    cached: AtomicU64,
    pending: AtomicU64,
    used: AtomicU64,
}

impl Budget {
    pub(crate) fn new(cache_bytes: u64, listing_max: usize) -> Self {
        Self {
            cache_bytes,
            listing_max,
            cached: AtomicU64::new(0),
            pending: AtomicU64::new(0),
            clock: AtomicU64::new(1),
            giving_back: AtomicBool::new(false),
        }
    }

    /// Bytes of committed rows in memory.
    pub(crate) fn cached(&self) -> u64 {
        self.cached.load(Ordering::Relaxed)
    }

    /// Caches for a tenant.
    pub(crate) fn caches(&self) -> Caches {
        Caches::new(self.cache_bytes, self.listing_max)
    }

    /// Takes note that a tenant is in use.
    pub(crate) fn touch(&self, share: &Share) {
        let now = self.clock.load(Ordering::Relaxed);
        if share.used.load(Ordering::Relaxed) != now {
            share.used.store(now, Ordering::Relaxed);
        }
    }

    /// Whether so much waits for commits that whoever adds to it commits first.
    pub(crate) fn is_pressed(&self) -> bool {
        self.pending.load(Ordering::Relaxed) > PENDING_MAX
    }

    /// Counts what waits for a commit of a tenant.
    pub(crate) fn weigh_pending(&self, share: &Share, state: &State) {
        count(&self.pending, &share.pending, state.pending());
    }

    /// Counts the caches of a tenant. Answers whether all are within bounds.
    fn weigh_caches(&self, share: &Share, state: &State) -> bool {
        count(&self.cached, &share.cached, state.caches.weight());
        self.clock.fetch_add(1, Ordering::Relaxed);
        self.is_within()
    }

    fn is_within(&self) -> bool {
        self.cached.load(Ordering::Relaxed) <= self.cache_bytes
    }
}

/// Puts what a tenant holds now in the place of what it held, in the sum as well.
fn count(sum: &AtomicU64, share: &AtomicU64, now: u64) {
    let before = share.swap(now, Ordering::Relaxed);
    match now >= before {
        true => sum.fetch_add(now - before, Ordering::Relaxed),
        false => sum.fetch_sub(before - now, Ordering::Relaxed),
    };
}

impl<E: Engine> Inner<E> {
    /// Counts what a tenant has loaded, and has others give back what is too much.
    pub(crate) fn weigh(&self, open: &Arc<Open<E>>) {
        let is_within = self.budget.weigh_caches(&open.share, &open.lock());
        if !is_within && !self.budget.giving_back.swap(true, Ordering::Acquire) {
            self.give_back(open);
            self.budget.giving_back.store(false, Ordering::Release);
        }
    }

    /// Has the tenants that were used least recently, but for this one, empty their caches, until a quarter is free.
    fn give_back(&self, besides: &Arc<Open<E>>) {
        let others = self
            .opened()
            .into_iter()
            .filter(|open| !Arc::ptr_eq(open, besides));
        let others = others.filter(|open| open.share.cached.load(Ordering::Relaxed) > 0);
        // What it was at one moment, for it goes on changing.
        let mut others: Vec<(u64, Arc<Open<E>>)> = others
            .map(|open| (open.share.used.load(Ordering::Relaxed), open))
            .collect();
        tarbox_store::sort_by_key(&mut others, |(used, _)| *used);
        for (_, open) in others {
            let state = &mut *open.lock();
            state.caches = self.budget.caches();
            count(&self.budget.cached, &open.share.cached, 0);
            if self.budget.cached.load(Ordering::Relaxed) <= self.budget.cache_bytes / 4 * 3 {
                break;
            }
        }
        self.forget_unused();
    }

    /// Forgets tenants that nobody has in hand, and that have nothing to commit.
    pub(crate) fn forget_unused(&self) {
        let mut tenants = self.tenants();
        if tenants.len() <= FEW {
            return;
        }
        tenants.retain(|_, open| {
            // Nobody but this table has it, and nobody gets it while this is locked.
            let is_unused = Arc::strong_count(open) == 1 && open.lock().is_idle();
            if is_unused {
                count(&self.budget.cached, &open.share.cached, 0);
                count(&self.budget.pending, &open.share.pending, 0);
            }
            !is_unused
        });
    }
}
