//! Rows of tenants, layers and segments.

use std::sync::Arc;

use tarbox_store::{Ino, LayerId, Quota, TenantInfo, TenantState, Timestamp, Usage};

/// A tenant's number; never shown to users and never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(pub u64);

/// A tenant with its counters. All counters change in the transaction that changes what they count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its number.
    pub id: TenantId,
    /// What users call it.
    pub name: Arc<str>,
    /// Whether it may be used.
    pub state: TenantState,
    /// When it was made.
    pub created: Timestamp,
    /// What it may use.
    pub quota: Quota,
    /// Stored bytes, as the quota counts them.
    pub bytes: u64,
    /// Inodes of the head.
    pub inodes: u64,
    /// Layers, with the one being written.
    pub layers: u64,
    /// The layer being written.
    pub head: LayerId,
    /// The layer in view.
    pub current: LayerId,
    /// The number of the next inode.
    pub next_ino: u64,
    /// The position of the next log record.
    pub next_seq: u64,
    /// Keys the hash of directory entries.
    pub secret: [u8; 16],
    /// The segment that blocks are appended to, and its length as of the last commit.
    pub segment: u64,
    /// Its length as of the last commit.
    pub segment_len: u64,
}

impl Tenant {
    /// A new one, with nothing but its root directory, [`Inode::root`](crate::Inode::root).
    pub fn new(id: TenantId, name: &str, quota: Quota, secret: [u8; 16], now: Timestamp) -> Self {
        Self {
            id,
            name: name.into(),
            state: TenantState::Active,
            created: now,
            quota,
            bytes: 0,
            inodes: 1,
            layers: 1,
            head: LayerId(1),
            current: LayerId(1),
            next_ino: Ino::ROOT.0 + 1,
            next_seq: 1,
            secret,
            segment: 1,
            segment_len: 0,
        }
    }

    /// What is told of it.
    pub fn info(&self) -> TenantInfo {
        TenantInfo {
            name: self.name.to_string(),
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
pub struct Layer {
    /// Its number.
    pub id: LayerId,
    /// What users call it.
    pub name: String,
    /// What they say of it.
    pub description: Option<String>,
    /// When it was sealed.
    pub sealed: Timestamp,
}
