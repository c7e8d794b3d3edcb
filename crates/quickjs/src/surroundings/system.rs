//! Those of the system.

pub(crate) use std::thread::sleep;
pub(crate) use std::time::Instant;

/// # Errors
/// What the system says.
pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<(), String> {
    getrandom::fill(bytes).map_err(|error| error.to_string())
}
