//! An open workspace.

use std::fmt;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use tarbox_fs::{Credentials, FilesystemInterface as _, Fs, FsOptions, Handle, blocking};
use tarbox_pool::Pool;
use tarbox_store::{Database as _, ErrorKind, Quota, Result, Store as _};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

use crate::ops;
use crate::ops::archive::Archive;
use crate::request::Request;

/// The name of the database in its pool.
const DATABASE: &str = "tarbox.db";
/// The one tenant: a site's storage is its own already.
const TENANT: &str = "default";
/// The way in that the audit names until somebody is served.
const AGENT: &str = "browser";
/// The same in Node.js.
const NODE: &str = "node";
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

/// A workspace, and the files that its users have open.
pub struct Workspace {
    pub(crate) fs: Fs<SqliteStore>,
    pub(crate) database: SqliteDatabase,
    pub(crate) who: Credentials,
    pub(crate) handles: FxHashMap<u32, Handle>,
    pub(crate) archives: Vec<(u32, Archive)>,
    next_handle: u32,
}

impl fmt::Debug for Workspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workspace")
            .field("database", &self.database)
            .field("handles", &self.handles.len())
            .finish_non_exhaustive()
    }
}

impl Workspace {
    /// Opens the workspace in a pool, or makes it. Open files are numbered from `first_handle` on: a random number, so that one
    /// from an earlier opening is not taken for one of this.
    ///
    /// # Errors
    /// Those of the device, and `Unsupported` if a newer Tarbox wrote it.
    pub fn open(pool: Arc<dyn Pool>, first_handle: u32, redo: Redo) -> Result<Self> {
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
        Ok(Self {
            fs: Fs::with_options(store, FsOptions::default()),
            database,
            who: Credentials::root(AGENT),
            handles: FxHashMap::default(),
            archives: Vec::new(),
            next_handle: first_handle.max(1),
        })
    }

    /// Does one operation, and returns its number; more it leaves in `out`.
    ///
    /// # Errors
    /// Those of the operation; `Unsupported` if there is no such operation.
    pub fn call(&mut self, operation: u32, request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
        ops::call(self, operation, request, out)
    }

    /// What is done from now on is this client's: `agent` is the way in and the client, `browser:1f2e3d4c`. Where the host has
    /// users, `user` has the numbers of its user and its groups, the first one being its own; else it is root.
    pub fn serve(&mut self, agent: &str, user: &[u32]) {
        self.who = match user {
            [uid, gid, groups @ ..] => Credentials::new(*uid, *gid, agent).with_groups(groups),
            _ => Credentials::root(agent),
        };
    }

    /// Makes everything done so far durable.
    ///
    /// # Errors
    /// Those of the device; then nothing since the last sync that succeeded can be relied on.
    pub fn sync(&self) -> Result<()> {
        blocking(self.fs.store().sync())
    }

    /// Remembers an open file under a number.
    pub(crate) fn keep(&mut self, handle: Handle) -> u32 {
        let number = self.next_number();
        self.handles.insert(number, handle);
        number
    }

    /// Remembers an archive that is being unpacked.
    pub(crate) fn keep_archive(&mut self, archive: Archive) -> u32 {
        let number = self.next_number();
        self.archives.push((number, archive));
        number
    }

    fn next_number(&mut self) -> u32 {
        let number = self.next_handle;
        self.next_handle = self.next_handle.wrapping_add(1).max(1);
        number
    }

    /// The open file of that number.
    pub(crate) fn handle(&self, number: u32) -> Result<Handle> {
        self.handles
            .get(&number)
            .copied()
            .ok_or_else(|| ErrorKind::BadHandle.into())
    }

    pub(crate) fn release(&mut self, number: u32) -> Result<()> {
        if let Some(at) = self.archives.iter().position(|(found, _)| *found == number) {
            return self.archives.swap_remove(at).1.close(self);
        }
        let handle = self.handle(number)?;
        self.handles.remove(&number);
        blocking(self.fs.release(handle))
    }
}

/// Which client an agent of the audit is, if it is one.
pub(crate) fn client_of(agent: &str) -> Option<&str> {
    let client = agent.strip_prefix(AGENT).or_else(|| agent.strip_prefix(NODE))?;
    client.strip_prefix(':')
}
