//! Files of tenants that are no more: a crash came between the end of their rows and that of their files.

use tarbox_store::Result;

use crate::engine::SqliteEngine;
use crate::rows::TenantId;
use crate::sql::{self, device};

/// Removes segment files of tenants that were deleted. Numbers of tenants are never used twice.
pub(crate) fn remove_strays(engine: &SqliteEngine) -> Result<()> {
    let (pool, prefix) = (engine.blocks.pool(), engine.blocks.prefix());
    let stem = format!("{prefix}t");
    let mut removed = false;
    for name in pool.list(&stem).map_err(device)? {
        let Some(tenant) = tenant_of(&name[stem.len()..]) else {
            continue;
        };
        // Asked after the file was seen: a tenant that is being made has its row before its files.
        if engine.sql.read(|c| sql::tenant::by_id(c, tenant))?.is_none() {
            pool.delete(&name).map_err(device)?;
            removed = true;
        }
    }
    if removed {
        pool.sync_names().map_err(device)?;
    }
    Ok(())
}

/// The tenant of a segment file `<tenant>/<segment>`.
fn tenant_of(name: &str) -> Option<TenantId> {
    let (tenant, segment) = name.split_once('/')?;
    segment.parse::<u64>().ok()?;
    tenant.parse().ok().map(TenantId)
}
