//! Asking the server: encoding a batch, sending it until there is an answer, and what its errors mean.

use std::borrow::Cow;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use tarbox_protocol::limits::{AGENT_MAX, CALLS_MAX};
use tarbox_protocol::*;
use tarbox_store::{Actor, Error, ErrorKind, Ino, MaybeSend, Refused, Result, Seq, Timestamp};

use crate::cache::{Cache, Moment};
use crate::looks::Looks;
use crate::options::Options;
use crate::retry::{self, Budget};
use crate::session::Session;
use crate::transport::{Lost, Request, Response, Transport};
use crate::{calls, feed};

const FORMAT: Format = Format::Compact;
/// Content for which a second more is given.
const BYTES_A_SECOND: usize = 256 << 10;
/// Requests after which the feed begins: a command that asks for little ends before it would be of use.
const FEED_FROM: u32 = 8;
/// How long the server waits for a change at once where there is no feed.
const PATIENCE_MAX: Duration = Duration::from_secs(8);

/// What all stores of one tenant share.
pub(crate) struct Client<T> {
    pub(crate) transport: Arc<T>,
    path: String,
    made: Option<Timestamp>,
    pub(crate) options: Options,
    pub(crate) cache: Cache,
    pub(crate) session: Session,
    pub(crate) looks: Looks,
    pub(crate) woken: tokio::sync::Notify,
    budget: Budget,
    requests: AtomicU32,
    follows: AtomicBool,
}

/// Why the server refused a request, or there is no answer.
enum Unanswered {
    /// Nothing was executed, and never will be.
    Final(Error),
    /// Nothing was executed; a session is needed first.
    NoSession,
    /// Nothing was executed; later it may be.
    Later(Option<Duration>, Error),
    /// It may have been executed; the same again in its slot will tell.
    Unknown(Error),
    /// It may have been executed, and nothing will tell.
    UnknownForEver(Error),
}

/// What was answered, with the moment it was asked for.
pub(crate) struct Told<'a> {
    pub(crate) answers: Vec<Answer<'a>>,
    pub(crate) before: Seq,
    pub(crate) after: Seq,
    pub(crate) at: Moment,
}

impl<'a> Told<'a> {
    /// The only answer.
    pub(crate) fn one(mut self) -> Result<Answer<'a>> {
        self.answers.pop().ok_or_else(calls::unexpected)
    }
}

impl<T: Transport> Client<T> {
    /// Of a tenant that was made at this time. Its name is one that a tenant can have.
    pub(crate) fn new(
        transport: Arc<T>,
        path: String,
        made: Option<Timestamp>,
        options: Options,
    ) -> Arc<Self> {
        Arc::new(Self {
            transport,
            path,
            made,
            cache: Cache::new(options.cache_bytes, options.cache_ttl),
            options,
            session: Session::default(),
            looks: Looks::default(),
            woken: tokio::sync::Notify::new(),
            budget: Budget::default(),
            requests: AtomicU32::new(0),
            follows: AtomicBool::new(false),
        })
    }

    pub(crate) fn made(&self) -> Option<Timestamp> {
        self.made
    }

    pub(crate) fn now(&self) -> Duration {
        self.transport.now()
    }

    /// Sends one call.
    pub(crate) async fn ask<R>(
        self: &Arc<Self>,
        by: Option<&dyn tarbox_store::By>,
        call: Call<'_>,
        take: impl FnOnce(Told<'_>) -> Result<R> + MaybeSend,
    ) -> Result<R> {
        self.count_request();
        match call.shares() {
            true => self.look(call, take).await,
            false => Ok(self.send(self.batch(by, vec![call]), take).await?),
        }
    }

    /// Sends changes that are made as one.
    pub(crate) async fn change<R>(
        self: &Arc<Self>,
        by: &dyn tarbox_store::By,
        calls: Vec<Call<'_>>,
        take: impl FnOnce(Told<'_>) -> Result<R> + MaybeSend,
    ) -> Result<R, Refused> {
        self.count_request();
        let batch = Batch {
            atomic: true,
            ..self.batch(Some(by), calls)
        };
        self.send(batch, take).await
    }

    fn count_request(self: &Arc<Self>) {
        if self.requests.fetch_add(1, Ordering::Relaxed) == FEED_FROM {
            self.begin_feed();
        }
    }

    pub(crate) fn batch<'a>(&self, by: Option<&'a dyn tarbox_store::By>, calls: Vec<Call<'a>>) -> Batch<'a> {
        Batch {
            by: by.map(|by| by_of(by.actor())).unwrap_or_default(),
            conditions: by.map_or_else(Vec::new, |by| {
                by.conditions().iter().map(Condition::from).collect()
            }),
            ..Batch::new(calls)
        }
    }

    /// Begins to follow the feed, without which nothing that is cached is used.
    pub(crate) fn begin_feed(self: &Arc<Self>) {
        if self.cache.is_on() && !self.follows.swap(true, Ordering::AcqRel) {
            self.transport.spawn(feed::follow(Arc::downgrade(self)));
        }
    }

    /// Waits for a record behind `after`: by the feed if there is one, else by asking.
    pub(crate) async fn changed(self: &Arc<Self>, after: Seq, patience: Duration) -> Result<Seq> {
        let mut woken = pin!(self.woken.notified());
        woken.as_mut().enable();
        let last = self
            .ask(None, Call::LastSeq {}, |told| calls::seq(told.one()?))
            .await?;
        if last > after || patience.is_zero() {
            return Ok(last);
        }
        self.begin_feed();
        if self.cache.is_connected(self.now()) {
            let mut applied = self.cache.applied();
            {
                let told = pin!(applied.wait_for(|seq| *seq > after));
                let over = pin!(self.transport.pause(patience));
                either(told, pin!(either(woken, over))).await;
            }
            return Ok(last.max(*applied.borrow()));
        }
        let patience_ms = patience.min(PATIENCE_MAX).as_millis() as u32;
        let call = Call::Changed { after, patience_ms };
        let asked = pin!(self.ask(None, call, |told| calls::seq(told.one()?)));
        match either(asked, woken).await {
            Some(answer) => answer,
            None => Ok(last),
        }
    }

    /// Sends a batch until there is an answer.
    pub(crate) async fn send<R>(
        &self,
        mut batch: Batch<'_>,
        take: impl FnOnce(Told<'_>) -> Result<R> + MaybeSend,
    ) -> Result<R, Refused> {
        let changes = batch.calls.iter().any(needs_slot);
        let slot = match changes {
            true => Some(self.session.slot().await),
            false => None,
        };
        batch.slot = slot.as_ref().map(|taken| taken.slot);
        batch.made = self.made;
        let (start, mut tries, mut unknown) = (self.now(), 0, false);
        loop {
            batch.session = match changes {
                true => Some(self.require_session(start, unknown).await?),
                false => self.session.id(),
            };
            let (changed, asked) = (self.cache.changes(), self.now());
            let sent = self.exchange(&batch).await;
            let (pause, error) = match sent {
                Ok(body) => {
                    self.budget.earn();
                    return self.read(&body, &batch, changed, asked, take);
                }
                Err(Unanswered::NoSession) => {
                    if let Some(id) = batch.session {
                        self.session.end(id);
                    }
                    if unknown {
                        return Err(may_or_may_not("the server has started again meanwhile").into());
                    }
                    // Who only looks goes on in a new one: what is held has to be held there, too.
                    if !changes {
                        self.require_session(start, false).await?;
                    }
                    (
                        Duration::ZERO,
                        Error::new(ErrorKind::Io).because("the server ends each session at once"),
                    )
                }
                Err(Unanswered::Final(error)) if unknown => {
                    return Err(may_or_may_not("the server refuses to tell")
                        .caused_by(error)
                        .into());
                }
                Err(Unanswered::Final(error)) => return Err(error.into()),
                Err(Unanswered::UnknownForEver(error)) if changes => {
                    return Err(may_or_may_not("the server failed").caused_by(error).into());
                }
                Err(Unanswered::UnknownForEver(error)) => return Err(error.into()),
                Err(Unanswered::Later(asked_for, error)) => (retry::pause(tries, asked_for), error),
                Err(Unanswered::Unknown(error)) => {
                    unknown |= changes;
                    (retry::pause(tries, None), error)
                }
            };
            tries += 1;
            if self.now() + pause > start + self.options.patience || !self.budget.take() {
                let error = match unknown {
                    true => may_or_may_not("there was no answer in time").caused_by(error),
                    false => error,
                };
                return Err(error.into());
            }
            if !pause.is_zero() {
                self.transport.pause(pause).await;
            }
        }
    }

    fn read<R>(
        &self,
        body: &[u8],
        batch: &Batch<'_>,
        changes: u64,
        asked: Duration,
        take: impl FnOnce(Told<'_>) -> Result<R> + MaybeSend,
    ) -> Result<R, Refused> {
        let reply = Reply::decode(body, FORMAT).map_err(|e| {
            let what = "the server's answer cannot be read: client and server may be of different versions";
            Error::new(ErrorKind::Io).because(what).caused_by(e)
        })?;
        self.cache.see(reply.after);
        if let Some(failure) = reply.failure {
            let at = reply.failed.map_or(reply.answers.len(), usize::from);
            return Err(Refused {
                at: reply.failed.map(usize::from),
                error: self.explain(failure.into(), batch.calls.get(at)),
            });
        }
        if reply.answers.len() != batch.calls.len() {
            return Err(calls::unexpected().into());
        }
        let told = Told {
            answers: reply.answers,
            before: reply.before,
            after: reply.after,
            at: Moment {
                changes,
                position: reply.before,
                time: asked,
            },
        };
        Ok(take(told)?)
    }

    /// An inode that was lost with a session is `Stale`, not missing.
    pub(crate) fn explain(&self, error: Error, call: Option<&Call<'_>>) -> Error {
        let lost = |node| matches!(node, Node::Ino(ino) if self.session.is_lost(ino));
        match call {
            Some(call) if error.kind() == ErrorKind::NotFound && call.nodes().any(lost) => {
                let what = "the file was removed while the connection to the server was lost";
                Error::new(ErrorKind::Stale).because(what)
            }
            _ => error,
        }
    }

    /// One exchange.
    async fn exchange(&self, batch: &Batch<'_>) -> Result<Vec<u8>, Unanswered> {
        let body = batch.encode(FORMAT);
        let waits = match batch.calls.first() {
            Some(Call::Changed { patience_ms, .. }) => Duration::from_millis(u64::from(*patience_ms)),
            _ => Duration::ZERO,
        };
        let amount = body.len().max(batch.calls.iter().map(to_read).sum());
        let request = Request {
            path: self.path.clone(),
            media_type: FORMAT.media_type(),
            timeout: self.options.timeout + waits + Duration::from_secs((amount / BYTES_A_SECOND) as u64),
            body,
        };
        let sent = self.transport.send(request).await;
        sent.map_err(refused_by_transport).and_then(accept)
    }

    /// The session, opened if there is none; what is held is held again in it.
    async fn require_session(&self, start: Duration, unknown: bool) -> Result<SessionId> {
        if let Some(id) = self.session.id() {
            return Ok(id);
        }
        let opened = self.open_session(start).await;
        opened.map_err(|error| match unknown {
            true => may_or_may_not("no session can be opened").caused_by(error),
            false => error,
        })
    }

    async fn open_session(&self, start: Duration) -> Result<SessionId> {
        let _alone = self.session.open_alone().await;
        if let Some(id) = self.session.id() {
            return Ok(id);
        }
        let mut tries = 0;
        loop {
            match self.try_session().await {
                Ok(id) => {
                    self.session.begin(id);
                    return Ok(id);
                }
                Err(Unanswered::Final(error) | Unanswered::UnknownForEver(error)) => return Err(error),
                Err(again) => {
                    let (asked_for, error) = match again {
                        Unanswered::Later(asked_for, error) => (asked_for, error),
                        Unanswered::Unknown(error) => (None, error),
                        _ => (
                            None,
                            Error::new(ErrorKind::Io).because("the server ends each session at once"),
                        ),
                    };
                    let pause = retry::pause(tries, asked_for);
                    tries += 1;
                    if self.now() + pause > start + self.options.patience || !self.budget.take() {
                        return Err(error);
                    }
                    self.transport.pause(pause).await;
                }
            }
        }
    }

    async fn try_session(&self) -> Result<SessionId, Unanswered> {
        let body = self.exchange(&Batch::new(vec![Call::OpenSession {}])).await?;
        let reply = Reply::decode(&body, FORMAT);
        let opened = reply.ok().and_then(|mut reply| reply.answers.pop());
        let Some(Answer::Session { id, .. }) = opened else {
            return Err(Unanswered::Final(calls::unexpected()));
        };
        // Nobody else knows the session yet, and a hold that is made twice is one: no slot is needed.
        let held = self.session.held();
        let mut rest = &held[..];
        while !rest.is_empty() {
            let (now, _) = rest.split_at(rest.len().min(CALLS_MAX));
            let holds = now.iter().map(|ino| Call::Hold { ino: (*ino).into() });
            let mut batch = Batch::new(holds.collect());
            batch.session = Some(id);
            let body = self.exchange(&batch).await?;
            let reply = Reply::decode(&body, FORMAT).map_err(|_| Unanswered::Final(calls::unexpected()))?;
            let mut done = reply.answers.len().min(now.len());
            if let Some(failure) = reply.failure {
                let error = Error::from(failure);
                match now.get(done) {
                    Some(ino) if error.kind() == ErrorKind::NotFound => self.session.lose(*ino),
                    _ => return Err(Unanswered::Final(error)),
                }
                done += 1;
            }
            rest = &rest[done..];
        }
        Ok(id)
    }

    /// Holds an inode: only the first hold is sent.
    pub(crate) async fn hold(self: &Arc<Self>, ino: Ino) -> Result<()> {
        let _turn = self.session.turn(ino).await;
        if self.session.is_lost(ino) {
            return Err(ErrorKind::Stale.into());
        }
        if self.session.hold_again(ino) {
            return Ok(());
        }
        self.ask(None, Call::Hold { ino: ino.into() }, |_| Ok(())).await?;
        self.session.hold_first(ino);
        Ok(())
    }

    /// Ends one hold: only the last release is sent.
    pub(crate) async fn release(self: &Arc<Self>, ino: Ino) -> Result<()> {
        let _turn = self.session.turn(ino).await;
        let was_lost = self.session.is_lost(ino);
        if !self.session.release(ino) || was_lost {
            return Ok(());
        }
        self.ask(None, Call::Release { ino: ino.into() }, |told| {
            let gone = [crate::stamps::Subject::Inode(ino)];
            self.cache.change(&gone, None, told.at);
            Ok(())
        })
        .await
    }
}

/// Returns when one of two has ended, and what the first came to if it was that.
async fn either<O>(first: impl Future<Output = O> + Unpin, second: impl Future + Unpin) -> Option<O> {
    let (mut first, mut second) = (first, second);
    poll_fn(|context| {
        if let Poll::Ready(output) = Pin::new(&mut first).poll(context) {
            return Poll::Ready(Some(output));
        }
        Pin::new(&mut second).poll(context).map(|_| None)
    })
    .await
}

/// Whether a call must not be executed twice.
fn needs_slot(call: &Call<'_>) -> bool {
    matches!(call.class(), Class::Change | Class::History | Class::Hold)
}

fn to_read(call: &Call<'_>) -> usize {
    match call {
        Call::Read { len, .. } => *len as usize,
        _ => 0,
    }
}

/// Who acts, with the agent as the wire takes it: cut to its length, without control characters.
fn by_of(actor: &Actor) -> By<'_> {
    let agent = &*actor.agent;
    let end = agent.floor_char_boundary(AGENT_MAX);
    let agent = match agent[..end].contains(char::is_control) {
        true => Cow::Owned(agent[..end].replace(char::is_control, "?")),
        false => Cow::Borrowed(&agent[..end]),
    };
    let agent = match agent.len() > AGENT_MAX {
        true => Cow::Owned(agent[..agent.floor_char_boundary(AGENT_MAX)].to_owned()),
        false => agent,
    };
    By {
        uid: actor.uid,
        gid: actor.gid,
        agent,
    }
}

/// Nobody knows whether a change was made.
fn may_or_may_not(why: &str) -> Error {
    Error::new(ErrorKind::Io).because(format!("{why}: the change may or may not have been made"))
}

fn refused_by_transport(lost: Lost) -> Unanswered {
    let error = Error::new(ErrorKind::Io)
        .because("the server cannot be reached")
        .caused_by(lost.source);
    match (lost.hopeless, lost.maybe_sent) {
        (true, false) => Unanswered::Final(error),
        (true, true) => Unanswered::UnknownForEver(error),
        (false, true) => Unanswered::Unknown(error),
        (false, false) => Unanswered::Later(None, error),
    }
}

/// What a response means: its body, or why there is none of use.
fn accept(response: Response) -> Result<Vec<u8>, Unanswered> {
    if response.status == 200 {
        return Ok(response.body);
    }
    let problem: serde_json::Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let code = problem["code"].as_str().unwrap_or_default();
    let detail = problem["detail"].as_str().filter(|text| !text.is_empty());
    let detail = match detail {
        Some(detail) => detail.to_owned(),
        None => format!("the server answered with status {}", response.status),
    };
    let kind = ErrorKind::from_code(code).unwrap_or(match response.status {
        401 | 403 => ErrorKind::Access,
        404 => ErrorKind::NotFound,
        400 | 413 | 415 | 422 => ErrorKind::Invalid,
        429 => ErrorKind::Busy,
        _ => ErrorKind::Io,
    });
    let error = Error::new(kind).because(detail);
    Err(match (response.status, code) {
        (409, "no-session") => Unanswered::NoSession,
        (409, _) => Unanswered::UnknownForEver(error),
        (429 | 503, _) => Unanswered::Later(response.retry_after, error),
        // A proxy says so that lost the server, or its patience with it.
        (502 | 504, _) => Unanswered::Unknown(error),
        (500.., _) => Unanswered::UnknownForEver(error),
        _ => Unanswered::Final(error),
    })
}
