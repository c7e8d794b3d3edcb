//! A workspace to measure: a database of its own, and the file system users get on it.

use std::path::Path;

use tarbox_bench_work::Result;
use tarbox_fs::{Credentials, Fs, blocking};
use tarbox_store::{Database, LaterLayers, Quota, Store};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

/// A tenant's file system, with who asks.
pub(crate) struct Workspace {
    pub(crate) fs: Fs<SqliteStore>,
    pub(crate) who: Credentials,
}

impl Workspace {
    /// Makes a database at this path, with one tenant.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let database = SqliteDatabase::open(path, &Options::new().create(true))?;
        blocking(database.create_tenant("default", Quota::default()))?;
        Self::of(&database)
    }

    /// Opens one that is there.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Self::of(&SqliteDatabase::open(path, &Options::new())?)
    }

    fn of(database: &SqliteDatabase) -> Result<Self> {
        let fs = blocking(Fs::open_tenant(database, "default"))?;
        Ok(Self {
            fs,
            who: Credentials::root("bench"),
        })
    }

    /// Seals the layer being written under this name.
    pub(crate) fn checkpoint(&self, name: &str) -> Result<()> {
        let by = &self.who.actor;
        blocking(self.fs.store().checkpoint(by, name, None, LaterLayers::Keep))?;
        Ok(())
    }

    /// Ends what goes on in the background.
    pub(crate) fn settle(&self) -> Result<()> {
        Ok(blocking(self.fs.store().flush())?)
    }
}
