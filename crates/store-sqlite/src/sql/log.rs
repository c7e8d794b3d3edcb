//! Log records in and out of SQL.

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};
use tarbox_store::{Ino, LayerId, LogQuery, LogRecord, Operation, Result, Seq, Timestamp};

use super::error::{damaged, engine};
use crate::rows::{LogRow, Numbered, TenantId};

/// Appends a record.
pub(crate) fn put(c: &Connection, tenant: TenantId, r: &LogRow) -> Result<()> {
    c.prepare_cached(
        "INSERT INTO log(tenant, seq, time, uid, agent, operation, ino, path, source, bytes, layer, errno) \
         VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
    )
    .map_err(engine)?
    .execute(params![
        tenant.sql(),
        r.seq as i64,
        r.time.0,
        r.uid,
        &*r.agent,
        r.operation as u8,
        r.ino.0 as i64,
        r.path,
        r.from,
        r.bytes as i64,
        r.layer.0 as i64,
        r.errno,
    ])
    .map_err(engine)?;
    Ok(())
}

/// The records that match.
pub(crate) fn query(c: &Connection, tenant: TenantId, q: &LogQuery) -> Result<Vec<LogRecord>> {
    let mut sql = String::from(
        "SELECT seq, time, uid, agent, operation, ino, path, source, bytes, layer, errno FROM log WHERE tenant = ?",
    );
    let mut values = vec![Value::from(tenant.sql())];
    let mut clause = |text: &str, bound: Vec<Value>| {
        sql.push_str(text);
        values.extend(bound);
    };
    if let Some(Seq(after)) = q.after {
        clause(
            " AND seq > ?",
            vec![Value::from(after.min(i64::MAX as u64) as i64)],
        );
    }
    if let Some(Seq(before)) = q.before {
        clause(
            " AND seq < ?",
            vec![Value::from(before.min(i64::MAX as u64) as i64)],
        );
    }
    if let Some(time) = q.since {
        clause(" AND time >= ?", vec![Value::from(time.0)]);
    }
    if let Some(time) = q.until {
        clause(" AND time < ?", vec![Value::from(time.0)]);
    }
    if let Some(operation) = q.operation {
        clause(" AND operation = ?", vec![Value::from(operation as u8)]);
    }
    if let Some(uid) = q.uid {
        clause(" AND uid = ?", vec![Value::from(uid)]);
    }
    if let Some(agent) = &q.agent {
        clause(
            " AND (agent = ? OR (agent >= ? AND agent < ?) OR (agent >= ? AND agent < ?))",
            LogQuery::agents(agent).map(Value::from).to_vec(),
        );
    }
    if let Some(layer) = q.layer {
        clause(" AND layer = ?", vec![Value::from(layer.0 as i64)]);
    }
    if q.refused {
        clause(" AND errno <> 0", vec![]);
    }
    if let Some(path) = &q.path {
        // What lies below `/a` begins with `/a/`, and sorts before `/a0`.
        let stem: Vec<u8> = path.strip_suffix(b"/").unwrap_or(path).to_vec();
        let (from, to) = ([&stem[..], b"/"].concat(), [&stem[..], b"0"].concat());
        clause(
            " AND (path = ? OR (path >= ? AND path < ?) OR source = ? OR (source >= ? AND source < ?))",
            [&path[..], &from, &to, &path[..], &from, &to]
                .map(|b| Value::from(b.to_vec()))
                .to_vec(),
        );
    }
    clause(
        if q.newest_first {
            " ORDER BY seq DESC LIMIT ?"
        } else {
            " ORDER BY seq LIMIT ?"
        },
        vec![Value::from(
            i64::try_from(q.limit_or_default()).unwrap_or(i64::MAX),
        )],
    );
    let mut statement = c.prepare_cached(&sql).map_err(engine)?;
    let mut rows = statement.query(params_from_iter(values)).map_err(engine)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(engine)? {
        found.push(decode(row)?);
    }
    Ok(found)
}

/// Decodes the columns of [`query`].
pub(super) fn decode(row: &Row<'_>) -> Result<LogRecord> {
    let number = |i: usize| row.get::<_, i64>(i).map_err(engine);
    let operation = u8::try_from(number(4)?).ok().and_then(Operation::from_number);
    Ok(LogRecord {
        seq: Seq(number(0)? as u64),
        time: Timestamp(number(1)?),
        uid: number(2)? as u32,
        agent: row.get(3).map_err(engine)?,
        operation: operation.ok_or_else(|| damaged("a log record holds no known operation"))?,
        ino: Ino(number(5)? as u64),
        path: row.get(6).map_err(engine)?,
        from: row.get(7).map_err(engine)?,
        bytes: number(8)? as u64,
        layer: LayerId(number(9)? as u64),
        errno: number(10)? as i32,
    })
}

/// Trims the oldest records so that `keep` remain, and answers how many went.
pub(crate) fn trim(c: &Connection, tenant: TenantId, next_seq: u64, keep: u64) -> Result<u64> {
    let first = next_seq.saturating_sub(keep);
    let gone = c
        .prepare_cached("DELETE FROM log WHERE tenant = ?1 AND seq < ?2")
        .map_err(engine)?
        .execute(params![tenant.sql(), first as i64])
        .map_err(engine)?;
    Ok(gone as u64)
}
