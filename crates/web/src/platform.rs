//! The clock.

use std::time::Duration;

use tarbox_store::Timestamp;

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
fn since_epoch() -> Duration {
    Duration::from_millis(tarbox_opfs::now_ms() as u64)
}

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
fn since_epoch() -> Duration {
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}

/// How long it is since some moment.
pub(crate) fn now() -> Duration {
    since_epoch()
}

/// The time of what is noted.
pub(crate) fn time() -> Timestamp {
    Timestamp(i64::try_from(since_epoch().as_nanos()).unwrap_or(i64::MAX))
}
