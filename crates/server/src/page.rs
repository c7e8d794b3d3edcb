//! The playground, on the workspace of whoever signs in with a key; in the program where it was built with one.

use std::borrow::Cow;

use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};

use crate::api;

/// Names below the page, and what they are.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/playground.rs"));
/// What the page may load and do; it says the rest itself.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob:; object-src 'none'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);
/// By this the page knows that it comes from a server.
const MARK: &str = "<meta name=\"tarbox-server\" content=\"\" /></head>";

fn file(name: &str) -> Option<&'static [u8]> {
    FILES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, content)| *content)
}

/// The page; without one, what describes the API.
pub(crate) async fn index() -> Response {
    let Some(page) = file("index.html") else {
        return Redirect::temporary("/docs").into_response();
    };
    let page = String::from_utf8_lossy(page).replacen("</head>", MARK, 1);
    answer("index.html", Cow::Owned(page.into_bytes()))
}

/// What the page needs.
pub(crate) async fn asset(Path(name): Path<String>) -> Response {
    at(&format!("assets/{name}"))
}

/// The files beside the page.
pub(crate) async fn beside(uri: axum::http::Uri) -> Response {
    at(uri.path().trim_start_matches('/'))
}

/// What lies beside the page, by its name.
pub(crate) const BESIDE: &[&str] = &[
    "/icon.svg",
    "/icon-maskable.svg",
    "/licences.txt",
    "/manifest.webmanifest",
    "/theme.js",
];

fn at(name: &str) -> Response {
    match file(name) {
        Some(content) => answer(name, Cow::Borrowed(content)),
        None => futures_util::FutureExt::now_or_never(api::missing()).map_or_else(
            || crate::app::broken().into_response(),
            IntoResponse::into_response,
        ),
    }
}

fn answer(name: &str, content: Cow<'static, [u8]>) -> Response {
    let kind = match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "wasm" => "application/wasm",
        "woff2" => "font/woff2",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    };
    // The names of assets change with their content.
    let kept = match name.starts_with("assets/") {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    let mut response = match content {
        Cow::Borrowed(content) => content.into_response(),
        Cow::Owned(content) => content.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    response
}
