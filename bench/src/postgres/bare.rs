//! The server without a file system: one statement, one answer.

use tarbox_bench_work::Result;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, Statement};

use crate::turns::micros_each;

/// One connection, with a table of one row and one that grows.
pub(super) struct Bare {
    runtime: Runtime,
    client: Client,
    select: Statement,
    insert: Statement,
    next: i64,
}

impl Bare {
    pub(super) fn new(url: &str) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (client, select, insert) = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
            tokio::spawn(connection);
            client
                .batch_execute(
                    "CREATE TABLE bare(id bigint PRIMARY KEY, value bytea NOT NULL); INSERT INTO bare VALUES (0, 'value')",
                )
                .await?;
            let select = client.prepare("SELECT value FROM bare WHERE id = $1").await?;
            let insert = client.prepare("INSERT INTO bare VALUES ($1, 'value')").await?;
            Ok::<_, tokio_postgres::Error>((client, select, insert))
        })?;
        Ok(Self {
            runtime,
            client,
            select,
            insert,
            next: 1,
        })
    }

    /// Microseconds of a `SELECT` of one row.
    pub(super) fn select(&self) -> Result<f64> {
        micros_each(1, || {
            self.runtime
                .block_on(self.client.query_one(&self.select, &[&0_i64]))?;
            Ok(())
        })
    }

    /// Microseconds of an `INSERT` of one row that is on the device afterwards.
    pub(super) fn insert(&mut self) -> Result<f64> {
        self.next += 1;
        micros_each(1, || {
            self.runtime
                .block_on(self.client.execute(&self.insert, &[&self.next]))?;
            Ok(())
        })
    }
}
