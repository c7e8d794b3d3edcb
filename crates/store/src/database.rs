//! The [`Database`] trait: many tenants in one place.

use std::future::Future;

use serde::Serialize;

use crate::*;

/// A place that holds tenants and hands out their stores. Only those who administer it see this trait.
pub trait Database: MaybeSend + MaybeSync {
    /// The store of one tenant.
    type Store: Store;

    /// The store of a tenant: `NotFound` if there is none, `Suspended` if it is suspended.
    fn open_tenant(&self, name: &str) -> impl Future<Output = Result<Self::Store>> + MaybeSend;

    /// Makes a tenant with a root directory (mode 0755, owned by root); `Exists` if the name is taken.
    fn create_tenant(&self, name: &str, quota: Quota)
    -> impl Future<Output = Result<TenantInfo>> + MaybeSend;

    /// Every tenant, by name.
    fn tenants(&self) -> impl Future<Output = Result<Vec<TenantInfo>>> + MaybeSend;

    /// One tenant; `NotFound` if there is none.
    fn tenant(&self, name: &str) -> impl Future<Output = Result<TenantInfo>> + MaybeSend;

    /// Sets what a tenant may use. Usage over a new limit stays; only growth is refused.
    fn set_quota(&self, name: &str, quota: Quota) -> impl Future<Output = Result<()>> + MaybeSend;

    /// Suspends or resumes a tenant.
    fn set_state(&self, name: &str, state: TenantState) -> impl Future<Output = Result<()>> + MaybeSend;

    /// Deletes a tenant with all its data, layers and log, for ever. `Busy` while another process has it open.
    fn delete_tenant(&self, name: &str) -> impl Future<Output = Result<()>> + MaybeSend;

    /// Checks every invariant of every tenant, and with `repair` restores them: what cannot be told where it belongs is set
    /// aside below `/lost+found` of its tenant, nothing is deleted. `progress` is called with (done, total) rows.
    fn fsck(
        &self,
        repair: bool,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> impl Future<Output = Result<FsckReport>> + MaybeSend;

    /// Collects the garbage of every tenant.
    fn gc(&self) -> impl Future<Output = Result<GcReport>> + MaybeSend;
}

/// What the check of a database found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FsckReport {
    /// Tenants checked.
    pub tenants: u64,
    /// Inodes checked, of all layers.
    pub inodes: u64,
    /// Directory entries checked, of all layers.
    pub entries: u64,
    /// Blocks read and compared with their hash.
    pub blocks: u64,
    /// Bytes of these blocks.
    pub bytes: u64,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// One broken invariant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The tenant it is in; empty for the database itself.
    pub tenant: String,
    /// The invariant, a word: `link-count`, `orphan`, `counter`, `block-hash`, `interval`, `reference`, `engine`, ….
    pub invariant: &'static str,
    /// What was found and what was expected.
    pub what: String,
    /// Whether `repair` mended it.
    pub repaired: bool,
}

/// What a garbage collection did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct GcReport {
    /// Inodes without a name or a holder that were removed.
    pub inodes: u64,
    /// Log records trimmed.
    pub log_records: u64,
    /// Segments removed or rewritten.
    pub segments: u64,
    /// Bytes given back to the device.
    pub bytes_freed: u64,
}

/// Counters since the database was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Performance {
    /// Rows found in memory.
    pub row_hits: u64,
    /// Rows loaded from the engine.
    pub row_misses: u64,
    /// Reads from blocks that had been checked against their hash before.
    pub block_hits: u64,
    /// Blocks read whole and checked.
    pub block_misses: u64,
    /// Bytes of rows in memory, of all tenants.
    pub cached: u64,
    /// Tenants of which something is in memory.
    pub tenants: u64,
    /// Changed rows that no commit holds yet.
    pub pending: u64,
    /// Commits.
    pub commits: u64,
    /// Commits that waited for the device.
    pub syncs: u64,
    /// Bytes of blocks written to segments.
    pub bytes_written: u64,
    /// Bytes that were not written because the block was there.
    pub bytes_deduplicated: u64,
    /// Bytes of blocks read from segments.
    pub bytes_read: u64,
}
