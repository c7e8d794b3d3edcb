//! A request by `wasi:http`.

use wasip3::http::client;
use wasip3::http::types::{Fields, Request, Response, Scheme};
use wasip3::wit_future;

/// What came of it, in a line.
pub(crate) async fn get(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (no_trailers, trailers) = wit_future::new(|| Ok(None));
    let (request, _sent) = Request::new(Fields::new(), None, trailers, None);
    drop(no_trailers);
    let scheme = match scheme {
        "https" => Scheme::Https,
        _ => Scheme::Http,
    };
    request.set_scheme(Some(&scheme)).unwrap();
    request.set_authority(Some(authority)).unwrap();
    request.set_path_with_query(Some(path)).unwrap();
    let response = match client::send(request).await {
        Ok(response) => response,
        Err(code) => return format!("{code:?}\n"),
    };
    let status = response.get_status_code();
    let (done, all_read) = wit_future::new(|| Ok(()));
    let (body, ended) = Response::consume_body(response, all_read);
    let bytes = body.collect().await;
    drop(done);
    match ended.await {
        Ok(_) => format!("{status}, {} bytes\n", bytes.len()),
        Err(code) => format!("{status}, {} bytes, then {code:?}\n", bytes.len()),
    }
}
