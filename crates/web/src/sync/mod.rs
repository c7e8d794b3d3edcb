//! The workspace as a replica of one at a server: rounds whose requests the JavaScript side carries.
//!
//! A round is a future. [`Rounds::poll`] drives it as far as it goes, and gives out what it waits for: requests and pauses, each by a
//! number. What became of them is handed in, and it is polled again. In between, the workspace is used as ever.

mod frames;
mod wire;

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use serde::Serialize;
use tarbox_fs::blocking;
use tarbox_store::{Actor, Database as _, Error, ErrorKind, Result, Store, Timestamp};
use tarbox_store_http::{HttpDatabase, HttpStore, Response};
use tarbox_sync::{Clash, MEMORY, News, Options, Replica, Report, Side, Status};

pub use frames::{Frame, write};
pub use wire::Wire;

/// Whose changes a round's are, at both sides.
const AGENT: &str = "sync";
/// Bytes of what is at the server that are kept: a round looks at nothing twice.
const CACHE: u64 = 0;

/// How long a server that cannot be reached is asked before that is said: the next round asks again.
const PATIENCE: Duration = Duration::from_secs(3);

/// Where the server is, and what names this replica if it has no name yet.
#[derive(Debug, Clone)]
pub struct Server {
    /// What comes before `/api` in its paths.
    pub base: String,
    /// The tenant there.
    pub tenant: String,
    /// A random number.
    pub random: u64,
}

/// How the replica stands, as far as is known here.
#[derive(Debug, Clone, Serialize)]
pub struct Standing {
    status: Status,
    /// Files that were changed here and that the server may not have; nothing where everything has to be looked at to know.
    ahead: Option<usize>,
}

/// How a round ended, and how the replica stands.
#[derive(Debug, Clone, Serialize)]
pub struct Ended {
    report: Report,
    status: Status,
}

/// How far the round has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Changes that are to be made at the server, still.
    send: u64,
    /// Changes that are to be made here, still.
    get: u64,
    /// Bytes of files that are to be copied, and that have been.
    bytes: u64,
    copied: u64,
}

impl Progress {
    fn told(self, news: News) -> Self {
        match news {
            News::Planned {
                steps, pulls, bytes, ..
            } => Self {
                send: steps.saturating_sub(pulls),
                get: pulls,
                bytes,
                copied: 0,
            },
            News::Content { bytes, .. } => Self {
                copied: self.copied.saturating_add(bytes),
                ..self
            },
            News::Step { on: Side::Local } => Self {
                get: self.get.saturating_sub(1),
                ..self
            },
            News::Step { on: Side::Remote } => Self {
                send: self.send.saturating_sub(1),
                ..self
            },
        }
    }
}

type Round = Pin<Box<dyn Future<Output = Result<Ended>>>>;

/// The rounds of one replica, one at a time.
pub struct Rounds<L> {
    local: L,
    server: Server,
    wire: Wire,
    database: Arc<HttpDatabase<Wire>>,
    round: Option<Round>,
    progress: Rc<Cell<Progress>>,
}

impl<L> std::fmt::Debug for Rounds<L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rounds")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

impl<L: Store + Clone + 'static> Rounds<L> {
    /// Nothing is asked yet.
    pub fn new(local: L, server: Server) -> Self {
        let wire = Wire::default();
        let options = tarbox_store_http::Options {
            cache_bytes: CACHE,
            patience: PATIENCE,
            ..tarbox_store_http::Options::default()
        };
        // The JavaScript side knows the origin.
        let database = Arc::new(HttpDatabase::new(wire.clone(), &server.base, options));
        Self {
            local,
            server,
            wire,
            database,
            round: None,
            progress: Rc::default(),
        }
    }

    /// How the replica stands, as far as is known here.
    ///
    /// # Errors
    /// Those of the database.
    pub fn standing(&self) -> Result<Standing> {
        let replica = self.alone()?;
        Ok(Standing {
            ahead: blocking(replica.ahead())?,
            status: replica.status().clone(),
        })
    }

    /// Removes what an interrupted round left half made, for where there is no room.
    ///
    /// # Errors
    /// Those of the database.
    pub fn tidy(&self) -> Result<()> {
        blocking(self.alone()?.tidy())
    }

    /// How far the round has come; nothing before both sides were compared.
    pub fn progress(&self) -> Progress {
        self.progress.get()
    }

    /// Takes the conflicts about a path, or the one with that copy, off the list, and answers how many there were.
    ///
    /// # Errors
    /// Those of the database.
    pub fn resolve(&self, path: &[u8]) -> Result<usize> {
        let is_meant = |clash: &Clash| clash.path == path || clash.copy.as_deref() == Some(path);
        let resolved = blocking(self.alone()?.resolve(is_meant));
        blocking(self.local.sync())?;
        resolved
    }

    /// The replica, for what is not the server's business.
    fn alone(&self) -> Result<Replica<L, L>> {
        blocking(Replica::open(
            self.local.clone(),
            self.local.clone(),
            &self.options(crate::platform::time),
        ))
    }

    fn options(&self, now: fn() -> Timestamp) -> Options {
        Options {
            actor: Actor {
                uid: 0,
                gid: 0,
                agent: AGENT.into(),
            },
            random: self.server.random,
            now,
            memory: MEMORY / 4,
        }
    }

    /// Begins a round. One that is under way is given up, which the next one repairs.
    pub fn begin(&mut self, now: fn() -> Timestamp) {
        self.end();
        let (local, server, database) = (self.local.clone(), self.server.clone(), self.database.clone());
        let options = self.options(now);
        let progress = self.progress.clone();
        progress.set(Progress::default());
        self.round = Some(Box::pin(async move {
            let remote: HttpStore<Wire> = database.open_tenant(&server.tenant).await?;
            let mut replica = Replica::open(local.clone(), remote, &options).await?;
            let report = replica
                .round(&|news| progress.set(progress.get().told(news)))
                .await?;
            local.sync().await?;
            Ok(Ended {
                report,
                status: replica.status().clone(),
            })
        }));
    }

    /// Goes on as far as that is possible, and adds what is to be done for it. Answers how the round ended, when it has.
    ///
    /// # Errors
    /// That of the round, which is over then.
    pub fn poll(&mut self, todo: &mut Vec<Frame>) -> Result<Option<Ended>> {
        let none = || Error::new(ErrorKind::BadHandle).because("no round is under way");
        let round = self.round.as_mut().ok_or_else(none)?;
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        let waker = Waker::from(woken.clone());
        while woken.0.swap(false, Ordering::AcqRel) {
            if let Poll::Ready(ended) = round.as_mut().poll(&mut Context::from_waker(&waker)) {
                self.end();
                return ended.map(Some);
            }
        }
        self.wire.take(todo);
        Ok(None)
    }

    /// What a request was answered; one that nobody waits for any more is forgotten.
    pub fn answered(&self, number: u32, response: Response) {
        self.wire.settle(number, Ok(response));
    }

    /// That a request has no answer, or that a pause is over.
    pub fn lost(&self, number: u32, maybe_sent: bool) {
        self.wire.settle(number, Err(maybe_sent));
    }

    /// Gives the round up.
    pub fn end(&mut self) {
        self.round = None;
        self.wire.clear();
    }
}
