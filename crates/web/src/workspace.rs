//! An open workspace.

use std::fmt;
use std::sync::Arc;

use tarbox_calls::Place;
use tarbox_fs::{Credentials, Fs, FsOptions, blocking};
use tarbox_pool::Pool;
use tarbox_store::{Database as _, ErrorKind, FsckReport, GcReport, Quota, Result};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

/// The name of the database in its pool.
const DATABASE: &str = "tarbox.db";
/// The one tenant: a site's storage is its own already.
const TENANT: &str = "default";
/// The way in that the audit names until somebody is served.
const AGENT: &str = "browser";
/// Bytes of rows and blocks in memory; the page's own memory is what it competes with.
const CACHE: u64 = 16 * 1024 * 1024;

/// Whether a database has a redo log, which spares a pool of slots most of what a transaction writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redo {
    /// It has.
    Kept,
    /// It has none, since native programs open it, too; records that are there are taken over.
    None,
}

/// The files of a database that is this program's alone.
pub struct Local {
    fs: Arc<Fs<SqliteStore>>,
    database: SqliteDatabase,
}

/// A workspace in such a database.
pub type Workspace = tarbox_calls::Workspace<Local>;

impl Local {
    /// The files, for who keeps them beside the workspace.
    pub fn files(&self) -> Arc<Fs<SqliteStore>> {
        Arc::clone(&self.fs)
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local")
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "sync")]
impl Local {
    /// The files below what users and permissions mean.
    ///
    /// # Errors
    /// Those of the database.
    pub fn store(&self) -> Result<SqliteStore> {
        blocking(self.database.open_tenant(TENANT))
    }
}

impl Place for Local {
    type Store = SqliteStore;
    const IS_SHARED: bool = false;

    fn fs(&self) -> &Fs<SqliteStore> {
        &self.fs
    }

    fn gc(&self) -> Result<GcReport> {
        blocking(self.database.gc())
    }

    fn fsck(&self) -> Result<FsckReport> {
        blocking(self.database.fsck(false, &|_, _| {}))
    }
}

/// Opens the workspace in a pool, or makes it. Open files are numbered from `first_handle` on: a random number, so that one
/// from an earlier opening is not taken for one of this.
///
/// # Errors
/// Those of the device, and `Unsupported` if a newer Tarbox wrote it.
pub fn open(pool: Arc<dyn Pool>, first_handle: u32, redo: Redo) -> Result<Workspace> {
    let options = Options::new()
        .create(true)
        .background(false)
        .redo(redo == Redo::Kept)
        .cache_bytes(CACHE);
    let database = SqliteDatabase::on_pool(pool, DATABASE, &options)?;
    let store = match blocking(database.open_tenant(TENANT)) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            blocking(database.create_tenant(TENANT, Quota::default()))?;
            blocking(database.open_tenant(TENANT))?
        }
        opened => opened?,
    };
    let fs = Arc::new(Fs::with_options(store, FsOptions::default()));
    let local = Local { fs, database };
    Ok(Workspace::new(local, Credentials::root(AGENT), first_handle))
}

/// The user that a host says: `agent` is the way in and the client, `browser:1f2e3d4c`. Where the host has users, `user` has the
/// numbers of its user and its groups, the first one being its own; else it is root.
pub fn client(agent: &str, user: &[u32]) -> Credentials {
    match user {
        [uid, gid, groups @ ..] => Credentials::new(*uid, *gid, agent).with_groups(groups),
        _ => Credentials::root(agent),
    }
}
