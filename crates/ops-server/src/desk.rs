//! One tenant's desk: its store, its sessions, and what a batch comes to.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tarbox_protocol::limits::CONTENT_MAX;
use tarbox_protocol::{Answer, Batch, Call, Class, Failure, Format, Reply};
use tarbox_store::{Error, ErrorKind, Refused, Result, Store, Timestamp};

use crate::execute::Execution;
use crate::feed::Feed;
use crate::session::Sessions;
use crate::{Caller, Refusal};

/// The longest reply of several calls.
const REPLY_MAX: usize = 5 * CONTENT_MAX;
/// The longest reply that is kept for a retry.
const REPLY_KEPT_MAX: usize = 256 << 10;

/// How long it is since some moment.
pub type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// How sessions are kept.
#[derive(Clone)]
pub struct Options {
    /// How long a session lives without a request.
    pub lease: Duration,
    /// What the time is, for leases.
    pub clock: Clock,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}

impl Default for Options {
    /// Sessions live for a minute by the system's clock.
    fn default() -> Self {
        let start = Instant::now();
        Self {
            lease: Duration::from_secs(60),
            clock: Arc::new(move || start.elapsed()),
        }
    }
}

/// What a server keeps of an open tenant.
pub struct Desk<S> {
    pub(crate) store: S,
    /// When the tenant was made, which tells it from another of its name.
    made: Timestamp,
    pub(crate) feed: Feed,
    sessions: Sessions,
    options: Options,
}

impl<S> std::fmt::Debug for Desk<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

impl<S: Store> Desk<S> {
    /// The desk of a tenant.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn open(store: S, options: Options) -> Result<Self> {
        Ok(Self {
            made: store.tenant().await?.created,
            store,
            feed: Feed::default(),
            sessions: Sessions::default(),
            options,
        })
    }

    /// The tenant's store.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// How many sessions are open.
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// Ends the sessions whose lease is over, and lets go of what they held. Answers how many there are left.
    pub async fn expire(&self) -> usize {
        for session in self.sessions.expired((self.options.clock)(), self.options.lease) {
            session.end(&self.store).await;
        }
        self.sessions.len()
    }

    /// Ends every session and every wait.
    pub async fn close(&self) {
        self.feed.close();
        self.store.wake();
        for session in self.sessions.all() {
            session.end(&self.store).await;
        }
    }

    async fn run(&self, caller: &Caller, batch: &Batch<'_>, format: Format) -> Result<Vec<u8>, Refusal> {
        let before = self.store.last_seq().await.unwrap_or_default();
        let session = match batch.session {
            Some(id) => Some(self.sessions.enter(id, caller, &self.options.clock)?),
            None => None,
        };
        let conditions: Vec<_> = batch
            .conditions
            .iter()
            .map(|condition| condition.to_store())
            .collect();
        let mut execution = Execution {
            store: &self.store,
            caller,
            by: caller.actor(batch),
            conditions: &conditions,
            session: session.as_deref(),
            calls: &batch.calls,
            answers: Vec::with_capacity(batch.calls.len()),
        };
        let mut result = match (batch.atomic, batch.each) {
            (true, _) => execution.run_as_one().await,
            (_, true) => {
                execution.run_each().await;
                Ok(())
            }
            _ => execution.run().await.map_err(Refused::from),
        };
        if batch.durable {
            result = result.and(self.store.sync().await.map_err(Refused::from));
        }
        let reply = Reply {
            before,
            after: self.store.last_seq().await.unwrap_or(before),
            answers: execution.answers,
            failure: result.as_ref().err().map(|refused| Failure::from(&refused.error)),
            failed: result.err().and_then(|refused| u16::try_from(refused.at?).ok()),
        };
        Ok(reply.encode(format))
    }

    /// What is about sessions themselves stands alone in its batch.
    async fn of_session(
        &self,
        caller: &Caller,
        batch: &Batch<'_>,
        format: Format,
    ) -> Result<Vec<u8>, Refusal> {
        let answer = match (&*batch.calls, batch.session) {
            ([Call::OpenSession {}], _) => {
                self.expire().await;
                let lease = self.options.lease.as_millis();
                Answer::Session {
                    id: self.sessions.open(caller, (self.options.clock)())?,
                    lease_ms: u32::try_from(lease).unwrap_or(u32::MAX),
                }
            }
            ([Call::CloseSession {}], Some(id)) => {
                drop(self.sessions.enter(id, caller, &self.options.clock)?);
                if let Some(session) = self.sessions.remove(id) {
                    session.end(&self.store).await;
                }
                Answer::Done
            }
            _ => {
                return Err(Refusal::Forbidden(
                    "a session is opened and closed in a batch of its own",
                ));
            }
        };
        let now = self.store.last_seq().await.unwrap_or_default();
        let reply = Reply {
            before: now,
            after: now,
            answers: vec![answer],
            failure: None,
            failed: None,
        };
        Ok(reply.encode(format))
    }
}

/// Executes a batch, and answers the encoded reply.
///
/// The future has to be driven to its end, whether or not anybody still waits for the answer: a batch that is dropped half-way
/// was executed half-way, and its slot does not know.
///
/// # Errors
/// A refusal, and then nothing was executed. What a call came to is in the reply.
pub async fn serve<S: Store>(
    desk: &Desk<S>,
    caller: &Caller,
    format: Format,
    request: &[u8],
) -> Result<Vec<u8>, Refusal> {
    let batch = Batch::decode(request, format)?;
    caller.check(&batch.calls)?;
    if batch.made.is_some_and(|made| made != desk.made) {
        let gone =
            Error::new(ErrorKind::NotFound).because("the tenant was deleted, and another made of its name");
        return Err(Refusal::Tenant(gone));
    }
    if batch.atomic {
        check_atomic(&batch.calls)?;
    }
    if batch.calls.iter().any(|call| call.class() == Class::Session) {
        return desk.of_session(caller, &batch, format).await;
    }
    let longest: usize = batch.calls.iter().map(Call::longest_answer).sum();
    if longest > REPLY_MAX {
        return Err(Refusal::ReplyTooLong);
    }
    let run = desk.run(caller, &batch, format);
    match (batch.session, batch.slot) {
        (Some(id), Some(slot)) => {
            if longest > REPLY_KEPT_MAX {
                return Err(Refusal::ReplyTooLong);
            }
            let session = desk.sessions.enter(id, caller, &desk.options.clock)?;
            session.once(slot, format, request, run).await
        }
        _ => run.await,
    }
}

/// Refuses what cannot be made as one.
fn check_atomic(calls: &[Call<'_>]) -> Result<(), Refusal> {
    let is_change = |call: &Call<'_>| {
        call.class() == Class::Change && !matches!(call, Call::Gc {} | Call::LogRefusal { .. })
    };
    let mut rest = calls.iter().skip_while(|call| call.class() == Class::Look);
    match rest.all(is_change) {
        true => Ok(()),
        false => Err(Refusal::Atomic),
    }
}
