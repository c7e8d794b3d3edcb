//! Requests that were made before this server began, or by another one: the log says so.
//!
//! What a request with an `Idempotency-Key` changes is recorded with the agent `key:ID/once:HASH`, in the transaction of the change. So
//! the record is there exactly if the change is, whatever became of the server and of its answer.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{Method, StatusCode};
use tarbox_store::{LogQuery, LogRecord, Operation, Result, Seq, Store, Timestamp};

use crate::idempotency::KEPT_FOR;
use crate::problem::Problem;

/// Records that are read when a tenant's files are opened, and those of one page.
const LOOK_BACK: u64 = 100_000;
const PAGE: usize = 10_000;
/// Requests that are known at most.
const KNOWN_MAX: usize = 65_536;

/// What the log has of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Trace {
    last: Seq,
    time: Timestamp,
    /// Whether something was done beside making inodes.
    is_more: bool,
}

/// The requests that a tenant's log names.
#[derive(Default)]
pub(crate) struct Made(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// How far the log was read.
    to: Option<Seq>,
    traces: HashMap<Arc<str>, Trace>,
    /// In the order of their first records.
    order: VecDeque<Arc<str>>,
}

/// The agent that the changes of a request are recorded with.
pub(crate) fn agent(key: &str, name: &str) -> Arc<str> {
    let hash = blake3::hash(name.as_bytes()).to_hex();
    format!("key:{key}/once:{}", &hash[..32]).into()
}

impl Made {
    /// Refuses a request that was made before.
    pub(crate) async fn find<S: Store>(
        &self,
        store: &S,
        agent: &str,
        changes_content: bool,
    ) -> Result<Option<Problem>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.read_on(store).await?;
        let now = Timestamp::of_system();
        Ok(known.find(agent, changes_content, now).map(already_made))
    }
}

impl Known {
    async fn read_on<S: Store>(&mut self, store: &S) -> Result<()> {
        let end = store.last_seq().await?;
        let mut to = self.to.unwrap_or_else(|| Seq(end.0.saturating_sub(LOOK_BACK)));
        while to < end {
            let query = LogQuery {
                after: Some(to),
                limit: PAGE,
                ..LogQuery::default()
            };
            let records = store.log(&query).await?;
            let Some(last) = records.last() else { break };
            to = last.seq;
            records.iter().for_each(|record| self.note(record));
        }
        self.to = Some(to);
        Ok(())
    }

    fn note(&mut self, record: &LogRecord) {
        if record.errno != 0 || !record.agent.contains("/once:") || is_preparation(record) {
            return;
        }
        let is_more = record.operation != Operation::Create;
        if let Some(trace) = self.traces.get_mut(&*record.agent) {
            (trace.last, trace.time) = (record.seq, record.time);
            trace.is_more |= is_more;
            return;
        }
        if self.traces.len() >= KNOWN_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.traces.remove(&oldest);
        }
        let agent: Arc<str> = record.agent.as_str().into();
        let trace = Trace {
            last: record.seq,
            time: record.time,
            is_more,
        };
        self.traces.insert(agent.clone(), trace);
        self.order.push_back(agent);
    }

    /// One that was to write and has only made a file has written nothing.
    fn find(&self, agent: &str, changes_content: bool, now: Timestamp) -> Option<Trace> {
        let kept_for = i64::try_from(KEPT_FOR.as_nanos()).unwrap_or(i64::MAX);
        let trace = self.traces.get(agent)?;
        let is_recent = now.0.saturating_sub(trace.time.0) < kept_for;
        (is_recent && (trace.is_more || !changes_content)).then_some(*trace)
    }
}

/// Content that comes into a file beside another is no change yet: that is the rename.
fn is_preparation(record: &LogRecord) -> bool {
    let name = record
        .path
        .rsplit(|byte| *byte == b'/')
        .next()
        .unwrap_or_default();
    name.starts_with(b".") && name.ends_with(b".unfinished")
}

/// Whether a request is to write content, for which it may have to make a file first.
pub(crate) fn changes_content(method: &Method, path: &str) -> bool {
    let route = path.strip_prefix("/api/v1").unwrap_or(path);
    match *method {
        Method::PUT | Method::PATCH => route.starts_with("/files/") || route.starts_with("/blocks/"),
        Method::POST => route.starts_with("/files/"),
        _ => false,
    }
}

fn already_made(trace: Trace) -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "ALREADY_MADE",
        "the request was made before, and its answer is not known any more",
    )
    .because(format!(
        "its change is in the log up to position {}; of one that takes several steps a part may be missing",
        trace.last.0
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(seq: u64, operation: Operation, path: &str) -> LogRecord {
        LogRecord {
            seq: Seq(seq),
            time: Timestamp(1_000),
            uid: 0,
            agent: agent("id", "name").to_string(),
            operation,
            ino: tarbox_store::Ino(5),
            path: path.as_bytes().to_vec(),
            from: None,
            bytes: 0,
            layer: tarbox_store::LayerId(1),
            errno: 0,
        }
    }

    #[test]
    fn what_is_only_begun_is_not_made() {
        let (mut known, now) = (Known::default(), Timestamp(2_000));
        let name = agent("id", "name");
        known.note(&record(1, Operation::Create, "/.5.unfinished"));
        known.note(&record(2, Operation::Write, "/a/.5.unfinished"));
        let refused = LogRecord {
            errno: 13,
            ..record(3, Operation::Write, "/f")
        };
        known.note(&refused);
        assert_eq!(known.find(&name, false, now), None);
        known.note(&record(4, Operation::Create, "/f"));
        assert_eq!(known.find(&name, true, now), None);
        assert!(known.find(&name, false, now).is_some());
        known.note(&record(5, Operation::Write, "/f"));
        assert_eq!(known.find(&name, true, now).unwrap().last, Seq(5));
        assert_eq!(known.find(&agent("id", "other"), true, now), None);
        let tomorrow = Timestamp(86_400_000_001_000);
        assert_eq!(known.find(&name, true, tomorrow), None);
    }

    #[test]
    fn what_is_known_has_a_bound() {
        let mut known = Known::default();
        for n in 0..KNOWN_MAX as u64 + 10 {
            known.note(&LogRecord {
                agent: agent("id", &n.to_string()).to_string(),
                ..record(n, Operation::Mkdir, "/d")
            });
        }
        assert_eq!((known.traces.len(), known.order.len()), (KNOWN_MAX, KNOWN_MAX));
        assert!(known.find(&agent("id", "0"), false, Timestamp(1_000)).is_none());
    }
}
