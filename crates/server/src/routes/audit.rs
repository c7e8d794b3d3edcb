//! The audit.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tarbox_store::{LogQuery, Operation, Scope, Seq, Store, Timestamp};
use utoipa::ToSchema;

use crate::app::{App, Backend};
use crate::auth::Caller;
use crate::json::Record;
use crate::params::Params;
use crate::problem::{Answer, Problem};

/// Records of an answer at most.
const RECORDS_MAX: usize = 10_000;

/// Records of the log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Records {
    records: Vec<Record>,
}

/// Query the audit
///
/// Everything given has to match. A key that is confined sees what is below its directory.
#[utoipa::path(get, path = "/audit/{tenant}", tag = "audit",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("path" = Option<String>, Query, description = "This path and what is below it, as percent-encoded bytes"),
        ("after" = Option<u64>, Query, description = "Only behind this position"),
        ("before" = Option<u64>, Query, description = "Only before this position"),
        ("since" = Option<i64>, Query, description = "Not before this time, nanoseconds since 1970"),
        ("until" = Option<i64>, Query, description = "Before this time"),
        ("operation" = Option<String>, Query, description = "Such as write, rename or checkpoint"),
        ("uid" = Option<u32>, Query, description = "Only by this user"),
        ("agent" = Option<String>, Query, description = "Only by this way in: run:tool.wasm, run for all of run:…; key:ID for a key of this server"),
        ("refused" = Option<bool>, Query, description = "Only what was refused"),
        ("newest_first" = Option<bool>, Query, description = "The other way round"),
        ("limit" = Option<u64>, Query, description = "Records, to 10,000; 1,000 if nothing is said"),
    ),
    responses((status = 200, body = Records), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn query<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
) -> Answer<Json<Records>> {
    let params = params.only(&[
        "path",
        "after",
        "before",
        "since",
        "until",
        "operation",
        "uid",
        "agent",
        "refused",
        "newest_first",
        "limit",
    ])?;
    caller.allow(Scope::Read)?;
    let limit = params.parsed::<usize>("limit")?.unwrap_or(1000);
    if !(1..=RECORDS_MAX).contains(&limit) {
        return Err(Problem::bad_request(format!("limit is 1 to {RECORDS_MAX}")));
    }
    let operation = params.text("operation")?.map(|word| {
        Operation::from_word(word)
            .ok_or_else(|| Problem::bad_request(format!("there is no operation {word:?}")))
    });
    let path = params.bytes("path").map(|path| caller.whole(path));
    let path = match path {
        None if caller.is_confined() => Some(caller.whole(b"/")),
        path => path,
    };
    let query = LogQuery {
        after: params.parsed("after")?.map(Seq),
        before: params.parsed("before")?.map(Seq),
        since: params.parsed("since")?.map(Timestamp),
        until: params.parsed("until")?.map(Timestamp),
        operation: operation.transpose()?,
        path: path.map(without_slash),
        uid: params.parsed("uid")?,
        agent: params.text("agent")?.map(ToOwned::to_owned),
        layer: None,
        refused: params.flag("refused")?.unwrap_or(false),
        limit,
        newest_first: params.flag("newest_first")?.unwrap_or(false),
    };
    let ask = async move || {
        let records = caller.files.fs.store().log(&query).await?;
        let shown = records.iter().filter_map(|record| {
            // Those of layers have a name in place of a path.
            if !caller.is_confined() {
                return Some(Record::of(record, record.path.clone(), record.from.clone()));
            }
            let from = record.from.as_deref().and_then(|path| caller.shown(path));
            let path = caller.shown(&record.path).or_else(|| from.clone())?;
            Some(Record::of(record, path, from))
        });
        Ok(Json(Records {
            records: shown.collect(),
        }))
    };
    app.work(ask).await
}

fn without_slash(mut path: Vec<u8>) -> Vec<u8> {
    while path.len() > 1 && path.last() == Some(&b'/') {
        path.pop();
    }
    path
}
