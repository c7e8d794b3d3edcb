//! The document that describes the API, and the page that shows it.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi, ToResponse};

use crate::problem::Body;
use crate::routes::*;

/// There is no such file, layer or tenant.
#[derive(ToResponse)]
#[response(
    description = "There is no such file, layer or tenant",
    content_type = "application/problem+json"
)]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct NoSuch(Body);

/// Why the request failed.
#[derive(ToResponse)]
#[response(
    description = "Why the request failed",
    content_type = "application/problem+json"
)]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct Other(Body);

struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A key of 'tarbox key create'"))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("key", SecurityScheme::Http(bearer));
    }
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tarbox",
        description = "The workspaces of a Tarbox database. Paths are bytes, percent-encoded in the query: encode a space as %20 and + as %2B. \
                       In JSON, bytes are a string where they are UTF-8, and {\"base64\": …} elsewhere. Times are nanoseconds since 1970 as a number. \
                       Whatever fails is answered by a problem (RFC 9457) with the code and errno that POSIX gives it.",
    ),
    servers((url = "/api/v1")),
    security(("key" = [])),
    modifiers(&Keys),
    components(responses(NoSuch, Other), schemas(Body)),
    paths(
        archive::pack, archive::unpack,
        attributes::get, attributes::patch,
        audit::query,
        blocks::list, blocks::have, blocks::get, blocks::put,
        calls::read, calls::write,
        content::get, content::put, content::patch, content::delete,
        directories::list, directories::make,
        events::watch,
        inodes::get,
        layers::list, layers::checkpoint, layers::current, layers::switch, layers::diff, layers::squash,
        layers::tag, layers::untag, layers::get, layers::drop_layer,
        links::get, links::make,
        moves::rename, moves::copy,
        system::version, system::capabilities, system::gc, system::fsck,
        tenants::list, tenants::create, tenants::get, tenants::change, tenants::delete, tenants::usage,
        workspace::call, workspace::feed,
        xattrs::get, xattrs::put, xattrs::delete,
    ),
)]
struct Document;

/// The document, as OpenAPI 3.1 has it.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// The same as a value. A parameter that is not there is not there: none is null. Each response has a description, as the
/// standard wants it.
pub(crate) fn value() -> serde_json::Value {
    let mut document = serde_json::to_value(document()).unwrap_or_default();
    let items = document["paths"].as_object_mut().into_iter().flatten();
    for (_, operation) in items.filter_map(|(_, item)| item.as_object_mut()).flatten() {
        let parameters = operation
            .get_mut("parameters")
            .and_then(|list| list.as_array_mut());
        for parameter in parameters.into_iter().flatten() {
            if let Some(kinds) = parameter
                .pointer_mut("/schema/type")
                .and_then(|kinds| kinds.as_array_mut())
            {
                kinds.retain(|kind| kind != "null");
            }
        }
        let responses = operation.get_mut("responses").and_then(|all| all.as_object_mut());
        for (status, response) in responses.into_iter().flatten() {
            let is_told = response.get("$ref").is_some() || response.get("description").is_some();
            if let Some(response) = response.as_object_mut().filter(|_| !is_told) {
                let status = StatusCode::from_bytes(status.as_bytes()).ok();
                let reason = status.and_then(|status| status.canonical_reason());
                response.insert("description".into(), reason.unwrap_or("The answer").into());
            }
        }
    }
    document
}

/// The document as JSON.
pub(crate) async fn json() -> Response {
    let body = value().to_string();
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// A page that shows the document. It asks for nothing from elsewhere.
pub(crate) async fn page() -> Response {
    const POLICY: &str =
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'";
    asset(
        "text/html; charset=utf-8",
        include_str!("docs/index.html"),
        POLICY,
    )
}

pub(crate) async fn script() -> Response {
    asset(
        "text/javascript; charset=utf-8",
        include_str!("docs/docs.js"),
        "default-src 'none'",
    )
}

pub(crate) async fn style() -> Response {
    asset(
        "text/css; charset=utf-8",
        include_str!("docs/docs.css"),
        "default-src 'none'",
    )
}

fn asset(kind: &'static str, text: &'static str, policy: &'static str) -> Response {
    let mut response = ([(header::CONTENT_TYPE, kind)], text).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
