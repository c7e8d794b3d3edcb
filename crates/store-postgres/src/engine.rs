//! [`PostgresEngine`]: what the core asks of a database, over connections to PostgreSQL.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tarbox_store::{
    Follower, GcReport, Ino, LogQuery, LogRecord, Performance, Quota, Result, Seq, Timestamp,
};
use tarbox_store_core::{
    Applied, Batch, CoreStore, Durability, Engine, Found, Target, Tenant, TenantId, Want,
};
use tokio::runtime::Runtime;

use crate::blocks::{self, Blocks, Gathered};
use crate::error::closed;
use crate::seat::Seat;
use crate::session::{Shared, random};
use crate::sql;
use crate::wire::{Step, Templates};
use crate::{admin, commit, followers, holds, lease, poll, rows};

/// How long a database that is closed waits for the server to hear of it.
const FAREWELL: Duration = Duration::from_secs(2);

/// What was sent to the server by this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statistics {
    /// Statements, with those that begin and end transactions.
    pub statements: u64,
    /// Flights: statements that were sent together count once.
    pub flights: u64,
}

/// A database on PostgreSQL.
pub struct PostgresEngine {
    pub(crate) shared: Arc<Shared>,
    blocks: Blocks,
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
}

impl fmt::Debug for PostgresEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresEngine")
            .field("shared", &self.shared.pool)
            .finish_non_exhaustive()
    }
}

impl PostgresEngine {
    pub(crate) fn new(shared: Shared, cache_bytes: u64, runtime: Runtime) -> Self {
        Self {
            shared: Arc::new(shared),
            blocks: blocks::cache(cache_bytes),
            runtime: Some(runtime),
        }
    }

    /// What was sent to the server so far.
    pub fn statistics(&self) -> Statistics {
        Statistics {
            statements: self.shared.pool.sent.load(Ordering::Relaxed),
            flights: self.shared.pool.flights.load(Ordering::Relaxed),
        }
    }

    /// Runs a task on the engine's own thread. It goes on when the caller does not wait for it any more.
    pub(crate) async fn run<R, F>(&self, f: impl FnOnce(Arc<Shared>) -> F) -> Result<R>
    where
        R: Send + 'static,
        F: Future<Output = Result<R>> + Send + 'static,
    {
        let Some(runtime) = &self.runtime else {
            return Err(closed());
        };
        let task = runtime.spawn(f(self.shared.clone()));
        task.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Looks whether others have files of a tenant open whose lease is held.
    pub(crate) async fn look_around(&self, tenant: TenantId) -> Result<()> {
        let seat = self.seat(tenant);
        self.run(|shared| async move { lease::look_around(&shared, &seat).await })
            .await
    }

    /// Makes a tenant of this row with the next number, by these statements.
    pub(crate) async fn make(
        &self,
        row: Tenant,
        steps_of: fn(&Templates, &Tenant) -> Vec<Step>,
    ) -> Result<Tenant> {
        self.run(move |shared| async move { admin::make(&shared, row, steps_of).await })
            .await
    }
}

impl Engine for PostgresEngine {
    type Appender<'a> = Gathered;
    type Seat = Arc<Seat>;

    fn seat(&self, tenant: TenantId) -> Arc<Seat> {
        self.shared.seat(tenant)
    }

    async fn load(&self, tenant: TenantId, wants: &[Want]) -> Result<Vec<Found>> {
        let seat = self.seat(tenant);
        if let [Want::Tenant] = wants
            && let Some(row) = seat.row()
        {
            return Ok(vec![Found::Tenant(Some(row))]);
        }
        let asked = wants.iter().map(|want| match want {
            Want::Directory { dir, limit } => Want::Directory {
                dir: *dir,
                limit: seat.probe(*dir).min(*limit),
            },
            want => want.clone(),
        });
        let wants: Vec<Want> = asked.collect();
        self.run(|shared| async move { rows::load(&shared, &seat, &wants).await })
            .await
    }

    async fn log(&self, tenant: TenantId, query: &LogQuery) -> Result<Vec<LogRecord>> {
        let request = sql::log_query(tenant, query);
        self.run(|shared| async move {
            let answers = shared.pool.fly(&[request.into()]).await?;
            sql::log_records(&answers[0])
        })
        .await
    }

    async fn apply(&self, batches: &mut [Batch], durability: Durability) -> Result<Applied> {
        commit::apply(self, batches, durability).await
    }

    async fn sync(&self, tenant: TenantId) -> Result<Applied> {
        commit::sync(self, tenant).await
    }

    fn foreign(&self, seat: &Arc<Seat>) -> u64 {
        seat.foreign()
    }

    fn is_fresh(&self, seat: &Arc<Seat>) -> bool {
        seat.is_fresh()
    }

    async fn look(&self, tenant: TenantId) -> Result<()> {
        let seat = self.seat(tenant);
        if seat.is_sure() {
            return Ok(());
        }
        self.run(|shared| async move { shared.look(&seat).await }).await
    }

    async fn acquire(&self, tenant: TenantId) -> Result<()> {
        let seat = self.seat(tenant);
        // A change of history that was given up may be under way: the next change begins behind it.
        drop(seat.commit.lock().await);
        // Counted here, and not in the task: whoever gives up waiting holds nothing.
        while !seat.join() {
            let seat = seat.clone();
            self.run(|shared| async move { lease::ensure(&shared, &seat).await })
                .await?;
        }
        Ok(())
    }

    fn release(&self, tenant: TenantId) -> Result<()> {
        let seat = self.seat(tenant);
        if lease::release(&seat)
            && let Some(runtime) = &self.runtime
        {
            let shared = self.shared.clone();
            runtime.spawn(async move { lease::give_back(&shared, &seat).await });
        }
        Ok(())
    }

    fn is_deposed(&self, seat: &Arc<Seat>) -> bool {
        seat.is_deposed()
    }

    fn is_wanted(&self, tenant: TenantId) -> bool {
        self.seat(tenant).is_wanted()
    }

    fn commits(&self, tenant: TenantId) -> u32 {
        self.seat(tenant).commits()
    }

    async fn wait(&self, tenant: TenantId, then: u32, patience: Duration) {
        let seat = self.seat(tenant);
        let waited = self.run(|shared| async move {
            if let Some(register) = shared.register_once() {
                let _known = shared.pool.fly_quietly(vec![register]).await;
            }
            poll::begin(&shared);
            let mut ear = seat.ear();
            let woken = seat.woken.notified();
            let rung = ear.wait_for(|now| *now != then);
            let limit = Instant::now() + patience;
            tokio::select! {
                _ = rung => {}
                () = woken => {}
                () = tokio::time::sleep_until(limit.into()) => {}
                () = stay_in_use(&seat) => {}
            }
            Ok(())
        });
        let _closed = waited.await;
    }

    fn wake(&self, tenant: TenantId) {
        self.seat(tenant).woken.notify_waiters();
    }

    async fn follow(&self, tenant: TenantId) -> Result<Box<dyn Follower>> {
        let seat = self.seat(tenant);
        self.run(|shared| async move { followers::follow(&shared, seat).await })
            .await
    }

    fn is_followed(&self, tenant: TenantId, besides: Option<u32>) -> bool {
        let seat = self.seat(tenant);
        let state = seat.lock();
        state.followed || state.signs.iter().any(|sign| Some(sign.number) != besides)
    }

    async fn settle(&self, tenant: TenantId, besides: Option<u32>, position: Seq) {
        let seat = self.seat(tenant);
        let settled = self.run(|shared| async move {
            shared.poke.notify_one();
            followers::settle(&shared, &seat, besides, position).await;
            Ok(())
        });
        let _closed = settled.await;
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn hold(&self, tenant: TenantId, ino: Ino) -> Result<()> {
        let seat = self.seat(tenant);
        if seat.is_sure() && holds::hold_quietly(&seat, ino) {
            return Ok(());
        }
        self.run(|shared| async move { holds::hold(&shared, &seat, ino).await })
            .await
    }

    fn let_go(&self, tenant: TenantId, ino: Ino) {
        holds::let_go(&self.seat(tenant), ino);
    }

    async fn held_elsewhere(&self, tenant: TenantId, inos: &[Ino]) -> Result<Vec<bool>> {
        let (seat, inos) = (self.seat(tenant), inos.to_vec());
        self.run(|shared| async move { holds::held_elsewhere(&shared, &seat, &inos).await })
            .await
    }

    fn is_alone(&self, tenant: TenantId) -> bool {
        let seat = self.seat(tenant);
        let state = seat.lock();
        state.lease.is_some() && state.alone
    }

    async fn fetch(&self, tenant: TenantId, targets: &[Target], buffer: &mut [u8]) -> Result<()> {
        let missing = blocks::fill(&self.blocks, tenant, targets, buffer)?;
        let hits = targets.len().saturating_sub(missing.len()) as u64;
        self.shared.block_hits.fetch_add(hits, Ordering::Relaxed);
        if missing.is_empty() {
            return Ok(());
        }
        let loaded = self
            .run(|shared| async move { blocks::load(&shared, tenant, missing).await })
            .await?;
        blocks::fill_from(&loaded, targets, buffer)?;
        for (hash, bytes) in loaded {
            self.blocks.insert((tenant, hash), bytes);
        }
        Ok(())
    }

    fn appender(&self, tenant: &Tenant) -> Gathered {
        Gathered {
            seat: self.seat(tenant.id),
            added: BTreeMap::new(),
        }
    }

    async fn find(&self, name: &str) -> Result<Option<Tenant>> {
        let name = name.to_owned();
        self.run(|shared| async move { admin::find(&shared, &name).await })
            .await
    }

    async fn tenants(&self) -> Result<Vec<Tenant>> {
        self.run(|shared| async move { admin::all(&shared).await }).await
    }

    async fn create(&self, name: &str, quota: Quota, now: Timestamp) -> Result<Tenant> {
        let row = Tenant::new(TenantId(0), name, quota, random()?, now);
        self.make(row, sql::create_tenant).await
    }

    async fn collect(store: &CoreStore<Self>) -> Result<GcReport> {
        crate::gc::collect(store).await
    }

    fn device_free(&self) -> Option<u64> {
        None
    }

    fn performance(&self) -> Performance {
        Performance {
            block_hits: self.shared.block_hits.load(Ordering::Relaxed),
            block_misses: self.shared.block_reads.load(Ordering::Relaxed),
            bytes_read: self.shared.bytes_read.load(Ordering::Relaxed),
            ..Performance::default()
        }
    }
}

/// Never ends: as long as somebody waits, others' commits are looked for.
async fn stay_in_use(seat: &Seat) {
    loop {
        seat.ask();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

impl Drop for PostgresEngine {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else {
            return;
        };
        if self.shared.registered.load(Ordering::Acquire) {
            let (said, heard) = std::sync::mpsc::channel();
            let shared = self.shared.clone();
            runtime.spawn(async move {
                lease::farewell(&shared).await;
                let _done = said.send(());
            });
            let _done_or_late = heard.recv_timeout(FAREWELL);
        }
        // Also within somebody else's runtime, where nothing may wait.
        runtime.shutdown_background();
    }
}
