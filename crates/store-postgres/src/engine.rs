//! [`PostgresEngine`]: what the core asks of a database, over connections to PostgreSQL.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tarbox_store::{
    Error, ErrorKind, Follower, GcReport, Ino, LogQuery, LogRecord, Performance, Quota, Result, Seq,
    Timestamp,
};
use tarbox_store_core::{
    Applied, Batch, CoreStore, Durability, Engine, Found, Target, Tenant, TenantId, Want,
};
use tokio::runtime::Runtime;
use tokio_postgres::types::Type;

use crate::blocks::{self, Blocks, Gathered};
use crate::error::{closed, failed, is_conflict, is_fence, is_gone};
use crate::seat::Seat;
use crate::session::{Shared, random};
use crate::sql::{self, Fence};
use crate::wire::Step;
use crate::{followers, holds, lease, poll};

/// How long a database that is closed waits for the server to hear of it.
const FAREWELL: Duration = Duration::from_secs(2);
/// How often rows are loaded again because others committed meanwhile.
const TRIES: usize = 16;
/// How long a commit is tried whose connection was lost.
const PATIENCE: Duration = crate::wire::PATIENCE;

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

    fn seat(&self, tenant: TenantId) -> Arc<Seat> {
        self.shared.seat(tenant)
    }

    /// Loads rows where the engine knows nothing of them.
    async fn load_rows(&self, seat: &Arc<Seat>, wants: Vec<Want>) -> Result<Vec<Found>> {
        let seat = seat.clone();
        self.run(|shared| async move {
            for _ in 0..TRIES {
                if let Some(found) = try_load(&shared, &seat, &wants).await? {
                    return Ok(found);
                }
            }
            Err(Error::new(ErrorKind::Busy)
                .because("other processes change the tenant without pause; try again"))
        })
        .await
    }
}

/// Loads rows; `None` if they are older than what is known already.
async fn try_load(shared: &Shared, seat: &Seat, wants: &[Want]) -> Result<Option<Vec<Found>>> {
    let sql = shared.sql(seat.id);
    let plan = sql::plan(sql, wants);
    let asks_for_tenant = wants.contains(&Want::Tenant);
    let at = Instant::now();
    // While the lease is held nobody else commits.
    if seat.is_sure() && !asks_for_tenant && plan.steps.len() == 1 {
        let answers = shared.pool.fly(&plan.steps).await?;
        return plan.finish(sql, wants, &answers, None).map(Some);
    }
    let mut steps = vec![
        Step::Plain("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
        shared.row_of(seat.id),
    ];
    steps.extend(plan.steps.iter().cloned());
    steps.push(Step::Plain("COMMIT"));
    let answers = shared.pool.fly(&steps).await?;
    let row = answers[1].first().map(sql::decode_tenant).transpose()?;
    if let Some(seen) = &row {
        seat.observe(seen, at, shared.session);
        if !seat.is_current(seen) {
            return Ok(None);
        }
    }
    plan.finish(sql, wants, &answers[2..answers.len() - 1], row.as_ref())
        .map(Some)
}

/// Commits batches of one tenant each as one transaction.
async fn commit(shared: &Shared, work: Work, durability: Durability) -> Result<Applied> {
    let limit = Instant::now() + PATIENCE;
    let (mut pause, mut conflicts) = (Duration::from_millis(10), 0);
    loop {
        let error = match shared.pool.once(&work.steps).await {
            Ok(_) => return Ok(Applied::Yes),
            Err(error) => error,
        };
        if is_fence(&error) {
            return find_out(shared, &work, durability).await;
        }
        if is_conflict(&error) && conflicts < 8 {
            conflicts += 1;
        } else if is_gone(&error) && Instant::now() < limit {
            // If it was committed after all, the fence refuses the next try.
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(500));
        } else {
            return Err(failed(error));
        }
    }
}

/// A transaction, and what it rests on.
struct Work {
    steps: Vec<Step>,
    fences: Vec<(Arc<Seat>, Fence)>,
}

/// Whether an earlier try was committed whose answer was lost: the fence refuses the same commit the second time.
async fn find_out(shared: &Shared, work: &Work, durability: Durability) -> Result<Applied> {
    for (seat, fence) in &work.fences {
        let answers = shared.pool.fly(&[shared.row_of(seat.id)]).await?;
        let seen = answers[0].first().map(sql::decode_tenant).transpose()?;
        let is_ours = seen.is_some_and(|seen| {
            seen.epoch == fence.epoch
                && seen.holder == fence.session
                && seen.commits == fence.commits + 1
                && seen.stamp == fence.stamp
        });
        if !is_ours {
            return Ok(Applied::Fenced);
        }
        if durability == Durability::Durable {
            make_durable(shared, seat).await?;
        }
    }
    Ok(Applied::Yes)
}

/// Waits until all that was committed before is on the device.
async fn make_durable(shared: &Shared, seat: &Seat) -> Result<Vec<tokio_postgres::Row>> {
    let request = shared.sql(seat.id).request("sync", Vec::new(), || {
        (
            format!(
                "UPDATE tarbox.tenant SET syncs = syncs + 1 WHERE tenant = $1 RETURNING {}",
                sql::TENANT
            ),
            Vec::new(),
        )
    });
    let mut answers = shared.pool.fly(&[request.into()]).await?;
    Ok(answers.pop().unwrap_or_default())
}

/// What tells a commit from every other of its tenant: the same batch has the same.
fn stamp(batch: &Batch) -> i64 {
    let mut hasher = DefaultHasher::new();
    for (ino, change) in &batch.inodes {
        ino.0.hash(&mut hasher);
        if let Some(row) = &change.row {
            (row.size, row.atime.0, row.mtime.0, row.ctime.0).hash(&mut hasher);
        }
    }
    for row in &batch.log {
        (row.seq, row.time.0, row.ino.0, &row.path).hash(&mut hasher);
    }
    (batch.dentries.len(), batch.chunks.len(), batch.xattrs.len()).hash(&mut hasher);
    format!("{:?}", batch.history).hash(&mut hasher);
    if let Some(row) = &batch.row {
        (row.next_ino, row.next_seq, row.bytes, row.head.0, row.current.0).hash(&mut hasher);
        format!("{:?} {:?}", row.quota, row.state).hash(&mut hasher);
    }
    hasher.finish() as i64
}

impl Engine for PostgresEngine {
    type Appender<'a> = Gathered;

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
        self.load_rows(&seat, asked.collect()).await
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
        let mut steps = vec![Step::Plain("BEGIN")];
        if durability == Durability::Visible {
            steps.push(Step::Plain("SET LOCAL synchronous_commit = off"));
        }
        let at = Instant::now();
        let mut fences = Vec::with_capacity(batches.len());
        let mut turns = Vec::with_capacity(batches.len());
        for batch in batches.iter() {
            let seat = self.seat(batch.tenant);
            turns.push(seat.commit.clone().lock_owned().await);
            // They stay until the commit has succeeded, since the same may be tried again.
            let blocks = seat.lock().blocks.clone();
            let stamp = stamp(batch);
            // The same was committed by a task that nobody waited for.
            if seat.lock().last == Some(stamp) {
                if durability == Durability::Durable {
                    return self.sync(batch.tenant).await;
                }
                return Ok(Applied::Yes);
            }
            // Where earlier commits are lost, none that is to be durable succeeds before that was told.
            let is_lost = durability == Durability::Durable && std::mem::take(&mut seat.lock().lost);
            let Some((epoch, commits)) = seat.fence().filter(|_| !is_lost) else {
                seat.lock().lost = false;
                return Ok(Applied::Fenced);
            };
            let fence = Fence {
                epoch,
                session: self.shared.session,
                commits,
                stamp,
            };
            steps.extend(sql::apply(self.shared.sql(batch.tenant), batch, fence, &blocks));
            fences.push((seat, fence));
        }
        steps.push(Step::Plain("COMMIT"));
        let work = Work {
            steps,
            fences: fences.clone(),
        };
        let rows: Vec<Option<Tenant>> = batches.iter().map(|batch| batch.row.clone()).collect();
        let waiting = Arc::new(());
        let caller = Arc::downgrade(&waiting);
        let applied = self.run(|shared| async move {
            let _turns = turns;
            let applied = commit(&shared, work, durability).await?;
            for ((seat, fence), row) in fences.iter().zip(rows) {
                match applied {
                    Applied::Yes => {
                        seat.committed(fence, row, at, durability == Durability::Durable);
                        // What was read since it was given up may be of before.
                        if caller.strong_count() == 0 {
                            seat.changed();
                        }
                    }
                    Applied::Fenced => seat.lose(&mut seat.lock()),
                }
                seat.lock().blocks.clear();
            }
            if shared.others.load(Ordering::Acquire) {
                shared.poke.notify_one();
            }
            Ok(applied)
        });
        let applied = applied.await;
        drop(waiting);
        applied
    }

    async fn sync(&self, tenant: TenantId) -> Result<Applied> {
        let seat = self.seat(tenant);
        let at_risk = {
            let mut state = seat.lock();
            if std::mem::take(&mut state.lost) {
                return Ok(Applied::Fenced);
            }
            if !state.unsynced {
                return Ok(Applied::Yes);
            }
            state.at_risk
        };
        let session = self.shared.session;
        self.run(|shared| async move {
            let at = Instant::now();
            let rows = make_durable(&shared, &seat).await?;
            let seen = rows.first().map(sql::decode_tenant).transpose()?;
            let seen = seen.ok_or_else(crate::session::gone)?;
            seat.observe(&seen, at, session);
            let is_kept = at_risk.is_none_or(|(epoch, commits)| {
                seen.epoch == epoch && seen.holder == session && seen.commits >= commits
            });
            let mut state = seat.lock();
            state.unsynced = false;
            if state.at_risk == at_risk {
                state.at_risk = None;
            }
            state.lost = false;
            Ok(if is_kept { Applied::Yes } else { Applied::Fenced })
        })
        .await
    }

    fn foreign(&self, tenant: TenantId) -> u64 {
        self.seat(tenant).foreign()
    }

    fn is_fresh(&self, tenant: TenantId) -> bool {
        self.seat(tenant).is_fresh()
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
        while !lease::join(&seat) {
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

    fn is_deposed(&self, tenant: TenantId) -> bool {
        self.seat(tenant).lock().broken
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
        if name.contains('\0') {
            // Text of PostgreSQL has none.
            return Ok(None);
        }
        let name = name.to_owned();
        self.run(|shared| async move {
            let columns: Vec<String> = sql::TENANT.split(", ").map(|column| format!("t.{}", column.trim())).collect();
            let text = shared.templates.get("find", 0, || {
                let text = format!(
                    "SELECT {} FROM tarbox.tenant_name n JOIN tarbox.tenant t ON t.tenant = n.tenant WHERE n.name = $1",
                    columns.join(", ")
                );
                crate::wire::Template::new(text, vec![Type::TEXT])
            });
            let at = Instant::now();
            let request = crate::wire::Request {
                template: text,
                values: vec![name[..].into()],
            };
            let answers = shared.pool.fly(&[request.into()]).await?;
            let Some(row) = answers[0].first() else { return Ok(None) };
            let seen = sql::decode_tenant(row)?;
            shared.seat(seen.id).observe(&seen, at, shared.session);
            Ok(seen.tenant)
        })
        .await
    }

    async fn tenants(&self) -> Result<Vec<Tenant>> {
        self.run(|shared| async move {
            let sql = "SELECT tenant, name, state, created, quota_bytes, quota_inodes, quota_layers, quota_log, bytes, inodes, \
                       layers, head, current, next_ino, next_seq, secret, epoch, holder, wanted, answered, commits, stamp \
                       FROM tarbox.tenant WHERE state <> 2 ORDER BY name COLLATE \"C\"";
            let answers = shared.pool.fly(&[shared.statement(sql, &[], Vec::new())]).await?;
            let mut found = Vec::new();
            for row in &answers[0] {
                found.extend(sql::decode_tenant(row)?.tenant);
            }
            Ok(found)
        })
        .await
    }

    async fn create(&self, name: &str, quota: Quota, now: Timestamp) -> Result<Tenant> {
        let (name, secret) = (name.to_owned(), random()?);
        self.run(|shared| async move {
            let next = shared.statement(
                "UPDATE tarbox.meta SET next_tenant = next_tenant + 1 WHERE id = 1 RETURNING next_tenant - 1",
                &[],
                Vec::new(),
            );
            let answers = shared.pool.fly(&[next]).await?;
            let row = answers[0].first().ok_or_else(closed)?;
            let id = TenantId(sql::int(row, 0)? as u64);
            let tenant = Tenant::new(id, &name, quota, secret, now);
            let mut steps = vec![Step::Plain("BEGIN")];
            steps.extend(sql::create_tenant(&shared.templates, &tenant));
            steps.push(Step::Plain("COMMIT"));
            match shared.pool.once(&steps).await {
                Ok(_) => Ok(tenant),
                Err(e) if e.code() == Some(&tokio_postgres::error::SqlState::UNIQUE_VIOLATION) => {
                    Err(sql::taken(&name))
                }
                Err(e) => Err(failed(e)),
            }
        })
        .await
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
        seat.lock().used = Instant::now();
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
                farewell(&shared).await;
                let _done = said.send(());
            });
            let _done_or_late = heard.recv_timeout(FAREWELL);
        }
        // Also within somebody else's runtime, where nothing may wait.
        runtime.shutdown_background();
    }
}

/// Gives everything back that others would otherwise wait for.
async fn farewell(shared: &Arc<Shared>) {
    let seats: Vec<Arc<Seat>> = shared.seats().values().cloned().collect();
    let mut steps = Vec::new();
    for seat in &seats {
        seat.lock().users = 0;
        // Whatever cannot be said now, others find out.
        let _given = lease::give_back(shared, seat).await;
        for table in [
            "DELETE FROM tarbox.hold WHERE tenant = $1 AND session = $2",
            "DELETE FROM tarbox.member WHERE tenant = $1 AND session = $2",
            "DELETE FROM tarbox.follower WHERE tenant = $1 AND session = $2",
        ] {
            let known = seat.lock().member || !seat.lock().signs.is_empty();
            if known {
                steps.push(
                    shared
                        .sql(seat.id)
                        .fixed(table, &[Type::INT8], vec![shared.session.into()]),
                );
            }
        }
    }
    steps.push(shared.statement(
        "DELETE FROM tarbox.session WHERE session = $1",
        &[Type::INT8],
        vec![shared.session.into()],
    ));
    let _said = shared.pool.fly_quietly(steps).await;
}
