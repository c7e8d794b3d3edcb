//! Changes as they happen, as server-sent events.

use std::collections::VecDeque;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::response::sse::Event;
use futures_util::stream;
use serde::Serialize;
use tarbox_fs::{ChangeEvent, EventKind, FilesystemInterface};
use tarbox_store::{Scope, Seq, Store};

use crate::app::{App, Backend};
use crate::auth::Caller;
use crate::params::Params;
use crate::problem::{Answer, Problem};
use crate::sse::{Watcher, respond};
use crate::text::Text;

/// Records looked at in one go.
const BATCH: usize = 256;

/// A change.
#[derive(Debug, Serialize)]
struct Told {
    seq: u64,
    kind: EventKind,
    path: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Text>,
    inode: u64,
    agent: String,
}

/// Watch changes
///
/// Server-sent events: `change` for each change of the path and of what is below it, and `reset` where anything may have changed
/// at once: the workspace was switched to another layer, or the records in between are no longer kept. The id of an event is its
/// position in the log: `Last-Event-ID` goes on behind it.
#[utoipa::path(get, path = "/watch/{tenant}", tag = "audit",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("path" = Option<String>, Query, description = "What to watch, as percent-encoded bytes; everything if nothing is said"),
        ("after" = Option<u64>, Query, description = "Begin behind this position; from now on if nothing is said"),
        ("Last-Event-ID" = Option<String>, Header, description = "The same, as browsers send it"),
    ),
    responses(
        (status = 200, description = "The events", content_type = "text/event-stream"),
        (status = "default", response = crate::openapi::Other),
    ))]
pub(crate) async fn watch<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
    headers: HeaderMap,
) -> Answer<Response> {
    let params = params.only(&["path", "after"])?;
    caller.allow(Scope::Read)?;
    // The log tells of every change, whoever may see it.
    if !caller.who.is_root() {
        let root = caller.files.fs.getattr(tarbox_store::Ino::ROOT).await?;
        if root.uid != caller.who.uid() && !caller.is_confined() {
            return Err(Problem::forbidden(
                "only root, the owner of the workspace, or a key that is confined to a directory watches",
            ));
        }
    }
    let last = caller.files.fs.store().last_seq().await?;
    let begun = match headers.get("last-event-id") {
        Some(id) => {
            let id = id.to_str().ok().and_then(|id| id.parse().ok());
            Some(id.ok_or_else(|| Problem::bad_request("Last-Event-ID is the id of an event"))?)
        }
        None => params.parsed("after")?,
    };
    let path = caller.whole(params.bytes("path").unwrap_or(b"/"));
    let mut ready = VecDeque::new();
    let after = match begun.map(Seq) {
        Some(after) if after > last => {
            // A position of another workspace, or of another time.
            ready.push_back(reset(last));
            last
        }
        Some(after) => after,
        None => last,
    };
    let stream = Stream {
        watcher: Watcher::new(app, caller),
        path,
        after,
        ready,
    };
    Ok(respond(stream::unfold(stream, |mut stream| async move {
        Some((stream.next().await?, stream))
    })))
}

/// One client's stream.
struct Stream<D: Backend> {
    watcher: Watcher<D>,
    path: Vec<u8>,
    /// Everything up to here was told.
    after: Seq,
    ready: VecDeque<Event>,
}

impl<D: Backend> Stream<D> {
    /// The next event; `None` when the stream ends.
    async fn next(&mut self) -> Option<Event> {
        while self.watcher.goes_on() {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let fs = &self.watcher.caller.files.fs;
            // A tenant that is suspended or gone is not watched any more.
            let changes = fs.changes(&self.path, self.after, BATCH).await.ok()?;
            if changes.last != self.after {
                self.after = changes.last;
                let events = changes.events.iter().filter_map(|change| self.tell(change));
                self.ready = events.collect();
                continue;
            }
            self.watcher.changed().await?;
        }
        None
    }

    fn tell(&self, change: &ChangeEvent) -> Option<Event> {
        if change.kind == EventKind::Rescan {
            return Some(reset(change.seq));
        }
        // What is not whole yet is nobody's business; when it is, it comes into its place as from outside.
        if is_unfinished(&change.path) {
            return None;
        }
        let from = change.from.as_deref().filter(|path| !is_unfinished(path));
        let kind = match (change.kind, from) {
            (EventKind::Rename, None) => EventKind::Create,
            (kind, _) => kind,
        };
        let told = Told {
            seq: change.seq.0,
            kind,
            path: Text(self.watcher.caller.shown(&change.path)?),
            from: from.and_then(|path| self.watcher.caller.shown(path)).map(Text),
            inode: change.ino.0,
            agent: change.agent.clone(),
        };
        let event = Event::default().event("change").id(change.seq.to_string());
        event.json_data(told).ok()
    }
}

/// Whether a path is that of content on its way in.
fn is_unfinished(path: &[u8]) -> bool {
    let name = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
    let number = name
        .strip_prefix(b".")
        .and_then(|name| name.strip_suffix(b".unfinished"));
    number.is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit))
}

/// Anything may have changed.
fn reset(at: Seq) -> Event {
    Event::default()
        .event("reset")
        .id(at.to_string())
        .data(format!("{{\"seq\":{at}}}"))
}
