//! Making and deleting tenants.

use rusqlite::{Connection, params};
use tarbox_store::{Error, ErrorKind, Ino, Quota, Result, Timestamp};
use tarbox_store_core::transfer::Blocks;

use super::error::engine;
use super::{api_key, inode, tenant};
use crate::rows::{Inode, Numbered, Tenant, TenantId};

/// Every table with rows of tenants, and how it begins.
const BY_KEY: [(&str, &str); 9] = [
    ("inode", "key"),
    ("inode_past", "key"),
    ("dentry", "dir"),
    ("dentry_past", "dir"),
    ("chunk", "file"),
    ("chunk_past", "file"),
    ("xattr", "key"),
    ("xattr_past", "key"),
    ("orphan", "key"),
];
const BY_TENANT: [&str; 5] = ["layer", "tag", "block", "segment", "log"];

/// Makes a tenant with its root directory.
pub(crate) fn create(
    c: &Connection,
    name: &str,
    quota: Quota,
    secret: [u8; 16],
    now: Timestamp,
) -> Result<Tenant> {
    let row = begin(c, &Tenant::new(TenantId(0), name, quota, secret, now))?;
    inode::put(c, row.id.key(Ino::ROOT), &Inode::root(now))?;
    Ok(row)
}

/// Makes a tenant of this row, with the next number, and without any other rows.
pub(crate) fn begin(c: &Connection, row: &Tenant) -> Result<Tenant> {
    if tenant::by_name(c, &row.name)?.is_some() {
        return Err(Error::new(ErrorKind::Exists)
            .about(&*row.name)
            .because("a tenant of this name already exists"));
    }
    // Numbers are never used twice, also after the last tenant was deleted.
    let last: Option<i64> = c
        .query_row(
            "SELECT max(seq) FROM sqlite_sequence WHERE name = 'tenant'",
            [],
            |row| row.get(0),
        )
        .map_err(engine)?;
    let id = u64::try_from(last.unwrap_or(0) + 1)
        .ok()
        .filter(|id| *id < TenantId::LIMIT);
    let id = TenantId(id.ok_or_else(|| {
        Error::new(ErrorKind::NoSpace).because("the database has the maximum number of tenants")
    })?);
    let row = Tenant { id, ..row.clone() };
    tenant::put(c, &row)?;
    Ok(row)
}

/// Deletes every row of a tenant.
pub(crate) fn delete(c: &Connection, id: TenantId) -> Result<()> {
    wipe(c, id, Blocks::Remove)?;
    api_key::delete(c, id)?;
    c.execute("DELETE FROM tenant WHERE id = ?1", [id.sql()])
        .map_err(engine)?;
    Ok(())
}

/// Deletes every row of a tenant but its own, and those of its blocks if they are to be kept.
pub(crate) fn wipe(c: &Connection, id: TenantId, blocks: Blocks) -> Result<()> {
    let (from, to) = (id.key(Ino(0)), TenantId(id.0 + 1).key(Ino(0)));
    for (table, key) in BY_KEY {
        c.execute(
            &format!("DELETE FROM {table} WHERE {key} >= ?1 AND {key} < ?2"),
            params![from.sql(), to.sql()],
        )
        .map_err(engine)?;
    }
    let kept: &[&str] = match blocks {
        Blocks::Keep => &["block", "segment"],
        Blocks::Remove => &[],
    };
    for table in BY_TENANT.iter().filter(|table| !kept.contains(table)) {
        c.execute(&format!("DELETE FROM {table} WHERE tenant = ?1"), [id.sql()])
            .map_err(engine)?;
    }
    Ok(())
}
