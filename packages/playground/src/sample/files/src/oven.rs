//! The oven heats in steps, and never above what its stones bear.

use std::time::Duration;

const HOTTEST: f32 = 290.0;

/// A temperature to hold, and for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    pub celsius: f32,
    pub hold: Duration,
}

/// Falling heat, as rye wants it.
pub fn rye() -> Vec<Step> {
    [(270.0, 10), (230.0, 15), (190.0, 30)]
        .map(|(celsius, minutes): (f32, u64)| Step {
            celsius: celsius.min(HOTTEST),
            hold: Duration::from_secs(minutes * 60),
        })
        .to_vec()
}
