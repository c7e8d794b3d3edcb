//! Server-sent events, as long as the key, the tenant and the server last.

use std::convert::Infallible;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt as _};
use tarbox_store::Seq;
use tokio::sync::watch;

use crate::app::{App, Backend};
use crate::auth::Caller;
use crate::meter::Lasting;
use crate::watch::follow;
use crate::watchdog::Watchdog;

/// How often a stream says that it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Answers with these events.
pub(crate) fn respond(events: impl Stream<Item = Event> + Send + 'static) -> Response {
    let mut response = Sse::new(events.map(Ok::<_, Infallible>))
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response();
    response.headers_mut().insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    response
}

/// One client that waits for changes of its tenant.
pub(crate) struct Watcher<D: Backend> {
    app: App<D>,
    pub(crate) caller: Caller<D::Store>,
    positions: watch::Receiver<Seq>,
    watchdog: Watchdog,
    _counted: Lasting,
}

impl<D: Backend> Watcher<D> {
    /// Whatever changes from now on is waited for.
    pub(crate) fn new(app: App<D>, caller: Caller<D::Store>) -> Self {
        Self {
            positions: follow(&app, &caller),
            watchdog: Watchdog::of(&caller.key),
            _counted: app.meter().watcher(),
            app,
            caller,
        }
    }

    /// Whether the stream goes on. What changes after this call is not missed by [`changed`](Self::changed).
    pub(crate) fn goes_on(&mut self) -> bool {
        if self.app.is_ending() || !self.watchdog.allows(&self.app) {
            return false;
        }
        self.positions.borrow_and_update();
        true
    }

    /// Returns when something may have changed; `None` when the stream ends.
    pub(crate) async fn changed(&mut self) -> Option<()> {
        tokio::select! {
            changed = self.positions.changed() => changed.ok(),
            () = self.watchdog.ended(&self.app) => None,
            () = self.app.ended() => None,
        }
    }
}
