//! Those of a page, by way of what SQLite is given there. A worker cannot sleep.

use std::time::Duration;

use tarbox_sqlite_vfs::{Environment as _, SystemEnvironment};

/// A moment, to the millisecond. It never goes back behind an earlier one that it is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant(i64);

impl Instant {
    pub(crate) fn now() -> Self {
        Self(SystemEnvironment.unix_time_ms())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        Self::now().saturating_duration_since(*self)
    }

    pub(crate) fn checked_add(&self, time: Duration) -> Option<Self> {
        let milliseconds = i64::try_from(time.as_millis()).ok()?;
        self.0.checked_add(milliseconds).map(Self)
    }

    pub(crate) fn saturating_duration_since(&self, earlier: Self) -> Duration {
        let milliseconds = self.0.saturating_sub(earlier.0).max(0);
        Duration::from_millis(milliseconds.unsigned_abs())
    }
}

/// Returns at once: who is to wait, is called again later.
pub(crate) fn sleep(_time: Duration) {}

pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<(), String> {
    SystemEnvironment.fill_random(bytes);
    Ok(())
}
