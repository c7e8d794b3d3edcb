//! Whose database is on a pool does not know the device: who gives the pool may say how much room there is.

use std::sync::atomic::{AtomicU64, Ordering};

/// Free bytes, as somebody said; `u64::MAX` if nobody did.
static TOLD: AtomicU64 = AtomicU64::new(u64::MAX);
/// Free bytes below which little is gathered, and the log kept short.
const SCARCE: u64 = 96 * 1024 * 1024;

/// Says how many bytes what is accepted from now on may take on the device; `None` if that is not known. Removing is always accepted.
pub fn tell_room(bytes: Option<u64>) {
    TOLD.store(bytes.unwrap_or(u64::MAX), Ordering::Relaxed);
}

fn told() -> Option<u64> {
    match TOLD.load(Ordering::Relaxed) {
        u64::MAX => None,
        bytes => Some(bytes),
    }
}

/// The room on the device.
#[derive(Debug)]
pub(crate) struct Room;

impl Room {
    pub(crate) fn unknown() -> Self {
        Self
    }

    pub(crate) fn allowance(&self) -> Option<u64> {
        told()
    }

    pub(crate) fn is_scarce(&self) -> bool {
        told().is_some_and(|bytes| bytes < SCARCE)
    }

    pub(crate) fn prepare(&self) {}

    pub(crate) fn spend(&self) -> bool {
        false
    }

    pub(crate) fn restore(&self) {}
}
