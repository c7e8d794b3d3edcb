//! The tools of agents at `/mcp`: each request is bounded by its key.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::middleware;
use axum::response::IntoResponse as _;
use axum::routing::any;
use axum::{Router, http::HeaderValue, http::header};
use rmcp::ErrorData;
use rmcp::model::Extensions;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tarbox_mcp::{Agent, Desk, Desks};
use tower_http::limit::RequestBodyLimitLayer;

use crate::app::{App, Backend};
use crate::auth::{self, Caller};
use crate::calls;

/// Bytes of a request.
const BODY_MAX: usize = 16 << 20;

/// The desks of those who have keys.
struct ByKey<D: Backend>(App<D>);

impl<D: Backend> Clone for ByKey<D> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<D: Backend> Desks for ByKey<D> {
    type Place = calls::Served<D>;

    async fn desk(&self, extensions: &Extensions) -> Result<Desk<calls::Served<D>>, ErrorData> {
        let caller = extensions
            .get::<Parts>()
            .and_then(|parts| parts.extensions.get::<Caller<D::Store>>())
            .ok_or_else(|| ErrorData::internal_error("the request has no key", None))?;
        let workspace = calls::workspace(&self.0, caller, Some("mcp"), 1).await;
        let workspace = workspace.map_err(|e| ErrorData::internal_error(e.code(), None))?;
        Ok(Desk::new(workspace, caller.key.scope))
    }
}

pub(crate) fn routes<D: Backend>(app: &App<D>) -> Router<App<D>> {
    // Which names and origins are ours is decided at the edge; pages of others are refused by browsers unless CORS lets them in.
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .disable_allowed_hosts();
    let desks = ByKey(app.clone());
    let agent = move || Ok(Agent::new(desks.clone()));
    let service = StreamableHttpService::new(agent, Arc::new(NeverSessionManager::default()), config);
    let handle = move |request: Request| {
        let service = service.clone();
        async move {
            let mut response = service.handle(request).await.map(Body::new);
            // What is said to one is nobody else's.
            response
                .headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response.into_response()
        }
    };
    Router::new()
        .route("/mcp", any(handle))
        .layer(RequestBodyLimitLayer::new(BODY_MAX))
        .layer(middleware::from_fn_with_state(
            app.clone(),
            auth::identify_own::<D>,
        ))
}
