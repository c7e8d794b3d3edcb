//! [`PostgresDatabase`]: many tenants in one database of a PostgreSQL server.

use std::fmt;

use tarbox_store::*;
use tarbox_store_core::{CoreDatabase, CoreStore, Engine as _, Settings};
use tokio::runtime::Builder;

use crate::engine::{PostgresEngine, Statistics};
use crate::options::Options;
use crate::session::Shared;
use crate::wire::Pool;
use crate::{admin, schema};

/// The files, layers and log of one tenant. Clones are the same store.
pub type PostgresStore = CoreStore<PostgresEngine>;

/// A database of tenants. Clones are the same database; the last one to go commits what is left.
#[derive(Clone)]
pub struct PostgresDatabase {
    core: CoreDatabase<PostgresEngine>,
}

impl fmt::Debug for PostgresDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresDatabase")
            .field("engine", self.core.engine())
            .finish_non_exhaustive()
    }
}

impl PostgresDatabase {
    /// Opens a database, and makes its tables if that is asked for.
    ///
    /// # Errors
    /// `NotFound` where there is no such database, or no tables of ours in it; `Access` for a wrong user or password; `Unsupported`
    /// for tables of a newer program; `Io` for a server that does not answer.
    pub fn open(options: &Options) -> Result<Self> {
        let no_thread = |e| {
            Error::new(ErrorKind::Io)
                .because("no thread for the connections")
                .caused_by(e)
        };
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("tarbox-postgres")
            .enable_all()
            .build()
            .map_err(no_thread)?;
        let pool = Pool::new(
            options.config.clone(),
            options.tls.connector()?,
            options.connections,
            options.patience,
        );
        let shared = Shared::new(pool)?;
        let eighth = options.cache_bytes / 8;
        let engine = PostgresEngine::new(shared, eighth * 3, runtime);
        let create = options.create;
        pollster::block_on(engine.run(|shared| async move { schema::prepare(&shared.pool, create).await }))?;
        let settings = Settings {
            cache_bytes: eighth * 5,
            listing_max: 65_536,
            clock: options.clock.clone(),
            background: options.background,
        };
        Ok(Self {
            core: CoreDatabase::new(engine, &settings)?,
        })
    }

    /// Commits what is left and closes the database for this process, with the error that a drop could not tell. Other clones and
    /// stores go on working.
    ///
    /// # Errors
    /// Those of the commit.
    pub fn close(self) -> Result<()> {
        pollster::block_on(self.core.commit())
    }

    /// Returns when everything done so far, by any tenant, is on the device.
    ///
    /// # Errors
    /// Those of the commit.
    pub fn sync(&self) -> Result<()> {
        pollster::block_on(self.core.sync())
    }

    pub(crate) fn engine(&self) -> &PostgresEngine {
        self.core.engine()
    }

    /// What was sent to the server so far.
    pub fn statistics(&self) -> Statistics {
        self.core.engine().statistics()
    }
}

impl PostgresDatabase {
    pub(crate) fn core(&self) -> &CoreDatabase<PostgresEngine> {
        &self.core
    }
}

impl Database for PostgresDatabase {
    type Store = PostgresStore;

    async fn open_tenant(&self, name: &str) -> Result<PostgresStore> {
        self.core.open_tenant(name).await
    }

    async fn create_tenant(&self, name: &str, quota: Quota) -> Result<TenantInfo> {
        self.core.create_tenant(name, quota).await
    }

    async fn tenants(&self) -> Result<Vec<TenantInfo>> {
        self.core.tenants().await
    }

    async fn tenant(&self, name: &str) -> Result<TenantInfo> {
        self.core.tenant(name).await
    }

    async fn set_quota(&self, name: &str, quota: Quota) -> Result<()> {
        self.core.set_quota(name, quota).await
    }

    async fn set_state(&self, name: &str, state: TenantState) -> Result<()> {
        self.core.set_state(name, state).await
    }

    async fn delete_tenant(&self, name: &str) -> Result<()> {
        let id = self.core.named(name).await?.id;
        let store = self.core.open(id);
        let _alone = store.exclusive().await?;
        self.core.engine().look_around(id).await?;
        if !self.core.engine().is_alone(id) {
            return Err(Error::new(ErrorKind::Busy)
                .about(name)
                .because("another process has files of the tenant open"));
        }
        admin::delete(self.core.engine(), id).await
    }

    async fn fsck(&self, repair: bool, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<FsckReport> {
        crate::fsck::fsck(&self.core, repair, progress).await
    }

    async fn gc(&self) -> Result<GcReport> {
        self.core.gc().await
    }
}
