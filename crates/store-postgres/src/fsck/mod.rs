//! Checking the invariants of the format: by statements over whole tables where these can tell, and page by page where bytes have
//! to be looked at. A tenant is checked while its lease is held, so that all pages are of one moment.

mod content;
mod rules;

use tarbox_store::{FsckReport, Problem, Result, TenantState};
use tarbox_store_core::{CoreDatabase, Engine as _, Tenant};

use crate::engine::PostgresEngine;
use crate::session::Shared;

/// Checks every tenant. What is wrong is told; nothing is mended here: the server's own means bring a database back.
pub(crate) async fn fsck(
    core: &CoreDatabase<PostgresEngine>,
    _repair: bool,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<FsckReport> {
    core.commit().await?;
    let engine = core.engine();
    let tenants = engine.tenants().await?;
    let all = tenants.len() as u64;
    let mut report = FsckReport::default();
    for (done, tenant) in tenants.into_iter().enumerate() {
        progress(done as u64, all);
        if tenant.state == TenantState::Restoring {
            continue;
        }
        let store = core.open(tenant.id);
        let _alone = store.exclusive().await?;
        let Some(tenant) = engine.find(&tenant.name).await? else {
            continue;
        };
        let checked = engine.run(|shared| async move {
            let mut found = Found {
                tenant,
                report: FsckReport::default(),
            };
            rules::check(&shared, &mut found).await?;
            content::check(&shared, &mut found, content::Bytes::Read).await?;
            Ok(found.report)
        });
        let part = checked.await?;
        report.tenants += 1;
        report.inodes += part.inodes;
        report.entries += part.entries;
        report.blocks += part.blocks;
        report.bytes += part.bytes;
        report.problems.extend(part.problems);
    }
    progress(all, all);
    Ok(report)
}

/// Checks what the rows of a tenant say of each other, whether they are all there or not.
pub(crate) async fn check_rows(shared: &Shared, found: &mut Found) -> Result<()> {
    rules::check(shared, found).await?;
    content::check(shared, found, content::Bytes::Trust).await
}

/// Findings of one check that are told; more of the same tell nothing more.
const TOLD: usize = 1_000;

/// What was found in one tenant.
pub(crate) struct Found {
    pub(crate) tenant: Tenant,
    pub(crate) report: FsckReport,
}

impl Found {
    fn add(&mut self, invariant: &'static str, what: String) {
        if self.report.problems.len() < TOLD {
            self.report.problems.push(Problem {
                tenant: self.tenant.name.to_string(),
                invariant,
                what,
                repaired: false,
            });
        }
    }
}
