//! Open files of those who may go without a word.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Ino, Result, Store};

/// Where the time comes from: how long ago something was that stays the same. Tests inject one that they turn.
pub type Stopwatch = Box<dyn Fn() -> Duration + Send + Sync>;

/// Names a session. It is no secret, and no other session gets it, also after another start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SessionId {
    /// The table it is in.
    pub table: u64,
    /// Its number there.
    pub number: u64,
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.table, self.number)
    }
}

/// How much a tenant's sessions may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// Sessions at the same time.
    pub sessions: usize,
    /// Inodes that one session holds.
    pub holds: usize,
    /// The longest time to live.
    pub ttl: Duration,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            sessions: 1_000,
            holds: 10_000,
            ttl: Duration::from_secs(3_600),
        }
    }
}

/// The sessions of one tenant: holds of clients that are far away, and end with them.
///
/// [`Store::hold`] counts until [`Store::release`], and so for ever if that never comes. What is held in a session is released when
/// the session is closed, or when nothing was heard of it for its time to live; from then on it is `Stale`. Other processes know
/// these holds as they know any other. A session that ran out is noticed at the next call of any session, or at
/// [`expire`](Self::expire).
///
/// Calls run to their end: one that is given up half-way may leave a hold that nobody releases.
pub struct Sessions<S> {
    store: S,
    table: u64,
    limits: SessionLimits,
    clock: Stopwatch,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sessions: HashMap<u64, Session>,
    last: u64,
    /// No session runs out before.
    due: Duration,
}

struct Session {
    ttl: Duration,
    until: Duration,
    holds: HashMap<Ino, u32>,
}

impl<S> fmt::Debug for Sessions<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("table", &self.table)
            .field("open", &self.lock().sessions.len())
            .finish_non_exhaustive()
    }
}

impl<S: Store> Sessions<S> {
    /// Sessions on a store. `table` is a random number, so that a session of an earlier start is not taken for one of this.
    pub fn new(store: S, table: u64, limits: SessionLimits) -> Self {
        let begun = Instant::now();
        Self::with_clock(store, table, limits, Box::new(move || begun.elapsed()))
    }

    /// The same with a clock.
    pub fn with_clock(store: S, table: u64, limits: SessionLimits, clock: Stopwatch) -> Self {
        let state = Mutex::default();
        Self {
            store,
            table,
            limits,
            clock,
            state,
        }
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Begins a session that lives for `ttl` after each call.
    ///
    /// # Errors
    /// `Invalid` for a time to live of nothing or beyond the limit; `TooManyOpen` if the tenant has as many sessions as it may.
    pub async fn open(&self, ttl: Duration) -> Result<SessionId> {
        if ttl.is_zero() || ttl > self.limits.ttl {
            return Err(Error::new(ErrorKind::Invalid).because(format!(
                "a session lives for up to {} seconds",
                self.limits.ttl.as_secs()
            )));
        }
        self.expire().await?;
        let mut state = self.lock();
        if state.sessions.len() >= self.limits.sessions {
            return Err(Error::new(ErrorKind::TooManyOpen).because(format!(
                "the tenant has {} sessions, which is the most it can have: close some, or wait for them to run out",
                state.sessions.len()
            )));
        }
        state.last += 1;
        let (number, until) = (state.last, (self.clock)().saturating_add(ttl));
        let is_first = state.sessions.is_empty();
        state.due = if is_first { until } else { state.due.min(until) };
        let holds = HashMap::new();
        state.sessions.insert(number, Session { ttl, until, holds });
        Ok(SessionId {
            table: self.table,
            number,
        })
    }

    /// Says that the client is still there.
    ///
    /// # Errors
    /// `Stale` if the session ran out, was closed, or is of an earlier start.
    pub async fn renew(&self, session: SessionId) -> Result<()> {
        self.expire().await?;
        self.with(session, |_| Ok(()))
    }

    /// Ends a session and everything it holds.
    ///
    /// # Errors
    /// `Stale` as for [`renew`](Self::renew), and those of [`Store::release`].
    pub async fn close(&self, session: SessionId) -> Result<()> {
        self.expire().await?;
        let ended = self.lock().sessions.remove(&self.number_of(session)?);
        self.end(ended.ok_or_else(stale)?).await
    }

    /// [`Store::hold`], until the session ends at the latest.
    ///
    /// # Errors
    /// `Stale` as for [`renew`](Self::renew); `TooManyOpen` if the session holds as many inodes as it may; those of [`Store::hold`].
    pub async fn hold(&self, session: SessionId, ino: Ino) -> Result<()> {
        self.expire().await?;
        let max = self.limits.holds;
        self.with(session, |open| {
            match open.holds.len() < max || open.holds.contains_key(&ino) {
                true => Ok(()),
                false => Err(Error::new(ErrorKind::TooManyOpen).because(format!(
                    "the session has {max} files open, which is the most it can have"
                ))),
            }
        })?;
        self.store.hold(ino).await?;
        let counted = self.with(session, |open| {
            *open.holds.entry(ino).or_default() += 1;
            Ok(())
        });
        if counted.is_err() {
            // It ended meanwhile.
            self.store.release(ino).await?;
        }
        counted
    }

    /// Ends one [`hold`](Self::hold) of this session.
    ///
    /// # Errors
    /// `Stale` as for [`renew`](Self::renew); `BadHandle` if the session does not hold the inode; those of [`Store::release`].
    pub async fn release(&self, session: SessionId, ino: Ino) -> Result<()> {
        self.expire().await?;
        self.with(session, |open| {
            let count = open.holds.get_mut(&ino);
            let count = count.ok_or_else(|| {
                Error::new(ErrorKind::BadHandle).because(format!("the session does not hold inode {ino}"))
            })?;
            *count -= 1;
            if *count == 0 {
                open.holds.remove(&ino);
            }
            Ok(())
        })?;
        self.store.release(ino).await
    }

    /// Ends what ran out, and answers after how long that is due again; `None` without sessions.
    ///
    /// # Errors
    /// The first of [`Store::release`]; all else that ran out has ended nevertheless.
    pub async fn expire(&self) -> Result<Option<Duration>> {
        let (ended, due) = self.take_expired();
        let mut first = Ok(());
        for session in ended {
            first = first.and(self.end(session).await);
        }
        first.map(|()| due)
    }

    /// Ends every session.
    ///
    /// # Errors
    /// As for [`expire`](Self::expire).
    pub async fn close_all(&self) -> Result<()> {
        let all = std::mem::take(&mut self.lock().sessions);
        let mut first = Ok(());
        for session in all.into_values() {
            first = first.and(self.end(session).await);
        }
        first
    }

    fn take_expired(&self) -> (Vec<Session>, Option<Duration>) {
        let now = (self.clock)();
        let mut state = self.lock();
        let mut ended = Vec::new();
        if now >= state.due {
            let over: Vec<u64> = state
                .sessions
                .iter()
                .filter(|(_, session)| session.until <= now)
                .map(|(number, _)| *number)
                .collect();
            ended.extend(over.iter().filter_map(|number| state.sessions.remove(number)));
            let next = state.sessions.values().map(|session| session.until).min();
            state.due = next.unwrap_or(Duration::MAX);
        }
        let due = (!state.sessions.is_empty()).then(|| state.due.saturating_sub(now));
        (ended, due)
    }

    /// Releases all that a session held, each as often as it did.
    async fn end(&self, session: Session) -> Result<()> {
        let mut first = Ok(());
        for (ino, count) in session.holds {
            for _ in 0..count {
                first = first.and(self.store.release(ino).await);
            }
        }
        first
    }

    /// Looks at a session, which lives on from now.
    fn with<R>(&self, session: SessionId, look: impl FnOnce(&mut Session) -> Result<R>) -> Result<R> {
        let number = self.number_of(session)?;
        let now = (self.clock)();
        let mut state = self.lock();
        let open = state.sessions.get_mut(&number).ok_or_else(stale)?;
        open.until = now.saturating_add(open.ttl);
        look(open)
    }

    fn number_of(&self, session: SessionId) -> Result<u64> {
        match session.table == self.table {
            true => Ok(session.number),
            false => Err(stale()),
        }
    }
}

impl<S> Sessions<S> {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stale() -> Error {
    Error::new(ErrorKind::Stale).because("the session has ended: open another, and what it had open")
}
