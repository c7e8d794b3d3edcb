//! An open workspace.

use std::sync::Arc;

use tarbox_fs::{Fs, FsOptions, blocking};
use tarbox_pool::MemoryPool;
use tarbox_pool::lease::Lease;
use tarbox_store::{Database as _, ErrorKind, Quota, Store as _};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

use crate::image;
use crate::pool::{HostPool, lent};
use crate::settings::{Place, Settings};

/// The store of one tenant.
pub type TenantStore = SqliteStore;
/// A file system on it.
pub type Files = Fs<TenantStore>;

/// An open database, and the store of its tenant.
#[derive(Debug)]
pub struct Opened {
    database: SqliteDatabase,
    store: SqliteStore,
    /// Where the database is, if that is not memory.
    pool: Option<Arc<HostPool>>,
}

impl Opened {
    /// Opens the database that the settings name, or makes it.
    ///
    /// # Errors
    /// Why it cannot be opened, in a sentence.
    pub fn open(settings: &Settings) -> Result<Self, String> {
        let options = Options::new()
            .create(true)
            .background(false)
            .redo(settings.place != Place::Memory)
            .cache_bytes(settings.cache);
        let (pool, database) = match &settings.place {
            Place::Memory => {
                let memory = Arc::new(MemoryPool::new());
                image::unpack(&*memory, &settings.database)?;
                (
                    None,
                    SqliteDatabase::on_pool(memory, &settings.database, &options),
                )
            }
            Place::File { dir } => {
                let root = lent(dir.as_deref())?;
                let lease = Lease::take(&root, &settings.database)
                    .map_err(|error| format!("cannot open the workspace: {error}"))?;
                let pool = Arc::new(HostPool::new(root, lease));
                image::unpack(&*pool, &settings.database).inspect_err(|_| pool.release())?;
                let opened = SqliteDatabase::on_pool(pool.clone(), &settings.database, &options);
                (Some(pool), opened)
            }
        };
        let told = |error: tarbox_store::Error| {
            if let Some(pool) = &pool {
                pool.release();
            }
            format!("cannot open the workspace: {error}")
        };
        let database = database.map_err(told)?;
        let store = tenant(&database, &settings.tenant).map_err(told)?;
        Ok(Self {
            database,
            store,
            pool,
        })
    }

    /// A file system on it.
    pub fn fs(&self) -> Files {
        Fs::with_options(self.store.clone(), FsOptions::default())
    }

    /// The tenant's store.
    pub fn store(&self) -> &TenantStore {
        &self.store
    }

    /// Where the database is, if that is not memory.
    pub fn pool(&self) -> Option<&HostPool> {
        self.pool.as_deref()
    }

    /// After a sync: what only seemed to be on the device gets there.
    ///
    /// # Errors
    /// `Io` if the device fails.
    pub fn settle(&self) -> Result<(), ErrorKind> {
        match &self.pool {
            Some(pool) => pool.settle().map_err(|_| ErrorKind::Io),
            None => Ok(()),
        }
    }

    /// Makes everything durable, and lets others in.
    ///
    /// # Errors
    /// What could not be kept.
    pub fn finish(&self) -> tarbox_store::Result<()> {
        let Some(pool) = &self.pool else {
            return Ok(());
        };
        self.database.clone().close()?;
        blocking(self.store.sync())?;
        pool.release();
        Ok(())
    }
}

fn tenant(database: &SqliteDatabase, name: &str) -> tarbox_store::Result<SqliteStore> {
    match blocking(database.open_tenant(name)) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            blocking(database.create_tenant(name, Quota::default()))?;
            blocking(database.open_tenant(name))
        }
        opened => opened,
    }
}
