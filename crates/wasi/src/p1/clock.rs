//! Clocks.

use super::{Clock, Context, Memory, Result};

impl Context {
    /// Tells the smallest step of a clock, in nanoseconds.
    ///
    /// # Errors
    /// `EBADF` for the clocks of CPU time; `EINVAL` for what is no clock.
    pub fn clock_res_get(&mut self, memory: &mut Memory<'_>, clock: u32, resolution: u32) -> Result {
        let step = self.system.resolution(Clock::decode(clock)?);
        memory.write_u64(resolution, step)
    }

    /// Tells what a clock shows, in nanoseconds.
    ///
    /// # Errors
    /// As `clock_res_get`.
    pub fn clock_time_get(
        &mut self,
        memory: &mut Memory<'_>,
        clock: u32,
        _precision: u64,
        time: u32,
    ) -> Result {
        let now = self.system.now(Clock::decode(clock)?);
        memory.write_u64(time, now)
    }
}
