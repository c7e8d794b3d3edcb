//! Collecting garbage: inodes that nobody can reach, versions that no layer shows, old log records, and the space of
//! blocks that nothing names. All of it is safe beside running readers and writers, here and in other processes, and
//! may be cut off anywhere.

mod relocate;
mod segments;
mod strays;
#[cfg_attr(target_family = "wasm", path = "tail_alone.rs")]
mod tail;

pub(crate) use strays::remove_strays;

use tarbox_store::{GcReport, Ino, Operation, Result, TenantState};
use tarbox_store_core::{CoreStore, Durability};

use crate::engine::SqliteEngine;
use crate::rows::{LogRow, Tenant, TenantId};
use crate::sql;

/// Collects one tenant's garbage.
pub(crate) async fn collect(store: &CoreStore<SqliteEngine>) -> Result<GcReport> {
    let row = store.row().await?;
    let mut report = GcReport::default();
    // Nobody works on a suspended tenant, but its space can be given back.
    if row.state == TenantState::Active {
        report.inodes = store.reap_orphans().await?;
        store.prune_history().await?;
        report.log_records = trim_log(store).await?;
    }
    tail::cut(store).await?;
    let freed = segments::compact(store, row.id).await?;
    report.segments = freed.segments;
    report.bytes_freed = freed.bytes;
    if report.inodes + report.segments > 0 {
        log_collection(store, row.id, &report).await?;
    }
    Ok(report)
}

async fn trim_log(store: &CoreStore<SqliteEngine>) -> Result<u64> {
    let row = store.row().await?;
    let Some(keep) = row.quota.log_records else {
        return Ok(0);
    };
    store
        .administer(|engine| {
            engine.write(Durability::Durable, |c| {
                sql::log::trim(c, row.id, row.next_seq, keep)
            })
        })
        .await
}

async fn log_collection(store: &CoreStore<SqliteEngine>, tenant: TenantId, report: &GcReport) -> Result<()> {
    let what = format!(
        "garbage collected: {} inodes, {} segments",
        report.inodes, report.segments
    );
    let record = |engine: &SqliteEngine, row: &Tenant| LogRow {
        seq: row.next_seq,
        time: engine.now(),
        uid: 0,
        agent: "gc".into(),
        operation: Operation::Maintenance,
        ino: Ino(0),
        path: what.clone().into_bytes(),
        from: None,
        bytes: report.bytes_freed,
        layer: row.current,
        errno: 0,
    };
    let change = |engine: &SqliteEngine| {
        engine.write(Durability::Durable, |c| {
            let Some(mut row) = sql::tenant::by_id(c, tenant)? else {
                return Ok(());
            };
            sql::log::put(c, tenant, &record(engine, &row))?;
            row.next_seq += 1;
            sql::tenant::put(c, &row)
        })
    };
    store.administer(change).await
}
