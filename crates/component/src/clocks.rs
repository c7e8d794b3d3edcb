//! `wasi:clocks/monotonic-clock`, which hands out pollables.

use crate::Provider;
use crate::bindings::exports::wasi::clocks::monotonic_clock::{Duration, Guest, Instant};
use crate::bindings::exports::wasi::io::poll::Pollable;
use crate::bindings::wasi::clocks::monotonic_clock;
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
