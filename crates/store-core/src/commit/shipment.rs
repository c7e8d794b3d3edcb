//! Batches on their way to the engine.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::stage::Staged;
use crate::batch::Batch;
use crate::engine::Engine;
use crate::open::Open;
use crate::state::Frozen;

/// A memtable of one tenant, and what is stored of it.
pub(super) struct Freight<E: Engine> {
    pub(super) open: Arc<Open<E>>,
    pub(super) frozen: Arc<Frozen>,
    pub(super) staged: Staged,
}

/// What was made of a frozen memtable for a commit that failed, or that nobody waited for any more. It may be committed all the
/// same, and then what would be made of the memtable now is something else: blocks that were new are there, and counters
/// count them.
#[derive(Default)]
pub(crate) struct Kept(Mutex<Option<Staged>>);

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}

impl Kept {
    pub(super) fn take(&self) -> Option<Staged> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, staged: Staged) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(staged);
    }
}

/// Batches that are being committed together. Those that do not arrive are kept, so that exactly the same are tried again.
pub(super) struct Shipment<E: Engine> {
    freights: Vec<Freight<E>>,
    batches: Vec<Batch>,
}

impl<E: Engine> Shipment<E> {
    pub(super) fn new(mut freights: Vec<Freight<E>>) -> Self {
        let batch = |freight: &mut Freight<E>| {
            let empty = Batch::new(freight.open.tenant);
            std::mem::replace(&mut freight.staged.batch, empty)
        };
        let batches = freights.iter_mut().map(batch).collect();
        Self { freights, batches }
    }

    pub(super) fn batches(&mut self) -> &mut [Batch] {
        &mut self.batches
    }

    /// The engine has them, or never will.
    pub(super) fn arrived(mut self) -> Vec<(Freight<E>, Batch)> {
        self.unload().collect()
    }

    fn unload(&mut self) -> impl Iterator<Item = (Freight<E>, Batch)> + use<E> {
        let freights = std::mem::take(&mut self.freights);
        freights.into_iter().zip(std::mem::take(&mut self.batches))
    }
}

impl<E: Engine> Drop for Shipment<E> {
    fn drop(&mut self) {
        for (freight, batch) in self.unload() {
            let staged = Staged {
                batch,
                ..freight.staged
            };
            freight.frozen.kept.put(staged);
        }
    }
}
