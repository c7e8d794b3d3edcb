//! Tenants, their layers and tags, and the counters that sum up their rows.

use std::fmt;

use rusqlite::{Connection, OptionalExtension, params};
use tarbox_store::Result;

use crate::fsck::finding::{Fault, Sink};
use crate::fsck::scope::Scope;
use crate::rows::TenantId;
use crate::sql::engine;

/// What is wrong with a tenant, its layers or its counters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::fsck) enum AccountFault {
    /// Rows of this table belong to a tenant that is not there.
    Stray { table: &'static str },
    /// The key of the directory cookies has a wrong length.
    Secret { found: i64 },
    /// The layer being written is not behind everything that is sealed or was ever written.
    Head { found: i64, least: i64 },
    /// The view is on a layer that is not kept.
    Current { found: i64 },
    /// A tag points at a layer that is not kept.
    Tag { name: String, layer: i64 },
    /// A counter does not agree with what it counts.
    Counter {
        counter: &'static str,
        found: i64,
        expected: i64,
    },
    /// Log records are missing between these.
    LogGap { after: i64, next: i64 },
    /// A log record holds an operation that there is not.
    LogOperation { seq: i64, found: i64 },
}

impl AccountFault {
    pub(in crate::fsck) fn invariant(&self) -> &'static str {
        match self {
            Self::Stray { .. } | Self::Secret { .. } => "tenant",
            Self::Head { .. } | Self::Current { .. } => "layer",
            Self::Tag { .. } => "tag",
            Self::Counter { .. } => "counter",
            Self::LogGap { .. } | Self::LogOperation { .. } => "log",
        }
    }
}

impl fmt::Display for AccountFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stray { table } => {
                write!(
                    f,
                    "table {table} has rows of this tenant, which itself is missing"
                )
            }
            Self::Secret { found } => {
                write!(f, "the tenant's secret has {found} bytes, expected 16")
            }
            Self::Head { found, least } => {
                write!(f, "the layer being written is {found}, expected {least} or later")
            }
            Self::Current { found } => write!(
                f,
                "the view is on layer {found}, expected a sealed layer or the one being written"
            ),
            Self::Tag { name, layer } => {
                write!(
                    f,
                    "tag '{}' points at layer {layer}, which is missing",
                    name.escape_debug()
                )
            }
            Self::Counter {
                counter,
                found,
                expected,
            } => write!(f, "{counter} is {found}, expected {expected}"),
            Self::LogGap { after, next } => {
                write!(f, "log record {next} follows {after}, expected {}", after + 1)
            }
            Self::LogOperation { seq, found } => {
                write!(f, "log record {seq} holds operation {found}, which there is not")
            }
        }
    }
}

/// The tables with rows of tenants, and how the tenant is found in a row.
pub(in crate::fsck) const TABLES: [(&str, &str, u32); 14] = [
    ("inode", "key", 44),
    ("inode_past", "key", 44),
    ("dentry", "dir", 44),
    ("dentry_past", "dir", 44),
    ("chunk", "file", 44),
    ("chunk_past", "file", 44),
    ("xattr", "key", 44),
    ("xattr_past", "key", 44),
    ("orphan", "key", 44),
    ("layer", "tenant", 0),
    ("tag", "tenant", 0),
    ("block", "tenant", 0),
    ("segment", "tenant", 0),
    ("log", "tenant", 0),
];

/// Finds rows of tenants that are not there.
pub(in crate::fsck) fn strays(c: &Connection, sink: &Sink) -> Result<()> {
    for (table, column, bits) in TABLES {
        let mut statement = c
            .prepare(&format!("SELECT min({column}) FROM {table} WHERE {column} >= ?1"))
            .map_err(engine)?;
        let mut from = 0i64;
        // From tenant to tenant: a probe of the key each.
        while let Some(first) = statement
            .query_row([from], |row| row.get::<_, Option<i64>>(0))
            .map_err(engine)?
        {
            let tenant = first >> bits;
            let known = c
                .query_row("SELECT 1 FROM tenant WHERE id = ?1", [tenant], |_| Ok(()))
                .optional()
                .map_err(engine)?;
            if known.is_none() {
                let id = u32::try_from(tenant).unwrap_or(u32::MAX);
                sink.add(TenantId(id), Fault::Account(AccountFault::Stray { table }));
            }
            let Some(next) = (tenant + 1).checked_shl(bits).filter(|next| *next > from) else {
                break;
            };
            from = next;
        }
    }
    Ok(())
}

/// The sealed layers of a tenant that are kept, in order.
pub(in crate::fsck) fn kept(c: &Connection, tenant: u32) -> Result<Vec<i64>> {
    let mut statement = c
        .prepare("SELECT id FROM layer WHERE tenant = ?1 ORDER BY id")
        .map_err(engine)?;
    let rows = statement.query_map([tenant], |row| row.get(0)).map_err(engine)?;
    rows.collect::<rusqlite::Result<_>>().map_err(engine)
}

/// Checks where a tenant stands in its history.
pub(in crate::fsck) fn history(scope: &Scope<'_>) -> Result<()> {
    let t = scope.tenant;
    if t.secret.len() != 16 {
        let found = t.secret.len() as i64;
        scope.found(Fault::Account(AccountFault::Secret { found }));
    }
    let last = scope.kept.last().copied().unwrap_or(0);
    if t.head <= last {
        let least = last + 1;
        scope.found(Fault::Account(AccountFault::Head { found: t.head, least }));
    }
    if t.current != t.head && scope.kept.binary_search(&t.current).is_err() {
        scope.found(Fault::Account(AccountFault::Current { found: t.current }));
    }
    let mut statement = scope
        .c
        .prepare(
            "SELECT name, layer FROM tag WHERE tenant = ?1 AND NOT EXISTS \
             (SELECT 1 FROM layer l WHERE l.tenant = ?1 AND l.id = tag.layer)",
        )
        .map_err(engine)?;
    let mut rows = statement.query(params![t.id]).map_err(engine)?;
    while let Some(row) = rows.next().map_err(engine)? {
        let (name, layer) = (row.get(0).map_err(engine)?, row.get(1).map_err(engine)?);
        scope.found(Fault::Account(AccountFault::Tag { name, layer }));
    }
    Ok(())
}

/// Compares the counters with what the other checks added up.
pub(in crate::fsck) fn counters(scope: &Scope<'_>) -> Result<()> {
    let (t, totals) = (scope.tenant, &scope.totals);
    let counter = |counter, found, expected| {
        if found != expected {
            scope.found(Fault::Account(AccountFault::Counter {
                counter,
                found,
                expected,
            }));
        }
    };
    counter("bytes", t.bytes, totals.bytes.get());
    counter("inodes", t.inodes, totals.inodes.get());
    counter("layers", t.layers, scope.kept.len() as i64 + 1);
    counter("next_ino", t.next_ino, t.next_ino.max(totals.last_ino.get() + 1));
    Ok(())
}
