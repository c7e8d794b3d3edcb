//! What a commit that never came left behind the end of the last segment: nobody else appends here, so it is given back.

use tarbox_store::Result;
use tarbox_store_core::CoreStore;

use crate::engine::SqliteEngine;
use crate::rows::TenantId;
use crate::sql::{self, device};

/// Cuts the last segment where the last commit ended. Nothing is on its way there meanwhile: what a commit that failed has added
/// counts as soon as it is tried again.
///
/// # Errors
/// Those of the commit of what is left, of the pool and the database.
pub(super) async fn cut(store: &CoreStore<SqliteEngine>) -> Result<()> {
    let tenant = store.row().await?.id;
    store.administer(|engine| cut_segment(engine, tenant)).await
}

fn cut_segment(engine: &SqliteEngine, tenant: TenantId) -> Result<()> {
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
