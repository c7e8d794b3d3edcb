//! Clocks and random numbers for core modules.

use std::time::{Duration, Instant, SystemTime};

use tarbox_wasi::p1::{self, Clock, Errno, Failure};

use crate::deadline::Deadline;

/// This machine's clocks, waited on no longer than the deadline allows.
pub(crate) struct Native {
    pub(crate) start: Instant,
    pub(crate) deadline: Deadline,
}

impl p1::System for Native {
    fn now(&mut self, clock: Clock) -> u64 {
        let since = match clock {
            Clock::Realtime => SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default(),
            Clock::Monotonic => self.start.elapsed(),
        };
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }

    fn resolution(&mut self, _clock: Clock) -> u64 {
        1
    }

    fn sleep(&mut self, duration: Duration) -> p1::Result {
        let Some(left) = self.deadline.left().filter(|left| *left < duration) else {
            std::thread::sleep(duration);
            return Ok(());
        };
        std::thread::sleep(left);
        Err(Failure::Interrupted)
    }

    fn random(&mut self, buffer: &mut [u8]) -> p1::Result {
        if self.deadline.exceeded().is_some() {
            return Err(Failure::Interrupted);
        }
        getrandom::fill(buffer).map_err(|_| Failure::Errno(Errno::Io))
    }

    fn yield_now(&mut self) {
        std::thread::yield_now();
    }
}
