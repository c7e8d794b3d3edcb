//! Where the store is that is compared with the reference.

use std::sync::Arc;

use tarbox_pool::MemoryPool;
use tarbox_store::Timestamp;
use tarbox_store_sqlite::{Options, SqliteDatabase};

pub(crate) use tarbox_store_sqlite::SqliteDatabase as Opened;
pub(crate) use tarbox_store_sqlite::SqliteStore as Store;

/// How many histories are compared: short ones, long ones, and those with almost no cache.
pub(crate) const CASES: [u32; 3] = [1_500, 150, 500];
/// How many smaller ones are tried of one that fails.
pub(crate) const SHRINKS: u32 = 20_000;

/// A pool in memory, which outlasts the database on it.
pub(crate) struct Place(Arc<MemoryPool>);

impl Place {
    pub(crate) fn new() -> Self {
        Self(Arc::new(MemoryPool::new()))
    }

    /// Opens the database with so much memory and this clock.
    pub(crate) fn open(
        &self,
        create: bool,
        cache_bytes: u64,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> SqliteDatabase {
        let options = Options::new().create(create).background(false).redo(true);
        let options = options.cache_bytes(cache_bytes).clock(clock);
        SqliteDatabase::on_pool(self.0.clone(), "t.db", &options).unwrap()
    }
}
