//! Time and secrets, from the page that runs the module.

use std::cell::Cell;

use tarbox_sqlite_vfs::{Environment, SystemEnvironment};
use tarbox_store::{Result, Timestamp};

/// The least that two times differ by: in milliseconds as doubles, they still differ.
const STEP: i64 = 1_000;

thread_local! {
    static LAST: Cell<i64> = const { Cell::new(0) };
}

/// The time, as exactly as a browser tells it, and always later than the time before: a browser's clock stands still for
/// a millisecond or more, and what changed meanwhile has to show by its time.
pub(crate) fn now() -> Timestamp {
    let now = SystemEnvironment.unix_time_ms().saturating_mul(1_000_000);
    LAST.set(now.max(LAST.get().saturating_add(STEP)));
    Timestamp(LAST.get())
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
