//! Where the histories that are copied take place: in a database file.

use std::cell::RefCell;
use std::rc::Rc;

use tarbox_store::Timestamp;
use tarbox_store_sqlite::{Options, SqliteDatabase};
use tempfile::TempDir;

pub(crate) use tarbox_store_sqlite::SqliteDatabase as Opened;
pub(crate) use tarbox_store_sqlite::SqliteStore as Store;

thread_local! {
    static LAST: RefCell<Option<Rc<TempDir>>> = const { RefCell::new(None) };
}

/// A directory of its own.
pub(crate) struct Place(Rc<TempDir>);

impl Place {
    pub(crate) fn new() -> Self {
        let place = Rc::new(tempfile::tempdir().unwrap());
        LAST.set(Some(place.clone()));
        Self(place)
    }

    /// The directory of the last history of this thread.
    pub(crate) fn last() -> Rc<TempDir> {
        LAST.take().expect("there was a history")
    }

    /// Opens the database with so much memory and this clock.
    pub(crate) fn open(
        &self,
        create: bool,
        cache_bytes: u64,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> SqliteDatabase {
        let options = Options::new().create(create).background(false);
        let options = options.cache_bytes(cache_bytes).clock(clock);
        SqliteDatabase::open(self.0.path().join("t.db"), &options).unwrap()
    }
}
