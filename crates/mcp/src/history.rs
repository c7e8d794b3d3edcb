//! Layers and the audit.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tarbox_calls::{Place, Request};
use tarbox_store::{Error, ErrorKind, Result, Scope};

use crate::desk::Desk;
use crate::tool::Said;

/// Differences and records of an answer.
const DIFF_MAX: usize = 2000;
const AUDIT_MAX: usize = 1000;

fn parsed(bytes: &[u8]) -> Result<Value> {
    serde_json::from_slice(bytes).map_err(|e| Error::new(ErrorKind::Io).caused_by(e))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Checkpoint {
    /// The name of the layer
    name: String,
    /// What is to be said of it
    #[serde(default)]
    description: Option<String>,
}

pub(crate) fn checkpoint<P: Place>(desk: &mut Desk<P>, new: Checkpoint) -> Result<Said> {
    desk.allow(Scope::Layers)?;
    let request = Request {
        first: &new.name,
        second: new.description.as_deref().unwrap_or_default(),
        ..Request::default()
    };
    let (_, layer) = desk.call("checkpoint", &request)?;
    desk.workspace.sync()?;
    Ok(Said::object(parsed(&layer)?))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

pub(crate) fn layers<P: Place>(desk: &mut Desk<P>, _: Nothing) -> Result<Said> {
    desk.allow(Scope::Read)?;
    let (_, layers) = desk.call("layers", &Request::default())?;
    Ok(Said::object(json!({ "layers": parsed(&layers)? })))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Diff {
    /// The earlier layer: its name, tag or number
    from: String,
    /// The later layer; 'head', the current state, if nothing is said
    #[serde(default)]
    to: Option<String>,
}

pub(crate) fn diff<P: Place>(desk: &mut Desk<P>, layers: Diff) -> Result<Said> {
    desk.allow(Scope::Read)?;
    let request = Request {
        first: &layers.from,
        second: layers.to.as_deref().unwrap_or("head"),
        ..Request::default()
    };
    let (_, changes) = desk.call("diff", &request)?;
    let mut changes = parsed(&changes)?;
    let all = changes.as_array_mut().map_or(0, |changes| {
        let all = changes.len();
        changes.truncate(DIFF_MAX);
        all
    });
    Ok(Said::object(
        json!({ "changes": changes, "more": all > DIFF_MAX }),
    ))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Switch {
    /// The layer: its name, tag or number; 'head' is the one being written
    layer: String,
}

pub(crate) fn switch<P: Place>(desk: &mut Desk<P>, to: Switch) -> Result<Said> {
    desk.allow(Scope::Layers)?;
    let request = Request {
        first: &to.layer,
        ..Request::default()
    };
    desk.call("switch", &request)?;
    desk.workspace.sync()?;
    Ok(Said::text(format!("now at {}", to.layer)))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Audit {
    /// This path and what is below it
    #[serde(default)]
    path: Option<String>,
    /// Such as write, rename or checkpoint
    #[serde(default)]
    operation: Option<String>,
    /// Only records before the one with this seq: the next page
    #[serde(default)]
    before: Option<u64>,
    /// How many records; 50 unless said otherwise
    #[serde(default)]
    limit: Option<usize>,
}

pub(crate) fn audit<P: Place>(desk: &mut Desk<P>, asked: Audit) -> Result<Said> {
    desk.allow(Scope::Read)?;
    let limit = asked.limit.unwrap_or(50).clamp(1, AUDIT_MAX);
    let query = json!({
        "path": asked.path,
        "operation": asked.operation,
        "before": asked.before,
        "limit": limit,
    });
    let query = query.to_string();
    let request = Request {
        first: &query,
        ..Request::default()
    };
    let (_, records) = desk.call("audit", &request)?;
    Ok(Said::object(json!({ "records": parsed(&records)? })))
}
