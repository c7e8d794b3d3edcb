//! [`SqliteEngine`]: rows in SQLite, blocks in segments, and what processes that share a database need.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use std::time::Duration;

use tarbox_store::{
    Follower, GcReport, Ino, LogQuery, LogRecord, Performance, Quota, Result, Seq, Timestamp, Unheard,
};
use tarbox_store_core::{
    Applied, Batch, Clock, CoreStore, Durability, Engine, Found, Target, Tenant, TenantId, Want,
};

use crate::blocks::{Appender, BlockStore};
use crate::followers::Followers;
use crate::group::Group;
use crate::lease::Lease;
use crate::redo::Redo;
use crate::room::Room;
use crate::rows::Numbered;
use crate::sessions::Sessions;
use crate::sql::{self, Connections};

/// Makes a transaction of what several tenants commit.
pub(crate) type Write<'a> = dyn Fn(&[&[Batch]], Durability) -> Result<()> + 'a;

/// A database on SQLite.
pub struct SqliteEngine {
    pub(crate) sql: Connections,
    pub(crate) blocks: BlockStore,
    pub(crate) clock: Clock,
    lease: Mutex<Lease>,
    /// How many tenants hold the lease.
    holders: AtomicUsize,
    /// The database as this process has last committed it, or last looked at it.
    known: AtomicU64,
    /// How often others have committed since, as far as somebody looked.
    foreign: AtomicU64,
    /// Commits are visible that may not be on the device.
    unsynced: AtomicBool,
    redo: Mutex<Option<Redo>>,
    group: Group,
    /// Other processes; `None` where there are none.
    sessions: Option<Sessions>,
    /// After the connections: it keeps what the last of them leaves.
    room: Room,
    followers: Followers,
    /// The directory whose device the database is on.
    directory: Option<PathBuf>,
    /// Keeps the VFS registered that the connections use.
    _vfs: Option<tarbox_sqlite_vfs::Registration>,
}

/// What an engine is made of.
pub(crate) struct Parts {
    pub(crate) sql: Connections,
    pub(crate) blocks: BlockStore,
    pub(crate) clock: Clock,
    pub(crate) lease: Lease,
    pub(crate) sessions: Option<Sessions>,
    pub(crate) room: Room,
    pub(crate) followers: Followers,
    pub(crate) directory: Option<PathBuf>,
    pub(crate) vfs: Option<tarbox_sqlite_vfs::Registration>,
    pub(crate) redo: Option<Redo>,
}

impl fmt::Debug for SqliteEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteEngine")
            .field("directory", &self.directory)
            .finish_non_exhaustive()
    }
}

impl SqliteEngine {
    pub(crate) fn new(parts: Parts) -> Self {
        let known = parts.sql.stamp();
        Self {
            sql: parts.sql,
            blocks: parts.blocks,
            clock: parts.clock,
            lease: Mutex::new(parts.lease),
            holders: AtomicUsize::new(0),
            known: AtomicU64::new(known),
            foreign: AtomicU64::new(0),
            unsynced: AtomicBool::new(known != 0),
            redo: Mutex::new(parts.redo),
            group: Group::default(),
            sessions: parts.sessions,
            room: parts.room,
            followers: parts.followers,
            directory: parts.directory,
            _vfs: parts.vfs,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Notices what others have committed.
    fn look(&self) {
        let now = self.sql.stamp();
        if self.known.swap(now, Ordering::AcqRel) != now {
            self.foreign.fetch_add(1, Ordering::AcqRel);
            // Whoever syncs next syncs for everybody: what another process committed may not be on the device yet.
            self.unsynced.store(true, Ordering::Release);
        }
    }

    /// Runs `f` in a transaction of its own. The caller holds the lease.
    pub(crate) fn write<R>(
        &self,
        durability: Durability,
        f: impl FnOnce(&Connection) -> Result<R>,
    ) -> Result<R> {
        let result = self.sql.write(durability, f);
        self.known.store(self.sql.stamp(), Ordering::Release);
        if result.is_ok() {
            self.unsynced
                .store(durability == Durability::Visible, Ordering::Release);
        }
        result
    }

    /// Runs `f` in a durable transaction, with the lease taken for it.
    pub(crate) fn write_alone<R>(&self, f: impl FnOnce(&Connection) -> Result<R>) -> Result<R> {
        self.take_lease()?;
        let result = self.write(Durability::Durable, f);
        self.give_back()?;
        result
    }

    fn take_lease(&self) -> Result<()> {
        let mut lease = lock(&self.lease);
        if self.holders.load(Ordering::Acquire) == 0 {
            lease.acquire()?;
            self.look();
        }
        self.holders.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    fn give_back(&self) -> Result<()> {
        let mut lease = lock(&self.lease);
        match self.holders.fetch_sub(1, Ordering::AcqRel) {
            1 => lease.release(),
            _ => Ok(()),
        }
    }

    /// No more syncs go to the redo log.
    pub(crate) fn end_redo(&self) {
        *lock(&self.redo) = None;
    }

    fn commit(&self, batches: &mut [Batch], durability: Durability) -> Result<()> {
        let mut redo = lock(&self.redo);
        let Some(redo) = &mut *redo else {
            drop(redo);
            let write = |all: &[&[Batch]], durability| {
                self.write(durability, |c| {
                    all.iter().try_for_each(|batches| apply_all(c, batches))
                })
            };
            self.group.commit(batches, durability, &write)?;
            self.learn(batches);
            return Ok(());
        };
        let is_end = redo.must_end();
        // The log begins anew then, so the transaction must not be lost.
        let durability = if is_end { Durability::Durable } else { durability };
        self.write(durability, |c| {
            apply_all(c, batches)?;
            match is_end {
                true => sql::set_redone(c, redo.epoch()),
                false => Ok(()),
            }
        })?;
        if is_end {
            redo.begin_anew();
        }
        self.learn(batches);
        Ok(())
    }

    /// Takes note of where blocks are that were committed.
    fn learn(&self, batches: &[Batch]) {
        for batch in batches {
            self.blocks.learn(batch.tenant, &batch.blocks);
        }
    }
}

impl Engine for SqliteEngine {
    type Appender<'a> = Appender<'a>;
    /// What others did is known of all tenants together.
    type Seat = ();

    fn seat(&self, _: TenantId) {}

    async fn load(&self, tenant: TenantId, wants: &[Want]) -> Result<Vec<Found>> {
        let all = |c: &Connection| wants.iter().map(|want| sql::load(c, tenant, want)).collect();
        match wants.len() {
            1 => self.sql.read(all),
            _ => self.sql.snapshot(all),
        }
    }

    async fn log(&self, tenant: TenantId, query: &LogQuery) -> Result<Vec<LogRecord>> {
        self.sql.read(|c| sql::log::query(c, tenant, query))
    }

    async fn apply(&self, batches: &mut [Batch], durability: Durability) -> Result<Applied> {
        // Nobody takes a file lock over.
        self.commit(batches, durability).map(|()| Applied::Yes)
    }

    async fn sync(&self, _: TenantId) -> Result<Applied> {
        if self.unsynced.load(Ordering::Acquire) {
            self.write_alone(sql::touch)?;
        }
        Ok(Applied::Yes)
    }

    fn foreign(&self, (): &()) -> u64 {
        if self.holders.load(Ordering::Acquire) == 0 && self.sql.stamp() != self.known.load(Ordering::Acquire)
        {
            self.look();
        }
        self.foreign.load(Ordering::Acquire)
    }

    async fn acquire(&self, _: TenantId) -> Result<()> {
        self.take_lease()
    }

    fn release(&self, _: TenantId) -> Result<()> {
        self.give_back()
    }

    fn is_wanted(&self, _: TenantId) -> bool {
        lock(&self.lease).is_wanted()
    }

    fn commits(&self, _: TenantId) -> u32 {
        self.sql.now()
    }

    async fn wait(&self, _: TenantId, then: u32, patience: Duration) {
        self.sql.wait(then, patience);
    }

    fn wake(&self, _: TenantId) {
        self.sql.wake();
    }

    async fn follow(&self, tenant: TenantId) -> Result<Box<dyn Follower>> {
        Ok(self.followers.add(tenant)?.unwrap_or_else(|| Box::new(Unheard)))
    }

    fn is_followed(&self, tenant: TenantId, besides: Option<u32>) -> bool {
        self.followers.are_there(tenant, besides)
    }

    async fn settle(&self, tenant: TenantId, besides: Option<u32>, position: Seq) {
        for other in self.followers.others(tenant, besides) {
            other.wait(position);
        }
    }

    fn is_shared(&self) -> bool {
        self.sessions.is_some()
    }

    async fn hold(&self, tenant: TenantId, ino: Ino) -> Result<()> {
        match &self.sessions {
            Some(sessions) => sessions.hold(tenant.key(ino)),
            None => Ok(()),
        }
    }

    fn let_go(&self, tenant: TenantId, ino: Ino) {
        if let Some(sessions) = &self.sessions {
            sessions.release(tenant.key(ino));
        }
    }

    async fn held_elsewhere(&self, tenant: TenantId, inos: &[Ino]) -> Result<Vec<bool>> {
        let is_held = |ino: &Ino| {
            let sessions = self.sessions.as_ref();
            sessions.is_some_and(|sessions| sessions.is_open_elsewhere(tenant.key(*ino)))
        };
        Ok(inos.iter().map(is_held).collect())
    }

    fn room(&self) -> tarbox_store_core::Room {
        let allowance = self.room.allowance();
        tarbox_store_core::Room {
            allowance,
            is_scarce: self.room.is_scarce(),
        }
    }

    fn prepare(&self) {
        self.room.prepare();
    }

    fn make_room(&self) -> bool {
        self.room.spend()
    }

    fn restore_room(&self) {
        if self.room.is_scarce() {
            self.sql.shorten_log();
        }
        self.room.restore();
    }

    fn is_alone(&self, _: TenantId) -> bool {
        self.sessions.as_ref().is_none_or(Sessions::alone)
    }

    async fn fetch(&self, tenant: TenantId, targets: &[Target], buffer: &mut [u8]) -> Result<()> {
        self.blocks.fetch(&self.sql, tenant, targets, buffer)
    }

    fn appender(&self, tenant: &Tenant) -> Appender<'_> {
        Appender::new(&self.blocks, tenant.id, tenant.segment, tenant.segment_len)
    }

    fn has_redo(&self) -> bool {
        lock(&self.redo).is_some()
    }

    async fn redo(&self, record: &[u8]) -> Result<bool> {
        let mut redo = lock(&self.redo);
        let Some(redo) = &mut *redo else { return Ok(false) };
        // Records come on top of what is durable.
        if !redo.holds_records() && self.unsynced.load(Ordering::Acquire) {
            return Ok(false);
        }
        redo.append(record)
    }

    fn holds_records(&self) -> bool {
        lock(&self.redo).as_ref().is_some_and(Redo::holds_records)
    }

    async fn find(&self, name: &str) -> Result<Option<Tenant>> {
        self.sql.read(|c| sql::tenant::by_name(c, name))
    }

    async fn tenants(&self) -> Result<Vec<Tenant>> {
        self.sql.read(sql::tenant::all)
    }

    async fn create(&self, name: &str, quota: Quota, now: Timestamp) -> Result<Tenant> {
        let secret = crate::surroundings::secret()?;
        self.write_alone(|c| sql::admin::create(c, name, quota, secret, now))
    }

    async fn collect(store: &CoreStore<Self>) -> Result<GcReport> {
        crate::gc::collect(store).await
    }

    fn device_free(&self) -> Option<u64> {
        self.directory.as_deref().and_then(crate::platform::free_bytes)
    }

    fn performance(&self) -> Performance {
        self.blocks.performance()
    }
}

fn apply_all(c: &Connection, batches: &[Batch]) -> Result<()> {
    batches.iter().try_for_each(|batch| sql::apply(c, batch))
}

/// A mutex here only guards against concurrent use.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
