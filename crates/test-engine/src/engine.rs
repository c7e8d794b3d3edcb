//! [`MemoryEngine`]: one process at a server.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tarbox_store::{
    Error, ErrorKind, Follower, GcReport, Ino, LogQuery, LogRecord, Performance, Quota, Result, Seq,
    Timestamp,
};
use tarbox_store_core::{
    Appender, Applied, Batch, Block, CoreStore, Durability, Engine, Found, Hash, Target, Tenant, TenantId,
    Want,
};

use crate::load::load;
use crate::rows::Bytes;
use crate::schedule::{Call, Obedient, Outcome, Schedule, pause};
use crate::seat::{Seat, Seen};
use crate::server::{Fence, Follows, Server, State, gone};

/// How often a lease is asked for before that is given up.
const PATIENCE: u64 = 1 << 40;
/// How often a follower is looked at that is waited for.
const LOOKS: u32 = 20_000;
/// How long one who waits for a commit waits at least.
const WAIT: u32 = 3;

/// What a process knows of commits of others without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Every commit, as soon as it is made.
    All,
    /// Nothing but what it has looked at.
    Looked,
}

/// One process at a [`Server`].
#[derive(Debug)]
pub struct MemoryEngine {
    server: Server,
    process: u32,
    sight: Sight,
    schedule: Arc<dyn Schedule>,
    seats: Mutex<BTreeMap<TenantId, Arc<Seat>>>,
    followers: AtomicU32,
}

impl MemoryEngine {
    /// A process that is answered at once.
    pub fn new(server: &Server) -> Self {
        Self::with(server, Sight::All, Arc::new(Obedient))
    }

    /// A process, and what becomes of its calls.
    pub fn with(server: &Server, sight: Sight, schedule: Arc<dyn Schedule>) -> Self {
        Self {
            server: server.clone(),
            process: server.lock().join(),
            sight,
            schedule,
            seats: Mutex::default(),
            followers: AtomicU32::new(0),
        }
    }

    /// The number of the process.
    pub fn process(&self) -> u32 {
        self.process
    }

    /// The server.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// How often the core was told that changes are lost.
    pub fn losses(&self, tenant: TenantId) -> u64 {
        self.place(tenant).lock().losses
    }

    /// Whether another process has taken over the lease that this one, as far as its core knows, holds.
    pub fn is_overtaken(&self, tenant: TenantId) -> bool {
        let mut state = self.server.lock();
        let seen = self.seen(&mut state, tenant);
        let seat = self.place(tenant);
        let known = seat.lock();
        known.broken || (known.lease.is_some() && known.lease != seen.lease)
    }

    fn place(&self, tenant: TenantId) -> Arc<Seat> {
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        seats.entry(tenant).or_default().clone()
    }

    /// Makes a call of the server.
    async fn call<R>(&self, call: Call, f: impl FnOnce(&mut State) -> Result<R>) -> Result<R> {
        let fate = self.schedule.fate(self.process, call);
        pause(fate.before).await;
        let answer = match fate.outcome {
            Outcome::Fail => Err(cut("before the server was reached")),
            Outcome::Answer | Outcome::LoseReply => {
                let mut state = self.server.lock();
                match state.is_dead(self.process) {
                    true => Err(cut("since the process has ended")),
                    false => f(&mut state),
                }
            }
        };
        pause(fate.after).await;
        match fate.outcome {
            Outcome::LoseReply => Err(cut("before the reply arrived")),
            _ => answer,
        }
    }

    fn seen(&self, state: &mut State, tenant: TenantId) -> Seen {
        let version = state.version(tenant);
        let users = state.users(tenant);
        let lease = (users.holder == Some(self.process)).then_some(users.epoch);
        Seen { version, lease }
    }

    /// Looks at a tenant, without a call.
    fn glance(&self, tenant: TenantId, seat: &Seat) {
        let mut state = self.server.lock();
        let seen = self.seen(&mut state, tenant);
        seat.lock().observe(seen);
    }

    /// Takes the lease, in turn.
    async fn take(&self, tenant: TenantId, seat: &Seat) -> Result<()> {
        let mut tries = 0;
        loop {
            let taken = self
                .call(Call::Acquire, |state| Ok(self.try_take(state, tenant)))
                .await;
            let taken = taken.inspect_err(|_| self.expire(tenant))?;
            if let Some((epoch, version, alone)) = taken {
                seat.lock().took(epoch, version, alone);
                return Ok(());
            }
            tries += 1;
            if tries == PATIENCE {
                return Err(Error::new(ErrorKind::Busy).because("another process keeps the lease"));
            }
            pause(1).await;
        }
    }

    /// A lease that its holder does not know of, since a reply was lost or it took itself for deposed, is not renewed: it expires.
    fn expire(&self, tenant: TenantId) {
        let mut state = self.server.lock();
        let users = state.users(tenant);
        users.waiting.remove(&self.process);
        users.holder = users.holder.filter(|holder| *holder != self.process);
    }

    fn try_take(&self, state: &mut State, tenant: TenantId) -> Option<(u64, u64, bool)> {
        let version = state.version(tenant);
        let users = state.users(tenant);
        let is_free = match users.holder {
            // The reply may have been lost.
            Some(holder) => holder == self.process || self.schedule.overtakes(holder),
            None => true,
        };
        if !is_free {
            users.waiting.insert(self.process);
            return None;
        }
        users.waiting.remove(&self.process);
        users.epoch += 1;
        users.holder = Some(self.process);
        let alone = users.members.iter().all(|member| *member == self.process);
        Some((users.epoch, version, alone))
    }

    /// Lets others know that this process opens files of a tenant; whoever has the lease afterwards knows.
    async fn become_member(&self, tenant: TenantId, seat: &Seat) -> Result<()> {
        loop {
            let turn = seat.turn.lock().await;
            if seat.lock().lease.is_none() {
                self.take(tenant, seat).await?;
            }
            let (process, lease) = (self.process, seat.lock().lease);
            let joined = self
                .call(Call::Hold, |state| {
                    let seen = self.seen(state, tenant);
                    // Whoever took it over meanwhile may take itself for the only one.
                    let is_holder = lease.is_some() && seen.lease == lease;
                    if is_holder {
                        state.users(tenant).members.insert(process);
                    }
                    Ok((is_holder, seen))
                })
                .await;
            {
                let mut known = seat.lock();
                match &joined {
                    Ok((true, _)) => known.member = true,
                    Ok((false, seen)) => drop(known.observe(*seen)),
                    Err(_) => {}
                }
            }
            drop(turn);
            // Nobody here joined the lease for this.
            self.give_back_unused(tenant, seat);
            if joined?.0 {
                return Ok(());
            }
        }
    }

    fn give_back_unused(&self, tenant: TenantId, seat: &Seat) {
        let mut state = self.server.lock();
        let mut known = seat.lock();
        if known.users > 0 {
            return;
        }
        let users = state.users(tenant);
        if let Some(epoch) = known.lease.take()
            && users.holder == Some(self.process)
            && users.epoch == epoch
        {
            users.holder = None;
        }
        known.alone = false;
        drop((known, state));
        // Unless somebody here is about to have it.
        if let Some(_turn) = seat.turn.try_lock()
            && seat.lock().lease.is_none()
        {
            self.expire(tenant);
        }
    }
}

fn cut(when: &str) -> Error {
    Error::new(ErrorKind::Io).because(format!("the connection was cut {when}"))
}

impl Engine for MemoryEngine {
    type Appender<'a> = MemoryAppender<'a>;
    type Seat = (TenantId, Arc<Seat>);

    fn seat(&self, tenant: TenantId) -> Self::Seat {
        (tenant, self.place(tenant))
    }

    async fn load(&self, tenant: TenantId, wants: &[Want]) -> Result<Vec<Found>> {
        let seat = self.place(tenant);
        loop {
            let (found, seen) = self
                .call(Call::Load, |state| {
                    let found = match state.stored(tenant) {
                        Some(stored) => wants.iter().map(|want| load(&stored.rows, want)).collect(),
                        None if wants == [Want::Tenant] => Ok(vec![Found::Tenant(None)]),
                        None => Err(gone()),
                    };
                    Ok((found, self.seen(state, tenant)))
                })
                .await?;
            if seat.lock().observe(seen) {
                return found;
            }
        }
    }

    async fn log(&self, tenant: TenantId, query: &LogQuery) -> Result<Vec<LogRecord>> {
        self.call(Call::Log, |state| {
            let stored = state.stored(tenant).ok_or_else(gone)?;
            Ok(stored.rows.records(query))
        })
        .await
    }

    async fn apply(&self, batches: &mut [Batch], durability: Durability) -> Result<Applied> {
        let is_durable = durability == Durability::Durable;
        let mut fences = Vec::with_capacity(batches.len());
        let mut work = Vec::with_capacity(batches.len());
        for batch in batches.iter() {
            let seat = self.place(batch.tenant);
            let (is_lost, fence, blocks) = {
                let (state, known) = (self.server.lock(), seat.lock());
                let is_lost = is_durable && known.at_risk.iter().any(|version| state.is_lost(*version));
                (is_lost, known.fence(), known.blocks.clone())
            };
            let Some((epoch, version)) = fence.filter(|_| !is_lost) else {
                seat.lock().fenced();
                return Ok(Applied::Fenced);
            };
            fences.push(Fence {
                process: self.process,
                epoch,
                version,
            });
            work.push((batch.clone(), blocks));
        }
        let applied = self
            .call(Call::Apply, |state| state.apply(work, &fences, durability))
            .await?;
        for (i, batch) in batches.iter().enumerate() {
            let seat = self.place(batch.tenant);
            let mut known = seat.lock();
            match &applied {
                Some(versions) => known.committed(versions[i], is_durable),
                None => known.fenced(),
            }
        }
        Ok(match applied {
            Some(_) => Applied::Yes,
            None => Applied::Fenced,
        })
    }

    async fn sync(&self, tenant: TenantId) -> Result<Applied> {
        let seat = self.place(tenant);
        let at_risk = seat.lock().at_risk.clone();
        let is_lost = self
            .call(Call::Sync, |state| {
                state.make_durable();
                Ok(at_risk.iter().any(|version| state.is_lost(*version)))
            })
            .await?;
        let mut known = seat.lock();
        if is_lost {
            known.fenced();
            return Ok(Applied::Fenced);
        }
        known.at_risk.retain(|version| !at_risk.contains(version));
        Ok(Applied::Yes)
    }

    fn foreign(&self, (tenant, seat): &Self::Seat) -> u64 {
        let holds_lease = seat.lock().lease.is_some();
        if self.sight == Sight::All && !holds_lease {
            self.glance(*tenant, seat);
        }
        seat.lock().foreign
    }

    async fn look(&self, tenant: TenantId) -> Result<()> {
        let seat = self.place(tenant);
        let seen = self
            .call(Call::Look, |state| Ok(self.seen(state, tenant)))
            .await?;
        seat.lock().observe(seen);
        Ok(())
    }

    async fn acquire(&self, tenant: TenantId) -> Result<()> {
        let seat = self.place(tenant);
        loop {
            {
                let mut known = seat.lock();
                if known.lease.is_some() {
                    known.broken &= known.users > 0;
                    known.users += 1;
                    return Ok(());
                }
            }
            let _turn = seat.turn.lock().await;
            if seat.lock().lease.is_none() {
                self.take(tenant, &seat).await?;
            }
        }
    }

    fn release(&self, tenant: TenantId) -> Result<()> {
        let seat = self.place(tenant);
        {
            let mut known = seat.lock();
            known.users = known.users.saturating_sub(1);
        }
        self.give_back_unused(tenant, &seat);
        Ok(())
    }

    fn is_deposed(&self, (_, seat): &Self::Seat) -> bool {
        seat.lock().broken
    }

    fn is_wanted(&self, tenant: TenantId) -> bool {
        let mut state = self.server.lock();
        state
            .users(tenant)
            .waiting
            .iter()
            .any(|other| *other != self.process)
    }

    fn commits(&self, tenant: TenantId) -> u32 {
        self.server.lock().version(tenant) as u32
    }

    async fn wait(&self, tenant: TenantId, then: u32, _: Duration) {
        for _ in 0..WAIT {
            if self.commits(tenant) != then {
                break;
            }
            pause(1).await;
        }
        self.glance(tenant, &self.place(tenant));
    }

    fn wake(&self, _: TenantId) {}

    async fn follow(&self, tenant: TenantId) -> Result<Box<dyn Follower>> {
        let number = self.followers.fetch_add(1, Ordering::Relaxed) + 1;
        let position = Arc::new(AtomicU64::new(0));
        self.server.lock().users(tenant).followers.push(Follows {
            process: self.process,
            number,
            position: position.clone(),
        });
        Ok(Box::new(Sign {
            server: self.server.clone(),
            tenant,
            process: self.process,
            number,
            position,
        }))
    }

    fn is_followed(&self, tenant: TenantId, besides: Option<u32>) -> bool {
        let state = self.server.lock();
        state
            .followers(tenant)
            .iter()
            .any(|one| !self.is_own(one, besides))
    }

    async fn settle(&self, tenant: TenantId, besides: Option<u32>, position: Seq) {
        for _ in 0..LOOKS {
            let is_behind = {
                let state = self.server.lock();
                let behind = |one: &Follows| one.position.load(Ordering::Acquire) < position.0;
                let mut others = state
                    .followers(tenant)
                    .iter()
                    .filter(|one| !self.is_own(one, besides));
                others.any(behind)
            };
            if !is_behind {
                return;
            }
            pause(1).await;
        }
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn hold(&self, tenant: TenantId, ino: Ino) -> Result<()> {
        let seat = self.place(tenant);
        let is_member = seat.lock().member;
        if !is_member {
            self.become_member(tenant, &seat).await?;
        }
        let seen = self
            .call(Call::Hold, |state| {
                state
                    .users(tenant)
                    .holds
                    .entry(ino)
                    .or_default()
                    .insert(self.process);
                Ok(self.seen(state, tenant))
            })
            .await?;
        seat.lock().observe(seen);
        Ok(())
    }

    fn let_go(&self, tenant: TenantId, ino: Ino) {
        let mut state = self.server.lock();
        let holds = &mut state.users(tenant).holds;
        if let Some(holders) = holds.get_mut(&ino) {
            holders.remove(&self.process);
            if holders.is_empty() {
                holds.remove(&ino);
            }
        }
    }

    async fn held_elsewhere(&self, tenant: TenantId, inos: &[Ino]) -> Result<Vec<bool>> {
        self.call(Call::HeldElsewhere, |state| {
            let holds = &state.users(tenant).holds;
            let is_held = |ino: &Ino| {
                let holders = holds.get(ino);
                holders.is_some_and(|holders| holders.iter().any(|holder| *holder != self.process))
            };
            Ok(inos.iter().map(is_held).collect())
        })
        .await
    }

    fn is_alone(&self, tenant: TenantId) -> bool {
        let seat = self.place(tenant);
        let known = seat.lock();
        known.lease.is_some() && known.alone
    }

    async fn fetch(&self, tenant: TenantId, targets: &[Target], buffer: &mut [u8]) -> Result<()> {
        let blocks: Vec<Option<Arc<[u8]>>> = self
            .call(Call::Fetch, |state| {
                let stored = state.stored(tenant).ok_or_else(gone)?;
                Ok(targets
                    .iter()
                    .map(|target| stored.rows.bytes.get(&target.hash).cloned())
                    .collect())
            })
            .await?;
        for (target, block) in targets.iter().zip(blocks) {
            let wrong = |what| Error::new(ErrorKind::Corrupt).because(format!("a block {what}"));
            let block = block.ok_or_else(|| wrong("is not there"))?;
            if *blake3::hash(&block).as_bytes() != target.hash {
                return Err(wrong("is not what its name says"));
            }
            let from = target.skip as usize;
            let part = block.get(from..from + target.len as usize);
            let into = buffer.get_mut(target.at..target.at + target.len as usize);
            let (Some(part), Some(into)) = (part, into) else {
                return Err(wrong("is too short"));
            };
            into.copy_from_slice(part);
        }
        Ok(())
    }

    fn appender(&self, tenant: &Tenant) -> MemoryAppender<'_> {
        MemoryAppender {
            engine: self,
            tenant: tenant.id,
            position: (tenant.segment, tenant.segment_len),
            added: Bytes::new(),
        }
    }

    async fn find(&self, name: &str) -> Result<Option<Tenant>> {
        self.call(Call::Find, |state| {
            Ok(state.all().find(|tenant| &*tenant.name == name).cloned())
        })
        .await
    }

    async fn tenants(&self) -> Result<Vec<Tenant>> {
        let mut all: Vec<Tenant> = self
            .call(Call::Tenants, |state| Ok(state.all().cloned().collect()))
            .await?;
        all.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(all)
    }

    async fn create(&self, name: &str, quota: Quota, now: Timestamp) -> Result<Tenant> {
        self.call(Call::Create, |state| {
            if state.all().any(|tenant| &*tenant.name == name) {
                let taken = Error::new(ErrorKind::Exists).about(name);
                return Err(taken.because("a tenant of this name already exists"));
            }
            let secret = |id: TenantId| {
                *blake3::hash(&id.0.to_le_bytes())
                    .as_bytes()
                    .first_chunk()
                    .unwrap_or(&[0; 16])
            };
            Ok(state.create(|id| Tenant::new(id, name, quota, secret(id), now)))
        })
        .await
    }

    async fn collect(store: &CoreStore<Self>) -> Result<GcReport> {
        crate::database::collect(store).await
    }

    fn device_free(&self) -> Option<u64> {
        None
    }

    fn performance(&self) -> Performance {
        Performance::default()
    }
}

impl MemoryEngine {
    fn is_own(&self, one: &Follows, besides: Option<u32>) -> bool {
        one.process == self.process && Some(one.number) == besides
    }
}

/// The process ends.
impl Drop for MemoryEngine {
    fn drop(&mut self) {
        self.server.kill(self.process);
    }
}

/// Gathers the blocks of a commit.
#[derive(Debug)]
pub struct MemoryAppender<'a> {
    engine: &'a MemoryEngine,
    tenant: TenantId,
    position: (u64, u64),
    added: Bytes,
}

impl Appender for MemoryAppender<'_> {
    fn append(&mut self, hash: Hash, bytes: &[u8]) -> Result<()> {
        self.added.insert(hash, bytes.into());
        Ok(())
    }

    fn added(&self, hash: &Hash) -> Option<Block> {
        let bytes = self.added.get(hash)?;
        Some(Block {
            segment: 1,
            offset: 0,
            len: bytes.len() as u32,
            refs: 0,
        })
    }

    async fn sync(&mut self) -> Result<()> {
        self.engine.call(Call::Append, |_| Ok(())).await?;
        let seat = self.engine.place(self.tenant);
        seat.lock().blocks = self.added.clone();
        Ok(())
    }

    fn position(&self) -> (u64, u64) {
        self.position
    }
}

/// One who follows a tenant.
#[derive(Debug)]
struct Sign {
    server: Server,
    tenant: TenantId,
    process: u32,
    number: u32,
    position: Arc<AtomicU64>,
}

impl Follower for Sign {
    fn acknowledge(&self, position: Seq) {
        self.position.fetch_max(position.0, Ordering::AcqRel);
    }

    fn go_on(&self) {}

    fn number(&self) -> u32 {
        self.number
    }
}

impl Drop for Sign {
    fn drop(&mut self) {
        let mut state = self.server.lock();
        let followers = &mut state.users(self.tenant).followers;
        followers.retain(|one| (one.process, one.number) != (self.process, self.number));
    }
}
