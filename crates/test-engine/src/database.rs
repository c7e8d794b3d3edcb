//! [`MemoryDatabase`]: the store over an engine in memory.

use tarbox_store::{
    Database, Error, ErrorKind, FsckReport, GcReport, Problem, Quota, Result, TenantInfo, TenantState,
};
use tarbox_store_core::{CoreDatabase, CoreStore, Engine as _, Settings};

use crate::engine::MemoryEngine;
use crate::invariants::invariants;

/// The files, layers and log of one tenant.
pub type MemoryStore = CoreStore<MemoryEngine>;

/// A database of tenants in memory, as one process has it. Clones are the same.
#[derive(Debug, Clone)]
pub struct MemoryDatabase {
    core: CoreDatabase<MemoryEngine>,
}

impl MemoryDatabase {
    /// The database of a process.
    ///
    /// # Errors
    /// When there is no thread to commit in the background.
    pub fn new(engine: MemoryEngine, settings: &Settings) -> Result<Self> {
        Ok(Self {
            core: CoreDatabase::new(engine, settings)?,
        })
    }

    /// The core of it.
    pub fn core(&self) -> &CoreDatabase<MemoryEngine> {
        &self.core
    }
}

impl Database for MemoryDatabase {
    type Store = MemoryStore;

    async fn open_tenant(&self, name: &str) -> Result<MemoryStore> {
        self.core.open_tenant(name).await
    }

    async fn create_tenant(&self, name: &str, quota: Quota) -> Result<TenantInfo> {
        self.core.create_tenant(name, quota).await
    }

    async fn tenants(&self) -> Result<Vec<TenantInfo>> {
        self.core.tenants().await
    }

    async fn tenant(&self, name: &str) -> Result<TenantInfo> {
        self.core.tenant(name).await
    }

    async fn set_quota(&self, name: &str, quota: Quota) -> Result<()> {
        self.core.set_quota(name, quota).await
    }

    async fn set_state(&self, name: &str, state: TenantState) -> Result<()> {
        self.core.set_state(name, state).await
    }

    async fn delete_tenant(&self, name: &str) -> Result<()> {
        let tenant = self.core.named(name).await?.id;
        let store = self.core.open(tenant);
        let _alone = store.exclusive().await?;
        if !self.core.engine().is_alone(tenant) {
            let busy = Error::new(ErrorKind::Busy).about(name);
            return Err(busy.because("another process has files of the tenant open"));
        }
        self.core.engine().server().lock().delete(tenant);
        Ok(())
    }

    /// Repairs nothing: no damage comes from anything but a test.
    async fn fsck(&self, _: bool, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<FsckReport> {
        self.core.commit().await?;
        let server = self.core.engine().server();
        let mut report = FsckReport::default();
        for tenant in server.tenants() {
            let checked = server.rows(tenant, |rows, _| {
                report.tenants += 1;
                report.inodes += rows.inodes.all().count() as u64;
                report.entries += rows.dentries.all().count() as u64;
                report.blocks += rows.bytes.len() as u64;
                report.bytes += rows.bytes.values().map(|bytes| bytes.len() as u64).sum::<u64>();
                let name = rows.tenant.name.to_string();
                report
                    .problems
                    .extend(invariants(rows).into_iter().map(|(invariant, what)| Problem {
                        tenant: name.clone(),
                        invariant,
                        what,
                        repaired: false,
                    }));
            });
            checked.ok_or_else(crate::server::gone)?;
        }
        let rows = report.inodes + report.entries;
        progress(rows, rows);
        Ok(report)
    }

    async fn gc(&self) -> Result<GcReport> {
        self.core.gc().await
    }
}

/// Collects one tenant's garbage. Blocks go with the commit that names them last.
pub(crate) async fn collect(store: &MemoryStore) -> Result<GcReport> {
    let row = store.row().await?;
    let mut report = GcReport::default();
    // Nobody works on a suspended tenant.
    if row.state == TenantState::Active {
        report.inodes = store.reap_orphans().await?;
        store.prune_history().await?;
        let row = store.row().await?;
        if let Some(keep) = row.quota.log_records {
            let first = row.next_seq.saturating_sub(keep);
            let trimmed = store.engine().server().administer(row.id, |rows| {
                let kept = rows.log.split_off(&first);
                std::mem::replace(&mut rows.log, kept).len() as u64
            });
            report.log_records = trimmed.unwrap_or(0);
        }
    }
    Ok(report)
}
