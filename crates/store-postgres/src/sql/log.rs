//! Log records.

use tarbox_store::{Ino, LayerId, LogQuery, LogRecord, Operation, Result, Seq, Timestamp};
use tarbox_store_core::{LogRow, TenantId, damaged};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::{bytes, int};
use crate::error::failed;
use crate::wire::{Request, Template, Value};

pub(super) const COLUMNS: &str = "seq, time, uid, agent, operation, ino, path, source, bytes, layer, errno";
pub(super) const TYPES: [Type; 11] = [
    Type::INT8,
    Type::INT8,
    Type::INT8,
    Type::BYTEA,
    Type::INT2,
    Type::INT8,
    Type::BYTEA,
    Type::BYTEA,
    Type::INT8,
    Type::INT8,
    Type::INT4,
];

/// The row, in the order of [`COLUMNS`].
pub(super) fn values(r: &LogRow) -> Vec<Value> {
    vec![
        r.seq.into(),
        r.time.0.into(),
        r.uid.into(),
        r.agent.as_bytes().into(),
        Value::Int(r.operation as i64),
        r.ino.0.into(),
        r.path[..].into(),
        r.from.as_deref().into(),
        r.bytes.into(),
        r.layer.0.into(),
        Value::Int(r.errno.into()),
    ]
}

/// The statement for the records that match.
pub(crate) fn query(tenant: TenantId, q: &LogQuery) -> Request {
    let mut sql = format!("SELECT {COLUMNS} FROM tarbox.log WHERE tenant = $1");
    let (mut types, mut values) = (vec![Type::INT8], vec![Value::from(tenant.0)]);
    let mut clause = |text: &str, bound: Vec<(Type, Value)>| {
        let mut parts = text.split('?');
        sql.push_str(parts.next().unwrap_or_default());
        for ((ty, value), part) in bound.into_iter().zip(parts) {
            types.push(ty);
            values.push(value);
            sql.push_str(&format!("${}{part}", values.len()));
        }
    };
    if let Some(Seq(after)) = q.after {
        clause(" AND seq > ?", vec![(Type::INT8, after.into())]);
    }
    if let Some(Seq(before)) = q.before {
        clause(" AND seq < ?", vec![(Type::INT8, before.into())]);
    }
    if let Some(time) = q.since {
        clause(" AND time >= ?", vec![(Type::INT8, time.0.into())]);
    }
    if let Some(time) = q.until {
        clause(" AND time < ?", vec![(Type::INT8, time.0.into())]);
    }
    if let Some(operation) = q.operation {
        clause(
            " AND operation = ?",
            vec![(Type::INT2, Value::Int(operation as i64))],
        );
    }
    if let Some(uid) = q.uid {
        clause(" AND uid = ?", vec![(Type::INT8, uid.into())]);
    }
    if let Some(agent) = &q.agent {
        let bound = LogQuery::agents(agent).map(|agent| (Type::BYTEA, agent.as_bytes().into()));
        clause(
            " AND (agent = ? OR (agent >= ? AND agent < ?) OR (agent >= ? AND agent < ?))",
            bound.to_vec(),
        );
    }
    if let Some(layer) = q.layer {
        clause(" AND layer = ?", vec![(Type::INT8, layer.0.into())]);
    }
    if q.refused {
        clause(" AND errno <> 0", vec![]);
    }
    if let Some(path) = &q.path {
        // What lies below `/a` begins with `/a/`, and sorts before `/a0`.
        let stem: Vec<u8> = path.strip_suffix(b"/").unwrap_or(path).to_vec();
        let (from, to) = ([&stem[..], b"/"].concat(), [&stem[..], b"0"].concat());
        let bound = [&path[..], &from, &to, &path[..], &from, &to];
        clause(
            " AND (path = ? OR (path >= ? AND path < ?) OR source = ? OR (source >= ? AND source < ?))",
            bound.map(|b| (Type::BYTEA, Value::from(b))).to_vec(),
        );
    }
    let order = if q.newest_first {
        " ORDER BY seq DESC LIMIT ?"
    } else {
        " ORDER BY seq LIMIT ?"
    };
    let limit = i64::try_from(q.limit_or_default()).unwrap_or(i64::MAX);
    clause(order, vec![(Type::INT8, limit.into())]);
    Request {
        template: Template::once(sql, types).into(),
        values,
    }
}

pub(crate) fn records(rows: &[Row]) -> Result<Vec<LogRecord>> {
    rows.iter().map(decode).collect()
}

/// The same as it is written.
pub(crate) fn row(row: &Row) -> Result<LogRow> {
    decode(row).map(LogRow::from)
}

fn decode(row: &Row) -> Result<LogRecord> {
    let number = |i: usize| int(row, i);
    let operation = u8::try_from(number(4)?).ok().and_then(Operation::from_number);
    Ok(LogRecord {
        seq: Seq(number(0)? as u64),
        time: Timestamp(number(1)?),
        uid: number(2)? as u32,
        agent: String::from_utf8_lossy(bytes(row, 3)?).into_owned(),
        operation: operation.ok_or_else(|| damaged("a log record holds no known operation"))?,
        ino: Ino(number(5)? as u64),
        path: bytes(row, 6)?.to_vec(),
        from: row.try_get(7).map_err(failed)?,
        bytes: number(8)? as u64,
        layer: LayerId(number(9)? as u64),
        errno: number(10)? as i32,
    })
}
