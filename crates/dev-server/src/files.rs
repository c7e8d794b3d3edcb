//! Answers with files.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use tower::ServiceExt as _;
use tower_http::services::ServeFile;

use crate::place::{Place, find};
use crate::{Site, listing, reload};

pub(crate) async fn serve(State(site): State<Arc<Site>>, request: Request) -> Response {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
    }
    let path = request.uri().path().to_owned();
    let answered = match find(&site.root, &path).await {
        Ok(Place::File(file)) => answer(&site, &file, request).await,
        Ok(Place::Directory(directory)) => listing::of(&directory, &path, site.reload).await,
        Ok(Place::NoSlash) => {
            Ok(Redirect::permanent(&format!("/{}/", path.trim_matches('/'))).into_response())
        }
        Err(error) => Err(error),
    };
    answered.unwrap_or_else(|error| refuse(&error))
}

fn refuse(error: &io::Error) -> Response {
    match error.kind() {
        io::ErrorKind::PermissionDenied => (StatusCode::FORBIDDEN, "Permission denied.\n"),
        io::ErrorKind::NotFound
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::InvalidInput
        | io::ErrorKind::InvalidFilename => (StatusCode::NOT_FOUND, "No such file.\n"),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "The file could not be read.\n"),
    }
    .into_response()
}

async fn answer(site: &Site, file: &Path, request: Request) -> io::Result<Response> {
    let tag = entity_tag(file).await?;
    if is_known(&request, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let is_page = file
        .extension()
        .is_some_and(|extension| extension == "html" || extension == "htm");
    let mut response = if is_page && site.reload {
        reload::page(tokio::fs::read(file).await?)
    } else {
        // The tag says more than the time, of which it is made.
        let mut request = request;
        request.headers_mut().remove(header::IF_MODIFIED_SINCE);
        if request
            .headers()
            .get(header::IF_RANGE)
            .is_some_and(|of| of != tag)
        {
            // A part of what has changed since would not fit the parts that the client has.
            request.headers_mut().remove(header::RANGE);
        }
        let Ok(response) = ServeFile::new(file).oneshot(request).await;
        response.map(Body::new)
    };
    response.headers_mut().insert(header::ETAG, tag);
    with_charset(&mut response);
    Ok(response)
}

/// Says that text is Unicode, as texts of today are.
fn with_charset(response: &mut Response) {
    let Some(kind) = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
    else {
        return;
    };
    let is_text = kind.starts_with("text/") || kind == "application/javascript";
    if is_text
        && !kind.contains("charset")
        && let Ok(kind) = HeaderValue::from_str(&format!("{kind}; charset=utf-8"))
    {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
}

/// What changes with the file: its length and the time of its last change.
async fn entity_tag(file: &Path) -> io::Result<HeaderValue> {
    let meta = tokio::fs::metadata(file).await?;
    let changed = meta
        .modified()?
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_nanos();
    HeaderValue::from_str(&format!("\"{changed:x}-{:x}\"", meta.len())).map_err(io::Error::other)
}

fn is_known(request: &Request, tag: &HeaderValue) -> bool {
    let known = request.headers().get_all(header::IF_NONE_MATCH).iter();
    known
        .filter_map(|tags| tags.to_str().ok())
        .flat_map(|tags| tags.split(','))
        .map(|known| known.trim().trim_start_matches("W/"))
        .any(|known| known == "*" || known.as_bytes() == tag.as_bytes())
}
