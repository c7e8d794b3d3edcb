//! Making and deleting tenants.

use rusqlite::{Connection, params};
use tarbox_store::{Error, ErrorKind, Ino, Quota, Result, Timestamp};

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
    if tenant::by_name(c, name)?.is_some() {
        return Err(Error::new(ErrorKind::Exists)
            .about(name)
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
    let row = Tenant::new(id, name, quota, secret, now);
    tenant::put(c, &row)?;
    inode::put(c, id.key(Ino::ROOT), &Inode::root(now))?;
    Ok(row)
}

/// Deletes every row of a tenant.
pub(crate) fn delete(c: &Connection, id: TenantId) -> Result<()> {
    let (from, to) = (id.key(Ino(0)), TenantId(id.0 + 1).key(Ino(0)));
    for (table, key) in BY_KEY {
        c.execute(
            &format!("DELETE FROM {table} WHERE {key} >= ?1 AND {key} < ?2"),
            params![from.sql(), to.sql()],
        )
        .map_err(engine)?;
    }
    for table in BY_TENANT {
        c.execute(&format!("DELETE FROM {table} WHERE tenant = ?1"), [id.sql()])
            .map_err(engine)?;
    }
    api_key::delete(c, id)?;
    c.execute("DELETE FROM tenant WHERE id = ?1", [id.sql()])
        .map_err(engine)?;
    Ok(())
}
