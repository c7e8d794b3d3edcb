//! Where the store is that is compared with the reference.

use std::sync::Arc;

use tarbox_store::Timestamp;
use tarbox_store_postgres::{Options, PostgresDatabase};
use tarbox_test_postgres::server;

pub(crate) use tarbox_store_postgres::PostgresDatabase as Opened;
pub(crate) use tarbox_store_postgres::PostgresStore as Store;

/// How many histories are compared: short ones, long ones, and those with almost no cache.
pub(crate) const CASES: [u32; 3] = [60, 20, 40];
/// How many smaller ones are tried of one that fails.
pub(crate) const SHRINKS: u32 = 300;

/// A database of its own on the server.
pub(crate) struct Place(String);

impl Place {
    pub(crate) fn new() -> Self {
        Self(server().fresh_url())
    }

    /// Opens the database with so much memory and this clock.
    pub(crate) fn open(
        &self,
        create: bool,
        cache_bytes: u64,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> PostgresDatabase {
        let options = Options::parse(&self.0).unwrap().create(create).background(false);
        let options = options.cache_bytes(cache_bytes).clock(Arc::new(clock));
        PostgresDatabase::open(&options).unwrap()
    }
}
