//! WebDAV at `/dav`, for people's own tools: the files of the key's tenant. The crate `dav-server` knows the protocol; here is what
//! it works on, and who may.

mod file;
mod locks;
mod meta;
mod place;
mod props;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use dav_server::{DavConfig, DavMethod, DavMethodSet};
use futures_util::stream;
use tarbox_store::{Scope, Store};

use crate::app::{App, Backend};
use crate::auth::{self, Caller};
use crate::body::Pieces;
use crate::conditions::Conditions;
use crate::problem::{Answer, Problem};

pub(crate) use locks::Locks;
use place::Tree;

/// Where it is.
const PREFIX: &str = "/dav";
/// Pieces of what comes in.
const PIECE: usize = 256 << 10;
/// Bytes read at once of what goes out.
const READ: usize = 256 << 10;

pub(crate) fn routes<D: Backend>(app: &App<D>) -> Router<App<D>> {
    Router::new()
        .route("/dav", any(handle::<D>))
        .route("/dav/", any(handle::<D>))
        .route("/dav/{*path}", any(handle::<D>))
        .layer(middleware::from_fn_with_state(
            app.clone(),
            auth::identify_dav::<D>,
        ))
}

async fn handle<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    request: Request,
) -> Answer<Response> {
    caller.allow(Scope::Read)?;
    refuse_infinity(&request)?;
    let changes = !matches!(
        request.method().as_str(),
        "GET" | "HEAD" | "OPTIONS" | "PROPFIND" | "LOCK" | "UNLOCK"
    );
    let conditions = match *request.method() {
        Method::PUT => Conditions::of(request.headers())?,
        _ => Conditions::default(),
    };
    let tree = Tree::new(app.clone(), caller.clone(), Arc::new(conditions));
    let handler = DavConfig::new()
        .strip_prefix(PREFIX)
        .filesystem(Box::new(tree))
        .locksystem(Box::new(caller.files.locks.clone()))
        .principal(caller.key.id.clone())
        .hide_symlinks(false)
        .read_buf_size(READ)
        .methods(methods(caller.key.scope))
        .build_handler();
    let (mut parts, body) = request.into_parts();
    // It makes the library forget that there are limits.
    parts.headers.remove("x-litmus");
    let pieces = Pieces::new(body, app.options().patience, app.options().upload_max);
    let request = Request::from_parts(parts, Body::from_stream(in_pieces(pieces)));
    let response = handler.handle(request).await;
    if changes && response.status().is_success() {
        let files = caller.files.clone();
        app.work(async move || Ok(files.fs.store().sync().await?)).await?;
    }
    let mut response = response.map(Body::new);
    if response.status().is_server_error() && response.status() != StatusCode::INSUFFICIENT_STORAGE {
        tracing::error!(status = %response.status(), "a WebDAV request failed");
    }
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    Ok(response.into_response())
}

/// A whole tree would be an answer without end: clients ask for a directory at a time.
fn refuse_infinity(request: &Request) -> Answer<()> {
    let depth = request.headers().get("depth").map(HeaderValue::as_bytes);
    let is_infinite = request.method().as_str() == "PROPFIND"
        && depth.is_some_and(|depth| depth.eq_ignore_ascii_case(b"infinity"));
    match is_infinite {
        true => Err(Problem::new(
            StatusCode::FORBIDDEN,
            "FINITE_DEPTH",
            "directories are listed one at a time: with Depth 0 or 1",
        )),
        false => Ok(()),
    }
}

/// What a key of that scope may ask for.
fn methods(scope: Scope) -> DavMethodSet {
    let reads = [
        DavMethod::Get,
        DavMethod::Head,
        DavMethod::Options,
        DavMethod::PropFind,
    ];
    let writes = [
        DavMethod::Put,
        DavMethod::MkCol,
        DavMethod::Delete,
        DavMethod::Copy,
        DavMethod::Move,
        DavMethod::PropPatch,
        DavMethod::Lock,
        DavMethod::Unlock,
    ];
    let mut methods = DavMethodSet::none();
    for method in reads {
        methods.add(method);
    }
    for method in writes.into_iter().filter(|_| scope >= Scope::Write) {
        methods.add(method);
    }
    methods
}

/// The body of a request; what is wrong with it ends it.
fn in_pieces(pieces: Pieces) -> impl futures_util::Stream<Item = Result<Bytes, std::io::Error>> + Send {
    stream::unfold(Some(pieces), |pieces| async move {
        let mut pieces = pieces?;
        match pieces.next(PIECE).await {
            Ok(piece) if piece.is_empty() => None,
            Ok(piece) => Some((Ok(Bytes::from(piece)), Some(pieces))),
            Err(problem) => Some((Err(std::io::Error::other(problem.code())), None)),
        }
    })
}
