//! Rows of tenants, layers and segments.

use tarbox_store::{LayerId, Quota, TenantInfo, TenantState, Timestamp, Usage};

use super::TenantId;

/// A tenant with its counters. All counters change in the transaction that changes what they count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) name: String,
    pub(crate) state: TenantState,
    pub(crate) created: Timestamp,
    pub(crate) quota: Quota,
    /// Stored bytes, as the quota counts them.
    pub(crate) bytes: u64,
    /// Inodes of the head.
    pub(crate) inodes: u64,
    pub(crate) layers: u64,
    /// The layer being written.
    pub(crate) head: LayerId,
    /// The layer in view.
    pub(crate) current: LayerId,
    pub(crate) next_ino: u64,
    pub(crate) next_seq: u64,
    /// Keys the hash of directory entries.
    pub(crate) secret: [u8; 16],
    /// The segment that blocks are appended to, and its length as of the last commit.
    pub(crate) segment: u64,
    pub(crate) segment_len: u64,
}

impl Tenant {
    pub(crate) fn info(&self) -> TenantInfo {
        TenantInfo {
            name: self.name.clone(),
            state: self.state,
            created: self.created,
            quota: self.quota,
            usage: Usage {
                bytes: self.bytes,
                inodes: self.inodes,
                layers: self.layers,
                last_seq: self.next_seq - 1,
            },
        }
    }
}

/// A layer; the one being written has no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layer {
    pub(crate) id: LayerId,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) sealed: Timestamp,
}
