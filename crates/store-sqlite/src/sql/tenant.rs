//! Tenants, layers and tags in and out of SQL.

use rusqlite::{Connection, OptionalExtension, Row, params};
use tarbox_store::{Ino, LayerId, Quota, Result, TenantState, Timestamp};

use super::error::{damaged, engine};
use crate::rows::{Layer, Numbered, Tenant, TenantId};

const COLUMNS: &str = "id, name, state, created, quota_bytes, quota_inodes, quota_layers, quota_log, bytes, inodes, layers, \
                       head, current, next_ino, next_seq, secret, segment, segment_len";

/// More than anything can count.
const COUNT_MAX: u64 = 1 << 62;

/// The tenant of this number.
pub(crate) fn by_id(c: &Connection, id: TenantId) -> Result<Option<Tenant>> {
    let mut statement = c
        .prepare_cached(&format!("SELECT {COLUMNS} FROM tenant WHERE id = ?1"))
        .map_err(engine)?;
    statement
        .query_row([id.sql()], |row| Ok(decode(row)))
        .optional()
        .map_err(engine)?
        .transpose()
}

/// The tenant of this name.
pub(crate) fn by_name(c: &Connection, name: &str) -> Result<Option<Tenant>> {
    let mut statement = c
        .prepare_cached(&format!("SELECT {COLUMNS} FROM tenant WHERE name = ?1"))
        .map_err(engine)?;
    statement
        .query_row([name], |row| Ok(decode(row)))
        .optional()
        .map_err(engine)?
        .transpose()
}

/// Every tenant, by name.
pub(crate) fn all(c: &Connection) -> Result<Vec<Tenant>> {
    let mut statement = c
        .prepare_cached(&format!("SELECT {COLUMNS} FROM tenant ORDER BY name"))
        .map_err(engine)?;
    let mut rows = statement.query([]).map_err(engine)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(engine)? {
        found.push(decode(row)?);
    }
    Ok(found)
}

fn decode(row: &Row<'_>) -> Result<Tenant> {
    // Whatever counts or numbers has to stay in its range, or the next step would leave it.
    let within = |i: usize, least: u64, most: u64| {
        let n: i64 = row.get(i).map_err(engine)?;
        u64::try_from(n)
            .ok()
            .filter(|n| (least..=most).contains(n))
            .ok_or_else(|| {
                let column = COLUMNS.split(", ").nth(i).unwrap_or_default().trim();
                damaged(format!("a tenant's {column} is {n}"))
            })
    };
    let number = |i: usize| within(i, 0, COUNT_MAX);
    let limit = |i: usize| -> Result<Option<u64>> {
        let limit = row.get::<_, Option<i64>>(i).map_err(engine)?;
        Ok(limit.map(|n| u64::try_from(n).unwrap_or(0)))
    };
    let secret: Vec<u8> = row.get(15).map_err(engine)?;
    let head = within(11, 1, COUNT_MAX)?;
    Ok(Tenant {
        id: TenantId(within(0, 1, TenantId::LIMIT - 1)?),
        name: row.get(1).map_err(engine)?,
        state: TenantState::from_number(number(2)? as i64),
        created: Timestamp(row.get(3).map_err(engine)?),
        quota: Quota {
            bytes: limit(4)?,
            inodes: limit(5)?,
            layers: limit(6)?,
            log_records: limit(7)?,
        },
        bytes: number(8)?,
        inodes: number(9)?,
        layers: number(10)?,
        head: LayerId(head),
        current: LayerId(within(12, 1, head)?),
        next_ino: within(13, Ino::ROOT.0 + 1, Ino::LIMIT)?,
        next_seq: within(14, 1, COUNT_MAX)?,
        secret: secret
            .try_into()
            .map_err(|_| damaged("a tenant's secret has a wrong length"))?,
        segment: within(16, 1, COUNT_MAX)?,
        segment_len: number(17)?,
    })
}

/// Writes a tenant.
pub(crate) fn put(c: &Connection, t: &Tenant) -> Result<()> {
    let limit = |l: Option<u64>| l.map(|n| i64::try_from(n).unwrap_or(i64::MAX));
    c.prepare_cached(
        "INSERT INTO tenant(id, name, state, created, quota_bytes, quota_inodes, quota_layers, quota_log, bytes, \
         inodes, layers, head, current, next_ino, next_seq, secret, segment, segment_len) \
         VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18) \
         ON CONFLICT(id) DO UPDATE SET state=?3, quota_bytes=?5, quota_inodes=?6, quota_layers=?7, quota_log=?8, bytes=?9, \
         inodes=?10, layers=?11, head=?12, current=?13, next_ino=?14, next_seq=?15, segment=?17, segment_len=?18",
    )
    .map_err(engine)?
    .execute(params![
        t.id.sql(),
        t.name,
        t.state.number(),
        t.created.0,
        limit(t.quota.bytes),
        limit(t.quota.inodes),
        limit(t.quota.layers),
        limit(t.quota.log_records),
        t.bytes as i64,
        t.inodes as i64,
        t.layers as i64,
        t.head.0 as i64,
        t.current.0 as i64,
        t.next_ino as i64,
        t.next_seq as i64,
        t.secret,
        t.segment as i64,
        t.segment_len as i64,
    ])
    .map_err(engine)?;
    Ok(())
}

/// The tenant's sealed layers, the oldest first.
pub(crate) fn layers(c: &Connection, tenant: TenantId) -> Result<Vec<Layer>> {
    let mut statement = c
        .prepare_cached("SELECT id, name, description, sealed FROM layer WHERE tenant = ?1 ORDER BY id")
        .map_err(engine)?;
    let rows = statement
        .query_map([tenant.sql()], decode_layer)
        .map_err(engine)?;
    rows.collect::<rusqlite::Result<_>>().map_err(engine)
}

fn decode_layer(row: &Row<'_>) -> rusqlite::Result<Layer> {
    Ok(Layer {
        id: LayerId(row.get::<_, i64>(0)? as u64),
        name: row.get(1)?,
        description: row.get(2)?,
        sealed: Timestamp(row.get(3)?),
    })
}

/// The sealed layer of this number.
pub(crate) fn layer(c: &Connection, tenant: TenantId, id: LayerId) -> Result<Option<Layer>> {
    c.prepare_cached("SELECT id, name, description, sealed FROM layer WHERE tenant = ?1 AND id = ?2")
        .map_err(engine)?
        .query_row(params![tenant.sql(), id.0 as i64], decode_layer)
        .optional()
        .map_err(engine)
}

/// The sealed layer of this name or tag.
pub(crate) fn layer_named(c: &Connection, tenant: TenantId, name: &str) -> Result<Option<Layer>> {
    c.prepare_cached(
        "SELECT id, name, description, sealed FROM layer WHERE tenant = ?1 AND name = ?2 UNION ALL \
         SELECT l.id, l.name, l.description, l.sealed FROM tag t JOIN layer l ON l.tenant = t.tenant AND l.id = t.layer \
         WHERE t.tenant = ?1 AND t.name = ?2 LIMIT 1",
    )
    .map_err(engine)?
    .query_row(params![tenant.sql(), name], decode_layer)
    .optional()
    .map_err(engine)
}

/// The tenant's tags and the layers they point at, by name.
pub(crate) fn tags(c: &Connection, tenant: TenantId) -> Result<Vec<(String, LayerId)>> {
    let mut statement = c
        .prepare_cached("SELECT name, layer FROM tag WHERE tenant = ?1 ORDER BY name")
        .map_err(engine)?;
    let rows = statement
        .query_map([tenant.sql()], |row| {
            Ok((row.get(0)?, LayerId(row.get::<_, i64>(1)? as u64)))
        })
        .map_err(engine)?;
    rows.collect::<rusqlite::Result<_>>().map_err(engine)
}
