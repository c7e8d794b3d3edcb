//! [`SqliteDatabase`]: many tenants in one SQLite database.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use tarbox_pool::{MemoryPool, Pool};
use tarbox_store::*;

use crate::blocks::BlockStore;
use crate::cache::Caches;
use crate::commit::Committer;
use crate::followers::Followers;
use crate::lease::Lease;
use crate::options::Options;
use crate::redo::Redo;
use crate::room::Room;
use crate::rows::{Tenant, TenantId};
use crate::sessions::Sessions;
use crate::shared::{Counters, Shared, State};
use crate::sql::{self, Engine, Place, device};
use crate::store::SqliteStore;

/// A database of tenants. Clones are the same database; the last one to go commits what is left.
#[derive(Clone)]
pub struct SqliteDatabase {
    opened: Arc<Opened>,
}

/// An open database, ended by its last user.
pub(crate) struct Opened {
    pub(crate) shared: Arc<Shared>,
    committer: Mutex<Committer>,
    pub(crate) followers: Followers,
    /// The directory whose device the database is on.
    directory: Option<PathBuf>,
    /// Keeps the VFS registered that the connections use.
    _vfs: Option<tarbox_sqlite_vfs::Registration>,
}

/// What there is beside the database: other processes, and the room on the device.
pub(crate) struct Host {
    pub(crate) lease: Lease,
    pub(crate) sessions: Option<Sessions>,
    pub(crate) room: Room,
    pub(crate) followers: Followers,
}

impl Host {
    /// Nobody else, and a device that does not say what room it has.
    fn alone() -> Self {
        Self {
            lease: Lease::alone(),
            sessions: None,
            room: Room::unknown(),
            followers: Followers::none(),
        }
    }
}

impl fmt::Debug for SqliteDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteDatabase")
            .field("directory", &self.opened.directory)
            .finish_non_exhaustive()
    }
}

impl SqliteDatabase {
    /// A database in memory, gone with its last user.
    pub fn in_memory(options: &Options) -> Result<Self> {
        let engine = Engine::open(&Place::Memory, true)?;
        Self::assemble(
            engine,
            Arc::new(MemoryPool::new()),
            "",
            Host::alone(),
            None,
            None,
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
        let engine = Engine::open(&place, options.create)?;
        let (redo, records) = Redo::open(pool.clone(), name, engine.read(sql::redone)?)?;
        let prefix = format!("{name}-blocks/");
        let database = Self::assemble(
            engine,
            pool,
            &prefix,
            Host::alone(),
            None,
            Some(registration),
            options,
        )?;
        database.opened.shared.go_on(redo, records, options.redo)?;
        Ok(database)
    }

    pub(crate) fn assemble(
        engine: Engine,
        pool: Arc<dyn Pool>,
        prefix: &str,
        host: Host,
        directory: Option<PathBuf>,
        vfs: Option<tarbox_sqlite_vfs::Registration>,
        options: &Options,
    ) -> Result<Self> {
        let eighth = options.cache_bytes / 8;
        let shared = Arc::new(Shared {
            engine,
            blocks: BlockStore::new(pool, prefix, eighth),
            clock: options.clock.clone(),
            state: Mutex::new(State::new(Caches::new(eighth * 7), host.lease, host.sessions)),
            commit: Mutex::new(None),
            wake: Condvar::new(),
            counters: Counters::default(),
            room: host.room,
        });
        let committer = if options.background {
            Committer::start(&shared)?
        } else {
            Committer::idle()
        };
        let opened = Opened {
            shared,
            committer: Mutex::new(committer),
            followers: host.followers,
            directory,
            _vfs: vfs,
        };
        Ok(Self {
            opened: Arc::new(opened),
        })
    }

    /// Commits what is left and closes the database for this process, with the error that a drop could not tell. Other clones and
    /// stores go on working.
    pub fn close(self) -> Result<()> {
        self.opened.shared.commit_visible()
    }

    /// Returns when everything done so far, by any tenant, is on the device.
    pub fn sync(&self) -> Result<()> {
        self.opened.shared.commit_durable()
    }

    fn named(&self, name: &str) -> Result<Tenant> {
        let found = self
            .opened
            .shared
            .engine
            .read(|c| sql::tenant::by_name(c, name))?;
        found.ok_or_else(|| {
            Error::new(ErrorKind::NotFound)
                .about(name)
                .because("there is no such tenant")
        })
    }

    fn change(&self, name: &str, change: impl Fn(&mut Tenant)) -> Result<()> {
        self.opened.shared.administer(|c| {
            let mut tenant = sql::tenant::by_name(c, name)?.ok_or_else(|| {
                Error::new(ErrorKind::NotFound)
                    .about(name)
                    .because("there is no such tenant")
            })?;
            change(&mut tenant);
            sql::tenant::put(c, &tenant)
        })
    }
}

/// Refuses what is no name for a tenant.
fn check_tenant_name(name: &str) -> Result<()> {
    let fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.');
    let first = name
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if !first || name.len() > 63 || !name.bytes().all(fine) {
        return Err(Error::new(ErrorKind::Invalid).about(name).because(
            "a tenant's name must have 1 to 63 characters of a-z 0-9 - _ . and start with a letter or digit",
        ));
    }
    Ok(())
}

impl Database for SqliteDatabase {
    type Store = SqliteStore;

    async fn open_tenant(&self, name: &str) -> Result<SqliteStore> {
        let tenant = self.named(name)?;
        let store = SqliteStore::new(self.opened.clone(), tenant.id);
        // Says at once if it is suspended.
        store.tenant().await?;
        Ok(store)
    }

    async fn create_tenant(&self, name: &str, quota: Quota) -> Result<TenantInfo> {
        check_tenant_name(name)?;
        let secret = crate::surroundings::secret()?;
        let now = self.opened.shared.now();
        let made = self
            .opened
            .shared
            .administer(|c| sql::admin::create(c, name, quota, secret, now))?;
        Ok(made.info())
    }

    async fn tenants(&self) -> Result<Vec<TenantInfo>> {
        self.opened.shared.commit_visible()?;
        let all = self.opened.shared.engine.read(sql::tenant::all)?;
        Ok(all.iter().map(Tenant::info).collect())
    }

    async fn tenant(&self, name: &str) -> Result<TenantInfo> {
        self.opened.shared.commit_visible()?;
        Ok(self.named(name)?.info())
    }

    async fn set_quota(&self, name: &str, quota: Quota) -> Result<()> {
        self.change(name, |tenant| tenant.quota = quota)
    }

    async fn set_state(&self, name: &str, state: TenantState) -> Result<()> {
        self.change(name, |tenant| tenant.state = state)
    }

    async fn delete_tenant(&self, name: &str) -> Result<()> {
        let id = self.named(name)?.id;
        if !self.opened.shared.lock().is_alone() {
            return Err(Error::new(ErrorKind::Busy)
                .about(name)
                .because("another process has the database open"));
        }
        self.opened.shared.administer(|c| sql::admin::delete(c, id))?;
        self.opened.remove_segments(id)
    }

    async fn fsck(&self, repair: bool, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<FsckReport> {
        self.opened.fsck(repair, progress)
    }

    async fn gc(&self) -> Result<GcReport> {
        self.opened.shared.commit_visible()?;
        self.opened.remove_strays()?;
        let mut total = GcReport::default();
        for tenant in self.opened.shared.engine.read(sql::tenant::all)? {
            let part = self.opened.gc(tenant.id)?;
            total.inodes += part.inodes;
            total.log_records += part.log_records;
            total.segments += part.segments;
            total.bytes_freed += part.bytes_freed;
        }
        Ok(total)
    }
}

impl Opened {
    /// Removes every segment of a tenant that is gone.
    fn remove_segments(&self, tenant: TenantId) -> Result<()> {
        let pool = self.shared.blocks.pool();
        for name in pool
            .list(&self.shared.blocks.tenant_prefix(tenant))
            .map_err(device)?
        {
            pool.delete(&name).map_err(device)?;
        }
        pool.sync_names().map_err(device)
    }

    /// Removes an inode without names that this process has closed, unless another has it open.
    pub(crate) fn reap(&self, tenant: TenantId, ino: Ino) -> Result<()> {
        let mut op = self.shared.changing(tenant)?;
        let key = op.key(ino)?;
        op.step(&mut |op| op.collect(key)).map(drop)
    }

    /// Free bytes of the device.
    pub(crate) fn device_free(&self) -> Option<u64> {
        self.directory.as_deref().and_then(crate::platform::free_bytes)
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.committer
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .stop(&self.shared);
        // Whoever wants to hear of errors calls `close` or `sync`.
        let _left = self.shared.commit_visible();
    }
}
