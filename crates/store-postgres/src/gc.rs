//! Collecting garbage: inodes that nobody can reach, versions that no layer shows, old log records, and what processes left
//! behind that died. Blocks go with the commit that names them last.

use tarbox_store::{Error, ErrorKind, GcReport, Result, TenantState};
use tarbox_store_core::CoreStore;
use tokio_postgres::types::Type;

use crate::engine::PostgresEngine;
use crate::session::Shared;
use crate::wire::Step;

/// Collects one tenant's garbage.
pub(crate) async fn collect(store: &CoreStore<PostgresEngine>) -> Result<GcReport> {
    let row = store.row().await?;
    let mut report = GcReport::default();
    store
        .engine()
        .run(|shared| async move { sweep(&shared).await })
        .await?;
    // Nobody works on a suspended tenant, but its space can be given back.
    if row.state == TenantState::Active {
        report.inodes = store.reap_orphans().await?;
        store.prune_history().await?;
        report.log_records = trim_log(store).await?;
    }
    Ok(report)
}

async fn trim_log(store: &CoreStore<PostgresEngine>) -> Result<u64> {
    let row = store.row().await?;
    let Some(keep) = row.quota.log_records else {
        return Ok(0);
    };
    let first = row.next_seq.saturating_sub(keep);
    // Records are only ever added at the end, so that nobody need be kept out.
    let trimmed = store.engine().run(move |shared| async move {
        let step = |sql| shared.sql(row.id).fixed(sql, &[Type::INT8], vec![first.into()]);
        let steps = [
            Step::Plain("BEGIN"),
            step("SELECT count(*) FROM tarbox.log WHERE tenant = $1 AND seq < $2"),
            step("DELETE FROM tarbox.log WHERE tenant = $1 AND seq < $2"),
            Step::Plain("COMMIT"),
        ];
        let answers = shared.pool.fly(&steps).await?;
        let row = answers[1].first().ok_or_else(|| Error::new(ErrorKind::Io))?;
        crate::sql::int(row, 0)
    });
    Ok(trimmed.await? as u64)
}

/// Removes what processes left behind that are gone for long.
async fn sweep(shared: &Shared) -> Result<()> {
    let dead = "SELECT session FROM tarbox.session WHERE seen < now() - interval '10 minutes'";
    let answers = shared
        .pool
        .fly(&[shared.statement(dead, &[], Vec::new())])
        .await?;
    for row in &answers[0] {
        let session = crate::sql::int(row, 0)?;
        let steps = [
            "DELETE FROM tarbox.hold WHERE session = $1",
            "DELETE FROM tarbox.member WHERE session = $1",
            "DELETE FROM tarbox.follower WHERE session = $1",
            "DELETE FROM tarbox.session WHERE session = $1",
        ];
        let steps = steps.map(|sql| shared.statement(sql, &[Type::INT8], vec![session.into()]));
        shared.pool.fly_quietly(steps.to_vec()).await?;
    }
    Ok(())
}
