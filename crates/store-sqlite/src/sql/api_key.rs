//! Keys. Their table is made with the first of them: a database that never had one is as it was.

use rusqlite::{Connection, OptionalExtension, Row, params};
use tarbox_store::{Error, ErrorKind, Key, Result, Scope, Timestamp};

use super::error::{damaged, engine};
use super::tenant;
use crate::rows::{Numbered, TenantId};

const TABLE: &str = "
CREATE TABLE IF NOT EXISTS api_key(
  id TEXT PRIMARY KEY, tenant INTEGER NOT NULL, name TEXT NOT NULL, scope INTEGER NOT NULL, path BLOB NOT NULL,
  uid INTEGER NOT NULL, gid INTEGER NOT NULL, created INTEGER NOT NULL, expires INTEGER, revoked INTEGER,
  hash BLOB NOT NULL) STRICT, WITHOUT ROWID";

/// A key of a tenant that is gone is none.
const SELECT: &str = "SELECT k.id, t.name, k.name, k.scope, k.path, k.uid, k.gid, k.created, k.expires, k.revoked, k.hash \
                      FROM api_key k JOIN tenant t ON t.id = k.tenant";

fn decode(row: &Row<'_>) -> rusqlite::Result<(Key, Option<Scope>)> {
    let scope = Scope::from_number(row.get(3)?);
    let key = Key {
        id: row.get(0)?,
        tenant: row.get(1)?,
        name: row.get(2)?,
        scope: scope.unwrap_or(Scope::Read),
        path: row.get(4)?,
        uid: row.get(5)?,
        gid: row.get(6)?,
        created: Timestamp(row.get(7)?),
        expires: row.get::<_, Option<i64>>(8)?.map(Timestamp),
        revoked: row.get::<_, Option<i64>>(9)?.map(Timestamp),
        hash: row.get(10)?,
    };
    Ok((key, scope))
}

fn checked((key, scope): (Key, Option<Scope>)) -> Result<Key> {
    match scope {
        Some(_) => Ok(key),
        None => Err(damaged(format!("key {} has an unknown scope", key.id))),
    }
}

fn has_table(c: &Connection) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'api_key')";
    let mut statement = c.prepare_cached(sql).map_err(engine)?;
    statement.query_row([], |row| row.get(0)).map_err(engine)
}

/// Adds a key.
pub(crate) fn add(c: &Connection, key: &Key) -> Result<()> {
    let tenant = tenant::by_name(c, &key.tenant)?.ok_or_else(|| {
        Error::new(ErrorKind::NotFound)
            .about(&key.tenant)
            .because("there is no such tenant")
    })?;
    c.execute_batch(TABLE).map_err(engine)?;
    let added = c.execute(
        "INSERT INTO api_key(id, tenant, name, scope, path, uid, gid, created, expires, revoked, hash) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO NOTHING",
        params![
            key.id,
            tenant.id.sql(),
            key.name,
            key.scope as i64,
            key.path,
            key.uid,
            key.gid,
            key.created.0,
            key.expires.map(|t| t.0),
            key.revoked.map(|t| t.0),
            key.hash,
        ],
    );
    match added.map_err(engine)? {
        0 => Err(Error::new(ErrorKind::Exists)
            .about(&key.id)
            .because("there is a key of this id")),
        _ => Ok(()),
    }
}

/// The key of an id.
pub(crate) fn get(c: &Connection, id: &str) -> Result<Option<Key>> {
    let mut statement = match c.prepare_cached(&format!("{SELECT} WHERE k.id = ?1")) {
        Err(_) if !has_table(c)? => return Ok(None),
        statement => statement.map_err(engine)?,
    };
    let found = statement.query_row([id], decode).optional().map_err(engine)?;
    found.map(checked).transpose()
}

/// Every key, the oldest first.
pub(crate) fn all(c: &Connection) -> Result<Vec<Key>> {
    if !has_table(c)? {
        return Ok(Vec::new());
    }
    let mut statement = c
        .prepare_cached(&format!("{SELECT} ORDER BY k.created, k.id"))
        .map_err(engine)?;
    let rows = statement.query_map([], decode).map_err(engine)?;
    rows.map(|row| checked(row.map_err(engine)?)).collect()
}

/// Revokes a key, unless it was before.
pub(crate) fn revoke(c: &Connection, id: &str, at: Timestamp) -> Result<Key> {
    let none = || {
        Error::new(ErrorKind::NotFound)
            .about(id)
            .because("there is no such key")
    };
    if get(c, id)?.is_none() {
        return Err(none());
    }
    let sql = "UPDATE api_key SET revoked = coalesce(revoked, ?2) WHERE id = ?1";
    c.execute(sql, params![id, at.0]).map_err(engine)?;
    get(c, id)?.ok_or_else(none)
}

/// Deletes the keys of a tenant.
pub(crate) fn delete(c: &Connection, tenant: TenantId) -> Result<()> {
    if has_table(c)? {
        c.execute("DELETE FROM api_key WHERE tenant = ?1", [tenant.sql()])
            .map_err(engine)?;
    }
    Ok(())
}
