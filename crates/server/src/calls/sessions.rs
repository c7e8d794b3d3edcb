//! What clients have open, and the last answer to each: a batch that is sent again is not made again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use tarbox_calls::Workspace;

use super::place::Served;
use crate::app::Backend;

/// A session that is not heard of for so long ends.
const IDLE: Duration = Duration::from_secs(15 * 60);
/// Sessions of one key, and of all together; the one that was idle for longest makes room for another.
const EACH_MAX: usize = 64;
const ALL_MAX: usize = 4096;
/// Bytes of an answer that is kept.
const KEPT_MAX: usize = 1 << 20;

/// There is no such session, or not for this key: nothing was done.
#[derive(Debug)]
pub(crate) struct Gone;

/// What belongs to one client. Batches that need it wait for each other.
pub(crate) struct State<D: Backend> {
    pub(crate) workspace: Workspace<Served<D>>,
    /// The last batch that changed something, and its answer if that is not too long.
    last: (u64, Option<Bytes>),
}

/// What to do about a batch that changes something.
pub(crate) enum Turn {
    /// Make it.
    Next,
    /// This is the answer.
    Answered(Bytes),
    /// It was made; what came of it is forgotten.
    Forgotten,
    /// It is not the next one.
    Wrong,
}

impl<D: Backend> State<D> {
    pub(crate) fn new(workspace: Workspace<Served<D>>) -> Self {
        Self {
            workspace,
            last: (0, None),
        }
    }

    pub(crate) fn turn(&self, sequence: u64) -> Turn {
        match (sequence, &self.last) {
            (0, _) => Turn::Next,
            (sequence, (last, _)) if last.checked_add(1) == Some(sequence) => Turn::Next,
            (sequence, (last, Some(answer))) if sequence == *last => Turn::Answered(answer.clone()),
            (sequence, (last, None)) if sequence == *last => Turn::Forgotten,
            _ => Turn::Wrong,
        }
    }

    /// Remembers the answer to a batch.
    pub(crate) fn answered(&mut self, sequence: u64, answer: &Bytes) {
        if sequence > 0 {
            self.last = (sequence, (answer.len() <= KEPT_MAX).then(|| answer.clone()));
        }
    }
}

/// The state of a session.
pub(crate) type Shared<D> = Arc<tokio::sync::Mutex<State<D>>>;

struct Session<D: Backend> {
    key: String,
    tenant: Arc<str>,
    used: Instant,
    state: Shared<D>,
}

/// The sessions of a server.
pub(crate) struct Sessions<D: Backend>(Mutex<HashMap<[u8; 16], Session<D>>>);

impl<D: Backend> Default for Sessions<D> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<D: Backend> Sessions<D> {
    fn all(&self) -> MutexGuard<'_, HashMap<[u8; 16], Session<D>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a session, and gives those that end: they are to be closed.
    pub(crate) fn open(&self, id: [u8; 16], key: &str, tenant: &Arc<str>, state: State<D>) -> Vec<Shared<D>> {
        let mut all = self.all();
        let idle: Vec<_> = all
            .iter()
            .filter(|(_, session)| session.used.elapsed() >= IDLE)
            .map(|(id, _)| *id)
            .collect();
        let mut ended: Vec<_> = idle.iter().filter_map(|id| all.remove(id)).collect();
        let longest_idle = |all: &HashMap<_, Session<D>>, of: Option<&str>| {
            let of = all
                .iter()
                .filter(|(_, session)| of.is_none_or(|key| session.key == key));
            of.min_by_key(|(_, session)| session.used).map(|(id, _)| *id)
        };
        if all.values().filter(|session| session.key == key).count() >= EACH_MAX {
            ended.extend(longest_idle(&all, Some(key)).and_then(|id| all.remove(&id)));
        }
        if all.len() >= ALL_MAX {
            ended.extend(longest_idle(&all, None).and_then(|id| all.remove(&id)));
        }
        let session = Session {
            key: key.to_owned(),
            tenant: tenant.clone(),
            used: Instant::now(),
            state: Arc::new(tokio::sync::Mutex::new(state)),
        };
        all.insert(id, session);
        ended.into_iter().map(|session| session.state).collect()
    }

    /// The session of this id, for the key and the tenant that it was opened with.
    pub(crate) fn get(&self, id: [u8; 16], key: &str, tenant: &str) -> Result<Shared<D>, Gone> {
        let mut all = self.all();
        let session = all.get_mut(&id).ok_or(Gone)?;
        if session.key != key || *session.tenant != *tenant {
            return Err(Gone);
        }
        session.used = Instant::now();
        Ok(session.state.clone())
    }

    /// Ends a session.
    pub(crate) fn close(&self, id: [u8; 16], key: &str, tenant: &str) -> Result<Shared<D>, Gone> {
        let state = self.get(id, key, tenant)?;
        self.all().remove(&id);
        Ok(state)
    }
}
