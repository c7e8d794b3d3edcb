//! Waiting for commits where processes cannot wake each other: by looking often.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(8);

/// Waits until the word is not `then`, for a moment.
pub(super) fn wait(word: &AtomicU32, then: u32, patience: Duration) {
    if word.load(Ordering::Acquire) == then {
        std::thread::sleep(patience.min(PAUSE));
    }
}

/// Whoever waits will look soon.
pub(super) fn wake(_: &AtomicU32) {}
