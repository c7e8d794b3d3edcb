//! Log rows.

use std::sync::Arc;

use tarbox_store::{Ino, LayerId, LogRecord, Operation, Seq, Timestamp};

/// One record, as it goes to the database.
#[derive(Debug, Clone)]
pub struct LogRow {
    /// Its position.
    pub seq: u64,
    /// When it was done.
    pub time: Timestamp,
    /// By which user.
    pub uid: u32,
    /// Through which way in.
    pub agent: Arc<str>,
    /// What was done.
    pub operation: Operation,
    /// To which inode; 0 if to none.
    pub ino: Ino,
    /// One of its paths, cut at 8 KiB.
    pub path: Vec<u8>,
    /// Where it was before.
    pub from: Option<Vec<u8>>,
    /// How many bytes it was about.
    pub bytes: u64,
    /// The layer that was in view.
    pub layer: LayerId,
    /// 0, or why it was refused.
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

impl From<LogRecord> for LogRow {
    fn from(record: LogRecord) -> Self {
        Self {
            seq: record.seq.0,
            time: record.time,
            uid: record.uid,
            agent: record.agent.into(),
            operation: record.operation,
            ino: record.ino,
            path: record.path,
            from: record.from,
            bytes: record.bytes,
            layer: record.layer,
            errno: record.errno,
        }
    }
}
