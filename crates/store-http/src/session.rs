//! What a client is to the server: its session, the slots in it, and what it holds open.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tarbox_protocol::limits::SLOTS_MAX;
use tarbox_protocol::{SessionId, Slot};
use tarbox_store::Ino;
use tokio::sync::{Mutex as Turn, MutexGuard as Taken, Semaphore, SemaphorePermit};

/// Inodes take turns in so many queues.
const QUEUES: usize = 64;

pub(crate) struct Session {
    id: Mutex<Option<SessionId>>,
    /// Whoever opens a session.
    opening: Turn<()>,
    free: Mutex<Vec<Slot>>,
    permits: Semaphore,
    holds: Mutex<Holds>,
    queues: [Turn<()>; QUEUES],
}

#[derive(Default)]
struct Holds {
    counts: HashMap<Ino, u32>,
    /// Held in a session that ended, and gone before the next one began.
    gone: HashSet<Ino>,
}

impl Default for Session {
    fn default() -> Self {
        let slots = (0..SLOTS_MAX).map(|number| Slot { number, sequence: 0 });
        Self {
            id: Mutex::default(),
            opening: Turn::default(),
            free: Mutex::new(slots.rev().collect()),
            permits: Semaphore::new(SLOTS_MAX.into()),
            holds: Mutex::default(),
            queues: std::array::from_fn(|_| Turn::default()),
        }
    }
}

/// A slot for one batch, however often that is sent. Given back when it goes; then the next batch has the next number, so that
/// one that was given up cannot be taken for it.
pub(crate) struct TakenSlot<'s> {
    session: &'s Session,
    pub(crate) slot: Slot,
    _permit: Option<SemaphorePermit<'s>>,
}

impl Drop for TakenSlot<'_> {
    fn drop(&mut self) {
        lock(&self.session.free).push(self.slot);
    }
}

impl Session {
    pub(crate) fn id(&self) -> Option<SessionId> {
        *lock(&self.id)
    }

    /// The session of this number has ended.
    pub(crate) fn end(&self, id: SessionId) {
        let mut current = lock(&self.id);
        if *current == Some(id) {
            *current = None;
        }
    }

    pub(crate) fn begin(&self, id: SessionId) {
        *lock(&self.id) = Some(id);
    }

    /// Has opening a session to itself.
    pub(crate) async fn open_alone(&self) -> Taken<'_, ()> {
        self.opening.lock().await
    }

    /// Takes a slot; waits for one while all are in use.
    pub(crate) async fn slot(&self) -> TakenSlot<'_> {
        // The semaphore is never closed; without a permit there would still be a slot, of a number that is not in use.
        let permit = self.permits.acquire().await.ok();
        let taken = lock(&self.free).pop();
        let mut slot = taken.unwrap_or(Slot {
            number: 0,
            sequence: 0,
        });
        slot.sequence += 1;
        TakenSlot {
            session: self,
            slot,
            _permit: permit,
        }
    }

    /// Has the first hold and the last release of an inode to itself.
    pub(crate) async fn turn(&self, ino: Ino) -> Taken<'_, ()> {
        self.queues[ino.0 as usize % QUEUES].lock().await
    }

    /// Counts one more hold if there is one already.
    pub(crate) fn hold_again(&self, ino: Ino) -> bool {
        let mut holds = lock(&self.holds);
        let count = holds.counts.get_mut(&ino);
        count.map(|count| *count += 1).is_some()
    }

    /// Counts the first hold: from now on each new session holds it, too.
    pub(crate) fn hold_first(&self, ino: Ino) {
        let mut holds = lock(&self.holds);
        holds.gone.remove(&ino);
        holds.counts.insert(ino, 1);
    }

    /// Counts one release. Answers whether it was the last.
    pub(crate) fn release(&self, ino: Ino) -> bool {
        let mut holds = lock(&self.holds);
        let Some(count) = holds.counts.get_mut(&ino) else {
            return false;
        };
        *count -= 1;
        let last = *count == 0;
        if last {
            holds.counts.remove(&ino);
            holds.gone.remove(&ino);
        }
        last
    }

    /// Whether it is held.
    pub(crate) fn holds(&self, ino: Ino) -> bool {
        lock(&self.holds).counts.contains_key(&ino)
    }

    /// Everything that is held.
    pub(crate) fn held(&self) -> Vec<Ino> {
        let holds = lock(&self.holds);
        let mut held: Vec<Ino> = holds.counts.keys().copied().collect();
        held.sort_unstable();
        held
    }

    /// It could not be held again.
    pub(crate) fn lose(&self, ino: Ino) {
        lock(&self.holds).gone.insert(ino);
    }

    /// Whether it was lost while it was held.
    pub(crate) fn is_lost(&self, ino: Ino) -> bool {
        lock(&self.holds).gone.contains(&ino)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
