//! Log rows.

use std::sync::Arc;

use tarbox_store::{Ino, LayerId, Operation, Timestamp};

/// One record, as it goes to the database.
#[derive(Debug, Clone)]
pub(crate) struct LogRow {
    pub(crate) seq: u64,
    pub(crate) time: Timestamp,
    pub(crate) uid: u32,
    pub(crate) agent: Arc<str>,
    pub(crate) operation: Operation,
    pub(crate) ino: Ino,
    pub(crate) path: Vec<u8>,
    pub(crate) from: Option<Vec<u8>>,
    pub(crate) bytes: u64,
    pub(crate) layer: LayerId,
    pub(crate) errno: i32,
}
