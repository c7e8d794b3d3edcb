//! Time and secrets, from the page that runs the module.

use tarbox_sqlite_vfs::{Environment, SystemEnvironment};
use tarbox_store::{Result, Timestamp};

/// The time, as exactly as a browser tells it.
pub(crate) fn now() -> Timestamp {
    Timestamp(SystemEnvironment.unix_time_ms().saturating_mul(1_000_000))
}

/// Bytes that nobody can guess.
///
/// # Errors
/// None: a page without them does not start the module.
pub(crate) fn secret() -> Result<[u8; 16]> {
    let mut secret = [0; 16];
    SystemEnvironment.fill_random(&mut secret);
    Ok(secret)
}
