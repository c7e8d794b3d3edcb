//! Where a tenant stands, for whoever follows it.

use crate::{LogRecord, Position, Seq, TenantInfo};

/// Everything by which a follower knows whether there is anything new, and whether this is still the tenant that it follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The layer in view, and the one being written.
    pub position: Position,
    /// The tenant.
    pub tenant: TenantInfo,
    /// The first record behind the one that was asked about.
    pub record: Option<LogRecord>,
    /// The position of the last record; found last, so that none of the other parts is newer.
    pub last: Seq,
}
