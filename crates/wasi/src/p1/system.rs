//! What only the embedder has: time, and numbers nobody can guess.

use std::time::Duration;

use tarbox_store::MaybeSend;

use super::{Errno, Result};

/// A clock of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    Realtime,
    /// Nanoseconds since some moment; never goes back.
    Monotonic,
}

impl Clock {
    /// `EBADF` for the CPU-time clocks, which are not kept; `EINVAL` for what is no clock.
    pub(crate) fn decode(raw: u32) -> Result<Self> {
        match raw {
            0 => Ok(Self::Realtime),
            1 => Ok(Self::Monotonic),
            2 | 3 => Err(Errno::Badf.into()),
            _ => Err(Errno::Inval.into()),
        }
    }
}

/// Time and random numbers.
pub trait System: MaybeSend {
    /// What the clock shows, in nanoseconds.
    fn now(&mut self, clock: Clock) -> u64;

    /// The smallest step of the clock, in nanoseconds.
    fn resolution(&mut self, clock: Clock) -> u64;

    /// Waits this long.
    ///
    /// # Errors
    /// [`Failure::Interrupted`](super::Failure::Interrupted) to end the guest instead.
    fn sleep(&mut self, duration: Duration) -> Result;

    /// Fills the buffer with random bytes that are fit for keys.
    ///
    /// # Errors
    /// `EIO` if there are none; `Interrupted` as above.
    fn random(&mut self, buffer: &mut [u8]) -> Result;

    /// Lets others run.
    fn yield_now(&mut self) {}
}
