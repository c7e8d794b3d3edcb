//! The host's clock and randomness.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Environment;

/// The clock, the randomness and the sleep of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEnvironment;

impl Environment for SystemEnvironment {
    fn fill_random(&self, buf: &mut [u8]) {
        if getrandom::fill(buf).is_err() {
            // A host without randomness still has a clock; SQLite needs the bytes to differ, not to be
            // secret.
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_nanos();
            buf.iter_mut()
                .zip(now.to_le_bytes().iter().cycle())
                .for_each(|(byte, now)| *byte ^= now);
        }
    }

    fn unix_time_ms(&self) -> i64 {
        let signed = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => signed(since),
            Err(before) => -signed(before.duration()),
        }
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}
