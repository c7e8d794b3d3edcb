//! Links.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tarbox_fs::{FilesystemExt, Follow};
use tarbox_store::{Scope, Store};
use utoipa::ToSchema;

use crate::app::{App, Backend};
use crate::auth::Caller;
use crate::body::object;
use crate::json::Attributes;
use crate::params::Params;
use crate::problem::{Answer, Problem};
use crate::text::Text;

/// What a symbolic link says.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Target {
    target: Text,
}

/// Read a symbolic link
#[utoipa::path(get, path = "/links/{tenant}", tag = "links",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("path" = String, Query, description = "The path, as percent-encoded bytes"),
        ("layer" = Option<String>, Query, description = "Read a sealed layer: its name, tag or number"),
    ),
    responses((status = 200, body = Target), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn get<D: Backend>(caller: Caller<D::Store>, params: Params) -> Answer<Json<Target>> {
    let params = params.only(&["path", "layer"])?;
    caller.allow(Scope::Read)?;
    let location = caller
        .locate_in(params.text("layer")?, params.required("path")?)
        .await?;
    let target = caller.files.fs.read_link(&caller.who, location.path()).await?;
    Ok(Json(Target { target: Text(target) }))
}

/// A link to make: with `target` a symbolic one, with `existing` another name of a file.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLink {
    /// Its path.
    path: Text,
    /// What a symbolic link says.
    target: Option<Text>,
    /// The file that is to have another name.
    existing: Option<Text>,
}

/// Make a link
#[utoipa::path(post, path = "/links/{tenant}", tag = "links",
    params(("tenant" = String, Path, description = "The tenant")),
    request_body = NewLink,
    responses((status = 201, body = Attributes), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn make<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
    body: Body,
) -> Answer<(StatusCode, Json<Attributes>)> {
    params.only(&[])?;
    caller.allow(Scope::Write)?;
    let new: NewLink = object(body, app.options().patience).await?;
    let location = caller.locate(&new.path.0).await?;
    let existing = match &new.existing {
        Some(path) => Some(caller.locate(&path.0).await?),
        None => None,
    };
    let make = async move || {
        let (fs, who) = (&caller.files.fs, &caller.who);
        let attr = match (&new.target, &existing) {
            (Some(target), None) => fs.symlink_path(who, &target.0, location.path()).await?,
            (None, Some(existing)) => {
                fs.hard_link(who, existing.path(), location.path(), Follow::No)
                    .await?
            }
            _ => return Err(Problem::bad_request("a link has either 'target' or 'existing'")),
        };
        fs.store().sync().await?;
        Ok(attr)
    };
    let attr = app.work(make).await?;
    Ok((StatusCode::CREATED, Json(Attributes::from(&attr))))
}
