//! Sessions: what a client holds open, and the replies it may ask for again.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hasher};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tarbox_protocol::limits::SLOTS_MAX;
use tarbox_protocol::{Format, SessionId, Slot};
use tarbox_store::{Error, ErrorKind, Ino, Result, Store};
use tokio::sync::Mutex as Turn;

use crate::{Caller, Refusal};

/// Sessions of one tenant.
const SESSIONS_MAX: usize = 256;
/// Inodes that one session holds.
const HOLDS_MAX: usize = 65_536;
/// Bytes of the replies that one session may have kept.
const KEPT_MAX: usize = 1 << 20;

/// All sessions of a tenant.
#[derive(Default)]
pub(crate) struct Sessions {
    open: Mutex<HashMap<SessionId, Arc<Session>>>,
}

/// One client's.
pub(crate) struct Session {
    key: Option<Arc<str>>,
    /// When it was last renewed, in milliseconds of the clock.
    renewed: AtomicU64,
    /// Requests in it that are being served.
    active: AtomicUsize,
    holds: Turn<HashSet<Ino>>,
    slots: Box<[Turn<Kept>]>,
    kept: AtomicUsize,
}

/// The last reply of a slot.
#[derive(Default)]
pub(crate) struct Kept {
    sequence: u64,
    request: u64,
    reply: Option<(Format, Vec<u8>)>,
}

/// Keeps a session from expiring for as long as a request is served.
pub(crate) struct Using {
    session: Arc<Session>,
    clock: crate::Clock,
}

impl Drop for Using {
    fn drop(&mut self) {
        self.session.renew((self.clock)());
        self.session.active.fetch_sub(1, Ordering::AcqRel);
    }
}

impl std::ops::Deref for Using {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Arc<Session>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Opens one.
    pub(crate) fn open(&self, caller: &Caller, now: Duration) -> Result<SessionId, Refusal> {
        let mut number = [0; 16];
        getrandom::fill(&mut number).map_err(|_| Refusal::Internal)?;
        let id = SessionId(number);
        let session = Session {
            key: caller.key.clone(),
            renewed: AtomicU64::new(millis(now)),
            active: AtomicUsize::new(0),
            holds: Turn::default(),
            slots: (0..SLOTS_MAX).map(|_| Turn::default()).collect(),
            kept: AtomicUsize::new(0),
        };
        let mut open = self.lock();
        if open.len() >= SESSIONS_MAX {
            return Err(Refusal::TooManySessions);
        }
        open.insert(id, Arc::new(session));
        Ok(id)
    }

    /// The session of this number, renewed. One of another key is as if it were not there.
    pub(crate) fn enter(
        &self,
        id: SessionId,
        caller: &Caller,
        clock: &crate::Clock,
    ) -> Result<Using, Refusal> {
        let open = self.lock();
        let session = open.get(&id).filter(|session| session.key == caller.key);
        let session = session.ok_or(Refusal::NoSession)?.clone();
        session.active.fetch_add(1, Ordering::AcqRel);
        session.renew(clock());
        Ok(Using {
            session,
            clock: clock.clone(),
        })
    }

    /// Takes one away.
    pub(crate) fn remove(&self, id: SessionId) -> Option<Arc<Session>> {
        self.lock().remove(&id)
    }

    /// Takes away those that nobody uses and whose lease is over.
    pub(crate) fn expired(&self, now: Duration, lease: Duration) -> Vec<Arc<Session>> {
        let end = millis(now);
        let over = |session: &Session| {
            session.active.load(Ordering::Acquire) == 0
                && end.saturating_sub(session.renewed.load(Ordering::Relaxed)) > millis(lease)
        };
        let mut open = self.lock();
        let ids: Vec<SessionId> = open
            .iter()
            .filter(|(_, session)| over(session))
            .map(|(id, _)| *id)
            .collect();
        ids.iter().filter_map(|id| open.remove(id)).collect()
    }

    /// Takes all away.
    pub(crate) fn all(&self) -> Vec<Arc<Session>> {
        self.lock().drain().map(|(_, session)| session).collect()
    }
}

impl Session {
    fn renew(&self, now: Duration) {
        self.renewed.fetch_max(millis(now), Ordering::Relaxed);
    }

    /// Holds an inode for the session; once, however often it is asked for: the client counts.
    pub(crate) async fn hold(&self, store: &impl Store, ino: Ino) -> Result<()> {
        let mut holds = self.holds.lock().await;
        if holds.contains(&ino) {
            return Ok(());
        }
        if holds.len() >= HOLDS_MAX {
            let what = "a session holds at most 65,536 inodes";
            return Err(Error::new(ErrorKind::TooManyOpen).because(what));
        }
        store.hold(ino).await?;
        holds.insert(ino);
        Ok(())
    }

    /// Lets go of an inode. What the session does not hold stays as it is.
    pub(crate) async fn release(&self, store: &impl Store, ino: Ino) -> Result<()> {
        match self.holds.lock().await.remove(&ino) {
            true => store.release(ino).await,
            false => Ok(()),
        }
    }

    /// Lets go of everything.
    pub(crate) async fn end(&self, store: &impl Store) {
        let holds = std::mem::take(&mut *self.holds.lock().await);
        for ino in holds {
            // What cannot be let go of now is collected when the process ends.
            let _ = store.release(ino).await;
        }
    }

    /// Runs a batch in its slot, or answers what it came to before. A second that comes while the first is under way waits for it.
    pub(crate) async fn once(
        &self,
        slot: Slot,
        format: Format,
        request: &[u8],
        run: impl Future<Output = Result<Vec<u8>, Refusal>>,
    ) -> Result<Vec<u8>, Refusal> {
        let place = self
            .slots
            .get(usize::from(slot.number))
            .ok_or(Refusal::Misordered)?;
        let mut kept = place.lock().await;
        let fingerprint = fingerprint(request);
        if slot.sequence <= kept.sequence {
            let again = slot.sequence == kept.sequence && kept.request == fingerprint;
            return match &kept.reply {
                Some((same, reply)) if again && *same == format => Ok(reply.clone()),
                _ => Err(Refusal::Misordered),
            };
        }
        let freed = kept.reply.take().map_or(0, |(_, reply)| reply.len());
        self.kept.fetch_sub(freed, Ordering::Relaxed);
        if self.kept.load(Ordering::Relaxed) > KEPT_MAX {
            return Err(Refusal::ReplyTooLong);
        }
        // A batch that was refused changed nothing: it may be sent again as it is.
        let reply = run.await?;
        self.kept.fetch_add(reply.len(), Ordering::Relaxed);
        *kept = Kept {
            sequence: slot.sequence,
            request: fingerprint,
            reply: Some((format, reply.clone())),
        };
        Ok(reply)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Tells another batch with the same number from the same one: a guard against mistakes, not against enemies.
fn fingerprint(request: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(request);
    hasher.finish()
}
