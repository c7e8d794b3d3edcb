//! What is to go wrong, and when.

use crate::error::{ErrorKind, Operation};

/// What a [`FaultPool`](super::FaultPool) does wrong from the moment it is set. The default is nothing.
///
/// All counts begin with 1 and at [`set_plan`](super::FaultPool::set_plan).
#[derive(Clone, Debug, Default)]
pub struct FaultPlan {
    pub(super) crash_at: Option<u64>,
    pub(super) capacity: Option<u64>,
    pub(super) short_read_every: Option<u64>,
    failures: Vec<Failure>,
}

#[derive(Clone, Debug)]
struct Failure {
    operation: Operation,
    first: u64,
    last: u64,
    kind: ErrorKind,
}

impl FaultPlan {
    /// Nothing goes wrong.
    pub fn new() -> Self {
        Self::default()
    }

    /// The power fails during that step: its change is in the cache and may or may not reach the disk, a sync
    /// promises nothing, and it and every later call fail with [`PowerLost`](ErrorKind::PowerLost).
    #[must_use]
    pub fn crash_at(mut self, step: u64) -> Self {
        self.crash_at = Some(step);
        self
    }

    /// Files may hold so many bytes altogether, counting lengths; a write beyond that stores what fits and
    /// fails with [`NoSpace`](ErrorKind::NoSpace).
    #[must_use]
    pub fn capacity(mut self, bytes: u64) -> Self {
        self.capacity = Some(bytes);
        self
    }

    /// Every n-th read returns half of what it could.
    #[must_use]
    pub fn short_read_every(mut self, n: u64) -> Self {
        self.short_read_every = Some(n.max(1));
        self
    }

    /// The n-th call of that operation fails with `kind`.
    ///
    /// A write that fails leaves the first half of its sectors written. A sync that fails has lost part of
    /// what was unsynced, for good: a later sync succeeds without it, while reads go on seeing it until the
    /// crash, as on Linux.
    #[must_use]
    pub fn fail(self, operation: Operation, n: u64, kind: ErrorKind) -> Self {
        self.fail_between(operation, n, n, kind)
    }

    /// Every call of that operation from the n-th on fails with `kind`, until another plan is set.
    #[must_use]
    pub fn fail_from(self, operation: Operation, n: u64, kind: ErrorKind) -> Self {
        self.fail_between(operation, n, u64::MAX, kind)
    }

    fn fail_between(mut self, operation: Operation, first: u64, last: u64, kind: ErrorKind) -> Self {
        self.failures.push(Failure {
            operation,
            first,
            last,
            kind,
        });
        self
    }

    /// How the n-th call of that operation is to fail.
    pub(super) fn failure(&self, operation: Operation, n: u64) -> Option<ErrorKind> {
        let due = |failure: &&Failure| {
            failure.operation == operation && (failure.first..=failure.last).contains(&n)
        };
        self.failures.iter().find(due).map(|failure| failure.kind)
    }
}
