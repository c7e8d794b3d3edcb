//! Copying tenants: see [`Transfer`].

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use tarbox_store::{Ino, LayerId, Problem, Result};
use tarbox_store_core::transfer::{
    Blocks, ChunkVersion, DentryVersion, Era, InodeVersion, Moment, OnCore, Place, Transfer, XattrVersion,
};
use tarbox_store_core::{
    Block, CoreDatabase, Engine as _, Found, Hash, Layer, LogRow, Tenant, TenantId, Want, damaged,
};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::admin;
use crate::database::PostgresDatabase;
use crate::engine::PostgresEngine;
use crate::error::failed;
use crate::fsck;
use crate::session::{Shared, gone};
use crate::sql::{self, Sql, past};
use crate::wire::{Connection, Step, Value};

/// A tenant as of one moment: a transaction on a connection of its own, which ends with it.
#[derive(Debug)]
pub struct PostgresMoment<'a> {
    engine: &'a PostgresEngine,
    connection: Arc<Connection>,
    tenant: Tenant,
}

impl PostgresMoment<'_> {
    /// The rows of one flight, each statement's.
    async fn fly(&self, steps: impl FnOnce(Sql<'_>) -> Vec<Step> + Send + 'static) -> Result<Vec<Vec<Row>>> {
        let (connection, id) = (self.connection.clone(), self.tenant.id);
        self.engine
            .run(move |shared| async move { fly(&shared, &connection, &steps(shared.sql(id))).await })
            .await
    }

    /// The rows of one statement.
    async fn rows<T>(
        &self,
        step: impl FnOnce(Sql<'_>) -> Step + Send + 'static,
        decode: impl FnMut(&Row) -> Result<T>,
    ) -> Result<Vec<T>> {
        let answers = self.fly(move |sql| vec![step(sql)]).await?;
        answers.iter().flatten().map(decode).collect()
    }

    /// The answer to something that operations ask for, too.
    async fn load(&self, want: Want) -> Result<Found> {
        let (connection, id) = (self.connection.clone(), self.tenant.id);
        let found = self.engine.run(move |shared| async move {
            let (sql, wants) = (shared.sql(id), [want]);
            let plan = sql::plan(sql, &wants);
            let answers = fly(&shared, &connection, &plan.steps).await?;
            plan.finish(sql, &wants, &answers, None)
        });
        let answered = found.await?.pop();
        answered.ok_or_else(|| damaged("the engine answered nothing"))
    }
}

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Whoever takes the rows may take long to store them, and locks nothing meanwhile.
const UNHURRIED: &str = "SET LOCAL idle_in_transaction_session_timeout = 0";

async fn fly(shared: &Shared, connection: &Connection, steps: &[Step]) -> Result<Vec<Vec<Row>>> {
    let answers = shared.pool.fly_on(connection, steps).await.into_iter();
    answers.collect::<Result<_, _>>().map_err(failed)
}

impl Moment for PostgresMoment<'_> {
    fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    async fn layers(&mut self) -> Result<Vec<Layer>> {
        match self.load(Want::Layers).await? {
            Found::Layers(layers) => Ok(layers),
            _ => Err(damaged("the engine answered something else than was asked")),
        }
    }

    async fn tags(&mut self) -> Result<Vec<(String, LayerId)>> {
        match self.load(Want::Tags).await? {
            Found::Tags(tags) => Ok(tags),
            _ => Err(damaged("the engine answered something else than was asked")),
        }
    }

    async fn orphans(&mut self) -> Result<Vec<Ino>> {
        self.rows(past::orphans, past::orphan).await
    }

    async fn inodes(
        &mut self,
        era: Era,
        after: Option<Place<Ino>>,
        limit: usize,
    ) -> Result<Vec<InodeVersion>> {
        let id = self.tenant.id;
        self.rows(
            move |sql| past::inodes(sql, era, after, limit),
            |row| past::inode(row, id),
        )
        .await
    }

    async fn dentries(
        &mut self,
        era: Era,
        after: Option<Place<(Ino, u64)>>,
        limit: usize,
    ) -> Result<Vec<DentryVersion>> {
        self.rows(move |sql| past::dentries(sql, era, after, limit), past::dentry)
            .await
    }

    async fn chunks(
        &mut self,
        era: Era,
        after: Option<Place<(Ino, u64)>>,
        limit: usize,
    ) -> Result<Vec<ChunkVersion>> {
        let id = self.tenant.id;
        self.rows(
            move |sql| past::chunks(sql, era, after, limit),
            |row| past::chunk(row, id),
        )
        .await
    }

    async fn xattrs(
        &mut self,
        era: Era,
        after: Option<Place<(Ino, Vec<u8>)>>,
        limit: usize,
    ) -> Result<Vec<XattrVersion>> {
        self.rows(move |sql| past::xattrs(sql, era, after, limit), past::xattr)
            .await
    }

    async fn blocks(&mut self, after: Option<Hash>, limit: usize) -> Result<Vec<(Hash, Block)>> {
        self.rows(
            move |sql| past::blocks(sql, after, None, Some(limit)),
            past::block,
        )
        .await
    }

    async fn read(&mut self, blocks: &[(Hash, Block)]) -> Result<Vec<Vec<u8>>> {
        let names: Vec<Bytes> = blocks
            .iter()
            .map(|(hash, _)| Bytes::copy_from_slice(hash))
            .collect();
        let step = move |sql: Sql<'_>| {
            sql.fixed(
                "SELECT hash, bytes FROM tarbox.block WHERE tenant = $1 AND hash = ANY($2)",
                &[Type::BYTEA_ARRAY],
                vec![Value::Blobs(names)],
            )
        };
        let decode = |row: &Row| {
            let bytes = sql::bytes(row, 1)?.to_vec();
            let hash = *blake3::hash(&bytes).as_bytes();
            match sql::bytes(row, 0)? == hash {
                true => Ok((hash, bytes)),
                false => Err(damaged("a block does not match its hash")),
            }
        };
        let mut found: HashMap<Hash, Vec<u8>> = self.rows(step, decode).await?.into_iter().collect();
        let take =
            |(hash, _): &(Hash, Block)| found.remove(hash).ok_or_else(|| damaged("a block is missing"));
        blocks.iter().map(take).collect()
    }

    async fn log(&mut self, after: u64, limit: usize) -> Result<Vec<LogRow>> {
        self.rows(move |sql| past::log(sql, after, limit), sql::log_row)
            .await
    }
}

impl Transfer for PostgresEngine {
    type Moment<'a> = PostgresMoment<'a>;

    async fn moment(&self, tenant: TenantId) -> Result<PostgresMoment<'_>> {
        let begun = self.run(move |shared| async move {
            let connection = shared.pool.connect(None).await.map_err(failed)?;
            let answers = fly(
                &shared,
                &connection,
                &[Step::Plain(BEGIN), Step::Plain(UNHURRIED), shared.row_of(tenant)],
            )
            .await?;
            Ok((connection, row(&answers[2])?))
        });
        let (connection, tenant) = begun.await?;
        Ok(PostgresMoment {
            engine: self,
            connection: Arc::new(connection),
            tenant,
        })
    }

    async fn begin(&self, row: &Tenant) -> Result<Tenant> {
        self.make(row.clone(), sql::begin_tenant).await
    }

    async fn wipe(&self, tenant: TenantId, blocks: Blocks) -> Result<()> {
        self.acquire(tenant).await?;
        let wiped = admin::wipe(self, tenant, blocks).await;
        self.release(tenant)?;
        wiped
    }

    async fn discard(&self, tenant: TenantId) -> Result<()> {
        self.acquire(tenant).await?;
        let deleted = admin::delete(self, tenant).await;
        self.release(tenant)?;
        deleted
    }

    async fn blocks_between(
        &self,
        tenant: TenantId,
        after: Option<Hash>,
        upto: Option<Hash>,
    ) -> Result<Vec<(Hash, Block)>> {
        self.run(move |shared| async move {
            let step = past::blocks(shared.sql(tenant), after, upto, None);
            let answers = shared.pool.fly(&[step]).await?;
            answers.iter().flatten().map(past::block).collect()
        })
        .await
    }

    async fn check(&self, tenant: TenantId) -> Result<Vec<Problem>> {
        let report = self.run(move |shared: Arc<Shared>| async move {
            let answers = shared.pool.fly(&[shared.row_of(tenant)]).await?;
            fsck::check_rows(&shared, row(&answers[0])?).await
        });
        Ok(report.await?.problems)
    }
}

fn row(rows: &[Row]) -> Result<Tenant> {
    let seen = rows.first().map(sql::decode_tenant).transpose()?;
    seen.and_then(|seen| seen.tenant).ok_or_else(gone)
}

impl OnCore for PostgresDatabase {
    type Engine = PostgresEngine;

    fn core(&self) -> &CoreDatabase<PostgresEngine> {
        self.core()
    }
}
