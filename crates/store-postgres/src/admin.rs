//! Tenants: finding, making and deleting them.

use std::time::Instant;

use tarbox_store::{Error, ErrorKind, Quota, Result, Timestamp};
use tarbox_store_core::{Tenant, TenantId};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use crate::engine::PostgresEngine;
use crate::error::{closed, failed, is_fence};
use crate::session::{Shared, random};
use crate::sql;
use crate::wire::{Request, Step, Template, Value};

/// The tenant of this name.
pub(crate) async fn find(shared: &Shared, name: &str) -> Result<Option<Tenant>> {
    if name.contains('\0') {
        // Text of PostgreSQL has none.
        return Ok(None);
    }
    let template = shared.templates.get("find", 0, || {
        let columns: Vec<String> = sql::TENANT.split(", ").map(|column| format!("t.{}", column.trim())).collect();
        let text = format!(
            "SELECT {} FROM tarbox.tenant_name n JOIN tarbox.tenant t ON t.tenant = n.tenant WHERE n.name = $1",
            columns.join(", ")
        );
        Template::new(text, vec![Type::TEXT])
    });
    let values = vec![name.into()];
    let at = Instant::now();
    let answers = shared.pool.fly(&[Request { template, values }.into()]).await?;
    let Some(row) = answers[0].first() else {
        return Ok(None);
    };
    let seen = sql::decode_tenant(row)?;
    shared.seat(seen.id).observe(&seen, at, shared.session);
    Ok(seen.tenant)
}

/// Every tenant, by name.
pub(crate) async fn all(shared: &Shared) -> Result<Vec<Tenant>> {
    let template = shared.templates.get("tenants", 0, || {
        let text = format!(
            "SELECT {} FROM tarbox.tenant WHERE state <> 2 ORDER BY name COLLATE \"C\"",
            sql::TENANT
        );
        Template::new(text, Vec::new())
    });
    let values = Vec::new();
    let answers = shared.pool.fly(&[Request { template, values }.into()]).await?;
    let mut found = Vec::new();
    for row in &answers[0] {
        found.extend(sql::decode_tenant(row)?.tenant);
    }
    Ok(found)
}

/// Makes a tenant with a root directory, durably.
pub(crate) async fn create(shared: &Shared, name: &str, quota: Quota, now: Timestamp) -> Result<Tenant> {
    let next = shared.statement(
        "UPDATE tarbox.meta SET next_tenant = next_tenant + 1 WHERE id = 1 RETURNING next_tenant - 1",
        &[],
        Vec::new(),
    );
    let answers = shared.pool.fly(&[next]).await?;
    let row = answers[0].first().ok_or_else(closed)?;
    let id = TenantId(sql::int(row, 0)? as u64);
    let tenant = Tenant::new(id, name, quota, random()?, now);
    let mut steps = vec![Step::Plain("BEGIN")];
    steps.extend(sql::create_tenant(&shared.templates, &tenant));
    steps.push(Step::Plain("COMMIT"));
    match shared.pool.once(&steps).await {
        Ok(_) => Ok(tenant),
        Err(e) if e.code() == Some(&SqlState::UNIQUE_VIOLATION) => Err(sql::taken(name)),
        Err(e) => Err(failed(e)),
    }
}

/// Every table with rows of tenants, but for that of the tenants themselves.
const TABLES: [&str; 16] = [
    "DELETE FROM tarbox.tenant_name WHERE tenant = $1",
    "DELETE FROM tarbox.layer WHERE tenant = $1",
    "DELETE FROM tarbox.tag WHERE tenant = $1",
    "DELETE FROM tarbox.inode WHERE tenant = $1",
    "DELETE FROM tarbox.inode_past WHERE tenant = $1",
    "DELETE FROM tarbox.dentry WHERE tenant = $1",
    "DELETE FROM tarbox.dentry_past WHERE tenant = $1",
    "DELETE FROM tarbox.chunk WHERE tenant = $1",
    "DELETE FROM tarbox.chunk_past WHERE tenant = $1",
    "DELETE FROM tarbox.xattr WHERE tenant = $1",
    "DELETE FROM tarbox.xattr_past WHERE tenant = $1",
    "DELETE FROM tarbox.block WHERE tenant = $1",
    "DELETE FROM tarbox.log WHERE tenant = $1",
    "DELETE FROM tarbox.orphan WHERE tenant = $1",
    "DELETE FROM tarbox.member WHERE tenant = $1",
    "DELETE FROM tarbox.hold WHERE tenant = $1",
];

/// Deletes a tenant whose lease is held. Its own row stays, without a name: it refuses the commits of whoever does not know yet.
pub(crate) async fn delete(engine: &PostgresEngine, tenant: TenantId) -> Result<()> {
    engine
        .run(|shared| async move {
            let seat = shared.seat(tenant);
            let (epoch, commits) = seat.fence().ok_or_else(overtaken)?;
            let sql = shared.sql(tenant);
            let bound: Vec<Value> = vec![epoch.into(), shared.session.into(), commits.into()];
            let end = sql.fixed(
                "UPDATE tarbox.tenant SET state = 2, name = '', holder = 0, wanted = 0, commits = commits + 1, \
                 epoch = CASE WHEN epoch = $2 AND holder = $3 AND commits = $4 THEN epoch + 1 ELSE -1 END WHERE tenant = $1",
                &[Type::INT8, Type::INT8, Type::INT8],
                bound,
            );
            let mut steps = vec![Step::Plain("BEGIN"), end];
            steps.extend(TABLES.map(|table| sql.fixed(table, &[], Vec::new())));
            steps.push(Step::Plain("COMMIT"));
            match shared.pool.once(&steps).await {
                Ok(_) => {}
                Err(e) if is_fence(&e) => return Err(overtaken()),
                Err(e) => return Err(failed(e)),
            }
            let mut state = seat.lock();
            state.member = false;
            seat.lose(&mut state);
            Ok(())
        })
        .await
}

fn overtaken() -> Error {
    Error::new(ErrorKind::Busy).because("another process took the tenant over; try again")
}
