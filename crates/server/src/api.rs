//! Every route of the server.

use axum::routing::{MethodRouter, get};
use axum::{Router, middleware};

use crate::app::{App, Backend};
use crate::routes::*;
use crate::{auth, dav, mcp, openapi, remote};

/// Lists the routes once: for the router, and for the test that the document has all of them.
macro_rules! routes {
    ($($path:literal: $($method:ident $module:ident::$handler:ident),*;)*) => {
        /// Method and path of every route below `/api/v1`.
        #[cfg(test)]
        pub(crate) const ROUTES: &[(&str, &str)] = &[$($((stringify!($method), $path)),*),*];

        fn resources<D: Backend>() -> Router<App<D>> {
            Router::new()$(.route($path, MethodRouter::new()$(.$method($module::$handler::<D>))*))*
        }
    };
}

routes! {
    "/tenants": get tenants::list, post tenants::create;
    "/tenants/{tenant}": get tenants::get, patch tenants::change, delete tenants::delete;
    "/usage/{tenant}": get tenants::usage;
    "/files/{tenant}": get content::get, put content::put, patch content::patch, delete content::delete;
    "/files/{tenant}/read": post calls::read;
    "/files/{tenant}/write": post calls::write;
    "/blocks/{tenant}": get blocks::list, put blocks::put;
    "/blocks/{tenant}/have": post blocks::have;
    "/blocks/{tenant}/{hash}": get blocks::get;
    "/directories/{tenant}": get directories::list, post directories::make;
    "/attributes/{tenant}": get attributes::get, patch attributes::patch;
    "/inodes/{tenant}/{inode}": get inodes::get;
    "/xattrs/{tenant}": get xattrs::get, put xattrs::put, delete xattrs::delete;
    "/links/{tenant}": get links::get, post links::make;
    "/rename/{tenant}": post moves::rename;
    "/copy/{tenant}": post moves::copy;
    "/layers/{tenant}": get layers::list, post layers::checkpoint;
    "/layers/{tenant}/current": get layers::current, put layers::switch;
    "/layers/{tenant}/diff": get layers::diff;
    "/layers/{tenant}/squash": post layers::squash;
    "/layers/{tenant}/tags/{tag}": put layers::tag, delete layers::untag;
    "/layers/{tenant}/{layer}": get layers::get, delete layers::drop_layer;
    "/audit/{tenant}": get audit::query;
    "/watch/{tenant}": get events::watch;
    "/workspace/{tenant}": post workspace::call;
    "/workspace/{tenant}/feed": get workspace::feed;
    "/archive/{tenant}": get archive::pack, put archive::unpack;
    "/system/version": get system::version;
    "/system/capabilities": get system::capabilities;
    "/system/gc": post system::gc;
    "/system/fsck": post system::fsck;
}

/// Everything that needs a key, below `/api/v1`.
pub(crate) fn api<D: Backend>(app: &App<D>) -> Router<App<D>> {
    let routes = resources::<D>()
        .fallback(missing)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(app.clone(), auth::identify::<D>));
    let router = match app.options().mcp {
        true => mcp::routes(app),
        false => Router::new(),
    };
    router
        .nest("/api/v1", routes)
        .merge(remote::routes(app))
        .merge(dav::routes(app))
        .route("/api/v1/openapi.json", get(openapi::json))
        .route("/docs", get(openapi::page))
        .route("/docs/docs.js", get(openapi::script))
        .route("/docs/docs.css", get(openapi::style))
}

/// There is no such resource.
pub(crate) async fn missing() -> crate::Problem {
    crate::Problem::new(
        axum::http::StatusCode::NOT_FOUND,
        "NO_ROUTE",
        "there is no such resource",
    )
    .because("/docs shows all that there are")
}

/// The resource does not know this method.
pub(crate) async fn wrong_method() -> crate::Problem {
    crate::Problem::new(
        axum::http::StatusCode::METHOD_NOT_ALLOWED,
        "METHOD_NOT_ALLOWED",
        "the resource does not know this method",
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::ROUTES;

    #[test]
    fn every_route_is_in_the_document_and_nothing_else() {
        let document = crate::openapi::value();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        let (mut documented, mut ids) = (BTreeSet::new(), BTreeSet::new());
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                assert!(
                    operation["summary"].is_string(),
                    "{method} {path} says nothing of itself"
                );
                let id = operation["operationId"].as_str().unwrap();
                assert!(ids.insert(id), "{id} is the name of two operations");
                documented.insert((method.clone(), path.clone()));
            }
        }
        let routed: BTreeSet<_> = ROUTES
            .iter()
            .map(|(method, path)| (method.to_string(), path.to_string()))
            .collect();
        assert_eq!(documented, routed);
    }

    #[test]
    fn what_the_document_refers_to_is_in_it() {
        let document = crate::openapi::value();
        let mut waiting = vec![&document];
        while let Some(value) = waiting.pop() {
            if let Some(reference) = value.get("$ref").and_then(|reference| reference.as_str()) {
                let pointer = reference.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{reference}");
            }
            match value {
                serde_json::Value::Object(fields) => waiting.extend(fields.values()),
                serde_json::Value::Array(items) => waiting.extend(items),
                _ => {}
            }
        }
    }
}
