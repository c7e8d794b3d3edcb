//! The runtime's clocks.

use crate::bindings::wasi::clocks::{monotonic_clock, wall_clock};

/// Nanoseconds since some moment before the program began.
pub fn monotonic() -> u64 {
    monotonic_clock::now()
}

/// Nanoseconds since 1970.
pub fn wall() -> i128 {
    let now = wall_clock::now();
    i128::from(now.seconds) * 1_000_000_000 + i128::from(now.nanoseconds)
}
