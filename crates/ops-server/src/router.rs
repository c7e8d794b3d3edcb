//! The route.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Router};
use tarbox_protocol::limits::REQUEST_MAX;
use tarbox_protocol::{Batch, Call, Format};
use tarbox_store::{Database, ErrorKind, Store};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::Predicate;

use crate::desk::{Desk, Options, serve};
use crate::{Caller, Refusal, feed};

/// Tenants that stay open while nobody uses them.
const IDLE_MAX: usize = 1_024;
/// How often leases are looked at.
const TEND: Duration = Duration::from_secs(1);

/// Bytes of an answer that is worth compressing. Smaller ones have nothing to gain; larger ones are contents of files, which would
/// take longer to compress than a near client waits for them.
const COMPRESSED: RangeInclusive<u64> = 1_024..=512 << 10;

#[derive(Debug, Clone, Copy)]
struct IsWorth;

impl Predicate for IsWorth {
    fn should_compress<B: HttpBody>(&self, response: &axum::http::Response<B>) -> bool {
        let size = response.body().size_hint().exact();
        size.is_some_and(|size| COMPRESSED.contains(&size))
    }
}

/// The operations of every tenant of a database.
pub struct Ops<D: Database> {
    database: Arc<D>,
    options: Options,
    desks: Mutex<HashMap<String, Arc<Desk<D::Store>>>>,
    closing: watch::Sender<bool>,
}

impl<D: Database> std::fmt::Debug for Ops<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ops")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl<D> Ops<D>
where
    D: Database + 'static,
    D::Store: 'static,
{
    /// The operations of this database.
    pub fn new(database: Arc<D>, options: Options) -> Arc<Self> {
        Arc::new(Self {
            database,
            options,
            desks: Mutex::default(),
            closing: watch::Sender::new(false),
        })
    }

    /// The route. Whoever merges it puts a [`Caller`] into the extensions of each request; one without is refused.
    pub fn router(self: &Arc<Self>) -> Router {
        let compression = CompressionLayer::new()
            .quality(CompressionLevel::Fastest)
            .compress_when(IsWorth);
        Router::new()
            .route("/api/v1/tenants/{tenant}/ops", post(handle))
            .layer(compression)
            .with_state(self.clone())
    }

    /// Ends every session and every wait, and refuses what comes later.
    pub async fn close(&self) {
        self.closing.send_replace(true);
        let desks: Vec<_> = self.desks().drain().map(|(_, desk)| desk).collect();
        for desk in desks {
            desk.close().await;
        }
    }

    fn desks(&self) -> MutexGuard<'_, HashMap<String, Arc<Desk<D::Store>>>> {
        self.desks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The desk of a tenant, opened if it has to be.
    ///
    /// # Errors
    /// Those of opening the tenant.
    pub async fn desk(self: &Arc<Self>, tenant: &str) -> Result<Arc<Desk<D::Store>>, Refusal> {
        let open = self.desks().get(tenant).cloned();
        if let Some(desk) = open {
            match desk.store().last_seq().await {
                // It was deleted; there may be a new one of its name.
                Err(e) if e.kind() == ErrorKind::NotFound => {
                    self.desks().remove(tenant);
                    desk.close().await;
                }
                Err(e) => return Err(Refusal::Tenant(e)),
                Ok(_) => return Ok(desk),
            }
        }
        let store = self.database.open_tenant(tenant).await.map_err(Refusal::Tenant)?;
        let desk = Desk::open(store, self.options.clone()).await;
        let desk = Arc::new(desk.map_err(Refusal::Tenant)?);
        let mut desks = self.desks();
        if *self.closing.borrow() {
            return Err(Refusal::Closing);
        }
        if desks.len() >= IDLE_MAX {
            desks.retain(|_, desk| Arc::strong_count(desk) > 1 || desk.sessions() > 0);
        }
        let open = desks.entry(tenant.to_owned()).or_insert_with(|| {
            tokio::spawn(tend(Arc::downgrade(&desk)));
            desk
        });
        Ok(open.clone())
    }
}

/// Looks at the leases of a tenant's sessions for as long as it is open.
async fn tend<S: Store + 'static>(desk: std::sync::Weak<Desk<S>>) {
    loop {
        tokio::time::sleep(TEND).await;
        let Some(desk) = desk.upgrade() else { return };
        if desk.sessions() > 0 {
            in_background(async move { desk.expire().await }).await;
        }
    }
}

/// Runs what may wait for a device where that holds up nobody, to its end also if nobody waits for it.
async fn in_background<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Option<T> {
    let handle = Handle::current();
    tokio::task::spawn_blocking(move || handle.block_on(work))
        .await
        .ok()
}

async fn handle<D>(
    State(ops): State<Arc<Ops<D>>>,
    Path(tenant): Path<String>,
    caller: Option<Extension<Caller>>,
    headers: HeaderMap,
    body: Body,
) -> Response
where
    D: Database + 'static,
    D::Store: 'static,
{
    let format = media_type(&headers);
    match answer(&ops, &tenant, caller, format, body).await {
        Ok((format, reply)) => ([(header::CONTENT_TYPE, format.media_type())], reply).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

fn media_type(headers: &HeaderMap) -> Option<Format> {
    let text = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Format::of_media_type(text)
}

async fn answer<D>(
    ops: &Arc<Ops<D>>,
    tenant: &str,
    caller: Option<Extension<Caller>>,
    format: Option<Format>,
    body: Body,
) -> Result<(Format, Vec<u8>), Refusal>
where
    D: Database + 'static,
    D::Store: 'static,
{
    let Extension(caller) = caller.ok_or(Refusal::Unauthenticated)?;
    if caller.tenant != tenant {
        return Err(Refusal::Forbidden("this key is for another tenant"));
    }
    caller.check(&[])?;
    if *ops.closing.borrow() {
        return Err(Refusal::Closing);
    }
    let format = format.ok_or(Refusal::MediaType)?;
    let request = axum::body::to_bytes(body, REQUEST_MAX)
        .await
        .map_err(|_| Refusal::TooLarge)?;
    let find = {
        let (ops, tenant) = (ops.clone(), tenant.to_owned());
        async move { ops.desk(&tenant).await }
    };
    let served = match wait_asked_for(&request, format) {
        Some((after, patience)) => {
            let desk = in_background(find).await.ok_or(Refusal::Internal)??;
            feed::wait(&desk, after, patience).await;
            in_background(async move { serve(&desk, &caller, format, &request).await }).await
        }
        None => in_background(async move { serve(&*find.await?, &caller, format, &request).await }).await,
    };
    let reply = served.ok_or(Refusal::Internal)??;
    Ok((format, reply))
}

/// Whether the batch begins by waiting for a change. What is wrong with it is told when it is executed.
fn wait_asked_for(request: &Bytes, format: Format) -> Option<(tarbox_store::Seq, Duration)> {
    // Only short batches wait.
    if request.len() > 4_096 {
        return None;
    }
    match Batch::decode(request, format).ok()?.calls.first()? {
        Call::Changed { after, patience_ms } => {
            Some((*after, Duration::from_millis(u64::from(*patience_ms))))
        }
        _ => None,
    }
}
