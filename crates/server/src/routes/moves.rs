//! Renaming and copying.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tarbox_fs::FilesystemExt;
use tarbox_store::{RenameMode, Scope, Store};
use utoipa::ToSchema;

use crate::app::{App, Backend};
use crate::auth::Caller;
use crate::body::object;
use crate::params::Params;
use crate::problem::Answer;
use crate::text::Text;

/// A move.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Move {
    /// What is moved.
    from: Text,
    /// Where it goes: the name itself, not a directory to put it in.
    to: Text,
    /// What is done about something that is there.
    #[serde(default)]
    mode: Mode,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    /// It goes.
    #[default]
    Replace,
    /// Nothing is moved.
    NoReplace,
    /// The two are swapped.
    Exchange,
}

/// Move a file or directory
#[utoipa::path(post, path = "/rename/{tenant}", tag = "files",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send again"),
    ),
    request_body = Move,
    responses((status = 204, description = "Moved"), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn rename<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
    body: Body,
) -> Answer<StatusCode> {
    params.only(&[])?;
    caller.allow(Scope::Write)?;
    let wanted: Move = object(body, app.options().patience).await?;
    let (from, to) = (
        caller.locate(&wanted.from.0).await?,
        caller.locate(&wanted.to.0).await?,
    );
    let mode = match wanted.mode {
        Mode::Replace => RenameMode::Replace,
        Mode::NoReplace => RenameMode::NoReplace,
        Mode::Exchange => RenameMode::Exchange,
    };
    let rename = async move || {
        let files = &caller.files;
        let shared = files
            .conditional
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        files
            .fs
            .rename_path(&caller.who, from.path(), to.path(), mode)
            .await?;
        drop(shared);
        files.fs.store().sync().await?;
        Ok(StatusCode::NO_CONTENT)
    };
    app.work(rename).await
}

/// A copy.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Copy {
    /// What is copied.
    from: Text,
    /// Where it goes.
    to: Text,
    /// Copies a directory with all in it.
    #[serde(default)]
    recursive: bool,
}

/// What was copied.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Copied {
    /// Bytes. Whole blocks are shared, and take no room.
    bytes: u64,
}

/// Copy a file or directory
///
/// Blocks are shared: a large copy costs no more than a small one. A recursive copy that fails leaves what it has made until then.
#[utoipa::path(post, path = "/copy/{tenant}", tag = "files",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send again"),
    ),
    request_body = Copy,
    responses((status = 200, body = Copied), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn copy<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
    body: Body,
) -> Answer<Json<Copied>> {
    params.only(&[])?;
    caller.allow(Scope::Write)?;
    let wanted: Copy = object(body, app.options().patience).await?;
    let (from, to) = (
        caller.locate(&wanted.from.0).await?,
        caller.locate(&wanted.to.0).await?,
    );
    let copy = async move || {
        let (fs, who) = (&caller.files.fs, &caller.who);
        let bytes = match wanted.recursive {
            true => fs.copy_tree(who, from.path(), to.path()).await?,
            false => fs.copy(who, from.path(), to.path()).await?,
        };
        fs.store().sync().await?;
        Ok(Json(Copied { bytes }))
    };
    app.work(copy).await
}
