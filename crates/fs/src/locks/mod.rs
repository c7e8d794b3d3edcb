//! Advisory locks of one file system object: byte ranges (of processes and of handles) and whole files.
//!
//! Locks are rare beside reads and writes, so one mutex guards all of them; it is never held while anyone waits.

mod ranges;
mod waiting;

use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use rustc_hash::FxHashMap;
use tarbox_store::{Error, ErrorKind, Ino, Result};

use crate::interface::{FlockKind, Handle, LockKind, LockOwner, LockRange, LockedRange, Wait};
pub(crate) use ranges::Span;
use ranges::{Held, RangeSet};
use waiting::{Waiters, Wanted};

/// Who holds a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    Process(u64),
    Handle(Handle),
}

impl Owner {
    fn of(owner: LockOwner, handle: Handle) -> Self {
        match owner {
            LockOwner::Process(process) => Self::Process(process),
            LockOwner::Handle => Self::Handle(handle),
        }
    }
}

/// All locks of a file system object.
#[derive(Default)]
pub(crate) struct LockTable(Mutex<Table>);

#[derive(Default)]
struct Table {
    files: FxHashMap<Ino, FileLocks>,
    waiters: Waiters,
}

#[derive(Default)]
struct FileLocks {
    ranges: RangeSet,
    whole: Vec<(Handle, FlockKind)>,
}

impl LockTable {
    /// The first lock that keeps `owner` from setting this one.
    pub(crate) fn find(
        &self,
        ino: Ino,
        handle: Handle,
        owner: LockOwner,
        kind: LockKind,
        span: Span,
    ) -> Result<Option<LockedRange>> {
        let table = self.table();
        let owner = Owner::of(owner, handle);
        Ok(table
            .files
            .get(&ino)
            .and_then(|file| file.ranges.conflict(owner, kind, span))
            .map(describe))
    }

    /// Sets a lock on a byte range, at once or as soon as nobody is in the way.
    pub(crate) async fn lock(
        &self,
        ino: Ino,
        handle: Handle,
        owner: LockOwner,
        kind: LockKind,
        span: Span,
        wait: Wait,
    ) -> Result<()> {
        let owner = Owner::of(owner, handle);
        let wanted = Wanted::Range {
            ino,
            owner,
            kind,
            span,
        };
        self.acquire(wanted, wait, |table| {
            let ranges = &mut table.files.entry(ino).or_default().ranges;
            if ranges.conflict(owner, kind, span).is_some() {
                return false;
            }
            ranges.set(owner, Some(kind), span);
            true
        })
        .await
    }

    /// Ends the owner's locks in a byte range.
    pub(crate) fn unlock(&self, ino: Ino, handle: Handle, owner: LockOwner, span: Span) {
        self.change(ino, |file| file.ranges.set(Owner::of(owner, handle), None, span));
    }

    /// Sets, changes or ends a handle's lock on the whole file.
    pub(crate) async fn flock(&self, ino: Ino, handle: Handle, kind: FlockKind, wait: Wait) -> Result<()> {
        let held = self
            .table()
            .files
            .get(&ino)
            .and_then(|file| file.of_handle(handle));
        if held == Some(kind) {
            return Ok(());
        }
        self.change(ino, |file| file.whole.retain(|(holder, _)| *holder != handle));
        if kind == FlockKind::Unlock {
            return Ok(());
        }
        self.acquire(Wanted::Whole { ino }, wait, |table| {
            let file = table.files.entry(ino).or_default();
            let shared = |held: FlockKind| kind == FlockKind::Shared && held == FlockKind::Shared;
            let free = file
                .whole
                .iter()
                .all(|(holder, held)| *holder == handle || shared(*held));
            if free {
                file.whole.retain(|(holder, _)| *holder != handle);
                file.whole.push((handle, kind));
            }
            free
        })
        .await
    }

    /// Ends every lock that belongs to a handle.
    pub(crate) fn forget_handle(&self, ino: Ino, handle: Handle) {
        self.change(ino, |file| {
            file.ranges.forget(Owner::Handle(handle));
            file.whole.retain(|(holder, _)| *holder != handle);
        });
    }

    /// Ends every byte-range lock that an owner has on the file.
    pub(crate) fn forget_owner(&self, ino: Ino, handle: Handle, owner: LockOwner) {
        self.change(ino, |file| file.ranges.forget(Owner::of(owner, handle)));
    }

    /// Tries until `take` succeeds; in between it waits for locks on the file to change.
    async fn acquire(
        &self,
        wanted: Wanted,
        wait: Wait,
        mut take: impl FnMut(&mut Table) -> bool,
    ) -> Result<()> {
        let mut ticket = Ticket {
            locks: self,
            id: None,
        };
        poll_fn(|context| {
            let mut table = self.table();
            if take(&mut table) {
                // What it replaced may have been in the way of others.
                let woken = table.waiters.take_wakers(wanted.ino());
                drop(table);
                wake(woken);
                return Poll::Ready(Ok(()));
            }
            table.forget_if_free(wanted.ino());
            if wait == Wait::No {
                return Poll::Ready(Err(
                    Error::new(ErrorKind::WouldBlock).because("another owner holds a lock")
                ));
            }
            if table.would_deadlock(&wanted) {
                return Poll::Ready(Err(ErrorKind::Deadlock.into()));
            }
            ticket.id = Some(table.waiters.enter(ticket.id, wanted, context.waker().clone()));
            Poll::Pending
        })
        .await
    }

    /// Changes the locks on a file, and wakes who waits for that.
    fn change(&self, ino: Ino, change: impl FnOnce(&mut FileLocks)) {
        let mut table = self.table();
        let Some(file) = table.files.get_mut(&ino) else {
            return;
        };
        change(file);
        table.forget_if_free(ino);
        let woken = table.waiters.take_wakers(ino);
        drop(table);
        wake(woken);
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FileLocks {
    fn of_handle(&self, handle: Handle) -> Option<FlockKind> {
        self.whole
            .iter()
            .find(|(holder, _)| *holder == handle)
            .map(|(_, kind)| *kind)
    }
}

impl Table {
    fn forget_if_free(&mut self, ino: Ino) {
        if self
            .files
            .get(&ino)
            .is_some_and(|file| file.ranges.is_empty() && file.whole.is_empty())
        {
            self.files.remove(&ino);
        }
    }

    /// Whether a process would wait for itself: it waits for owners who wait, perhaps through more of them, for it.
    /// Only processes are followed; a handle belongs to nobody in particular, so nothing is known of what it waits for.
    fn would_deadlock(&self, wanted: &Wanted) -> bool {
        let Some(waiting @ Owner::Process(_)) = wanted.owner() else {
            return false;
        };
        let mut seen = vec![];
        let mut open = self.blockers(wanted);
        while let Some(owner) = open.pop() {
            if owner == waiting {
                return true;
            }
            if matches!(owner, Owner::Process(_)) && !seen.contains(&owner) {
                seen.push(owner);
                for next in self.waiters.of_owner(owner) {
                    open.extend(self.blockers(next));
                }
            }
        }
        false
    }

    fn blockers(&self, wanted: &Wanted) -> Vec<Owner> {
        match *wanted {
            Wanted::Range {
                ino,
                owner,
                kind,
                span,
            } => match self.files.get(&ino) {
                Some(file) => file
                    .ranges
                    .conflicts(owner, kind, span)
                    .map(|held| held.owner)
                    .collect(),
                None => Vec::new(),
            },
            Wanted::Whole { .. } => Vec::new(),
        }
    }
}

/// The place of one who waits; given up when the waiting ends, however it ends.
struct Ticket<'l> {
    locks: &'l LockTable,
    id: Option<u64>,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.locks.table().waiters.leave(id);
        }
    }
}

fn wake(wakers: Vec<Waker>) {
    wakers.into_iter().for_each(Waker::wake);
}

fn describe(held: &Held) -> LockedRange {
    const END: u64 = 1 << 63;
    LockedRange {
        kind: held.kind,
        range: LockRange {
            start: held.span.start,
            len: (held.span.end < END).then_some(held.span.end - held.span.start),
        },
        process: match held.owner {
            Owner::Process(process) => Some(process),
            Owner::Handle(_) => None,
        },
    }
}
