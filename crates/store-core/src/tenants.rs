//! Administering tenants: what of it is the same for every engine.

use tarbox_store::{Error, ErrorKind, GcReport, MaybeSend, Quota, Result, TenantInfo, TenantState};

use crate::database::CoreDatabase;
use crate::engine::Engine;
use crate::rows::Tenant;
use crate::store::CoreStore;

/// Refuses what cannot be the name of a tenant.
///
/// # Errors
/// `Invalid`, with the rule.
pub fn check_tenant_name(name: &str) -> Result<()> {
    let fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.');
    let first = name
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if !first || name.len() > 63 || !name.bytes().all(fine) {
        return Err(Error::new(ErrorKind::Invalid).about(name).because(
            "a tenant's name must have 1 to 63 characters of a-z 0-9 - _ . and start with a letter or digit",
        ));
    }
    Ok(())
}

/// See [`Database`](tarbox_store::Database), whose promises these keep.
#[expect(clippy::missing_errors_doc, reason = "those of the trait")]
impl<E: Engine> CoreDatabase<E> {
    /// The tenant of this name.
    pub async fn named(&self, name: &str) -> Result<Tenant> {
        let missing = || {
            Error::new(ErrorKind::NotFound)
                .about(name)
                .because("there is no such tenant")
        };
        self.engine().find(name).await?.ok_or_else(missing)
    }

    /// The store of a tenant that may be used.
    pub async fn open_tenant(&self, name: &str) -> Result<CoreStore<E>> {
        let store = self.open(self.named(name).await?.id);
        // Says at once if it is suspended.
        tarbox_store::Store::tenant(&store).await?;
        Ok(store)
    }

    /// Makes a tenant with a root directory.
    pub async fn create_tenant(&self, name: &str, quota: Quota) -> Result<TenantInfo> {
        check_tenant_name(name)?;
        let made = self.engine().create(name, quota, self.now()).await?;
        Ok(made.info())
    }

    /// Every tenant, by name.
    pub async fn tenants(&self) -> Result<Vec<TenantInfo>> {
        self.commit().await?;
        let all = self.engine().tenants().await?;
        Ok(all.iter().map(Tenant::info).collect())
    }

    /// One tenant.
    pub async fn tenant(&self, name: &str) -> Result<TenantInfo> {
        self.commit().await?;
        Ok(self.named(name).await?.info())
    }

    /// Sets what a tenant may use.
    pub async fn set_quota(&self, name: &str, quota: Quota) -> Result<()> {
        self.change(name, |tenant| tenant.quota = quota).await
    }

    /// Suspends or resumes a tenant.
    pub async fn set_state(&self, name: &str, state: TenantState) -> Result<()> {
        self.change(name, |tenant| tenant.state = state).await
    }

    /// Changes a tenant's row, in a durable transaction.
    async fn change(&self, name: &str, change: impl FnMut(&mut Tenant) + MaybeSend) -> Result<()> {
        let tenant = self.named(name).await?;
        tenant.state.check_whole(name)?;
        self.open(tenant.id).change(change).await
    }

    /// Collects the garbage of every tenant.
    pub async fn gc(&self) -> Result<GcReport> {
        self.commit().await?;
        let mut total = GcReport::default();
        for tenant in self.engine().tenants().await? {
            // Whoever restores it counts on finding what was stored.
            if tenant.state == TenantState::Restoring {
                continue;
            }
            let part = E::collect(&self.open(tenant.id)).await?;
            total.inodes += part.inodes;
            total.log_records += part.log_records;
            total.segments += part.segments;
            total.bytes_freed += part.bytes_freed;
        }
        Ok(total)
    }
}
