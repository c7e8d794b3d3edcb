//! The database that several processes share: what it holds, what of that is durable, and who has which lease.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tarbox_store::{Error, ErrorKind, Ino, Result};
use tarbox_store_core::{Batch, Durability, Hash, Tenant, TenantId};

use crate::rows::{Bytes, Rows};

/// A tenant as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) rows: Rows,
    /// Changes with each commit, and when commits are lost. Never the same twice.
    pub(crate) version: u64,
    /// What the last commit was, and of whom.
    last: (u64, u32),
}

/// A commit that may be lost.
#[derive(Debug)]
struct Pending {
    version: u64,
    by: u32,
    batches: Vec<(Batch, Bytes)>,
}

/// One who follows a tenant.
#[derive(Debug)]
pub(crate) struct Follows {
    pub(crate) process: u32,
    pub(crate) number: u32,
    pub(crate) position: Arc<AtomicU64>,
}

/// Who uses a tenant.
#[derive(Debug, Default)]
pub(crate) struct Users {
    pub(crate) epoch: u64,
    pub(crate) holder: Option<u32>,
    /// Who waits for the lease.
    pub(crate) waiting: BTreeSet<u32>,
    /// Who opens files.
    pub(crate) members: BTreeSet<u32>,
    pub(crate) holds: BTreeMap<Ino, BTreeSet<u32>>,
    pub(crate) followers: Vec<Follows>,
}

/// What a process rests on that commits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fence {
    pub(crate) process: u32,
    pub(crate) epoch: u64,
    /// The tenant as the process knows it.
    pub(crate) version: u64,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    tenants: BTreeMap<TenantId, Stored>,
    durable: BTreeMap<TenantId, Stored>,
    /// Tenants that were deleted, and the version they have since.
    deleted: BTreeMap<TenantId, u64>,
    pending: Vec<Pending>,
    /// Commits that are lost.
    lost: BTreeSet<u64>,
    users: BTreeMap<TenantId, Users>,
    dead: BTreeSet<u32>,
    processes: u32,
    versions: u64,
    next_tenant: u64,
}

/// A database in memory, which [engines](crate::MemoryEngine) share. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct Server(Arc<Mutex<State>>);

/// What the stored bytes of a block become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// They are gone.
    Missing,
    /// A bit of them flips.
    Wrong,
}

impl Server {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A database of its own with all that is durable in this one, as a backup has it that is restored later.
    #[must_use]
    pub fn backup(&self) -> Self {
        let state = self.lock();
        let stored = State {
            tenants: state.durable.clone(),
            durable: state.durable.clone(),
            versions: state.versions,
            next_tenant: state.next_tenant,
            ..State::default()
        };
        drop(state);
        Self(Arc::new(Mutex::new(stored)))
    }

    /// A process ends, and with it what it held.
    pub fn kill(&self, process: u32) {
        let mut state = self.lock();
        state.dead.insert(process);
        for users in state.users.values_mut() {
            if users.holder == Some(process) {
                users.holder = None;
            }
            users.waiting.remove(&process);
            users.members.remove(&process);
            users.holds.retain(|_, holders| {
                holders.remove(&process);
                !holders.is_empty()
            });
            users.followers.retain(|follower| follower.process != process);
        }
    }

    /// How many commits a crash could undo.
    pub fn at_risk(&self) -> usize {
        self.lock().pending.len()
    }

    /// The server crashes and starts again: of the commits that were not durable the first `kept` remain. Every lease is gone.
    pub fn crash(&self, kept: usize) {
        self.lock().crash(kept);
    }

    /// The tenants there are.
    pub fn tenants(&self) -> Vec<TenantId> {
        self.lock().tenants.keys().copied().collect()
    }

    /// A tenant's rows, and a number that changes whenever they do.
    pub fn rows<R>(&self, tenant: TenantId, f: impl FnOnce(&Rows, u64) -> R) -> Option<R> {
        let state = self.lock();
        let stored = state.tenants.get(&tenant)?;
        Some(f(&stored.rows, stored.version))
    }

    /// A tenant's rows as of the last commit that is durable.
    pub fn durable_rows<R>(&self, tenant: TenantId, f: impl FnOnce(&Rows) -> R) -> Option<R> {
        self.lock().durable.get(&tenant).map(|stored| f(&stored.rows))
    }

    /// Damages a block. Answers whether it was there.
    pub fn damage(&self, tenant: TenantId, hash: &Hash, damage: Damage) -> bool {
        self.administer(tenant, |rows| match damage {
            Damage::Missing => rows.bytes.remove(hash).is_some(),
            Damage::Wrong => match rows.bytes.get_mut(hash) {
                Some(bytes) => {
                    let mut wrong = bytes.to_vec();
                    if let Some(first) = wrong.first_mut() {
                        *first ^= 1;
                    }
                    *bytes = wrong.into();
                    true
                }
                None => false,
            },
        })
        .unwrap_or(false)
    }

    /// Changes a tenant's rows, durably, whoever has the lease.
    pub(crate) fn administer<R>(&self, tenant: TenantId, mut f: impl FnMut(&mut Rows) -> R) -> Option<R> {
        let mut state = self.lock();
        state.make_durable();
        f(&mut state.durable.get_mut(&tenant)?.rows);
        state.tenants.get_mut(&tenant).map(|stored| f(&mut stored.rows))
    }
}

impl State {
    pub(crate) fn join(&mut self) -> u32 {
        self.processes += 1;
        self.processes
    }

    pub(crate) fn is_dead(&self, process: u32) -> bool {
        self.dead.contains(&process)
    }

    pub(crate) fn stored(&self, tenant: TenantId) -> Option<&Stored> {
        self.tenants.get(&tenant)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Tenant> {
        self.tenants.values().map(|stored| &stored.rows.tenant)
    }

    pub(crate) fn version(&self, tenant: TenantId) -> u64 {
        let deleted = self.deleted.get(&tenant).copied().unwrap_or(0);
        self.tenants.get(&tenant).map_or(deleted, |stored| stored.version)
    }

    pub(crate) fn users(&mut self, tenant: TenantId) -> &mut Users {
        self.users.entry(tenant).or_default()
    }

    pub(crate) fn followers(&self, tenant: TenantId) -> &[Follows] {
        self.users.get(&tenant).map_or(&[], |users| &users.followers)
    }

    pub(crate) fn is_lost(&self, version: u64) -> bool {
        self.lost.contains(&version)
    }

    fn next_version(&mut self) -> u64 {
        self.versions += 1;
        self.versions
    }

    pub(crate) fn create(&mut self, make: impl FnOnce(TenantId) -> Tenant) -> Tenant {
        self.next_tenant += 1;
        let (id, version) = (TenantId(self.next_tenant), self.next_version());
        let tenant = make(id);
        self.make_durable();
        let stored = Stored {
            rows: Rows::new(tenant.clone()),
            version,
            last: (0, 0),
        };
        self.durable.insert(id, stored.clone());
        self.tenants.insert(id, stored);
        tenant
    }

    pub(crate) fn delete(&mut self, tenant: TenantId) {
        self.make_durable();
        self.tenants.remove(&tenant);
        self.durable.remove(&tenant);
        self.users.remove(&tenant);
        let version = self.next_version();
        self.deleted.insert(tenant, version);
    }

    /// Whether a process may commit; `None` if the lease is another's.
    fn admit(&self, batch: &Batch, fence: Fence) -> Option<Admitted> {
        let users = self.users.get(&batch.tenant)?;
        let stored = self.tenants.get(&batch.tenant)?;
        let is_holder = users.holder == Some(fence.process) && users.epoch == fence.epoch;
        match is_holder && !self.is_dead(fence.process) {
            false => None,
            true if stored.version == fence.version => Some(Admitted::Now),
            // The reply to the first try was lost.
            true if stored.last == (stamp(batch), fence.process) => Some(Admitted::Before),
            true => None,
        }
    }

    /// Commits batches, as one transaction; `None` if one of their leases is another's. Answers the version of each tenant.
    pub(crate) fn apply(
        &mut self,
        batches: Vec<(Batch, Bytes)>,
        fences: &[Fence],
        durability: Durability,
    ) -> Result<Option<Vec<u64>>> {
        let tenants: Vec<TenantId> = batches.iter().map(|(batch, _)| batch.tenant).collect();
        let mut news = Vec::new();
        for ((batch, bytes), fence) in batches.into_iter().zip(fences) {
            match self.admit(&batch, *fence) {
                None => return Ok(None),
                Some(Admitted::Before) => {}
                Some(Admitted::Now) => news.push((batch, bytes)),
            }
        }
        for (batch, _) in &news {
            let stored = self.stored(batch.tenant).ok_or_else(gone)?;
            stored.rows.check(batch)?;
        }
        if !news.is_empty() {
            let pending = Pending {
                version: self.next_version(),
                by: fences.first().map_or(0, |fence| fence.process),
                batches: news,
            };
            put(&mut self.tenants, &pending);
            self.pending.push(pending);
        }
        if durability == Durability::Durable {
            self.make_durable();
        }
        Ok(Some(
            tenants.into_iter().map(|tenant| self.version(tenant)).collect(),
        ))
    }

    /// Everything that is visible is on the device.
    pub(crate) fn make_durable(&mut self) {
        for pending in std::mem::take(&mut self.pending) {
            put(&mut self.durable, &pending);
        }
    }

    fn crash(&mut self, kept: usize) {
        let lost = self.pending.split_off(kept.min(self.pending.len()));
        self.make_durable();
        self.tenants = self.durable.clone();
        for pending in lost {
            self.lost.insert(pending.version);
            for (batch, _) in pending.batches {
                let version = self.next_version();
                for tables in [&mut self.tenants, &mut self.durable] {
                    if let Some(stored) = tables.get_mut(&batch.tenant) {
                        stored.version = version;
                    }
                }
            }
        }
        for users in self.users.values_mut() {
            users.epoch += 1;
            users.holder = None;
        }
    }
}

enum Admitted {
    Now,
    Before,
}

fn put(tables: &mut BTreeMap<TenantId, Stored>, pending: &Pending) {
    for (batch, bytes) in &pending.batches {
        if let Some(stored) = tables.get_mut(&batch.tenant) {
            stored.rows.apply(batch, bytes);
            stored.version = pending.version;
            stored.last = (stamp(batch), pending.by);
        }
    }
}

/// What tells a batch from every other one of its tenant. One that is made anew of the same changes has the same, whatever was
/// found out meanwhile about its blocks.
fn stamp(batch: &Batch) -> u64 {
    let mut hasher = DefaultHasher::new();
    let inodes: Vec<_> = batch
        .inodes
        .iter()
        .map(|(ino, change)| (ino, change.row.is_some()))
        .collect();
    let row = batch.row.as_ref();
    let row = row.map(|row| {
        (
            row.next_ino,
            row.next_seq,
            row.head,
            row.current,
            row.quota,
            row.state,
        )
    });
    format!(
        "{inodes:?} {:?} {:?} {row:?} {:?}",
        batch.log, batch.history, batch.orphans
    )
    .hash(&mut hasher);
    hasher.finish()
}

pub(crate) fn gone() -> Error {
    Error::new(ErrorKind::NotFound).because("the tenant was deleted")
}
