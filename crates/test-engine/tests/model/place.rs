//! Where the store is that is compared with the reference.

use std::sync::Arc;

use tarbox_store::Timestamp;
use tarbox_store_core::Settings;
use tarbox_test_engine::{MemoryEngine, Server};

pub(crate) use tarbox_test_engine::MemoryDatabase as Opened;
pub(crate) use tarbox_test_engine::MemoryStore as Store;

/// How many histories are compared: short ones, long ones, and those with almost no cache.
pub(crate) const CASES: [u32; 3] = [400, 60, 150];
/// How many smaller ones are tried of one that fails.
pub(crate) const SHRINKS: u32 = 20_000;

/// A server, which outlasts the processes at it.
pub(crate) struct Place(Server);

impl Place {
    pub(crate) fn new() -> Self {
        Self(Server::new())
    }

    /// Opens the database, as another process, with so much memory and this clock.
    pub(crate) fn open(
        &self,
        _create: bool,
        cache_bytes: u64,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Opened {
        let settings = Settings {
            cache_bytes,
            listing_max: 1_000,
            clock: Arc::new(clock),
            background: false,
        };
        Opened::new(MemoryEngine::new(&self.0), &settings).unwrap()
    }
}
