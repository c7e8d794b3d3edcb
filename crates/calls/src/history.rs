//! Layers, audit and accounts. What is asked for travels as JSON.

use serde::{Deserialize, Serialize};
use tarbox_fs::blocking;
use tarbox_store::{
    Error, ErrorKind, LaterLayers, LayerId, LogQuery, Operation, Result, Seq, Store as _, Timestamp,
};

use crate::{Place, Request, Workspace, reply};

impl<P: Place> Workspace<P> {
    /// The layer that goes by this name, tag or number.
    fn layer(&self, name: &str) -> Result<LayerId> {
        Ok(blocking(self.place.fs().store().find_layer(name))?.id)
    }
}

pub(crate) fn layers<P: Place>(w: &mut Workspace<P>, _: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    reply::json(out, &blocking(w.place.fs().store().layers())?)?;
    Ok(0.0)
}

/// The texts are the name and the description; the number says whether later layers may go.
pub(crate) fn checkpoint<P: Place>(
    w: &mut Workspace<P>,
    request: &Request<'_>,
    out: &mut Vec<u8>,
) -> Result<f64> {
    let description = (!request.second.is_empty()).then_some(request.second);
    let later = if request.flag(0) {
        LaterLayers::Discard
    } else {
        LaterLayers::Keep
    };
    let sealed = blocking(
        w.place
            .fs()
            .store()
            .checkpoint(&w.who.actor, request.first, description, later),
    )?;
    reply::json(out, &sealed)?;
    Ok(0.0)
}

pub(crate) fn switch<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    let layer = w.layer(request.first)?;
    blocking(w.place.fs().store().switch(&w.who.actor, layer)).map(|()| 0.0)
}

pub(crate) fn diff<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    let (from, to) = (w.layer(request.first)?, w.layer(request.second)?);
    let mut changes = blocking(w.place.fs().store().diff(from, to))?;
    if w.is_confined() {
        // What came from outside, or went there, is told with the path that is known.
        changes.retain_mut(|change| {
            let from = change.from.take().and_then(|path| w.shown(&path));
            let (path, from) = match (w.shown(&change.path), from) {
                (None, from) => (from, None),
                known => known,
            };
            change.from = from;
            path.map(|path| change.path = path).is_some()
        });
    }
    reply::json(out, &changes)?;
    Ok(0.0)
}

pub(crate) fn drop_layer<P: Place>(
    w: &mut Workspace<P>,
    request: &Request<'_>,
    _: &mut Vec<u8>,
) -> Result<f64> {
    let layer = w.layer(request.first)?;
    blocking(w.place.fs().store().drop_layer(&w.who.actor, layer)).map(|()| 0.0)
}

/// The texts are the tag and the layer; without a layer the tag goes.
pub(crate) fn tag<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    let layer = match request.second {
        "" => None,
        name => Some(w.layer(name)?),
    };
    blocking(w.place.fs().store().tag(&w.who.actor, request.first, layer)).map(|()| 0.0)
}

/// What of the audit is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct AuditQuery {
    path: Option<String>,
    operation: Option<String>,
    /// Milliseconds since 1970.
    since: Option<f64>,
    until: Option<f64>,
    after: Option<u64>,
    before: Option<u64>,
    refused: bool,
    limit: usize,
    oldest_first: bool,
}

pub(crate) fn audit<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    let invalid = |why: String| Error::new(ErrorKind::Invalid).because(why);
    let asked: AuditQuery = serde_json::from_str(request.first).map_err(|e| invalid(e.to_string()))?;
    let operation = match asked.operation.as_deref() {
        None => None,
        Some(word) => {
            Some(Operation::from_word(word).ok_or_else(|| invalid(format!("unknown operation {word:?}")))?)
        }
    };
    let time = |ms: f64| Timestamp((ms * 1e6) as i64);
    let query = LogQuery {
        after: asked.after.map(Seq),
        before: asked.before.map(Seq),
        since: asked.since.map(time),
        until: asked.until.map(time),
        operation,
        path: w.audited(asked.path.as_deref()),
        refused: asked.refused,
        limit: asked.limit.min(w.limits.records),
        newest_first: !asked.oldest_first,
        ..LogQuery::default()
    };
    let mut records = blocking(w.place.fs().store().log(&query))?;
    if w.is_confined() {
        for record in &mut records {
            // A record of the history has a name in the place of a path.
            record.from = record.from.take().and_then(|path| w.shown(&path));
            record.path = w.shown(&record.path).unwrap_or_default();
        }
    }
    reply::json(out, &records)?;
    Ok(0.0)
}

pub(crate) fn usage<P: Place>(w: &mut Workspace<P>, _: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    reply::json(out, &blocking(w.place.fs().store().tenant())?)?;
    Ok(0.0)
}

/// What a collection freed.
#[derive(Serialize)]
struct Collected {
    inodes: u64,
    bytes: u64,
}

pub(crate) fn gc<P: Place>(w: &mut Workspace<P>, _: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    let report = w.place.gc()?;
    reply::json(
        out,
        &Collected {
            inodes: report.inodes,
            bytes: report.bytes_freed,
        },
    )?;
    Ok(0.0)
}

/// Makes everything durable, also for those who otherwise do not wait for that.
pub(crate) fn sync<P: Place>(w: &mut Workspace<P>, _: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    w.sync().map(|()| 0.0)
}

/// Checks everything, and returns how many problems there are.
pub(crate) fn fsck<P: Place>(w: &mut Workspace<P>, _: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    let report = w.place.fsck()?;
    reply::json(out, &report.problems)?;
    Ok(report.problems.len() as f64)
}
