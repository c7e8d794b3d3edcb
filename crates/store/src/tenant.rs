//! Tenants: what they may use and what they do use.

use serde::Serialize;

use crate::{Error, ErrorKind, Result, Timestamp};

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
    /// A copy or a restore has not ended yet. Every operation fails with `Busy`; only deleting it is possible.
    Restoring,
}

impl TenantState {
    /// As stored. 2 is left out: an engine may mean a tenant that was deleted.
    pub const fn number(self) -> u8 {
        match self {
            Self::Active => 0,
            Self::Suspended => 1,
            Self::Restoring => 3,
        }
    }

    /// The reverse. A state that is not known is one in which nothing may be touched.
    pub const fn from_number(number: i64) -> Self {
        match number {
            0 => Self::Active,
            3 => Self::Restoring,
            _ => Self::Suspended,
        }
    }

    /// Refuses a tenant that is not whole yet.
    ///
    /// # Errors
    /// `Busy` for [`Restoring`](Self::Restoring).
    pub fn check_whole(self, name: &str) -> Result<()> {
        match self {
            Self::Active | Self::Suspended => Ok(()),
            Self::Restoring => Err(Error::new(ErrorKind::Busy).about(name).because(
                "it is being restored; restore or copy it again to go on after an interruption, or delete it",
            )),
        }
    }
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
