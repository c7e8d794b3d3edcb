//! `wasi:clocks/monotonic-clock`, which hands out pollables; and the time of day for the workspace itself.

use crate::Provider;
use crate::bindings::exports::wasi::clocks::monotonic_clock::{Duration, Guest, Instant};
use crate::bindings::exports::wasi::io::poll::Pollable;
use crate::bindings::wasi::clocks::{monotonic_clock, wall_clock};
use crate::io::Wait;

impl Guest for Provider {
    fn now() -> Instant {
        monotonic_clock::now()
    }

    fn resolution() -> Duration {
        monotonic_clock::resolution()
    }

    fn subscribe_instant(when: Instant) -> Pollable {
        Pollable::new(Wait::Host(monotonic_clock::subscribe_instant(when)))
    }

    fn subscribe_duration(duration: Duration) -> Pollable {
        Pollable::new(Wait::Host(monotonic_clock::subscribe_duration(duration)))
    }
}

/// Nanoseconds since some moment before the program began.
pub(crate) fn monotonic() -> u64 {
    monotonic_clock::now()
}

/// Nanoseconds since 1970.
pub(crate) fn wall() -> i128 {
    let now = wall_clock::now();
    i128::from(now.seconds) * 1_000_000_000 + i128::from(now.nanoseconds)
}
