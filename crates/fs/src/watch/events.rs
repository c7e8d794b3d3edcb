//! From records of the log to events.

use tarbox_store::{Ino, LogQuery, LogRecord, Operation, Result, Seq, Store};

use crate::hooks::ROOT_PATH;
use crate::interface::{ChangeEvent, Changes, EventKind};

/// Changes of `path` and what is below it, behind `after`.
pub(crate) async fn changes<S: Store>(store: &S, path: &[u8], after: Seq, limit: usize) -> Result<Changes> {
    let query = LogQuery {
        after: Some(after),
        limit,
        ..LogQuery::default()
    };
    let records = if limit == 0 {
        Vec::new()
    } else {
        store.log(&query).await?
    };
    let watched = trim(path);
    let mut changes = Changes {
        events: Vec::new(),
        last: after,
    };
    for record in &records {
        if record.seq.0 > changes.last.0 + 1 {
            changes.events.push(rescan(watched, record.seq, ""));
        }
        changes.last = record.seq;
        if record.errno == 0 {
            changes.events.extend(event(watched, record));
        }
    }
    Ok(changes)
}

/// The path without slashes at its end; the root is empty.
fn trim(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|b| *b != b'/').map_or(0, |last| last + 1);
    &path[..end]
}

/// Whether `path` is `top` or below it, and not where Tarbox keeps what is its own, as a replica does: nobody sees that.
fn within(path: &[u8], top: &[u8]) -> bool {
    let below = |path: &[u8], top: &[u8]| {
        path.strip_prefix(top)
            .is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
    };
    let path = trim(path);
    below(path, top) && !below(path, ROOT_PATH.as_bytes())
}

fn rescan(watched: &[u8], seq: Seq, agent: &str) -> ChangeEvent {
    ChangeEvent {
        seq,
        kind: EventKind::Rescan,
        path: if watched.is_empty() {
            b"/".to_vec()
        } else {
            watched.to_vec()
        },
        from: None,
        ino: Ino(0),
        agent: agent.to_owned(),
    }
}

fn event(watched: &[u8], record: &LogRecord) -> Option<ChangeEvent> {
    use Operation::*;
    let kind = match record.operation {
        Create | Mkdir | Link => EventKind::Create,
        Unlink | Rmdir => EventKind::Delete,
        Write | Truncate | SetAttr | Xattr | Allocate => EventKind::Modify,
        Rename => return moved(watched, record),
        Switch => return Some(rescan(watched, record.seq, &record.agent)),
        _ => return None,
    };
    within(&record.path, watched).then(|| told(record, kind, record.path.clone(), None))
}

/// A move within, into or out of what is watched; or of a directory above it.
fn moved(watched: &[u8], record: &LogRecord) -> Option<ChangeEvent> {
    let from = record.from.as_deref().unwrap_or_default();
    let (came, went) = (within(&record.path, watched), within(from, watched));
    match (came, went) {
        (true, true) => Some(told(
            record,
            EventKind::Rename,
            record.path.clone(),
            Some(from.to_vec()),
        )),
        (true, false) => Some(told(record, EventKind::Create, record.path.clone(), None)),
        (false, true) => Some(told(record, EventKind::Delete, from.to_vec(), None)),
        (false, false) if within(watched, trim(from)) => {
            Some(told(record, EventKind::Delete, watched.to_vec(), None))
        }
        (false, false) if within(watched, trim(&record.path)) => {
            Some(told(record, EventKind::Create, watched.to_vec(), None))
        }
        (false, false) => None,
    }
}

fn told(record: &LogRecord, kind: EventKind, path: Vec<u8>, from: Option<Vec<u8>>) -> ChangeEvent {
    ChangeEvent {
        seq: record.seq,
        kind,
        path,
        from,
        ino: record.ino,
        agent: record.agent.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tarbox_store::{LayerId, Timestamp};

    use super::*;

    fn record(operation: Operation, path: &str, from: Option<&str>) -> LogRecord {
        LogRecord {
            seq: Seq(5),
            time: Timestamp(0),
            uid: 0,
            agent: Arc::<str>::from("test").to_string(),
            operation,
            ino: Ino(9),
            path: path.into(),
            from: from.map(Into::into),
            bytes: 0,
            layer: LayerId(1),
            errno: 0,
        }
    }

    fn seen(watched: &str, record: LogRecord) -> Option<(EventKind, String, Option<String>)> {
        let text = |path: Vec<u8>| String::from_utf8(path).unwrap();
        event(trim(watched.as_bytes()), &record).map(|e| (e.kind, text(e.path), e.from.map(text)))
    }

    #[test]
    fn only_what_is_below_is_told() {
        let write = |path| record(Operation::Write, path, None);
        assert!(seen("/a", write("/a")).is_some());
        assert!(seen("/a/", write("/a/b/c")).is_some());
        assert!(seen("/a", write("/ab")).is_none());
        assert!(seen("/a/b", write("/a")).is_none());
        assert!(seen("/", write("/x")).is_some());
    }

    #[test]
    fn what_is_tarboxs_own_is_told_when_it_comes_out() {
        let own = "/.tarbox/sync/staging/7";
        assert_eq!(seen("/", record(Operation::Write, own, None)), None);
        assert!(seen("/", record(Operation::Write, "/.tarboxes", None)).is_some());
        let made = seen("/", record(Operation::Rename, "/a", Some(own)));
        assert_eq!(made, Some((EventKind::Create, "/a".into(), None)));
    }

    #[test]
    fn a_move_is_told_from_where_one_stands() {
        use EventKind::*;
        let rename = |from, to| record(Operation::Rename, to, Some(from));
        let told = |kind, path: &str| Some((kind, path.to_owned(), None));
        let within = seen("/d", rename("/d/a", "/d/b"));
        assert_eq!(within, Some((Rename, "/d/b".into(), Some("/d/a".into()))));
        assert_eq!(seen("/d", rename("/x", "/d/x")), told(Create, "/d/x"));
        assert_eq!(seen("/d", rename("/d/x", "/x")), told(Delete, "/d/x"));
        assert_eq!(seen("/a/b", rename("/a", "/c")), told(Delete, "/a/b"));
        assert_eq!(seen("/a/b", rename("/c", "/a")), told(Create, "/a/b"));
        assert_eq!(seen("/d", rename("/x", "/y")), None);
    }

    #[test]
    fn a_switch_may_change_anything() {
        let switch = record(Operation::Switch, "base", None);
        assert_eq!(seen("/d", switch), Some((EventKind::Rescan, "/d".into(), None)));
        assert_eq!(seen("/d", record(Operation::Checkpoint, "base", None)), None);
    }
}
