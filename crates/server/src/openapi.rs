//! The document that describes the API, and the page that shows it.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
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
        contact(name = "Tarbox", url = "https://github.com/tarbox/tarbox"),
        license(name = "Apache-2.0", url = "https://www.apache.org/licenses/LICENSE-2.0"),
        description = "The workspaces of a Tarbox database. Paths are bytes, percent-encoded in the query: encode a space as %20 and + as %2B. \
                       In JSON, bytes are a string where they are UTF-8, and {\"base64\": …} elsewhere. Times are nanoseconds since 1970 as a number. \
                       Whatever fails is answered by a problem (RFC 9457) with the code and errno that POSIX gives it.",
    ),
    servers((url = "/api/v1")),
    tags(
        (name = "archive", description = "Whole trees as tar archives"),
        (name = "attributes", description = "Modes, owners, times and extended attributes"),
        (name = "audit", description = "Who changed what, and what changes now"),
        (name = "blocks", description = "Parts of files by their hashes"),
        (name = "directories", description = "What is in a directory"),
        (name = "files", description = "Content, and moving, copying and deleting it"),
        (name = "layers", description = "Checkpoints, past states, and what differs between them"),
        (name = "links", description = "Symbolic and hard links"),
        (name = "npm package", description = "Batches of calls of the npm package"),
        (name = "system", description = "The server and its database"),
        (name = "tenants", description = "Workspaces, quotas and usage"),
    ),
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

/// The same as a value, with what the standard wants and what generators of clients need. A parameter that is not there is not
/// there: none is null.
pub(crate) fn value() -> Value {
    let mut document = serde_json::to_value(document()).unwrap_or_default();
    give_items(&mut document);
    let items = document["paths"].as_object_mut().into_iter().flatten();
    for (path, item) in items {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            operation["operationId"] = operation_id(method, path).into();
            if operation.get("description").is_none() {
                operation["description"] = operation["summary"].clone();
            }
            complete(operation);
        }
    }
    document
}

/// The method and the path as one word, which is that of no other operation: `getLayersDiff`, `deleteLayersByLayer`.
fn operation_id(method: &str, path: &str) -> String {
    let mut id = method.to_owned();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let (by, word) = match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            // Nearly all are of a tenant.
            Some("tenant") if !path.starts_with("/tenants") => continue,
            Some(word) => ("By", word),
            None => ("", part),
        };
        let (first, rest) = word.split_at(word.len().min(1));
        id.extend([by, &first.to_ascii_uppercase(), rest]);
    }
    id
}

/// Gives responses descriptions, and takes null from parameters.
fn complete(operation: &mut Value) {
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

/// A pair is an array of two: said so that those understand it, too, who do not know `prefixItems`.
fn give_items(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields.get("items") == Some(&Value::Bool(false))
                && let Some(Value::Array(all)) = fields.remove("prefixItems")
                && let Some(first) = all.first().cloned()
            {
                fields.extend([
                    ("items".to_owned(), first),
                    ("minItems".to_owned(), all.len().into()),
                    ("maxItems".to_owned(), all.len().into()),
                ]);
            }
            fields.values_mut().for_each(give_items);
        }
        Value::Array(items) => items.iter_mut().for_each(give_items),
        _ => {}
    }
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
