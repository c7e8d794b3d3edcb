//! What a commit that never came left behind the end of the last segment: nobody else appends here, so it is given back.

use tarbox_store::Result;

use crate::engine::SqliteEngine;
use crate::rows::TenantId;
use crate::sql::{self, device};

/// Cuts the last segment where the last commit ended.
///
/// # Errors
/// Those of the pool and the database.
pub(super) fn cut(engine: &SqliteEngine, tenant: TenantId) -> Result<()> {
    let Some(row) = engine.sql.snapshot(|c| sql::tenant::by_id(c, tenant))? else {
        return Ok(());
    };
    let name = engine.blocks.segment_name(tenant, row.segment);
    match engine
        .blocks
        .pool()
        .open(&name, tarbox_pool::OpenOptions::EXISTING)
    {
        Err(e) if e.kind() == tarbox_pool::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(device(e)),
        Ok(file) => match file.len().map_err(device)? > row.segment_len {
            true => file.truncate(row.segment_len).map_err(device),
            false => Ok(()),
        },
    }
}
