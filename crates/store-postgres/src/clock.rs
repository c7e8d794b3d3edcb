//! A clock that costs next to nothing to read, for what is asked with every operation.

use std::time::Duration;

/// How far it may be behind.
pub(crate) const LAG: Duration = Duration::from_millis(10);

/// Milliseconds since some moment; they only grow.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn now() -> u64 {
    // That of the last tick: at least a hundred a second.
    let now = rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse);
    now.tv_sec as u64 * 1_000 + now.tv_nsec as u64 / 1_000_000
}

/// Milliseconds since some moment; they only grow.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn now() -> u64 {
    use std::sync::OnceLock;
    use std::time::Instant;

    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_millis() as u64
}
