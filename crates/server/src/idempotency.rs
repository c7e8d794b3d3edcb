//! Requests that may be sent again: with an `Idempotency-Key` a change is made once, and answered each time.
//!
//! Replies are kept in this server's memory, bounded in number and time. A client that tries again on another server, or after a
//! restart, learns from [the log](crate::made) that the change was made, if it was.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tarbox_store::Store;

use crate::app::{App, Backend};
use crate::auth::Caller;
use crate::body::Pieces;
use crate::made;
use crate::problem::{Answer, Problem};

const NAME: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The longest key a client may choose.
const KEY_MAX: usize = 255;
/// Bytes of a body that can be told from another one.
const BODY_MAX: usize = 16 << 20;
/// Bytes of an answer that is kept.
const REPLY_MAX: usize = 64 << 10;
/// Replies kept, of all keys together and of one, and for how long.
const KEPT_MAX: usize = 8192;
const KEPT_EACH: usize = 512;
pub(crate) const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

type Name = (String, String);

#[derive(Clone)]
enum Reply {
    InFlight,
    Done {
        status: StatusCode,
        headers: HeaderMap,
        body: Bytes,
        problem: Option<Box<Problem>>,
    },
}

struct Kept {
    fingerprint: blake3::Hash,
    since: Instant,
    reply: Reply,
}

#[derive(Default)]
struct Memory {
    replies: HashMap<Name, Kept>,
    /// Names in the order of their first request; some may be gone.
    order: VecDeque<Name>,
    counts: HashMap<String, usize>,
}

/// The replies that are kept.
#[derive(Default)]
pub(crate) struct Replies(Mutex<Memory>);

impl Memory {
    fn remove(&mut self, name: &Name) {
        if self.replies.remove(name).is_none() {
            return;
        }
        if let Some(count) = self.counts.get_mut(&name.0) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&name.0);
            }
        }
    }

    /// Makes room for one more of this key. What is in flight stays.
    fn make_room(&mut self, key: &str) {
        let is_old = |name: &Name, replies: &HashMap<Name, Kept>| {
            replies
                .get(name)
                .is_none_or(|kept| kept.since.elapsed() >= KEPT_FOR)
        };
        while let Some(oldest) = self.order.pop_front_if(|name| is_old(name, &self.replies)) {
            self.remove(&oldest);
        }
        let all = self.replies.len() >= KEPT_MAX;
        if !all && self.counts.get(key).is_none_or(|count| *count < KEPT_EACH) {
            return;
        }
        let may_go = |name: &Name| {
            let done = |kept: &Kept| matches!(kept.reply, Reply::Done { .. });
            (all || name.0 == key) && self.replies.get(name).is_some_and(done)
        };
        if let Some(name) = self
            .order
            .iter()
            .position(may_go)
            .and_then(|at| self.order.remove(at))
        {
            self.remove(&name);
        }
    }
}

/// A request that is being answered; forgotten if nothing comes of it.
struct Pending<D: Backend> {
    app: App<D>,
    name: Option<Name>,
}

impl<D: Backend> Pending<D> {
    /// Keeps what came of it.
    fn end(mut self, reply: Reply) {
        if let Some(name) = self.name.take()
            && let Some(kept) = self.app.replies().memory().replies.get_mut(&name)
        {
            kept.reply = reply;
        }
    }
}

impl<D: Backend> Drop for Pending<D> {
    fn drop(&mut self) {
        if let Some(name) = self.name.take() {
            let mut memory = self.app.replies().memory();
            memory.remove(&name);
            memory.order.retain(|known| *known != name);
        }
    }
}

impl Replies {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a request; `None` if it is new, else what came of it before.
    fn begin(&self, name: &Name, fingerprint: blake3::Hash) -> Answer<Option<Reply>> {
        let mut memory = self.memory();
        memory.make_room(&name.0);
        if let Some(kept) = memory.replies.get(name) {
            if kept.fingerprint != fingerprint {
                return Err(Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "IDEMPOTENCY_KEY_REUSED",
                    "the Idempotency-Key was used for another request",
                ));
            }
            return match &kept.reply {
                Reply::InFlight => Err(Problem::new(
                    StatusCode::CONFLICT,
                    "IN_FLIGHT",
                    "the same request is being answered",
                )),
                done => Ok(Some(done.clone())),
            };
        }
        if memory.replies.len() >= KEPT_MAX || memory.counts.get(&name.0).is_some_and(|n| *n >= KEPT_EACH) {
            return Err(Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "TOO_MANY_REQUESTS",
                "too many requests with an Idempotency-Key are being answered",
            ));
        }
        let kept = Kept {
            fingerprint,
            since: Instant::now(),
            reply: Reply::InFlight,
        };
        memory.replies.insert(name.clone(), kept);
        memory.order.push_back(name.clone());
        *memory.counts.entry(name.0.clone()).or_default() += 1;
        Ok(None)
    }
}

/// Lets a request through, once where its client asks for that.
pub(crate) async fn once<D: Backend>(app: &App<D>, key: &str, request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let Some(value) = request.headers().get(NAME).filter(|_| changes) else {
        return next.run(request).await;
    };
    let named = value
        .to_str()
        .ok()
        .filter(|name| (1..=KEY_MAX).contains(&name.len()));
    let Some(name) = named.map(|name| (key.to_owned(), name.to_owned())) else {
        return Problem::bad_request(format!("an Idempotency-Key is 1 to {KEY_MAX} characters"))
            .into_response();
    };
    answer_once(app, name, request, next)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

async fn answer_once<D: Backend>(app: &App<D>, name: Name, request: Request, next: Next) -> Answer {
    let (mut parts, body) = request.into_parts();
    let mut pieces = Pieces::new(body, app.options().patience, None);
    let body = pieces.next(BODY_MAX).await?;
    if !pieces.is_over().await? {
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "TOO_LARGE",
            "the body is too large for an Idempotency-Key",
        )
        .because(format!("{BODY_MAX} bytes are the most")));
    }
    let mut hash = blake3::Hasher::new();
    for part in [parts.method.as_str(), &parts.uri.to_string()] {
        hash.update(part.as_bytes()).update(&[0]);
    }
    let fingerprint = hash.update(&body).finalize();
    match app.replies().begin(&name, fingerprint)? {
        Some(Reply::Done {
            status,
            headers,
            body,
            problem,
        }) => {
            let mut response = (status, body).into_response();
            *response.headers_mut() = headers;
            response
                .headers_mut()
                .insert(REPLAYED, HeaderValue::from_static("true"));
            // It gets the id of this request.
            if let Some(problem) = problem {
                response.extensions_mut().insert(*problem);
            }
            return Ok(response);
        }
        Some(Reply::InFlight) => return Err(crate::app::broken()),
        None => {}
    }
    let agent = made::agent(&name.0, &name.1);
    let mut files = None;
    let pending = Pending {
        app: app.clone(),
        name: Some(name),
    };
    if let Some(caller) = parts.extensions.get_mut::<Caller<D::Store>>() {
        let changes_content = made::changes_content(&parts.method, parts.uri.path());
        let (its, named) = (caller.files.clone(), agent.clone());
        let find = async move || {
            let store = its.fs.store();
            Ok(its.made.find(store, &named, changes_content).await?)
        };
        if let Some(problem) = app.work(find).await? {
            return Err(problem);
        }
        caller.who.actor.agent = agent;
        files = Some(caller.files.clone());
    }
    let to_sync = app.clone();
    // It goes on when the client does not wait any more: whoever asks again learns what came of it.
    let answer = tokio::spawn(async move {
        let response = next.run(Request::from_parts(parts, Body::from(body))).await;
        // What may be better next time is not kept.
        if response.status().is_server_error() || response.status() == StatusCode::TOO_MANY_REQUESTS {
            return Ok(response);
        }
        // What a refusal rests on lasts as long as the refusal.
        if let Some(files) = files.filter(|_| response.status().is_client_error()) {
            to_sync
                .work(async move || Ok(files.fs.store().sync().await?))
                .await?;
        }
        let (head, body) = response.into_parts();
        let body = to_bytes(body, REPLY_MAX)
            .await
            .map_err(|_| crate::app::broken())?;
        pending.end(Reply::Done {
            status: head.status,
            headers: head.headers.clone(),
            body: body.clone(),
            problem: head.extensions.get::<Problem>().cloned().map(Box::new),
        });
        Ok(Response::from_parts(head, Body::from(body)))
    });
    answer.await.unwrap_or_else(|_| Err(crate::app::broken()))
}
