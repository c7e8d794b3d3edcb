//! Log rows.

use std::sync::Arc;

use tarbox_store::{Ino, LayerId, LogRecord, Operation, Seq, Timestamp};

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

impl LogRow {
    /// The same, as it is told.
    pub(crate) fn record(&self) -> LogRecord {
        LogRecord {
            seq: Seq(self.seq),
            time: self.time,
            uid: self.uid,
            agent: self.agent.to_string(),
            operation: self.operation,
            ino: self.ino,
            path: self.path.clone(),
            from: self.from.clone(),
            bytes: self.bytes,
            layer: self.layer,
            errno: self.errno,
        }
    }
}
