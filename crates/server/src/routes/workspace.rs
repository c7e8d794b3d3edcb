//! Batches of calls, as the npm package makes them, and the stream that tells when to look for changes.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::sse::Event;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tarbox_store::{Scope, Seq, Store};

use crate::app::{App, Backend};
use crate::auth::Caller;
use crate::body::Pieces;
use crate::calls::{self, Batch, Does, Gone, State as Session, Turn};
use crate::params::Params;
use crate::problem::{Answer, Problem};
use crate::sse::{Watcher, respond};

/// Make calls
///
/// A batch of operations of the npm package, in its own encoding (`crates/server/src/calls/batch.rs`): use the package.
#[utoipa::path(post, path = "/workspace/{tenant}", tag = "npm package",
    params(("tenant" = String, Path, description = "The tenant")),
    request_body(content_type = "application/octet-stream", description = "The batch"),
    responses(
        (status = 200, description = "The replies, in the order of the calls", content_type = "application/octet-stream"),
        (status = 409, response = crate::openapi::Other),
        (status = 410, response = crate::openapi::Other),
        (status = "default", response = crate::openapi::Other),
    ))]
pub(crate) async fn call<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
    body: Body,
) -> Answer<Response> {
    params.only(&[])?;
    caller.allow(Scope::Read)?;
    let mut pieces = Pieces::new(body, app.options().patience, None);
    let bytes = pieces.next(calls::BATCH_MAX).await?;
    if !pieces.is_over().await? {
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "TOO_LARGE",
            "the batch is too large",
        ));
    }
    let batch = Batch::parse(&bytes).map_err(|e| Problem::bad_request(e.to_string()))?;
    let (key, tenant) = (&*caller.key.id, &*caller.tenant);
    let answer = match batch.does {
        Does::Open(client) => open(&app, &caller, client).await?,
        Does::Close => {
            let state = app.sessions().close(batch.session, key, tenant).map_err(gone)?;
            end(&app, vec![state]).await?;
            Bytes::new()
        }
        Does::Calls { durable, .. } => make(app, caller, bytes, durable).await?,
    };
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], answer).into_response())
}

fn gone(Gone: Gone) -> Problem {
    Problem::new(StatusCode::GONE, "SESSION_GONE", "there is no such session")
        .because("it ended, or is another server's; nothing was done: open another one")
}

async fn open<D: Backend>(app: &App<D>, caller: &Caller<D::Store>, client: &str) -> Answer<Bytes> {
    let mut random = [0; 20];
    getrandom::fill(&mut random).map_err(|_| crate::app::broken())?;
    let (id, first) = random.split_first_chunk::<16>().ok_or_else(crate::app::broken)?;
    let first = first.iter().fold(0, |all, byte| all << 8 | u32::from(*byte)) >> 1;
    let workspace = calls::workspace(app, caller, Some(client), first).await?;
    let ended = app
        .sessions()
        .open(*id, &caller.key.id, &caller.tenant, Session::new(workspace));
    if !ended.is_empty() {
        end(app, ended).await?;
    }
    Ok(Bytes::copy_from_slice(id))
}

/// Closes what sessions have open.
async fn end<D: Backend>(app: &App<D>, ended: Vec<calls::Shared<D>>) -> Answer<()> {
    for state in ended {
        let mut state = state.lock_owned().await;
        app.work(async move || {
            state.workspace.close_all();
            Ok(())
        })
        .await?;
    }
    Ok(())
}

async fn make<D: Backend>(
    app: App<D>,
    caller: Caller<D::Store>,
    bytes: Vec<u8>,
    durable: bool,
) -> Answer<Bytes> {
    let (session, sequence, needs_session) = {
        let batch = Batch::parse(&bytes).map_err(|e| Problem::bad_request(e.to_string()))?;
        let calls = calls_of(&bytes)?;
        let holds = batch.sequence > 0 || calls.iter().any(calls::Call::is_held);
        let writes = calls
            .iter()
            .any(|call| call.effect == tarbox_calls::Effect::Writes && call.name != "sync");
        if writes && batch.sequence == 0 {
            return Err(Problem::bad_request(
                "what changes something has a sequence number",
            ));
        }
        (batch.session, batch.sequence, holds)
    };
    let work = move |workspace: &mut tarbox_calls::Workspace<calls::Served<D>>, caller: &Caller<D::Store>| {
        let calls = calls_of(&bytes)?;
        // What depends on a condition of a request comes before or after, never in between.
        let _unconditional = caller.files.conditional.read();
        Ok::<_, Problem>(Bytes::from(calls::run(workspace, caller, &calls, durable)))
    };
    if !needs_session {
        let mut workspace = calls::workspace(&app, &caller, None, 1).await?;
        return app.work(async move || work(&mut workspace, &caller)).await;
    }
    let (key, tenant) = (&*caller.key.id, &*caller.tenant);
    let state = app.sessions().get(session, key, tenant).map_err(gone)?;
    let mut state = state.lock_owned().await;
    match state.turn(sequence) {
        Turn::Next => {}
        Turn::Answered(answer) => return Ok(answer),
        Turn::Forgotten => {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                "FORGOTTEN",
                "the batch was made, and its answer was too long to be kept",
            ));
        }
        Turn::Wrong => {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                "OUT_OF_ORDER",
                "the batch is not the next one of its session",
            ));
        }
    }
    app.work(async move || {
        let answer = work(&mut state.workspace, &caller)?;
        state.answered(sequence, &answer);
        Ok(answer)
    })
    .await
}

fn calls_of(bytes: &[u8]) -> Answer<Vec<calls::Call<'_>>> {
    let refused = |e: tarbox_store::Error| Problem::bad_request(e.to_string());
    match Batch::parse(bytes).map_err(refused)?.does {
        Does::Calls { calls, .. } => calls::calls(calls).map_err(refused),
        _ => Err(Problem::bad_request("there are no calls")),
    }
}

/// Follow the log
///
/// Server-sent events: `position`, whose id is the position of the last change; what has changed is asked for by a call.
#[utoipa::path(get, path = "/workspace/{tenant}/feed", tag = "npm package",
    params(("tenant" = String, Path, description = "The tenant")),
    responses(
        (status = 200, description = "The events", content_type = "text/event-stream"),
        (status = "default", response = crate::openapi::Other),
    ))]
pub(crate) async fn feed<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
) -> Answer<Response> {
    params.only(&[])?;
    caller.allow(Scope::Read)?;
    let stream = Positions {
        watcher: Watcher::new(app, caller),
        told: None,
    };
    Ok(respond(stream::unfold(stream, |mut stream| async move {
        let position = stream.next().await?;
        let event = Event::default()
            .event("position")
            .id(position.to_string())
            .data("");
        Some((event, stream))
    })))
}

/// The positions that one client is told.
struct Positions<D: Backend> {
    watcher: Watcher<D>,
    told: Option<Seq>,
}

impl<D: Backend> Positions<D> {
    /// The next position; `None` when the stream ends.
    async fn next(&mut self) -> Option<Seq> {
        while self.watcher.goes_on() {
            let now = self.watcher.caller.files.fs.store().last_seq().await.ok()?;
            if self.told != Some(now) {
                self.told = Some(now);
                return Some(now);
            }
            self.watcher.changed().await?;
        }
        None
    }
}
