//! Extended attributes.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tarbox_fs::{FilesystemExt, FilesystemInterface};
use tarbox_store::{Scope, Store, XattrMode};
use utoipa::ToSchema;

use super::attributes::follow;
use crate::app::{App, Backend};
use crate::auth::Caller;
use crate::body::Pieces;
use crate::params::Params;
use crate::problem::{Answer, Problem};
use crate::text::Text;

/// The longest value.
const VALUE_MAX: usize = 64 << 10;

/// The names of extended attributes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Names {
    names: Vec<Text>,
}

/// Read extended attributes
///
/// Their names; or with `name` the value of one, as bytes.
#[utoipa::path(get, path = "/xattrs/{tenant}", tag = "attributes",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("path" = String, Query, description = "The path, as percent-encoded bytes"),
        ("name" = Option<String>, Query, description = "The attribute, such as user.note"),
        ("follow" = Option<bool>, Query, description = "`false`: those of a symbolic link itself"),
        ("layer" = Option<String>, Query, description = "Read a sealed layer: its name, tag or number"),
    ),
    responses((status = 200, body = Names), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn get<D: Backend>(caller: Caller<D::Store>, params: Params) -> Answer {
    let params = params.only(&["path", "name", "follow", "layer"])?;
    caller.allow(Scope::Read)?;
    let location = caller
        .locate_in(params.text("layer")?, params.required("path")?)
        .await?;
    let (fs, who) = (&caller.files.fs, &caller.who);
    let attr = fs.resolve(who, location.path(), follow(&params)?).await?;
    if let Some(name) = params.bytes("name") {
        let value = fs.getxattr(who, attr.ino, name).await?;
        return Ok(([(header::CONTENT_TYPE, "application/octet-stream")], value).into_response());
    }
    let names = fs.listxattr(who, attr.ino).await?;
    let names = names.into_iter().map(Text).collect();
    Ok(Json(Names { names }).into_response())
}

/// Set an extended attribute
#[utoipa::path(put, path = "/xattrs/{tenant}", tag = "attributes",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("path" = String, Query, description = "The path, as percent-encoded bytes"),
        ("name" = String, Query, description = "The attribute, such as user.note"),
        ("follow" = Option<bool>, Query, description = "`false`: that of a symbolic link itself"),
    ),
    request_body(content_type = "application/octet-stream", description = "The value, to 64 KiB"),
    responses((status = 204, description = "Set"), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn put<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
    body: Body,
) -> Answer {
    let mut pieces = Pieces::new(body, app.options().patience, None);
    let value = pieces.next(VALUE_MAX).await?;
    if !pieces.is_over().await? {
        return Err(Problem::from(tarbox_store::ErrorKind::TooBig).because("a value has 64 KiB at most"));
    }
    set(app, caller, params, Some(value)).await
}

/// Remove an extended attribute
#[utoipa::path(delete, path = "/xattrs/{tenant}", tag = "attributes",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("path" = String, Query, description = "The path, as percent-encoded bytes"),
        ("name" = String, Query, description = "The attribute, such as user.note"),
        ("follow" = Option<bool>, Query, description = "`false`: that of a symbolic link itself"),
    ),
    responses((status = 204, description = "Removed"), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn delete<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
) -> Answer {
    set(app, caller, params, None).await
}

async fn set<D: Backend>(
    app: App<D>,
    caller: Caller<D::Store>,
    params: Params,
    value: Option<Vec<u8>>,
) -> Answer<Response> {
    let params = params.only(&["path", "name", "follow"])?;
    caller.allow(Scope::Write)?;
    let name = params.required("name")?.to_vec();
    let follow = follow(&params)?;
    let location = caller.locate(params.required("path")?).await?;
    let set = async move || {
        let (fs, who) = (&caller.files.fs, &caller.who);
        let attr = fs.resolve(who, location.path(), follow).await?;
        fs.setxattr(who, attr.ino, &name, value.as_deref(), XattrMode::Any)
            .await?;
        fs.store().sync().await?;
        Ok(StatusCode::NO_CONTENT.into_response())
    };
    app.work(set).await
}
