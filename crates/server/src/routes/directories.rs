//! Directories.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use tarbox_fs::{FilesystemExt, FilesystemInterface, NewNode, OpenFlags};
use tarbox_store::{Scope, Store};
use utoipa::ToSchema;

use crate::answer::octal;
use crate::app::{App, Backend};
use crate::auth::Caller;
use crate::body::object;
use crate::json::{Attributes, Page};
use crate::params::Params;
use crate::problem::Answer;
use crate::text::Text;

/// List a directory
///
/// Page by page. An entry that lives through the whole listing comes exactly once, whatever else changes meanwhile.
#[utoipa::path(get, path = "/directories/{tenant}", tag = "directories",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("path" = Option<String>, Query, description = "The path, as percent-encoded bytes; without it the root"),
        ("after" = Option<u64>, Query, description = "The `next` of the page before"),
        ("limit" = Option<u64>, Query, description = "Entries, to 10,000; 1,000 if nothing is said"),
        ("layer" = Option<String>, Query, description = "Read a sealed layer: its name, tag or number"),
    ),
    responses((status = 200, body = Page), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn list<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
) -> Answer<Json<Page>> {
    let params = params.only(&["path", "after", "limit", "layer"])?;
    caller.allow(Scope::Read)?;
    let (after, limit) = Page::wanted(&params)?;
    let location = caller
        .locate_in(params.text("layer")?, params.bytes("path").unwrap_or(b"/"))
        .await?;
    let read = async move || {
        let (fs, who) = (&caller.files.fs, &caller.who);
        let (_, handle) = fs
            .open_path(who, location.path(), OpenFlags::DIRECTORY, None)
            .await?;
        let page = fs.readdir(handle, after, limit).await;
        let closed = fs.release(handle).await;
        let page = page?;
        closed?;
        Ok(page)
    };
    let page = app.work(read).await?;
    Ok(Json(Page::of(page, limit)))
}

/// A directory to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDirectory {
    /// Its path.
    path: Text,
    /// Permission bits, octal; 0777 less the umask 022 if nothing is said.
    mode: Option<String>,
    /// Makes those that lead to it, too, and does nothing if it is there.
    #[serde(default)]
    parents: bool,
}

/// Make a directory
#[utoipa::path(post, path = "/directories/{tenant}", tag = "directories",
    params(("tenant" = String, Path, description = "The tenant")),
    request_body = NewDirectory,
    responses((status = 201, body = Attributes), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn make<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
    body: Body,
) -> Answer<(StatusCode, Json<Attributes>)> {
    params.only(&[])?;
    caller.allow(Scope::Write)?;
    let new: NewDirectory = object(body, app.options().patience).await?;
    let mode = new.mode.as_deref().map(octal).transpose()?;
    let location = caller.locate(&new.path.0).await?;
    let make = async move || {
        let (fs, who) = (&caller.files.fs, &caller.who);
        let attr = match new.parents {
            true => fs.create_dir_all(who, location.path()).await?,
            false => {
                let node = NewNode::Directory {
                    mode: mode.unwrap_or(0o777),
                };
                fs.make_node(who, location.path(), node).await?
            }
        };
        fs.store().sync().await?;
        Ok(attr)
    };
    let attr = app.work(make).await?;
    Ok((StatusCode::CREATED, Json(Attributes::from(&attr))))
}
