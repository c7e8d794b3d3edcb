//! The addresses, which are those of `tarbox serve`, behind whatever the runtime puts before them.

use http::{Method, Response, StatusCode, header};
use serde::Deserialize;
use tarbox_fs::{FilesystemExt, FilesystemInterface, NewNode, OpenFlags};
use tarbox_rest::answer::octal;
use tarbox_rest::json::{Attributes, Layer, Layers, Page};
use tarbox_rest::location::{Location, layer_root};
use tarbox_rest::params::Params;
use tarbox_rest::problem::{Answer, Problem};
use tarbox_rest::text::Text;
use tarbox_store::{Ino, Store as _};

use crate::exchange::{Outgoing, Request};
use crate::files;
use crate::workspace::Workspace;

/// What every address has.
const API: &str = "/api/v1/";
/// Bytes of a body that is an object.
const OBJECT_MAX: usize = 1 << 20;

/// Answers a request, or says why not.
///
/// # Errors
/// What the answer is then to be.
pub(crate) async fn answer(w: &Workspace, request: &mut Request, out: &mut Outgoing) -> Answer<()> {
    let path = request.head.uri.path().to_owned();
    let nowhere = || {
        Problem::new(StatusCode::NOT_FOUND, "NO_ROUTE", "there is no such address")
            .because("addresses are …/api/v1/files/{tenant}, directories/{tenant} and layers/{tenant}")
    };
    let (_, route) = path.split_once(API).ok_or_else(nowhere)?;
    let parts: Vec<&str> = route.split('/').collect();
    let tenant = parts.get(1).copied().unwrap_or_default();
    if parts.len() > 1 && tenant != w.tenant {
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "NO_TENANT",
            "there is no such tenant",
        ));
    }
    let params = Params::parse(request.head.uri.query().unwrap_or_default())?;
    let method = request.head.method.clone();
    match (&parts[..], &method) {
        (["files", _], &Method::GET | &Method::HEAD) => files::read(w, params, request, out).await,
        (["files", _], &Method::PUT) => files::put(w, params, request, out).await,
        (["files", _], &Method::PATCH) => files::patch(w, params, request, out).await,
        (["files", _], &Method::DELETE) => files::delete(w, params, request, out).await,
        (["files", _], _) => Err(refused("GET, HEAD, PUT, PATCH, DELETE")),
        (["directories", _], &Method::GET) => list(w, params, out).await,
        (["directories", _], &Method::POST) => make(w, params, request, out).await,
        (["directories", _], _) => Err(refused("GET, POST")),
        (["layers", _], &Method::GET) => {
            params.only(&[])?;
            out.send_json(StatusCode::OK, &Layers::from(w.fs.store().layers().await?))
        }
        (["layers", _, layer], &Method::GET) => {
            params.only(&[])?;
            out.send_json(
                StatusCode::OK,
                &Layer::from(w.fs.store().find_layer(layer).await?),
            )
        }
        (["layers", ..], _) if parts.len() <= 3 => Err(refused("GET")),
        _ => Err(nowhere()),
    }
}

fn refused(allowed: &'static str) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "METHOD",
        "this address has no such method",
    )
    .with(header::ALLOW, allowed)
}

/// Where a path leads, in the workspace or in a layer.
pub(crate) async fn locate(w: &Workspace, layer: Option<&str>, path: &[u8]) -> Answer<Location> {
    let root = match layer {
        None => Ino::ROOT,
        Some(layer) => layer_root(&w.fs, &w.who, layer).await?,
    };
    Ok(Location::in_root(root, path))
}

async fn list(w: &Workspace, params: Params, out: &mut Outgoing) -> Answer<()> {
    let params = params.only(&["path", "after", "limit", "layer"])?;
    let (after, limit) = Page::wanted(&params)?;
    let location = locate(w, params.text("layer")?, params.bytes("path").unwrap_or(b"/")).await?;
    let opened =
        w.fs.open_path(&w.who, location.path(), OpenFlags::DIRECTORY, None);
    let (_, handle) = opened.await?;
    let page = w.fs.readdir(handle, after, limit).await;
    w.fs.release(handle).await?;
    out.send_json(StatusCode::OK, &Page::of(page?, limit))
}

/// A directory to make.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewDirectory {
    path: Text,
    mode: Option<String>,
    #[serde(default)]
    parents: bool,
}

async fn make(w: &Workspace, params: Params, request: &mut Request, out: &mut Outgoing) -> Answer<()> {
    params.only(&[])?;
    let body = request.next(OBJECT_MAX + 1)?;
    if body.len() > OBJECT_MAX {
        return Err(files::too_large());
    }
    let new: NewDirectory = serde_json::from_slice(&body)
        .map_err(|e| Problem::bad_request(format!("the body is not as it should be: {e}")))?;
    let mode = new.mode.as_deref().map(octal).transpose()?.unwrap_or(0o777);
    let location = Location::in_root(Ino::ROOT, &new.path.0);
    let attr = match new.parents {
        true => w.fs.create_dir_all(&w.who, location.path()).await?,
        false => {
            let node = NewNode::Directory { mode };
            w.fs.make_node(&w.who, location.path(), node).await?
        }
    };
    w.keep().await?;
    out.send_json(StatusCode::CREATED, &Attributes::from(&attr))
}

/// An answer that says only that it is done.
pub(crate) fn done() -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}
