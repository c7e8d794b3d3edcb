//! Waiting for commits, and waking who waits: a futex on a word that processes share.

use std::sync::atomic::AtomicU32;
use std::time::Duration;

use rustix::thread::futex::{self, Flags, Timespec};

/// Waits until the word is not `then`, or somebody wakes it, or `patience` is over.
pub(super) fn wait(word: &AtomicU32, then: u32, patience: Duration) {
    let limit = Timespec {
        tv_sec: i64::try_from(patience.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: patience.subsec_nanos().into(),
    };
    // However it ends, the caller looks again.
    let _ended = futex::wait(word, Flags::empty(), then, Some(&limit));
}

/// Wakes everybody. Costs a fraction of a microsecond where nobody waits.
pub(super) fn wake(word: &AtomicU32) {
    let _woken = futex::wake(word, Flags::empty(), i32::MAX as u32);
}
