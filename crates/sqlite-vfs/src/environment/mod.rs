//! Time and randomness, which SQLite asks its VFS for.

use std::fmt::Debug;
use std::time::Duration;

use tarbox_pool::{MaybeSend, MaybeSync};

#[cfg_attr(all(target_family = "wasm", target_os = "unknown"), path = "browser.rs")]
pub(crate) mod system;

/// What a VFS takes from its surroundings. A test gives one that is seeded; a browser gives one that calls
/// JavaScript.
///
/// SQLite seeds its own generator from the *default* VFS, once in a process; so a seeded environment makes
/// `random()` and the salts of a log repeat only with [`Options::make_default`](crate::Options::make_default)
/// in a process of its own.
pub trait Environment: Debug + MaybeSend + MaybeSync {
    /// Fills `buf` with random bytes.
    fn fill_random(&self, buf: &mut [u8]);

    /// Milliseconds since 1970-01-01 00:00 UTC.
    fn unix_time_ms(&self) -> i64;

    /// Waits, where waiting is possible; a busy handler asks for it. Does nothing by default.
    fn sleep(&self, duration: Duration) {
        let _ = duration;
    }
}
