//! Tenants: what they may use and what they do use.

use serde::Serialize;

use crate::Timestamp;

/// What a tenant may use; `None` is without limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Quota {
    /// Stored bytes: blocks (shared ones once), inline data and extended attributes, of all layers.
    pub bytes: Option<u64>,
    /// Inodes in the layer being written.
    pub inodes: Option<u64>,
    /// Layers, the one being written included.
    pub layers: Option<u64>,
    /// Log records kept; older ones are trimmed by `gc`.
    pub log_records: Option<u64>,
}

/// What a tenant uses, from counters kept by every transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Usage {
    /// Stored bytes, as [`Quota::bytes`] counts them.
    pub bytes: u64,
    /// Inodes in the layer being written.
    pub inodes: u64,
    /// Layers, the one being written included.
    pub layers: u64,
    /// Position of the last log record.
    pub last_seq: u64,
}

/// Whether a tenant can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TenantState {
    /// Open to reads and writes.
    Active,
    /// Every operation fails with `Suspended`; nothing is lost.
    Suspended,
}

/// One tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TenantInfo {
    /// 1 to 63 bytes of `a-z 0-9 - _ .`, beginning with a letter or digit.
    pub name: String,
    /// Whether it can be used.
    pub state: TenantState,
    /// When it was made.
    pub created: Timestamp,
    /// What it may use.
    pub quota: Quota,
    /// What it uses.
    pub usage: Usage,
}
