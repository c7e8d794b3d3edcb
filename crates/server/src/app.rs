//! What all requests share.

use std::sync::Arc;

use tarbox_fs::blocking;
use tarbox_ops_server::Ops;
use tarbox_store::{Database, Key, Keys, Result, Store};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::blocks::Remembered;
use crate::calls::Sessions;
use crate::files::Opened;
use crate::idempotency::Replies;
use crate::limits::Limits;
use crate::meter::Meter;
use crate::options::Options;
use crate::problem::{Answer, Problem};
use crate::watchdog::Guards;

/// Tenants whose changes a thread waits for; those of others are looked for now and then.
const FEEDS: usize = 128;

/// A database that can be served: it holds tenants, and keys to them.
pub trait Backend: Database<Store: Send + Sync + 'static> + Keys + Send + Sync + 'static {}

impl<D: Database<Store: Send + Sync + 'static> + Keys + Send + Sync + 'static> Backend for D {}

/// The state of a server, shared by all requests. Cheap to clone.
pub struct App<D: Backend>(Arc<Inner<D>>);

impl<D: Backend> Clone for App<D> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<D: Backend> std::fmt::Debug for App<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App")
            .field("options", self.options())
            .finish_non_exhaustive()
    }
}

struct Inner<D: Backend> {
    database: Arc<D>,
    /// The operations of clients that have the file system on their side.
    ops: Arc<Ops<D>>,
    options: Options,
    opened: Opened<D::Store>,
    sessions: Sessions<D>,
    limits: Limits,
    replies: Replies,
    guards: Guards,
    remembered: Remembered<D::Store>,
    meter: Arc<Meter>,
    workers: Arc<Semaphore>,
    /// For what lasts as long as its client wants.
    lasting: Arc<Semaphore>,
    /// Threads that wait for changes.
    feeds: Arc<Semaphore>,
    ending: watch::Sender<bool>,
}

impl<D: Backend> App<D> {
    pub(crate) fn new(database: D, options: Options, meter: Arc<Meter>) -> Self {
        let database = Arc::new(database);
        Self(Arc::new(Inner {
            ops: Ops::new(database.clone(), tarbox_ops_server::Options::default()),
            database,
            opened: Opened::default(),
            sessions: Sessions::default(),
            limits: Limits::new(&options),
            replies: Replies::default(),
            guards: Guards::default(),
            remembered: Remembered::default(),
            meter,
            workers: Arc::new(Semaphore::new(options.workers.max(1))),
            lasting: Arc::new(Semaphore::new(options.workers.max(1))),
            feeds: Arc::new(Semaphore::new(FEEDS)),
            ending: watch::Sender::new(false),
            options,
        }))
    }

    /// The database.
    pub fn database(&self) -> &D {
        &self.0.database
    }

    /// The same, for what outlives a request.
    pub(crate) fn shared_database(&self) -> Arc<D> {
        self.0.database.clone()
    }

    /// What clients of the npm package have open.
    pub(crate) fn sessions(&self) -> &Sessions<D> {
        &self.0.sessions
    }

    pub(crate) fn ops(&self) -> &Arc<Ops<D>> {
        &self.0.ops
    }

    /// How the server was set up.
    pub fn options(&self) -> &Options {
        &self.0.options
    }

    pub(crate) fn opened(&self) -> &Opened<D::Store> {
        &self.0.opened
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn replies(&self) -> &Replies {
        &self.0.replies
    }

    pub(crate) fn guards(&self) -> &Guards {
        &self.0.guards
    }

    /// Hashes of files.
    pub(crate) fn remembered(&self) -> &Remembered<D::Store> {
        &self.0.remembered
    }

    pub(crate) fn meter(&self) -> &Arc<Meter> {
        &self.0.meter
    }

    /// The key of this id, if it may still be used. Asked anew each time: a key that was revoked is so for every server at once.
    pub(crate) async fn valid_key(&self, id: &str) -> Result<Option<Key>> {
        let now = tarbox_store::Timestamp::of_system();
        let key = self.database().key(id).await?;
        Ok(key.filter(|key| key.revoked.is_none() && key.expires.is_none_or(|end| now < end)))
    }

    /// Runs an operation that may wait for the device on a thread of its own; so many at once as there are workers. It goes on
    /// when nobody waits for it any more: what has begun is not left half-done.
    ///
    /// # Errors
    /// Those of the operation.
    pub async fn work<T, F>(&self, operation: F) -> Answer<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce() -> Answer<T> + Send + 'static,
    {
        self.run_in(&self.0.workers, operation).await
    }

    /// The same for an operation whose client decides how long it takes: those do not stand in the way of others.
    pub(crate) async fn last<T, F>(&self, operation: F) -> Answer<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce() -> Answer<T> + Send + 'static,
    {
        self.run_in(&self.0.lasting, operation).await
    }

    async fn run_in<T, F>(&self, threads: &Arc<Semaphore>, operation: F) -> Answer<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce() -> Answer<T> + Send + 'static,
    {
        let permit = threads.clone().acquire_owned().await;
        let work = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            pollster::block_on(operation())
        });
        work.await.unwrap_or_else(|_| Err(broken()))
    }

    /// The right to a thread that waits for changes, if there is one left.
    pub(crate) fn feed_thread(&self) -> Option<OwnedSemaphorePermit> {
        self.0.feeds.clone().try_acquire_owned().ok()
    }

    /// Returns when everything done to a tenant so far is on the device.
    pub(crate) fn sync_now(store: &D::Store) -> Result<()> {
        blocking(store.sync())
    }

    /// Tells all that wait that the server ends.
    pub(crate) fn end(&self) {
        self.0.ending.send_replace(true);
    }

    /// Whether the server is to end.
    pub(crate) fn is_ending(&self) -> bool {
        *self.0.ending.borrow()
    }

    /// Returns when the server is to end.
    pub(crate) async fn ended(&self) {
        let mut ending = self.0.ending.subscribe();
        // The sender lives as long as this does.
        let _ended = ending.wait_for(|is_ending| *is_ending).await;
    }
}

/// An operation ended in a panic: a fault of the server.
pub(crate) fn broken() -> Problem {
    Problem::new(
        axum::http::StatusCode::INTERNAL_SERVER_ERROR,
        "INTERNAL",
        "the server failed",
    )
}
