//! Whose database is on a pool does not know the device.

/// Nothing is known.
#[derive(Debug)]
pub(crate) struct Room;

impl Room {
    pub(crate) fn unknown() -> Self {
        Self
    }

    pub(crate) fn allowance(&self) -> Option<u64> {
        None
    }

    pub(crate) fn is_scarce(&self) -> bool {
        false
    }

    pub(crate) fn prepare(&self) {}

    pub(crate) fn spend(&self) -> bool {
        false
    }

    pub(crate) fn restore(&self) {}
}
