//! The file systems of the tenants that are in use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tarbox_fs::{FilesystemInterface, Fs};
use tarbox_store::{ErrorKind, Ino, Result, Store};

use crate::app::Backend;
use crate::dav::Locks;
use crate::made::Made;
use crate::watch::Feed;

/// Tenants kept open at most, beside those that a request is using.
const OPEN_MAX: usize = 1024;

/// One tenant's files, shared by all requests to them.
pub struct Files<S: Store> {
    /// The file system.
    pub fs: Fs<S>,
    /// Read by changes that ask for nothing; written by one that depends on what is there, from its look to its change.
    pub(crate) conditional: RwLock<()>,
    pub(crate) feed: Feed,
    /// What the log says of requests.
    pub(crate) made: Made,
    /// Those of WebDAV.
    pub(crate) locks: Locks,
}

impl<S: Store> std::fmt::Debug for Files<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files").finish_non_exhaustive()
    }
}

/// The tenants that are open, by name.
pub(crate) struct Opened<S: Store>(Mutex<HashMap<String, Arc<Files<S>>>>);

impl<S: Store> Default for Opened<S> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<S: Store> Opened<S> {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Arc<Files<S>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The files of a tenant.
    pub(crate) async fn get<D: Backend<Store = S>>(
        &self,
        database: &D,
        tenant: &str,
    ) -> Result<Arc<Files<S>>> {
        if let Some(files) = self.all().get(tenant) {
            return Ok(files.clone());
        }
        let files = Arc::new(Files {
            fs: Fs::open_tenant(database, tenant).await?,
            conditional: RwLock::new(()),
            feed: Feed::default(),
            locks: Locks::default(),
            made: Made::default(),
        });
        let mut all = self.all();
        if all.len() >= OPEN_MAX {
            all.retain(|_, files| Arc::strong_count(files) > 1);
        }
        Ok(all.entry(tenant.to_owned()).or_insert(files).clone())
    }

    /// Forgets a tenant that was deleted meanwhile: there may be another of its name.
    pub(crate) async fn forget_if_gone(&self, tenant: &str) {
        let Some(files) = self.all().get(tenant).cloned() else {
            return;
        };
        let root = files.fs.getattr(Ino::ROOT).await;
        if root.is_err_and(|e| e.kind() == ErrorKind::NotFound) {
            let mut all = self.all();
            if all.get(tenant).is_some_and(|known| Arc::ptr_eq(known, &files)) {
                all.remove(tenant);
            }
        }
    }

    /// Every tenant that is open.
    pub(crate) fn list(&self) -> Vec<Arc<Files<S>>> {
        self.all().values().cloned().collect()
    }
}
