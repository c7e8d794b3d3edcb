//! Time and secrets, from the system.

use tarbox_store::{Error, ErrorKind, Result, Timestamp};

/// The time.
pub(crate) fn now() -> Timestamp {
    Timestamp::of_system()
}

/// Bytes that nobody can guess.
///
/// # Errors
/// When the system has none.
pub(crate) fn secret() -> Result<[u8; 16]> {
    let mut secret = [0; 16];
    getrandom::fill(&mut secret).map_err(|e| {
        Error::new(ErrorKind::Io).because(format!("cannot get random numbers from the system: {e}"))
    })?;
    Ok(secret)
}
