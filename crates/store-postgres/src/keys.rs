//! Keys. Their table is made with the first of them.

use tarbox_store::{Error, ErrorKind, Key, Keys, Result, Scope, Timestamp};
use tarbox_store_core::damaged;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::PostgresDatabase;
use crate::error::{failed, is_missing};
use crate::session::Shared;
use crate::wire::{Step, Value};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS tarbox.api_key(
  id text PRIMARY KEY, tenant bigint NOT NULL, name text NOT NULL, scope smallint NOT NULL, path bytea NOT NULL,
  uid bigint NOT NULL, gid bigint NOT NULL, created bigint NOT NULL, expires bigint, revoked bigint, hash bytea NOT NULL)";

/// A key of a tenant that is gone is none.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT k.id, t.name, k.name, k.scope, k.path, k.uid, k.gid, k.created, k.expires, k.revoked, k.hash \
             FROM tarbox.api_key k JOIN tarbox.tenant_name t ON t.tenant = k.tenant ",
            $rest
        )
    };
}

fn decode(row: &Row) -> Result<Key> {
    let number = |i: usize| row.try_get::<_, i64>(i).map_err(failed);
    let time = |i: usize| {
        let time = row.try_get::<_, Option<i64>>(i).map_err(failed)?;
        Ok::<_, Error>(time.map(Timestamp))
    };
    let bytes = |i: usize| row.try_get::<_, &[u8]>(i).map_err(failed);
    let id: String = row.try_get(0).map_err(failed)?;
    let broken = |what: &str| damaged(format!("the {what} of key {id} is out of range"));
    let user = |i: usize| u32::try_from(number(i)?).map_err(|_| broken("user"));
    Ok(Key {
        tenant: row.try_get(1).map_err(failed)?,
        name: row.try_get(2).map_err(failed)?,
        scope: Scope::from_number(row.try_get::<_, i16>(3).map_err(failed)?.into())
            .ok_or_else(|| broken("scope"))?,
        path: bytes(4)?.to_vec(),
        uid: user(5)?,
        gid: user(6)?,
        created: Timestamp(number(7)?),
        expires: time(8)?,
        revoked: time(9)?,
        hash: bytes(10)?.try_into().map_err(|_| broken("hash"))?,
        id,
    })
}

impl Shared {
    /// One statement about keys; `None` where there is no table of them.
    async fn about_keys(
        &self,
        sql: &'static str,
        types: &[Type],
        values: Vec<Value>,
    ) -> Result<Option<Vec<Row>>> {
        let steps = [self.statement(sql, types, values)];
        match self.pool.patiently(|| self.pool.once(&steps)).await {
            Ok(mut answers) => Ok(Some(answers.pop().unwrap_or_default())),
            Err(e) if is_missing(&e) => Ok(None),
            Err(e) => Err(failed(e)),
        }
    }

    async fn add_key(&self, key: &Key) -> Result<Vec<Row>> {
        let sql = "WITH known AS (SELECT tenant FROM tarbox.tenant_name WHERE name = $2), \
                   added AS (INSERT INTO tarbox.api_key(id, tenant, name, scope, path, uid, gid, created, expires, revoked, hash) \
                   SELECT $1, tenant, $3, $4, $5, $6, $7, $8, $9, $10, $11 FROM known ON CONFLICT DO NOTHING RETURNING id) \
                   SELECT (SELECT count(*) FROM known), (SELECT count(*) FROM added)";
        let types = [
            Type::TEXT,
            Type::TEXT,
            Type::TEXT,
            Type::INT2,
            Type::BYTEA,
            Type::INT8,
            Type::INT8,
            Type::INT8,
            Type::INT8,
            Type::INT8,
            Type::BYTEA,
        ];
        let values = || {
            vec![
                Value::from(&*key.id),
                (&*key.tenant).into(),
                (&*key.name).into(),
                (key.scope as i64).into(),
                (&*key.path).into(),
                key.uid.into(),
                key.gid.into(),
                key.created.0.into(),
                key.expires.map(|t| t.0).into(),
                key.revoked.map(|t| t.0).into(),
                key.hash[..].into(),
            ]
        };
        if let Some(rows) = self.about_keys(sql, &types, values()).await? {
            return Ok(rows);
        }
        // Another process may be making it, too: then one of the two fails, and finds the other's.
        let made = self.pool.once(&[Step::Plain(TABLE)]).await;
        match self.about_keys(sql, &types, values()).await? {
            Some(rows) => Ok(rows),
            None => Err(made.map_or_else(failed, |_| missing())),
        }
    }
}

fn missing() -> Error {
    Error::new(ErrorKind::Io).because("the table of keys could not be made")
}

fn no_key(id: &str) -> Error {
    Error::new(ErrorKind::NotFound)
        .about(id)
        .because("there is no such key")
}

impl Keys for PostgresDatabase {
    async fn add_key(&self, key: &Key) -> Result<()> {
        let wanted = key.clone();
        let rows = self
            .engine()
            .run(|shared| async move { shared.add_key(&wanted).await });
        let rows = rows.await?;
        let count = |i: usize| {
            rows.first()
                .map_or(Ok(0), |row| row.try_get::<_, i64>(i).map_err(failed))
        };
        match (count(0)?, count(1)?) {
            (0, _) => Err(Error::new(ErrorKind::NotFound)
                .about(&key.tenant)
                .because("there is no such tenant")),
            (_, 0) => Err(Error::new(ErrorKind::Exists)
                .about(&key.id)
                .because("there is a key of this id")),
            _ => Ok(()),
        }
    }

    async fn key(&self, id: &str) -> Result<Option<Key>> {
        let id = Value::from(id);
        let rows = self.engine().run(|shared| async move {
            shared
                .about_keys(select!("WHERE k.id = $1"), &[Type::TEXT], vec![id])
                .await
        });
        rows.await?.unwrap_or_default().first().map(decode).transpose()
    }

    async fn keys(&self) -> Result<Vec<Key>> {
        let rows = self.engine().run(|shared| async move {
            shared
                .about_keys(select!("ORDER BY k.created, k.id"), &[], Vec::new())
                .await
        });
        rows.await?.unwrap_or_default().iter().map(decode).collect()
    }

    async fn revoke_key(&self, id: &str, at: Timestamp) -> Result<Key> {
        let values = vec![Value::from(id), at.0.into()];
        let sql = "UPDATE tarbox.api_key SET revoked = coalesce(revoked, $2) WHERE id = $1";
        let changed = self
            .engine()
            .run(|shared| async move { shared.about_keys(sql, &[Type::TEXT, Type::INT8], values).await });
        changed.await?;
        self.key(id).await?.ok_or_else(|| no_key(id))
    }
}
