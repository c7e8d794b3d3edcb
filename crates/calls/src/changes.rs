//! What changed, and who did it.

use std::borrow::Cow;

use serde::Serialize;
use tarbox_fs::{ChangeEvent, EventKind, FilesystemInterface as _, blocking};
use tarbox_store::{LogQuery, LogRecord, Operation, Result, Seq, Store as _};

use crate::workspace::client_of;
use crate::{Place, Request, Workspace, reply};

/// Records of the log looked at in one call.
const CHANGES: usize = 4096;

/// A change of a path (then it has one), or of the history (then it has the name of the layer or tag), as the package
/// passes it on.
#[derive(Serialize)]
struct Told<'a> {
    seq: u64,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Cow<'a, str>>,
    ino: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
}

/// What changed at a path and below it after a position, a negative one being now; the second number says that layers are
/// watched, too. Returns the position to go on from.
pub(crate) fn changes<P: Place>(
    w: &mut Workspace<P>,
    request: &Request<'_>,
    out: &mut Vec<u8>,
) -> Result<f64> {
    if request.numbers[0] < 0.0 {
        return Ok(blocking(w.place.fs().last_change())?.0 as f64);
    }
    let after = Seq(request.whole(0)?);
    let mut changes = blocking(w.place.fs().changes(&w.whole(request.first), after, CHANGES))?;
    if w.is_confined() {
        changes.events.retain_mut(|event| {
            let shown = w.shown(&event.path).map(|path| event.path = path).is_some();
            event.from = event.from.take().and_then(|path| w.shown(&path));
            shown
        });
    }
    let history = if request.flag(1) {
        history(w, after, changes.last)?
    } else {
        Vec::new()
    };
    let mut told: Vec<Told<'_>> = changes.events.iter().map(path).collect();
    told.extend(history.iter().map(layer));
    tarbox_store::sort_by_key(&mut told, |told| told.seq);
    reply::json(out, &told)?;
    Ok(changes.last.0 as f64)
}

/// What was done to layers and tags from one position to another.
fn history<P: Place>(w: &Workspace<P>, after: Seq, last: Seq) -> Result<Vec<LogRecord>> {
    use Operation::{Checkpoint, DropLayer, Squash, Switch, Tag};
    let query = LogQuery {
        after: Some(after),
        before: Some(Seq(last.0 + 1)),
        limit: CHANGES,
        ..LogQuery::default()
    };
    let mut records = blocking(w.place.fs().store().log(&query))?;
    records.retain(|record| {
        record.errno == 0 && matches!(record.operation, Checkpoint | Switch | DropLayer | Squash | Tag)
    });
    Ok(records)
}

fn path(event: &ChangeEvent) -> Told<'_> {
    Told {
        seq: event.seq.0,
        kind: match event.kind {
            EventKind::Create => "create",
            EventKind::Modify => "modify",
            EventKind::Rename => "rename",
            EventKind::Delete => "delete",
            EventKind::Rescan => "rescan",
        },
        path: Some(String::from_utf8_lossy(&event.path)),
        from: event.from.as_deref().map(String::from_utf8_lossy),
        name: None,
        ino: event.ino.0,
        client: client_of(&event.agent),
    }
}

fn layer(record: &LogRecord) -> Told<'_> {
    Told {
        seq: record.seq.0,
        kind: record.operation.word(),
        path: None,
        from: None,
        name: Some(String::from_utf8_lossy(&record.path)),
        ino: 0,
        client: client_of(&record.agent),
    }
}
