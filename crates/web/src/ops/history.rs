//! Layers, audit and accounts. What is asked for travels as JSON.

use serde::{Deserialize, Serialize};
use tarbox_fs::blocking;
use tarbox_store::{
    Database as _, Error, ErrorKind, LaterLayers, LayerId, LogQuery, Operation, Result, Seq, Store as _,
    Timestamp,
};

use crate::{Request, Workspace, reply};

impl Workspace {
    /// The layer that goes by this name, tag or number.
    fn layer(&self, name: &str) -> Result<LayerId> {
        Ok(blocking(self.fs.store().find_layer(name))?.id)
    }
}

pub(super) fn layers(w: &mut Workspace, _: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    reply::json(out, &blocking(w.fs.store().layers())?)?;
    Ok(0.0)
}

/// The texts are the name and the description; the number says whether later layers may go.
pub(super) fn checkpoint(w: &mut Workspace, request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    let description = (!request.second.is_empty()).then_some(request.second);
    let later = if request.flag(0) {
        LaterLayers::Discard
    } else {
        LaterLayers::Keep
    };
    let sealed = blocking(
        w.fs.store()
            .checkpoint(&w.who.actor, request.first, description, later),
    )?;
    reply::json(out, &sealed)?;
    Ok(0.0)
}

pub(super) fn switch(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    let layer = w.layer(request.first)?;
    blocking(w.fs.store().switch(&w.who.actor, layer)).map(|()| 0.0)
}

pub(super) fn diff(w: &mut Workspace, request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    let (from, to) = (w.layer(request.first)?, w.layer(request.second)?);
    reply::json(out, &blocking(w.fs.store().diff(from, to))?)?;
    Ok(0.0)
}

pub(super) fn drop_layer(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    let layer = w.layer(request.first)?;
    blocking(w.fs.store().drop_layer(&w.who.actor, layer)).map(|()| 0.0)
}

/// The texts are the tag and the layer; without a layer the tag goes.
pub(super) fn tag(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    let layer = match request.second {
        "" => None,
        name => Some(w.layer(name)?),
    };
    blocking(w.fs.store().tag(&w.who.actor, request.first, layer)).map(|()| 0.0)
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

pub(super) fn audit(w: &mut Workspace, request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
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
        path: asked.path.map(String::into_bytes),
        refused: asked.refused,
        limit: asked.limit,
        newest_first: !asked.oldest_first,
        ..LogQuery::default()
    };
    reply::json(out, &blocking(w.fs.store().log(&query))?)?;
    Ok(0.0)
}

pub(super) fn usage(w: &mut Workspace, _: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    reply::json(out, &blocking(w.fs.store().tenant())?)?;
    Ok(0.0)
}

/// What a collection freed.
#[derive(Serialize)]
struct Collected {
    inodes: u64,
    bytes: u64,
}

pub(super) fn gc(w: &mut Workspace, _: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    let report = blocking(w.database.gc())?;
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
pub(super) fn sync(w: &mut Workspace, _: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    w.sync().map(|()| 0.0)
}

/// Checks everything, and returns how many problems there are.
pub(super) fn fsck(w: &mut Workspace, _: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    let report = blocking(w.database.fsck(false, &|_, _| {}))?;
    reply::json(out, &report.problems)?;
    Ok(report.problems.len() as f64)
}
