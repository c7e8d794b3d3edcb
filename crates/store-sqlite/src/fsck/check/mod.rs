//! The checks, each one pass over the rows it needs, in the order of their keys: memory stays bounded however large
//! the tables are.

pub(super) mod accounts;
pub(super) mod blocks;
pub(super) mod bytes;
pub(super) mod chunks;
mod cursor;
mod engine;
mod entries;
pub(super) mod inodes;
pub(super) mod intervals;
mod log;
pub(super) mod names;
#[cfg(test)]
mod plans;
mod refs;
mod timeline;
mod tree;

use rusqlite::Connection;
use tarbox_store::{Error, ErrorKind, Result};

use super::finding::{Fault, Finding, Sink};
use super::progress::Progress;
use super::scope::{Scope, Seen, TenantRow, Totals};

pub(super) use engine::integrity;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))] // only mending asks
pub(super) use entries::is_name;

/// Checks all rows of all tenants. The connection shows one moment.
///
/// # Errors
/// What the device reports. Damage is a finding.
pub(super) fn rows(c: &Connection, sink: &Sink, progress: &Progress<'_>, seen: &Seen) -> Result<()> {
    accounts::strays(c, sink)?;
    for tenant in whole(c)? {
        rows_of(c, &tenant, sink, progress, seen)?;
    }
    Ok(())
}

/// The tenants that have all their rows.
fn whole(c: &Connection) -> Result<impl Iterator<Item = TenantRow>> {
    let all = TenantRow::all(c)?.into_iter();
    Ok(all.filter(|tenant| !tenant.is_being_restored()))
}

/// Checks all rows of one tenant.
///
/// # Errors
/// As [`rows`].
pub(super) fn rows_of(
    c: &Connection,
    tenant: &TenantRow,
    sink: &Sink,
    progress: &Progress<'_>,
    seen: &Seen,
) -> Result<()> {
    let Some(scope) = scope(c, tenant, sink, progress, seen)? else {
        accounts::impossible(tenant, sink);
        return Ok(());
    };
    let checks: [fn(&Scope<'_>) -> Result<()>; 8] = [
        accounts::history,
        intervals::check,
        inodes::check,
        names::check,
        tree::check,
        refs::check,
        log::check,
        accounts::counters,
    ];
    for check in checks {
        damage_is_a_finding(&scope, check(&scope))?;
    }
    Ok(())
}

/// Reads every block of every tenant and compares it with its hash.
pub(super) fn all_bytes(
    c: &Connection,
    blocks: &crate::blocks::BlockStore,
    sink: &Sink,
    progress: &Progress<'_>,
    seen: &Seen,
) -> Result<()> {
    for tenant in whole(c)? {
        let Some(scope) = scope(c, &tenant, sink, progress, seen)? else {
            continue;
        };
        damage_is_a_finding(&scope, bytes::check(&scope, blocks))?;
    }
    Ok(())
}

fn scope<'a>(
    c: &'a Connection,
    tenant: &'a TenantRow,
    sink: &'a Sink,
    progress: &'a Progress<'a>,
    seen: &'a Seen,
) -> Result<Option<Scope<'a>>> {
    let Some(number) = tenant.number() else {
        return Ok(None);
    };
    Ok(Some(Scope {
        c,
        number,
        tenant,
        kept: accounts::kept(c, tenant.id)?,
        sink,
        progress,
        seen,
        totals: Totals::default(),
    }))
}

fn damage_is_a_finding(scope: &Scope<'_>, result: Result<()>) -> Result<()> {
    match result {
        Err(e) if is_damage(&e) => {
            scope.sink.push(Finding {
                tenant: Some(scope.id()),
                fault: Fault::Engine(e.to_string()),
            });
            Ok(())
        }
        other => other,
    }
}

/// Whether the rows are to blame, and not the device or another process.
pub(super) fn is_damage(e: &Error) -> bool {
    let mistyped = std::error::Error::source(e)
        .and_then(|source| source.downcast_ref::<rusqlite::Error>())
        .is_some_and(|e| {
            matches!(
                e,
                rusqlite::Error::InvalidColumnType(..)
                    | rusqlite::Error::FromSqlConversionFailure(..)
                    | rusqlite::Error::IntegralValueOutOfRange(..)
                    | rusqlite::Error::Utf8Error(..)
            )
        });
    e.kind() == ErrorKind::Corrupt || mistyped
}
