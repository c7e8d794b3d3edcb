//! One connection: flights of statements, none of which waits for the one before.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::TryStreamExt;
use futures_util::future::join_all;
use tokio::task::AbortHandle;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row, SimpleQueryMessage, Statement};

use super::template::{Request, Template};

/// What one statement answered.
pub(crate) type Answer = Result<Vec<Row>, tokio_postgres::Error>;

/// One statement of a flight.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Without parameters.
    Plain(&'static str),
    Bound(Request),
}

impl From<Request> for Step {
    fn from(request: Request) -> Self {
        Self::Bound(request)
    }
}

/// How often a statement was sent on a connection. The first time it goes with its text, since a short command sends nothing
/// twice; from the second time on it is prepared.
#[derive(Debug)]
enum Use {
    Once,
    Preparing,
    Prepared(Statement),
}

/// The process of the server's that answers, and what tells it from another one of that number.
const BACKEND: &str =
    "SELECT pid, extract(epoch FROM backend_start)::text FROM pg_stat_activity WHERE pid = pg_backend_pid()";

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    client: Arc<Client>,
    /// The task that talks to the server.
    task: AbortHandle,
    /// The process of the server's that serves it, and since when.
    backend: (i32, String),
    uses: Arc<Mutex<HashMap<usize, Use>>>,
    sent: Arc<AtomicU64>,
    flights: Arc<AtomicU64>,
}

impl Connection {
    /// Prepares a connection with these statements.
    pub(crate) async fn open(
        client: Client,
        task: AbortHandle,
        settings: &str,
        (sent, flights): (Arc<AtomicU64>, Arc<AtomicU64>),
    ) -> Result<Self, tokio_postgres::Error> {
        let said = client.simple_query(&format!("{settings}; {BACKEND}")).await?;
        let backend = said.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some((row.get(0)?.parse().ok()?, row.get(1)?.to_owned())),
            _ => None,
        });
        Ok(Self {
            client: Arc::new(client),
            task,
            backend: backend.unwrap_or_default(),
            uses: Arc::default(),
            sent,
            flights,
        })
    }

    /// Ends the connection: whatever waits for an answer gets an error.
    pub(crate) fn abandon(&self) {
        self.task.abort();
    }

    /// Whether the server does something for another connection, and does not wait for it to say more, or to listen.
    pub(crate) async fn is_at_work(&self, other: &Self) -> Result<bool, tokio_postgres::Error> {
        let sql = "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND coalesce(state, 'active') = 'active' \
                   AND wait_event_type IS DISTINCT FROM 'Client'";
        let found = self
            .client
            .query_typed(sql, &[(&other.backend.0, Type::INT4)])
            .await?;
        Ok(!found.is_empty())
    }

    /// Ends the server's process of another connection of this process.
    pub(crate) async fn end(&self, other: &Self) -> Result<(), tokio_postgres::Error> {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE pid = $1 AND extract(epoch FROM backend_start)::text = $2";
        let (pid, since) = &other.backend;
        let parameters: [(&(dyn ToSql + Sync), Type); 2] = [(pid, Type::INT4), (since, Type::TEXT)];
        self.client.query_typed(sql, &parameters).await.map(drop)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Sends all steps at once, in order, and answers what each of them did. Dropped half-way it leaves the connection in a state
    /// that nobody knows: run it in a task.
    pub(crate) async fn fly(&self, steps: &[Step]) -> Vec<Answer> {
        self.sent.fetch_add(steps.len() as u64, Ordering::Relaxed);
        self.flights.fetch_add(1, Ordering::Relaxed);
        join_all(steps.iter().map(|step| self.send(step))).await
    }

    /// Statements that prepare the connection itself: not counted.
    pub(crate) async fn set_up(&self, sql: &str) -> Result<(), tokio_postgres::Error> {
        self.client.batch_execute(sql).await
    }

    fn send<'a>(&'a self, step: &'a Step) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        let request = match step {
            Step::Plain(sql) => {
                return Box::pin(async { self.client.batch_execute(sql).await.map(|()| Vec::new()) });
            }
            Step::Bound(request) => request,
        };
        match self.prepared(&request.template) {
            Some(statement) => Box::pin(async move {
                let rows = self.client.query_raw(&statement, &request.values).await?;
                rows.try_collect().await
            }),
            None => Box::pin(async move {
                let typed = request.values.iter().zip(request.template.types.iter().cloned());
                let rows = self.client.query_typed_raw(&request.template.sql, typed).await?;
                rows.try_collect().await
            }),
        }
    }

    /// The statement, if it is prepared by now.
    fn prepared(&self, template: &Arc<Template>) -> Option<Statement> {
        if template.id == Template::ONCE {
            return None;
        }
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        match uses.get_mut(&template.id) {
            Some(Use::Prepared(statement)) => return Some(statement.clone()),
            Some(Use::Preparing) => return None,
            Some(once) => *once = Use::Preparing,
            None => {
                uses.insert(template.id, Use::Once);
                return None;
            }
        }
        let (client, template, uses) = (self.client.clone(), template.clone(), self.uses.clone());
        tokio::spawn(async move {
            let prepared = client.prepare_typed(&template.sql, &template.types).await;
            let mut uses = uses.lock().unwrap_or_else(PoisonError::into_inner);
            match prepared {
                Ok(statement) => uses.insert(template.id, Use::Prepared(statement)),
                // Sent within a transaction that failed, perhaps.
                Err(_) => uses.insert(template.id, Use::Once),
            };
        });
        None
    }
}
