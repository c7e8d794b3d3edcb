//! The connections of a process: a few, opened when they are needed.

use std::pin::pin;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tarbox_store::Result;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_postgres::{AsyncMessage, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::connection::{Answer, Connection, Step};
use crate::error::{failed, is_conflict, is_gone};

const PAUSE_MIN: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_millis(500);
/// How long a server may take at least to let somebody in. It may be starting, and hashing a password takes a while.
const GREETING: Duration = Duration::from_secs(5);
/// How often a transaction that met another one is tried again.
const CONFLICTS: u32 = 8;

/// What others said with `NOTIFY`.
pub(crate) type Notices = mpsc::UnboundedSender<String>;

/// What every connection begins with. `synchronous_commit` is what durability rests on, whatever the server's default is. The server
/// notices a machine that is gone within half a minute, and with it go the locks of a commit that was half sent.
const SETTINGS: &str = "SET synchronous_commit = on; SET jit = off; SET plan_cache_mode = force_generic_plan; \
                        SET statement_timeout = 0; SET client_min_messages = error; \
                        SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; \
                        SET tcp_user_timeout = 20000";

/// The connections.
pub(crate) struct Pool {
    config: Config,
    tls: MakeRustlsConnect,
    /// How long an operation waits for a server that went away, and how long one is believed to work that says nothing.
    pub(crate) patience: Duration,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
    pub(crate) sent: Arc<AtomicU64>,
    pub(crate) flights: Arc<AtomicU64>,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

/// A connection in use.
struct Pooled<'a> {
    pool: &'a Pool,
    connection: Option<Connection>,
    _permit: OwnedSemaphorePermit,
}

impl Pooled<'_> {
    /// One flight. A connection that is given up half-way is closed, and so is one that the server left.
    async fn fly(mut self, steps: &[Step]) -> Vec<Answer> {
        let Some(connection) = self.connection.take() else {
            return Vec::new();
        };
        let answers = self.pool.fly_on(&connection, steps).await;
        if !connection.is_closed() {
            self.pool.idle().push(connection);
        }
        answers
    }
}

/// The error of a connection to nobody, for a server that takes a connection and says nothing: the library knows no other way to
/// make one.
async fn silence() -> tokio_postgres::Error {
    let (near, far) = tokio::io::duplex(1);
    drop(far);
    match Config::new().user("nobody").connect_raw(near, NoTls).await {
        Err(error) => error,
        Ok(_) => unreachable!("nobody has answered"),
    }
}

impl Pool {
    pub(crate) fn new(
        config: Config,
        tls: MakeRustlsConnect,
        connections: usize,
        patience: Duration,
    ) -> Self {
        Self {
            config,
            tls,
            patience,
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(connections)),
            sent: Arc::default(),
            flights: Arc::default(),
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a connection; what others say goes to `notices`.
    pub(crate) async fn connect(
        &self,
        notices: Option<Notices>,
    ) -> Result<Connection, tokio_postgres::Error> {
        let greeted = self.config.connect(self.tls.clone());
        let (client, mut connection) = match tokio::time::timeout(GREETING.max(self.patience), greeted).await
        {
            Ok(greeted) => greeted?,
            Err(_) => return Err(silence().await),
        };
        let task = tokio::spawn(async move {
            while let Some(Ok(message)) = std::future::poll_fn(|cx| connection.poll_message(cx)).await {
                if let (AsyncMessage::Notification(said), Some(notices)) = (message, &notices) {
                    let _unheard = notices.send(said.payload().to_owned());
                }
            }
        });
        let counters = (self.sent.clone(), self.flights.clone());
        let task = task.abort_handle();
        // A transaction whose rest is lost on the way must not keep its locks.
        let patience = self.patience.as_millis();
        let settings = format!("{SETTINGS}; SET idle_in_transaction_session_timeout = {patience}");
        let mut opened = pin!(Connection::open(client, task.clone(), &settings, counters));
        match tokio::time::timeout(self.patience, &mut opened).await {
            Ok(opened) => opened,
            Err(_) => {
                task.abort();
                opened.await
            }
        }
    }

    /// One flight on a connection of one's own.
    pub(crate) async fn fly_on(&self, connection: &Connection, steps: &[Step]) -> Vec<Answer> {
        self.attend(connection, connection.fly(steps)).await
    }

    /// Statements that prepare a connection of one's own.
    pub(crate) async fn set_up(
        &self,
        connection: &Connection,
        sql: &str,
    ) -> Result<(), tokio_postgres::Error> {
        self.attend(connection, connection.set_up(sql)).await
    }

    /// Waits for an answer as long as the server works for it.
    async fn attend<R>(&self, connection: &Connection, answer: impl Future<Output = R>) -> R {
        let mut answer = pin!(answer);
        loop {
            match tokio::time::timeout(self.patience, &mut answer).await {
                Ok(answer) => return answer,
                Err(_) if self.is_at_work(connection).await => {}
                // Each side waits for the other: what was sent, or the answer, is lost on the way.
                Err(_) => connection.abandon(),
            }
        }
    }

    /// Whether the server works for a connection that says nothing, as it may for long, and waits for nobody. Where it does not, and
    /// waits for the rest of a commit, it is told to give that up: nobody else could change the same rows before.
    async fn is_at_work(&self, connection: &Connection) -> bool {
        let look = async {
            let other = self.connect(None).await?;
            let is_at_work = other.is_at_work(connection).await?;
            if !is_at_work {
                other.end(connection).await?;
            }
            Ok::<_, tokio_postgres::Error>(is_at_work)
        };
        matches!(tokio::time::timeout(self.patience, look).await, Ok(Ok(true)))
    }

    async fn get(&self) -> Result<Pooled<'_>, tokio_postgres::Error> {
        let permit = self.permits.clone().acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        let idle = loop {
            let next = self.idle().pop();
            match next {
                Some(connection) if connection.is_closed() => {}
                next => break next,
            }
        };
        let connection = match idle {
            Some(connection) => connection,
            None => self.connect(None).await?,
        };
        Ok(Pooled {
            pool: self,
            connection: Some(connection),
            _permit: permit,
        })
    }

    /// One flight on a connection of its own. The error is that of the connection, or of the first step that failed.
    pub(crate) async fn once(
        &self,
        steps: &[Step],
    ) -> Result<Vec<Vec<tokio_postgres::Row>>, tokio_postgres::Error> {
        let pooled = self.get().await?;
        pooled.fly(steps).await.into_iter().collect()
    }

    /// The same for what may be done twice: tried again while the server is away, up to [`patience`](Self::patience).
    pub(crate) async fn fly(&self, steps: &[Step]) -> Result<Vec<Vec<tokio_postgres::Row>>> {
        self.patiently(|| self.once(steps)).await.map_err(failed)
    }

    /// The same for statements that need not outlast a crash of the server.
    pub(crate) async fn fly_quietly(&self, steps: Vec<Step>) -> Result<Vec<Vec<tokio_postgres::Row>>> {
        let mut all = vec![Step::Plain("SET synchronous_commit = off")];
        all.extend(steps);
        all.push(Step::Plain("SET synchronous_commit = on"));
        let mut answers = self.fly(&all).await?;
        answers.pop();
        answers.remove(0);
        Ok(answers)
    }

    /// Tries again while the server is away, and a few times where transactions meet.
    pub(crate) async fn patiently<R, F>(&self, mut f: impl FnMut() -> F) -> Result<R, tokio_postgres::Error>
    where
        F: Future<Output = Result<R, tokio_postgres::Error>>,
    {
        // Counted from when it is known: a connection that stalls is found out late.
        let mut limit = None;
        let mut pause = PAUSE_MIN;
        let mut conflicts = 0;
        loop {
            match f().await {
                Err(e)
                    if is_gone(&e)
                        && Instant::now() < *limit.get_or_insert_with(|| Instant::now() + self.patience) =>
                {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
                Err(e) if is_conflict(&e) && conflicts < CONFLICTS => conflicts += 1,
                result => return result,
            }
        }
    }
}
