//! Log rows.

use std::sync::Arc;

use tarbox_store::{Ino, LayerId, LogRecord, Operation, Seq, Timestamp};

/// One record, as it goes to the database.
#[derive(Debug, Clone)]
pub struct LogRow {
    pub seq: u64,
    pub time: Timestamp,
    pub uid: u32,
    pub agent: Arc<str>,
    pub operation: Operation,
    pub ino: Ino,
    pub path: Vec<u8>,
    pub from: Option<Vec<u8>>,
    pub bytes: u64,
    pub layer: LayerId,
    pub errno: i32,
}

impl LogRow {
    /// The same, as it is told.
    pub fn record(&self) -> LogRecord {
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
