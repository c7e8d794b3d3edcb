//! The content of files.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use tarbox_fs::{FilesystemExt, Follow, Realm};
use tarbox_store::{ErrorKind, Scope, Store, WriteAt};

use crate::answer::{Part, head, made, octal};
use crate::app::{App, Backend};
use crate::auth::Caller;
use crate::body::Pieces;
use crate::conditions::Conditions;
use crate::params::Params;
use crate::problem::{Answer, Problem};
use crate::reading::OpenFile;
use crate::upload::Upload;

/// What is read at once where nothing waits for it.
const QUICK: u64 = 64 << 10;
/// The most that `PATCH` writes, in one step.
const PATCH_MAX: usize = 16 << 20;

/// Read a file
///
/// With `Range` a part of it. `HEAD` answers the same without content, for directories and anything else, too.
#[utoipa::path(get, path = "/files/{tenant}", tag = "files",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("path" = String, Query, description = "The path, as percent-encoded bytes"),
        ("layer" = Option<String>, Query, description = "Read a sealed layer: its name, tag or number"),
        ("durability" = Option<String>, Query, description = "`durable`: the answer waits until what it shows is on the device"),
        ("Range" = Option<String>, Header, description = "One range of bytes"),
        ("If-None-Match" = Option<String>, Header, description = "Entity tags the client has"),
    ),
    responses(
        (status = 200, description = "The content", content_type = "application/octet-stream"),
        (status = 206, description = "The range asked for", content_type = "application/octet-stream"),
        (status = 304, description = "The client has it"),
        (status = 404, response = crate::openapi::NoSuch),
        (status = 416, response = crate::openapi::Other),
        (status = "default", response = crate::openapi::Other),
    ))]
pub(crate) async fn get<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
    method: Method,
    headers: HeaderMap,
) -> Answer {
    let params = params.only(&["path", "layer", "follow", "durability"])?;
    caller.allow(Scope::Read)?;
    let waits = durability(&params)?.unwrap_or(false);
    let (to_sync, files) = (app.clone(), caller.files.clone());
    let answer = read(app, &caller, &params, &method, &headers).await;
    if waits {
        // Also that nothing is there may be somebody's change.
        to_sync
            .work(async move || Ok(files.fs.store().sync().await?))
            .await?;
    }
    answer
}

async fn read<D: Backend>(
    app: App<D>,
    caller: &Caller<D::Store>,
    params: &Params,
    method: &Method,
    headers: &HeaderMap,
) -> Answer {
    let location = caller
        .locate_in(params.text("layer")?, params.required("path")?)
        .await?;
    let (fs, who) = (&caller.files.fs, &caller.who);
    let conditions = Conditions::of(headers)?;
    if method == Method::HEAD {
        let follow = match params.flag("follow")? {
            Some(false) => Follow::No,
            _ => Follow::Yes,
        };
        let attr = fs.resolve(who, location.path(), follow).await?;
        let part = match conditions.allow_answer(&attr)? {
            true => Part::Whole(attr.size),
            false => Part::Known,
        };
        return Ok(part.head(&attr).map(|()| Body::empty()));
    }
    let (attr, open) = OpenFile::open(app, caller, &location).await?;
    if attr.is_dir() {
        return Err(
            Problem::from(ErrorKind::IsDirectory).because("list it with GET /api/v1/directories/{tenant}")
        );
    }
    if Realm::of(attr.ino) == Realm::Hook {
        // Its length is known when it is read.
        let content = fs.read_file(who, location.path()).await?;
        return Ok(head(StatusCode::OK, &attr, content.len() as u64).map(|()| content.into()));
    }
    let part = Part::of(headers, &conditions, &attr)?;
    let (from, to) = part.bytes();
    let body = match to - from {
        len if len <= QUICK => open.whole(from, len as usize).await?.into(),
        _ => open.pieces(from, to),
    };
    Ok(part.head(&attr).map(|()| body))
}

/// Write a file
///
/// Replaces its content, or makes it. The file has the old content until all of the new one is there. With `If-None-Match: *` it
/// is only made, with `If-Match` only replaced if it is as the client knows it.
#[utoipa::path(put, path = "/files/{tenant}", tag = "files",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("path" = String, Query, description = "The path, as percent-encoded bytes"),
        ("mode" = Option<String>, Query, description = "Permission bits of a new file, octal; 0666 less the umask 022"),
        ("durability" = Option<String>, Query, description = "`visible`: the answer does not wait for the device"),
        ("If-Match" = Option<String>, Header, description = "The entity tag of what is to be replaced"),
        ("If-None-Match" = Option<String>, Header, description = "`*`: only if nothing is there"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send again"),
    ),
    request_body(content_type = "application/octet-stream", description = "The content"),
    responses(
        (status = 201, description = "Made"),
        (status = 204, description = "Replaced"),
        (status = 412, response = crate::openapi::Other),
        (status = 507, response = crate::openapi::Other),
        (status = "default", response = crate::openapi::Other),
    ))]
pub(crate) async fn put<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
    request: Request,
) -> Answer {
    let params = params.only(&["path", "mode", "durability"])?;
    let (upload, pieces) = upload(app, caller, &params, request).await?;
    let changed = upload.put(pieces).await?;
    Ok(made(changed.is_new, &changed.attr).map(|()| Body::empty()))
}

/// Write a part of a file
///
/// Up to 16 MiB at an offset, or at the end: in one step. Makes the file if it is not there.
#[utoipa::path(patch, path = "/files/{tenant}", tag = "files",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("path" = String, Query, description = "The path, as percent-encoded bytes"),
        ("offset" = Option<u64>, Query, description = "The byte to begin at; without it the end"),
        ("mode" = Option<String>, Query, description = "Permission bits of a new file, octal"),
        ("durability" = Option<String>, Query, description = "`visible`: the answer does not wait for the device"),
        ("If-Match" = Option<String>, Header, description = "The entity tag of what is to be changed"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send again"),
    ),
    request_body(content_type = "application/octet-stream", description = "The bytes"),
    responses(
        (status = 201, description = "Made"),
        (status = 204, description = "Written"),
        (status = "default", response = crate::openapi::Other),
    ))]
pub(crate) async fn patch<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
    request: Request,
) -> Answer {
    let params = params.only(&["path", "offset", "mode", "durability"])?;
    let at = params.parsed("offset")?.map_or(WriteAt::End, WriteAt::Offset);
    let (upload, mut pieces) = upload(app, caller, &params, request).await?;
    let data = pieces.next(PATCH_MAX).await?;
    if !pieces.is_over().await? {
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "TOO_LARGE",
            "the body is too large",
        )
        .because("16 MiB are the most at once"));
    }
    let (changed, offset) = upload.write(at, data).await?;
    let mut response = made(changed.is_new, &changed.attr).map(|()| Body::empty());
    response.headers_mut().insert("tarbox-offset", offset.into());
    Ok(response)
}

/// The change of a file that a request asks for, and the body it brings.
pub(super) async fn upload<D: Backend>(
    app: App<D>,
    caller: Caller<D::Store>,
    params: &Params,
    request: Request,
) -> Answer<(Upload<D>, Pieces)> {
    caller.allow(Scope::Write)?;
    let conditions = Conditions::of(request.headers())?;
    let location = caller.locate(params.required("path")?).await?;
    let (patience, max) = (app.options().patience, app.options().upload_max);
    let upload = Upload {
        mode: mode(params)?.unwrap_or(0o666),
        durable: durable(params)?,
        app,
        caller,
        location: Arc::new(location),
        conditions: Arc::new(conditions),
    };
    Ok((upload, Pieces::new(request.into_body(), patience, max)))
}

/// Delete a file, or a directory
///
/// A directory has to be empty, unless all in it is to go as well.
#[utoipa::path(delete, path = "/files/{tenant}", tag = "files",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("path" = String, Query, description = "The path, as percent-encoded bytes"),
        ("recursive" = Option<bool>, Query, description = "A directory goes with all in it"),
        ("durability" = Option<String>, Query, description = "`visible`: the answer does not wait for the device"),
        ("If-Match" = Option<String>, Header, description = "The entity tag of what is to go"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send again"),
    ),
    responses(
        (status = 204, description = "Gone"),
        (status = 409, response = crate::openapi::Other),
        (status = "default", response = crate::openapi::Other),
    ))]
pub(crate) async fn delete<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    let params = params.only(&["path", "recursive", "durability"])?;
    caller.allow(Scope::Write)?;
    let conditions = Conditions::of(&headers)?;
    let location = caller.locate(params.required("path")?).await?;
    let recursive = params.flag("recursive")?.unwrap_or(false);
    let durable = durable(&params)?;
    let remove = async move || {
        let (files, who) = (&caller.files, &caller.who);
        let _alone = files
            .conditional
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        caller.refuse_control(&location).await?;
        let there = files.fs.lstat(who, location.path()).await?;
        conditions.allow_change(Some(&there))?;
        match there.is_dir() {
            true if recursive => files.fs.remove_dir_all(who, location.path()).await?,
            true => files.fs.remove_dir(who, location.path()).await?,
            false => files.fs.remove_file(who, location.path()).await?,
        }
        drop(_alone);
        if durable {
            files.fs.store().sync().await?;
        }
        Ok(StatusCode::NO_CONTENT)
    };
    app.work(remove).await
}

/// Permission bits, as octal digits.
pub(crate) fn mode(params: &Params) -> Answer<Option<u32>> {
    let Some(text) = params.text("mode")? else {
        return Ok(None);
    };
    octal(text).map(Some)
}

/// Whether the answer to a change waits for the device.
pub(crate) fn durable(params: &Params) -> Answer<bool> {
    Ok(durability(params)?.unwrap_or(true))
}

/// Whether an answer is to wait for the device, if that is said.
fn durability(params: &Params) -> Answer<Option<bool>> {
    match params.bytes("durability") {
        None => Ok(None),
        Some(b"durable") => Ok(Some(true)),
        Some(b"visible") => Ok(Some(false)),
        Some(_) => Err(Problem::bad_request("durability is 'durable' or 'visible'")),
    }
}
