//! What this process knows of one tenant: whether it may change it, and what others did, as far as it looked.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tarbox_store::Ino;
use tarbox_store_core::{Hash, Tenant, TenantId};
use tokio::sync::{Notify, watch};

use crate::clock;
use crate::followers::Sign;
use crate::sql::{Fence, Seen};

/// How far behind a reader may be that does not hold the lease, unless it opens a file or misses a name: then it is not.
pub(crate) const STALE: Duration = Duration::from_millis(100);
/// How long a lease is believed in that the server has not confirmed. Well below what others [wait](crate::lease::OVERTAKE) for it.
const TRUST: Duration = Duration::from_secs(1);
/// How long a lease is kept at least, once taken, so that turns are worth their flights.
pub(crate) const TURN: Duration = Duration::from_millis(10);

/// Names that are looked up one by one before their directory is loaded.
const PROBES: usize = 8;
/// Entries of a directory that are loaded for what one look costs.
const WORTH: usize = 32;
/// Directories of which this is remembered.
const PROBED: usize = 4096;

/// One tenant.
#[derive(Debug)]
pub struct Seat {
    pub(crate) id: TenantId,
    state: Mutex<State>,
    foreign: AtomicU64,
    /// Until when what is known serves to answer from memory, by the [clock](clock::now).
    fresh: AtomicU64,
    /// The lease that somebody here holds is another's.
    deposed: AtomicBool,
    /// It was asked for something since that was last looked at.
    asked: AtomicBool,
    /// Rung with every commit.
    bell: watch::Sender<u32>,
    /// Ends waits for the bell.
    pub(crate) woken: Notify,
    /// Somebody said that the lease is free.
    pub(crate) freed: Notify,
    /// Commits, one after the other, each also when nobody waits for it any more.
    pub(crate) commit: Arc<tokio::sync::Mutex<()>>,
    /// Whoever takes the lease or gives it back.
    pub(crate) turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Lease {
    pub(crate) epoch: i64,
    since: Instant,
    confirmed: Instant,
    /// When the last commit ended: a look that began before may not have seen it.
    committed: Instant,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) lease: Option<Lease>,
    /// How many hold it here.
    pub(crate) users: usize,
    /// Another process waits for it.
    pub(crate) wanted: bool,
    /// How many commits there were, as last seen.
    known: Option<i64>,
    /// When whoever looked last began to.
    looked: Option<Instant>,
    /// The tenant's row as of that commit.
    row: Option<Tenant>,
    /// No other process has opened files of the tenant, as long as the lease is held.
    pub(crate) alone: bool,
    /// Others follow the tenant.
    pub(crate) followed: bool,
    /// Commits are visible that may not be on the device.
    pub(crate) unsynced: bool,
    /// What the last commit was of whoever holds the lease here: its [`Fence::stamp`](crate::sql::Fence). Whoever gave up waiting for
    /// it keeps the lease and tries the same again.
    pub(crate) last: Option<i64>,
    /// The last commit of this process that may not be on the device: its epoch, and its number.
    pub(crate) at_risk: Option<(i64, i64)>,
    /// Such commits may be lost, and nobody was told.
    pub(crate) lost: bool,
    /// When it was last asked for anything.
    used: Instant,
    /// Blocks of the next commit.
    pub(crate) blocks: BTreeMap<Hash, Bytes>,
    /// Open inodes, and whether others were told. While the lease is held nobody needs to know.
    pub(crate) holds: HashMap<Ino, bool>,
    /// Inodes that were told and are not open any more.
    pub(crate) unheld: Vec<Ino>,
    /// Others know that this process opens files of the tenant.
    pub(crate) member: bool,
    /// Who follows the tenant here.
    pub(crate) signs: Vec<Arc<Sign>>,
    /// A commit that others have not been told of.
    pub(crate) news: bool,
    /// How many names were looked up in a directory that is not in memory.
    probes: HashMap<Ino, usize>,
    /// When whoever waits was last told that this process lives.
    pub(crate) answered: Option<Instant>,
}

impl Seat {
    pub(crate) fn new(id: TenantId) -> Self {
        Self {
            id,
            state: Mutex::new(State {
                lease: None,
                users: 0,
                wanted: false,
                known: None,
                looked: None,
                row: None,
                alone: false,
                followed: false,
                unsynced: true,
                last: None,
                at_risk: None,
                lost: false,
                used: Instant::now(),
                blocks: BTreeMap::new(),
                holds: HashMap::new(),
                unheld: Vec::new(),
                member: false,
                signs: Vec::new(),
                news: false,
                probes: HashMap::new(),
                answered: None,
            }),
            foreign: AtomicU64::new(0),
            fresh: AtomicU64::new(0),
            deposed: AtomicBool::new(false),
            asked: AtomicBool::new(false),
            bell: watch::Sender::new(0),
            woken: Notify::new(),
            freed: Notify::new(),
            commit: Arc::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn foreign(&self) -> u64 {
        self.foreign.load(Ordering::Acquire)
    }

    pub(crate) fn commits(&self) -> u32 {
        *self.bell.borrow()
    }

    pub(crate) fn ear(&self) -> watch::Receiver<u32> {
        self.bell.subscribe()
    }

    fn ring(&self) {
        self.bell.send_modify(|n| *n = n.wrapping_add(1));
    }

    /// Whether what is known serves to answer from memory.
    pub(crate) fn is_fresh(&self) -> bool {
        self.ask();
        clock::now() < self.fresh.load(Ordering::Acquire)
    }

    /// Works out until when what is known serves.
    fn date(&self, state: &State) {
        let left = match &state.lease {
            Some(lease) => TRUST.checked_sub(lease.confirmed.elapsed()),
            None => state
                .looked
                .and_then(|looked| STALE.checked_sub(looked.elapsed())),
        };
        let left = left
            .and_then(|left| left.checked_sub(clock::LAG))
            .unwrap_or_default();
        let until = clock::now() + left.as_millis() as u64;
        self.fresh.store(until, Ordering::Release);
    }

    /// Takes note that it is asked for something.
    pub(crate) fn ask(&self) {
        // Written once in a while: all who read share the line.
        if !self.asked.load(Ordering::Relaxed) {
            self.asked.store(true, Ordering::Relaxed);
        }
    }

    /// For how long it was not asked for anything, as far as anybody looked.
    pub(crate) fn unused(&self) -> Duration {
        let mut state = self.lock();
        if self.asked.swap(false, Ordering::Relaxed) {
            state.used = Instant::now();
        }
        state.used.elapsed()
    }

    /// Whether the lease that somebody here holds was lost. What rests on it is not to be committed, even if it was taken anew.
    pub(crate) fn is_deposed(&self) -> bool {
        self.deposed.load(Ordering::Acquire)
    }

    /// As of which commit rows are known.
    pub(crate) fn known(&self) -> Option<i64> {
        self.lock().known
    }

    /// One more user of the lease, if it is held.
    pub(crate) fn join(&self) -> bool {
        self.ask();
        let mut state = self.lock();
        if state.lease.is_none() {
            return false;
        }
        if state.users == 0 {
            // Nothing waits for a commit from before.
            state.last = None;
            self.deposed.store(false, Ordering::Release);
        }
        state.users += 1;
        true
    }

    /// The lease, to be given back, unless somebody here uses it.
    pub(crate) fn part(&self, state: &mut State) -> Option<Lease> {
        if state.users > 0 {
            return None;
        }
        let lease = state.lease.take()?;
        state.alone = false;
        state.wanted = false;
        self.date(state);
        Some(lease)
    }

    /// Whether nothing can have changed since it was looked at.
    pub(crate) fn is_sure(&self) -> bool {
        let lease = self.lock().lease;
        lease.is_some_and(|lease| lease.confirmed + TRUST > Instant::now())
    }

    /// Takes note of the row as it was at some moment after `at`.
    pub(crate) fn observe(&self, seen: &Seen, at: Instant, session: i64) {
        let mut guard = self.lock();
        let state = &mut *guard;
        if let Some(lease) = &mut state.lease {
            if at < lease.since {
                return;
            }
            let is_ours = seen.epoch == lease.epoch && seen.holder == session;
            let is_early = at < lease.committed;
            if is_ours && (is_early || state.known.is_none_or(|known| seen.commits >= known)) {
                lease.confirmed = lease.confirmed.max(at);
                state.wanted = seen.wanted != 0;
                self.date(state);
                return;
            }
            // Another process has it, or the server lost what it had not made durable.
            self.lose(state);
        }
        let is_newer = state.looked.is_none_or(|looked| at >= looked);
        let changed = match state.known {
            None => true,
            Some(known) => seen.commits > known || (seen.commits < known && is_newer),
        };
        if is_newer {
            state.looked = Some(at);
        }
        if changed {
            let was_known = state.known.replace(seen.commits).is_some();
            state.row = seen.tenant.clone();
            state.unsynced = true;
            if was_known {
                self.changed();
            }
        } else if state.known == Some(seen.commits) && state.row.is_none() {
            state.row = seen.tenant.clone();
        }
        // Behind the change: who is told that memory serves knows of it.
        self.date(state);
    }

    /// What was read before may not be so any more.
    pub(crate) fn changed(&self) {
        self.foreign.fetch_add(1, Ordering::AcqRel);
        self.ring();
    }

    /// The lease is gone, and with it whatever rested on it.
    pub(crate) fn lose(&self, state: &mut State) {
        state.lost |= state.at_risk.take().is_some();
        if state.users > 0 {
            self.deposed.store(true, Ordering::Release);
        }
        state.lease = None;
        state.wanted = false;
        state.alone = false;
        state.known = None;
        state.row = None;
        state.looked = None;
        self.fresh.store(0, Ordering::Release);
        self.changed();
    }

    /// Takes note of a lease that was taken at some moment after `at`.
    pub(crate) fn took(&self, seen: &Seen, at: Instant, alone: bool, followed: bool) {
        let mut state = self.lock();
        if state.known != Some(seen.commits) {
            self.changed();
            state.unsynced = true;
        }
        state.lease = Some(Lease {
            epoch: seen.epoch,
            since: Instant::now(),
            confirmed: at,
            committed: Instant::now(),
        });
        state.known = Some(seen.commits);
        state.looked = Some(at);
        state.row = seen.tenant.clone();
        state.wanted = false;
        state.alone = alone;
        state.followed = followed;
        self.date(&state);
    }

    /// What a commit rests on; `None` if the lease was lost since it was joined.
    pub(crate) fn fence(&self) -> Option<(i64, i64)> {
        let state = self.lock();
        let lease = state.lease.filter(|_| !self.is_deposed())?;
        Some((lease.epoch, state.known?))
    }

    /// Takes note of a commit of this process.
    pub(crate) fn committed(&self, fence: &Fence, row: Option<Tenant>, at: Instant, durable: bool) {
        let commits = fence.commits + 1;
        let mut state = self.lock();
        if let Some(lease) = &mut state.lease {
            lease.confirmed = lease.confirmed.max(at);
            lease.committed = Instant::now();
        }
        state.known = Some(commits);
        state.last = Some(fence.stamp);
        state.looked = Some(Instant::now());
        if row.is_some() {
            state.row = row;
        }
        state.at_risk = match (durable, state.lease) {
            (false, Some(lease)) => Some((lease.epoch, commits)),
            _ => None,
        };
        state.unsynced = !durable;
        state.news = true;
        self.date(&state);
        drop(state);
        self.ring();
    }

    /// The tenant's row, where what is known serves.
    pub(crate) fn row(&self) -> Option<Tenant> {
        match self.is_fresh() {
            true => self.lock().row.clone(),
            false => None,
        }
    }

    /// As of which commit rows are that a statement found beside the tenant's row: `false` if they are older than what is known.
    pub(crate) fn is_current(&self, seen: &Seen) -> bool {
        self.lock().known.is_none_or(|known| seen.commits >= known)
    }

    /// Another name is looked up in a directory. Answers how many entries are worth loading for that: as many as cost about what
    /// was spent on it before, now and then, and mostly none.
    pub(crate) fn probe(&self, dir: Ino) -> usize {
        let mut state = self.lock();
        if state.probes.len() >= PROBED {
            state.probes.clear();
        }
        let count = state.probes.entry(dir).or_default();
        *count += 1;
        match *count >= PROBES && count.is_power_of_two() {
            true => *count * WORTH,
            false => 0,
        }
    }

    /// Takes note that no other process has files open. It stays so while the lease is held that was held at `at`.
    pub(crate) fn found_alone(&self, at: Instant) {
        let mut state = self.lock();
        state.alone |= state.lease.is_some_and(|lease| lease.since <= at);
    }

    /// Whether the lease should be given back as soon as nobody here holds it.
    pub(crate) fn is_wanted(&self) -> bool {
        let state = self.lock();
        state.wanted && state.lease.is_some_and(|lease| lease.since.elapsed() >= TURN)
    }
}
