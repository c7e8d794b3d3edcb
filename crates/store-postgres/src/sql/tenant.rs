//! Tenants, layers and tags.

use tarbox_store::{Error, ErrorKind, Ino, LayerId, Quota, Result, TenantState, Timestamp};
use tarbox_store_core::{Inode, Layer, Tenant, TenantId, damaged};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::table::INODE;
use super::{Sql, bytes, inode, int, optional_int};
use crate::error::failed;
use crate::wire::{Step, Templates, Value};

/// The columns of a tenant, with those of its lease.
pub(crate) const COLUMNS: &str = "tenant, name, state, created, quota_bytes, quota_inodes, quota_layers, quota_log, bytes, inodes, \
                                  layers, head, current, next_ino, next_seq, secret, epoch, holder, wanted, answered, commits, stamp";

/// More than anything can count.
const COUNT_MAX: u64 = 1 << 62;
/// The state of a tenant that was deleted. Its row stays: it refuses the commits of whoever does not know yet.
const DELETED: i64 = 2;

/// A tenant as of one moment, and who may change it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// `None` for one that was deleted.
    pub(crate) tenant: Option<Tenant>,
    pub(crate) id: TenantId,
    pub(crate) epoch: i64,
    /// The session that has the lease, or 0.
    pub(crate) holder: i64,
    /// A session that waits for it, or 0.
    pub(crate) wanted: i64,
    /// Grows while the holder lives and others wait.
    pub(crate) answered: i64,
    /// How many commits there were.
    pub(crate) commits: i64,
    /// What the last of them was.
    pub(crate) stamp: i64,
}

/// Decodes [`COLUMNS`].
pub(crate) fn decode(row: &Row) -> Result<Seen> {
    // Whatever counts or numbers has to stay in its range, or the next step would leave it.
    let within = |i: usize, least: u64, most: u64| {
        let n = int(row, i)?;
        u64::try_from(n)
            .ok()
            .filter(|n| (least..=most).contains(n))
            .ok_or_else(|| {
                let column = row.columns().get(i).map_or("column", |column| column.name());
                damaged(format!("a tenant's {column} is {n}"))
            })
    };
    let number = |i: usize| within(i, 0, COUNT_MAX);
    let limit = |i: usize| optional_int(row, i).map(|n| n.map(|n| u64::try_from(n).unwrap_or(0)));
    let head = within(11, 1, COUNT_MAX)?;
    let id = TenantId(within(0, 1, COUNT_MAX)?);
    let state = int(row, 2)?;
    let secret = bytes(row, 15)?.try_into();
    let tenant = Tenant {
        id,
        name: row.try_get::<_, &str>(1).map_err(failed)?.into(),
        state: TenantState::from_number(state),
        created: Timestamp(int(row, 3)?),
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
        secret: secret.map_err(|_| damaged("a tenant's secret has a wrong length"))?,
        // Blocks are rows here.
        segment: 1,
        segment_len: 0,
    };
    Ok(Seen {
        tenant: (state != DELETED).then_some(tenant),
        id,
        epoch: int(row, 16)?,
        holder: int(row, 17)?,
        wanted: int(row, 18)?,
        answered: int(row, 19)?,
        commits: int(row, 20)?,
        stamp: int(row, 21)?,
    })
}

/// What a commit changes in the row, in the order of [`CHANGED`].
pub(super) fn changed_values(t: &Tenant) -> Vec<Value> {
    vec![
        Value::Int(t.state.number().into()),
        t.quota.bytes.into(),
        t.quota.inodes.into(),
        t.quota.layers.into(),
        t.quota.log_records.into(),
        t.bytes.into(),
        t.inodes.into(),
        t.layers.into(),
        t.head.0.into(),
        t.current.0.into(),
        t.next_ino.into(),
        t.next_seq.into(),
    ]
}

pub(super) const CHANGED: [(&str, Type); 12] = [
    ("state", Type::INT2),
    ("quota_bytes", Type::INT8),
    ("quota_inodes", Type::INT8),
    ("quota_layers", Type::INT8),
    ("quota_log", Type::INT8),
    ("bytes", Type::INT8),
    ("inodes", Type::INT8),
    ("layers", Type::INT8),
    ("head", Type::INT8),
    ("current", Type::INT8),
    ("next_ino", Type::INT8),
    ("next_seq", Type::INT8),
];

/// The rows of a new tenant: its name, itself, and its root directory. Nobody holds its lease.
pub(crate) fn create(templates: &Templates, t: &Tenant) -> Vec<Step> {
    let mut steps = begin(templates, t);
    let root = inode::values(t.id, Ino::ROOT, &Inode::root(t.created));
    let sql = Sql {
        templates,
        tenant: t.id,
    };
    sql.upsert(&mut steps, &INODE, vec![root]);
    steps
}

/// The same without a root directory.
pub(crate) fn begin(templates: &Templates, t: &Tenant) -> Vec<Step> {
    let sql = Sql {
        templates,
        tenant: t.id,
    };
    let name = sql.fixed(
        "INSERT INTO tarbox.tenant_name(tenant, name) VALUES ($1, $2)",
        &[Type::TEXT],
        vec![(&*t.name).into()],
    );
    let mut types = vec![Type::TEXT, Type::INT8, Type::BYTEA];
    types.extend(CHANGED.map(|(_, ty)| ty));
    let mut values = vec![(&*t.name).into(), t.created.0.into(), t.secret[..].into()];
    values.extend(changed_values(t));
    let row = sql.fixed(
        "INSERT INTO tarbox.tenant(tenant, name, created, secret, state, quota_bytes, quota_inodes, quota_layers, quota_log, \
         bytes, inodes, layers, head, current, next_ino, next_seq, epoch, holder, wanted, answered, commits, stamp, syncs) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 1, 0, 0, 0, 0, 0, 0)",
        &types,
        values,
    );
    vec![name, row]
}

pub(super) const LAYER: &str = "l.id, l.name, l.description, l.sealed";

/// Decodes [`LAYER`].
pub(super) fn layer(row: &Row) -> Result<Layer> {
    let description: Option<&[u8]> = row.try_get(2).map_err(failed)?;
    Ok(Layer {
        id: LayerId(int(row, 0)? as u64),
        name: row.try_get(1).map_err(failed)?,
        description: description.map(|text| String::from_utf8_lossy(text).into_owned()),
        sealed: Timestamp(int(row, 3)?),
    })
}

/// There is a tenant of this name.
pub(crate) fn taken(name: &str) -> Error {
    Error::new(ErrorKind::Exists)
        .about(name)
        .because("there is a tenant of this name")
}
