//! How a database is opened.

use std::fmt;
use std::sync::Arc;

use tarbox_store::Timestamp;

use tarbox_store_core::Clock;

use crate::surroundings::now;

/// What [`SqliteDatabase`](crate::SqliteDatabase) is opened with.
#[derive(Clone)]
pub struct Options {
    pub(crate) create: bool,
    pub(crate) cache_bytes: u64,
    pub(crate) clock: Clock,
    pub(crate) background: bool,
    pub(crate) redo: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            create: false,
            cache_bytes: 64 * 1024 * 1024,
            clock: Arc::new(now),
            background: true,
            redo: false,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("create", &self.create)
            .field("cache_bytes", &self.cache_bytes)
            .field("background", &self.background)
            .field("redo", &self.redo)
            .finish_non_exhaustive()
    }
}

impl Options {
    /// Opens an existing database with caches of 64 MiB, and commits in the background.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the database if it is not there.
    #[must_use]
    pub fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// Bytes of rows kept in memory. Content is left to the host's cache; SQLite's own pages (32 MiB at most) come on top.
    #[must_use]
    pub fn cache_bytes(mut self, bytes: u64) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// Where the time comes from, instead of the system's clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Whether a thread commits what nobody waits for. Without it commits happen only at `sync` and `flush`, when memory
    /// fills up and at the end: what a test needs that counts steps.
    #[must_use]
    pub fn background(mut self, background: bool) -> Self {
        self.background = background;
        self
    }

    /// Whether a sync of a few rows goes to a redo log instead of a transaction of its own, which comes later for many of
    /// them: for a database on a pool whose user waits for each change. It costs a file of 512 KiB, `NAME-redo`.
    ///
    /// What is in that file is taken over whenever the database is opened on its pool, with this or without.
    #[must_use]
    pub fn redo(mut self, redo: bool) -> Self {
        self.redo = redo;
        self
    }
}
