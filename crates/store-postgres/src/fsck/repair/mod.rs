//! Mending a tenant: rounds of statements over whole tables and of single rows, until a check finds nothing that can be mended,
//! in one transaction.

mod content;
mod lost;
mod statements;

use std::sync::{Mutex, MutexGuard, PoisonError};

use tarbox_store::{Error, ErrorKind, Result};
use tarbox_store_core::Tenant;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::content::Bytes;
use super::{Source, check};
use crate::error::{failed, is_fence};
use crate::session::Shared;
use crate::sql::{self, Fence, Sql};
use crate::wire::{Connection, Request, Step, Template, Value};

/// Rounds, of which each may uncover damage that another has hidden.
const ROUNDS: usize = 12;

/// Mends what can be mended. The tenant's lease is held; a process that lost it changes nothing.
pub(super) async fn run(shared: &Shared, tenant: Tenant) -> Result<()> {
    let seat = shared.seat(tenant.id);
    let (epoch, commits) = seat.fence().ok_or_else(overtaken)?;
    // A connection of its own: if anything fails, it goes, and the transaction with it.
    let connection = shared.pool.connect(None).await.map_err(failed)?;
    let fence = Fence {
        epoch,
        session: shared.session,
        commits,
        stamp: 0,
    };
    let begin = [Step::Plain("BEGIN"), sql::fence(shared.sql(tenant.id), fence)];
    for answer in shared.pool.fly_on(&connection, &begin).await {
        match answer {
            Err(e) if is_fence(&e) => return Err(overtaken()),
            answer => drop(answer.map_err(failed)?),
        }
    }
    let mender = Mender {
        shared,
        connection: &connection,
        tenant: Mutex::new(tenant),
        notes: Mutex::default(),
    };
    mender.mend().await?;
    mender.fly(vec![Step::Plain("COMMIT")]).await?;
    // Whatever was in memory may have been of before.
    seat.lose(&mut seat.lock());
    Ok(())
}

fn overtaken() -> Error {
    Error::new(ErrorKind::Busy).because("another process took the tenant over; try again")
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Changes rows of one tenant within a transaction.
struct Mender<'a> {
    shared: &'a Shared,
    connection: &'a Connection,
    tenant: Mutex<Tenant>,
    /// What was set aside, in words.
    notes: Mutex<Vec<String>>,
}

impl Mender<'_> {
    async fn mend(&self) -> Result<()> {
        let source = Source {
            shared: self.shared,
            connection: Some(self.connection),
        };
        let mut before = Vec::new();
        for _ in 0..ROUNDS {
            self.statements(statements::FIRST).await?;
            self.intervals().await?;
            self.statements(statements::ROWS).await?;
            self.reload().await?;
            let found = check(&source, self.row(), Bytes::Read).await?;
            let problems: Vec<String> = found
                .report
                .problems
                .into_iter()
                .map(|problem| problem.what)
                .collect();
            if problems.is_empty() || problems == before {
                break;
            }
            before = problems;
            for damage in found.damage {
                self.content(damage).await?;
            }
            self.reattach().await?;
            self.statements(statements::LAST).await?;
            self.reload().await?;
        }
        self.sign().await?;
        self.statements(statements::LAST).await
    }

    fn row(&self) -> Tenant {
        locked(&self.tenant).clone()
    }

    fn sql(&self) -> Sql<'_> {
        self.shared.sql(self.row().id)
    }

    fn note(&self, line: String) {
        locked(&self.notes).push(line);
    }

    /// Looks at the tenant's row again.
    async fn reload(&self) -> Result<()> {
        let row = self.shared.row_of(self.row().id);
        let answers = self.fly(vec![row]).await?;
        let seen = answers[0].first().map(sql::decode_tenant).transpose()?;
        let tenant = seen.and_then(|seen| seen.tenant).ok_or_else(overtaken)?;
        *locked(&self.tenant) = tenant;
        Ok(())
    }

    async fn fly(&self, steps: Vec<Step>) -> Result<Vec<Vec<Row>>> {
        let answers = self.shared.pool.fly_on(self.connection, &steps).await;
        let answers: Result<Vec<_>, _> = answers.into_iter().collect();
        answers.map_err(failed)
    }

    /// The rows of one statement behind the tenant's number.
    async fn rows(&self, sql: &'static str, types: &[Type], values: Vec<Value>) -> Result<Vec<Row>> {
        let step = self.sql().fixed(sql, types, values);
        Ok(self.fly(vec![step]).await?.pop().unwrap_or_default())
    }

    /// Statements that say, in a column of text, what they set aside.
    async fn statements(&self, statements: &[&'static str]) -> Result<()> {
        let steps = statements
            .iter()
            .map(|statement| self.sql().fixed(statement, &[], Vec::new()));
        let answers = self.fly(steps.collect()).await?;
        self.take_notes(&answers)
    }

    /// The lives of versions, table by table.
    async fn intervals(&self) -> Result<()> {
        for (table, keys) in super::rules::VERSIONED {
            let steps = statements::intervals(table, keys).map(|text| {
                let request = Request {
                    template: Template::once(text, vec![Type::INT8]).into(),
                    values: vec![self.row().id.0.into()],
                };
                Step::from(request)
            });
            let answers = self.fly(steps.into()).await?;
            self.take_notes(&answers)?;
        }
        Ok(())
    }

    fn take_notes(&self, answers: &[Vec<Row>]) -> Result<()> {
        for row in answers.iter().flatten() {
            self.note(row.try_get(0).map_err(failed)?);
        }
        Ok(())
    }
}
