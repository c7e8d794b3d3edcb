//! Inodes by their number.

use axum::Json;
use axum::extract::Path;
use tarbox_fs::{FilesystemExt, FilesystemInterface, Follow};
use tarbox_store::{ErrorKind, Ino, Scope};

use crate::app::Backend;
use crate::auth::Caller;
use crate::json::Attributes;
use crate::params::Params;
use crate::problem::{Answer, Problem};
use crate::text::Text;

/// An inode, and where it is.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(crate) struct Inode {
    /// One of its paths.
    path: Text,
    #[serde(flatten)]
    attributes: Attributes,
}

/// Read an inode
///
/// By the number that other answers name; only where its path may be searched.
#[utoipa::path(get, path = "/inodes/{tenant}/{inode}", tag = "attributes",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("inode" = u64, Path, description = "The number"),
    ),
    responses((status = 200, body = Inode), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn get<D: Backend>(
    caller: Caller<D::Store>,
    Path((_, inode)): Path<(String, String)>,
    params: Params,
) -> Answer<Json<Inode>> {
    params.only(&[])?;
    caller.allow(Scope::Read)?;
    let number = inode
        .parse()
        .map_err(|_| Problem::bad_request("an inode is a number"))?;
    // Those of snapshots and control files have no number that lasts.
    let none = || Problem::from(ErrorKind::NotFound).because("there is no such inode");
    let ino = Ino(number);
    if number >= Ino::LIMIT {
        return Err(none());
    }
    let fs = &caller.files.fs;
    let path = fs.path_of(ino).await.map_err(|_| none())?;
    let shown = caller.shown(&path).ok_or_else(none)?;
    let location = caller.locate(&shown).await?;
    let attr = fs.resolve(&caller.who, location.path(), Follow::No).await?;
    match attr.ino == ino {
        true => Ok(Json(Inode {
            path: Text(shown),
            attributes: Attributes::from(&attr),
        })),
        false => Err(none()),
    }
}
