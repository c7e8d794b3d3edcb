//! `read` and `write` as calls: for clients that know an inode or an offset, and no URLs.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tarbox_fs::{FilesystemExt, FilesystemInterface, OpenFlags};
use tarbox_store::{Ino, Scope, WriteAt};
use utoipa::ToSchema;

use crate::app::{App, Backend};
use crate::auth::Caller;
use crate::body::{Pieces, object};
use crate::conditions::Conditions;
use crate::location::Location;
use crate::params::Params;
use crate::problem::{Answer, Problem};
use crate::text::Text;
use crate::upload::Upload;

/// The most that one call reads or writes.
const CALL_MAX: u64 = 16 << 20;

/// A part of a file to read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Read {
    /// The file by its path, or
    path: Option<Text>,
    /// by its number.
    inode: Option<u64>,
    /// The first byte.
    #[serde(default)]
    offset: u64,
    /// At most so many bytes, to 16 MiB; less at the end of the file.
    length: Option<u64>,
}

/// Read a part of a file
#[utoipa::path(post, path = "/files/{tenant}/read", tag = "files",
    params(("tenant" = String, Path, description = "The tenant")),
    request_body = Read,
    responses(
        (status = 200, description = "The bytes", content_type = "application/octet-stream"),
        (status = "default", response = crate::openapi::Other),
    ))]
pub(crate) async fn read<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
    body: Body,
) -> Answer<Response> {
    params.only(&[])?;
    caller.allow(Scope::Read)?;
    let call: Read = object(body, app.options().patience).await?;
    let location = named(&caller, call.path.as_ref(), call.inode).await?;
    let length = call.length.unwrap_or(CALL_MAX);
    if length > CALL_MAX {
        return Err(Problem::bad_request("a call reads 16 MiB at most"));
    }
    let read = async move || {
        let (fs, who) = (&caller.files.fs, &caller.who);
        let (attr, handle) = fs.open_path(who, location.path(), OpenFlags::READ, None).await?;
        let there = attr.size.saturating_sub(call.offset).min(length);
        let mut buffer = vec![0; there as usize];
        let read = fs.read(handle, call.offset, &mut buffer).await;
        let closed = fs.release(handle).await;
        buffer.truncate(read?);
        closed?;
        Ok(buffer)
    };
    let bytes = app.work(read).await?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response())
}

/// A part of a file to write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Write {
    /// The file by its path: made if it is not there. Or
    path: Option<Text>,
    /// by its number.
    inode: Option<u64>,
    /// The first byte; without it the end of the file.
    offset: Option<u64>,
    /// The bytes as base64, to 16 MiB.
    data: String,
}

/// What was written.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Written {
    /// The byte that the data went to.
    offset: u64,
    /// How many bytes.
    written: u64,
    /// The length of the file.
    size: u64,
    /// Its number.
    inode: u64,
}

/// Write a part of a file
///
/// In one step.
#[utoipa::path(post, path = "/files/{tenant}/write", tag = "files",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send again"),
    ),
    request_body = Write,
    responses((status = 200, body = Written), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn write<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
    body: Body,
) -> Answer<Json<Written>> {
    params.only(&[])?;
    caller.allow(Scope::Write)?;
    // Base64 takes a third more.
    let max = (CALL_MAX + CALL_MAX / 2) as usize;
    let mut pieces = Pieces::new(body, app.options().patience, Some(max as u64));
    let text = pieces.next(max).await?;
    let wrong = |e: serde_json::Error| Problem::bad_request(format!("the body is not as it should be: {e}"));
    let call: Write = serde_json::from_slice(&text).map_err(wrong)?;
    let data = BASE64_STANDARD
        .decode(&call.data)
        .map_err(|_| Problem::bad_request("'data' is not base64"))?;
    if data.len() as u64 > CALL_MAX {
        return Err(Problem::bad_request("a call writes 16 MiB at most"));
    }
    let location = named(&caller, call.path.as_ref(), call.inode).await?;
    let upload = Upload {
        app,
        caller,
        location: Arc::new(location),
        conditions: Arc::new(Conditions::default()),
        mode: 0o666,
        durable: true,
    };
    let written = data.len() as u64;
    let (changed, offset) = upload
        .write(call.offset.map_or(WriteAt::End, WriteAt::Offset), data)
        .await?;
    Ok(Json(Written {
        offset,
        written,
        size: changed.attr.size,
        inode: changed.attr.ino.0,
    }))
}

/// The file that a call names. By its number it is found by one of its paths: all permissions on the way hold.
async fn named<S: tarbox_store::Store>(
    caller: &Caller<S>,
    path: Option<&Text>,
    inode: Option<u64>,
) -> Answer<Location> {
    match (path, inode) {
        (Some(path), None) => caller.locate(&path.0).await,
        (None, Some(number)) => {
            let none = || Problem::from(tarbox_store::ErrorKind::NotFound).because("there is no such inode");
            if number >= Ino::LIMIT {
                return Err(none());
            }
            let path = caller.files.fs.path_of(Ino(number)).await.map_err(|_| none())?;
            caller.locate(&caller.shown(&path).ok_or_else(none)?).await
        }
        _ => Err(Problem::bad_request(
            "a file is named by either 'path' or 'inode'",
        )),
    }
}
