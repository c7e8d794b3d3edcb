//! Tenants, their layers and tags, and the counters that sum up their rows.

use std::fmt;

use rusqlite::{Connection, OptionalExtension, params};
use tarbox_store::Result;

use crate::fsck::finding::{Fault, Finding, Sink};
use crate::fsck::scope::{INO_LIKELY, Scope, TenantRow};
use crate::sql::engine;

/// No layer has a number like this, however long a workspace is in use.
const LAYER_LIMIT: i64 = 1 << 53;

/// What is wrong with a tenant, its layers or its counters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::fsck) enum AccountFault {
    /// Rows of this table belong to a tenant that is not there.
    Stray { table: &'static str, number: i64 },
    /// A tenant has a number that none can have.
    Number { found: i64, name: String },
    /// A sealed layer has a number that none can have.
    Layer { found: i64 },
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
    /// A log record is at a position that cannot be.
    LogNumber { seq: i64 },
    /// A log record holds an operation that there is not.
    LogOperation { seq: i64, found: i64 },
}

impl AccountFault {
    pub(in crate::fsck) fn invariant(&self) -> &'static str {
        match self {
            Self::Stray { .. } | Self::Number { .. } | Self::Secret { .. } => "tenant",
            Self::Layer { .. } | Self::Head { .. } | Self::Current { .. } => "layer",
            Self::Tag { .. } => "tag",
            Self::Counter { .. } => "counter",
            Self::LogGap { .. } | Self::LogNumber { .. } | Self::LogOperation { .. } => "log",
        }
    }
}

impl fmt::Display for AccountFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stray { table, number } => {
                write!(f, "table {table} has rows of tenant {number}, which is missing")
            }
            Self::Number { found, name } => {
                write!(
                    f,
                    "tenant '{}' has the invalid number {found}",
                    name.escape_debug()
                )
            }
            Self::Layer { found } => write!(f, "a sealed layer has the invalid number {found}"),
            Self::Secret { found } => {
                write!(f, "the tenant's secret has {found} bytes, expected 16")
            }
            Self::Head { found, least } => {
                write!(f, "the layer being written is {found}, expected {least} or later")
            }
            Self::Current { found } => write!(
                f,
                "layer {found} is current, expected a sealed layer or the one being written"
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
                write!(
                    f,
                    "log record {next} follows {after}, expected {}",
                    after.saturating_add(1)
                )
            }
            Self::LogNumber { seq } => write!(f, "a log record is at {seq}, expected 1 or later"),
            Self::LogOperation { seq, found } => {
                write!(f, "log record {seq} has the unknown operation {found}")
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
        let mut from = i64::MIN;
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
                let number = tenant;
                sink.push(Finding {
                    tenant: None,
                    fault: Fault::Account(AccountFault::Stray { table, number }),
                });
            }
            // The last row of the last tenant that a number has room for.
            let Some(next) = tenant.checked_add(1).filter(|next| next << bits > first) else {
                break;
            };
            from = next << bits;
        }
    }
    Ok(())
}

/// Reports a tenant whose number cannot be.
pub(in crate::fsck) fn impossible(tenant: &TenantRow, sink: &Sink) {
    sink.push(Finding {
        tenant: None,
        fault: Fault::Account(AccountFault::Number {
            found: tenant.id,
            name: tenant.name.clone(),
        }),
    });
}

/// The sealed layers of a tenant that are kept, in order.
pub(in crate::fsck) fn kept(c: &Connection, tenant: i64) -> Result<Vec<i64>> {
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
    for &found in scope.kept.iter().filter(|id| !(1..LAYER_LIMIT).contains(*id)) {
        scope.found(Fault::Account(AccountFault::Layer { found }));
    }
    let possible = scope.kept.iter().filter(|id| **id < LAYER_LIMIT);
    let last = possible.max().copied().unwrap_or(0).max(0);
    if t.head <= last || t.head >= LAYER_LIMIT {
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
    let next = totals.last_ino.get().saturating_add(1);
    if t.next_ino < next || t.next_ino > INO_LIKELY {
        counter("next_ino", t.next_ino, next);
    }
    Ok(())
}
