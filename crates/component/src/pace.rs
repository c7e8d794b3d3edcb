//! How often content is committed, which waits for the device.
//!
//! A program may trap at any moment, and what is not committed then is lost. But a commit for each write would cost much more
//! than the write. So commits have an account: time earns a fraction of itself, a commit costs what it took, and there is
//! enough on it for many at once: a program that closes a few files finds each committed, and one that closes thousands
//! waits for commits a part of its time only.

use std::time::Duration;

/// What can be saved up.
const SAVED_MAX: i64 = Duration::from_millis(200).as_nanos() as i64;
/// What time earns: one part in this many.
const SHARE: i64 = 4;

/// The account.
#[derive(Debug)]
pub(crate) struct Pace {
    saved: i64,
    /// The clock when it was last looked at.
    seen: u64,
}

impl Pace {
    /// A full account.
    pub(crate) fn new(now: u64) -> Self {
        Self {
            saved: SAVED_MAX,
            seen: now,
        }
    }

    fn look(&mut self, now: u64) {
        let passed = i64::try_from(now.saturating_sub(self.seen)).unwrap_or(i64::MAX);
        self.saved = self.saved.saturating_add(passed / SHARE).min(SAVED_MAX);
        self.seen = now;
    }

    /// Whether there is enough for a commit that is wanted.
    pub(crate) fn affords(&mut self, now: u64) -> bool {
        self.look(now);
        self.saved > 0
    }

    /// Whether there is so much that a commit nobody wants yet may be made.
    pub(crate) fn abounds(&mut self, now: u64) -> bool {
        self.look(now);
        self.saved == SAVED_MAX
    }

    /// Pays for a commit that began at one moment and ended at another.
    pub(crate) fn pay(&mut self, began: u64, ended: u64) {
        let cost = i64::try_from(ended.saturating_sub(began)).unwrap_or(i64::MAX);
        self.saved = self.saved.saturating_sub(cost).max(-SAVED_MAX);
        self.seen = ended;
    }
}
