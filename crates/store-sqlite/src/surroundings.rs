//! Time and secrets, from the system.

use std::time::SystemTime;

use tarbox_store::{Error, ErrorKind, Result, Timestamp};

/// The time.
pub(crate) fn now() -> Timestamp {
    match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)),
        Err(before) => Timestamp(i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |n| -n)),
    }
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
