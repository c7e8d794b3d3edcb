//! [`SqliteDatabase`]: many tenants in one SQLite database.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use tarbox_pool::{MemoryPool, Pool};
use tarbox_store::*;
use tarbox_store_core::{CoreDatabase, CoreStore, Durability, Settings};

use crate::blocks::BlockStore;
use crate::engine::{Parts, SqliteEngine};
use crate::followers::Followers;
use crate::lease::Lease;
use crate::options::Options;
use crate::redo::Redo;
use crate::room::Room;
use crate::rows::TenantId;
use crate::sessions::Sessions;
use crate::sql::{self, Connections, Place, device};

/// The files, layers and log of one tenant. Clones are the same store.
pub type SqliteStore = CoreStore<SqliteEngine>;

/// A database of tenants. Clones are the same database; the last one to go commits what is left.
#[derive(Clone)]
pub struct SqliteDatabase {
    core: CoreDatabase<SqliteEngine>,
}

impl fmt::Debug for SqliteDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteDatabase")
            .field("engine", self.core.engine())
            .finish_non_exhaustive()
    }
}

/// Where a database is, and with whom it is shared.
pub(crate) struct Surroundings<'a> {
    pub(crate) sql: Connections,
    pub(crate) pool: Arc<dyn Pool>,
    /// Put before the names of segment files.
    pub(crate) prefix: &'a str,
    pub(crate) lease: Lease,
    pub(crate) sessions: Option<Sessions>,
    pub(crate) room: Room,
    pub(crate) followers: Followers,
    pub(crate) directory: Option<PathBuf>,
    pub(crate) vfs: Option<tarbox_sqlite_vfs::Registration>,
    pub(crate) redo: Option<Redo>,
}

impl SqliteDatabase {
    /// A database in memory, gone with its last user.
    pub fn in_memory(options: &Options) -> Result<Self> {
        Self::assemble(
            Surroundings {
                sql: Connections::open(&Place::Memory, true, &|| true)?,
                pool: Arc::new(MemoryPool::new()),
                prefix: "",
                lease: Lease::alone(),
                sessions: None,
                room: Room::unknown(),
                followers: Followers::none(),
                directory: None,
                vfs: None,
                redo: None,
            },
            options,
        )
    }

    /// Opens the database of this name in a pool, which nobody else uses meanwhile. Its blocks are files of the pool that begin with
    /// the name and `-blocks/`.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn on_pool(pool: Arc<dyn Pool>, name: &str, options: &Options) -> Result<Self> {
        if !options.create && !pool.exists(name).map_err(device)? {
            return Err(Error::new(ErrorKind::NotFound).about(name));
        }
        if pool.is_read_only() {
            return Err(Error::new(ErrorKind::ReadOnly)
                .about(name)
                .because("a database cannot be opened on a read-only pool"));
        }
        let (vfs, registration) = crate::vfs::register(&pool)?;
        let place = Place::Pool {
            vfs,
            name: name.to_owned(),
        };
        let sql = Connections::open(&place, options.create, &|| true)?;
        let (redo, records) = Redo::open(pool.clone(), name, sql.read(sql::redone)?)?;
        let database = Self::assemble(
            Surroundings {
                sql,
                pool,
                prefix: &format!("{name}-blocks/"),
                lease: Lease::alone(),
                sessions: None,
                room: Room::unknown(),
                followers: Followers::none(),
                directory: None,
                vfs: Some(registration),
                redo: (options.redo || !records.is_empty()).then_some(redo),
            },
            options,
        )?;
        pollster::block_on(database.go_on(&records, options.redo))?;
        Ok(database)
    }

    /// Goes on where the redo log ends, or, if none is wanted any more, takes over what it holds.
    async fn go_on(&self, records: &[Vec<u8>], wanted: bool) -> Result<()> {
        self.core.redo(records).await?;
        if !wanted {
            self.core.commit().await?;
            self.core.engine().end_redo();
        }
        Ok(())
    }

    pub(crate) fn assemble(around: Surroundings<'_>, options: &Options) -> Result<Self> {
        let eighth = options.cache_bytes / 8;
        let engine = SqliteEngine::new(Parts {
            sql: around.sql,
            blocks: BlockStore::new(around.pool, around.prefix, eighth),
            clock: options.clock.clone(),
            lease: around.lease,
            sessions: around.sessions,
            room: around.room,
            followers: around.followers,
            directory: around.directory,
            vfs: around.vfs,
            redo: around.redo,
        });
        let settings = Settings {
            cache_bytes: eighth * 7,
            listing_max: 4096,
            clock: options.clock.clone(),
            background: options.background,
        };
        Ok(Self {
            core: CoreDatabase::new(engine, &settings)?,
        })
    }

    /// Commits what is left and closes the database for this process, with the error that a drop could not tell. Other clones and
    /// stores go on working.
    pub fn close(self) -> Result<()> {
        pollster::block_on(self.core.commit())
    }

    /// Returns when everything done so far, by any tenant, is on the device.
    pub fn sync(&self) -> Result<()> {
        pollster::block_on(self.core.sync())
    }
}

impl Database for SqliteDatabase {
    type Store = SqliteStore;

    async fn open_tenant(&self, name: &str) -> Result<SqliteStore> {
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
        let delete = |engine: &SqliteEngine| {
            if !tarbox_store_core::Engine::is_alone(engine, id) {
                return Err(Error::new(ErrorKind::Busy)
                    .about(name)
                    .because("another process has the database open"));
            }
            engine.write(Durability::Durable, |c| sql::admin::delete(c, id))
        };
        self.core.open(id).administer(delete).await?;
        self.core.engine().remove_segments(id)
    }

    async fn fsck(&self, repair: bool, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<FsckReport> {
        crate::fsck::fsck(&self.core, repair, progress).await
    }

    async fn gc(&self) -> Result<GcReport> {
        crate::gc::remove_strays(self.core.engine())?;
        self.core.gc().await
    }
}

impl Keys for SqliteDatabase {
    async fn add_key(&self, key: &Key) -> Result<()> {
        self.core.engine().write_alone(|c| sql::api_key::add(c, key))
    }

    async fn key(&self, id: &str) -> Result<Option<Key>> {
        self.core.engine().sql.read(|c| sql::api_key::get(c, id))
    }

    async fn keys(&self) -> Result<Vec<Key>> {
        self.core.engine().sql.read(sql::api_key::all)
    }

    async fn revoke_key(&self, id: &str, at: Timestamp) -> Result<Key> {
        self.core
            .engine()
            .write_alone(|c| sql::api_key::revoke(c, id, at))
    }
}

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))] // nothing is copied there
impl SqliteDatabase {
    pub(crate) fn core(&self) -> &CoreDatabase<SqliteEngine> {
        &self.core
    }
}

impl SqliteEngine {
    /// Removes every segment of a tenant that is gone.
    pub(crate) fn remove_segments(&self, tenant: TenantId) -> Result<()> {
        let blocks = &self.blocks;
        let pool = blocks.pool();
        for name in pool.list(&blocks.tenant_prefix(tenant)).map_err(device)? {
            pool.delete(&name).map_err(device)?;
        }
        pool.sync_names().map_err(device)
    }
}
