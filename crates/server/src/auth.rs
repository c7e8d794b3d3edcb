//! Who asks: the key of a request, the tenant it names, and what the two come to.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tarbox_fs::Credentials;
use tarbox_store::{ErrorKind, Key, Scope, Store};

use crate::app::{App, Backend};
use crate::files::Files;
use crate::problem::{Answer, Problem};
use crate::token::Token;

/// Whoever has the key of this request. In the request's extensions wherever a key is asked for.
#[derive(Debug, Clone)]
pub struct Holder {
    /// The key.
    pub key: Arc<Key>,
    /// The user that it acts as.
    pub who: Credentials,
}

/// Who asks for what of which tenant. In the request's extensions wherever the path names a `{tenant}`.
#[derive(Debug)]
pub struct Caller<S: Store> {
    /// The tenant's name.
    pub tenant: Arc<str>,
    /// Its files.
    pub files: Arc<Files<S>>,
    /// The user that the key acts as; the audit names the key as its agent.
    pub who: Credentials,
    /// The key: its id, scope, and the directory it is confined to.
    pub key: Arc<Key>,
}

impl<S: Store> Clone for Caller<S> {
    fn clone(&self) -> Self {
        Self {
            tenant: self.tenant.clone(),
            files: self.files.clone(),
            who: self.who.clone(),
            key: self.key.clone(),
        }
    }
}

impl Holder {
    /// Whether the key may do this.
    ///
    /// # Errors
    /// `FORBIDDEN` if not.
    pub fn allow(&self, scope: Scope) -> Answer<()> {
        allow(&self.key, scope)
    }
}

impl<S: Store> Caller<S> {
    /// Whether the key may do this.
    ///
    /// # Errors
    /// `FORBIDDEN` if not.
    pub fn allow(&self, scope: Scope) -> Answer<()> {
        allow(&self.key, scope)
    }

    /// Whether the key may do this to the workspace as a whole.
    ///
    /// # Errors
    /// `FORBIDDEN` if not, or if the key is confined to a part of it.
    pub fn allow_all(&self, scope: Scope) -> Answer<()> {
        self.allow(scope)?;
        match self.is_confined() {
            true => Err(Problem::forbidden(
                "the key is confined to a part of the workspace",
            )),
            false => Ok(()),
        }
    }
}

fn allow(key: &Key, scope: Scope) -> Answer<()> {
    match key.scope >= scope {
        true => Ok(()),
        false => Err(Problem::forbidden(format!(
            "it has the scope '{}', and '{}' is needed",
            key.scope.word(),
            scope.word()
        ))),
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Holder {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Answer<Self> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(crate::app::broken)
    }
}

impl<D: Backend> FromRequestParts<App<D>> for Caller<D::Store> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App<D>) -> Answer<Self> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(crate::app::broken)
    }
}

/// Finds out who asks, before anything else is done; whoever may not ask learns nothing but that.
pub(crate) async fn identify<D: Backend>(
    State(app): State<App<D>>,
    params: Result<RawPathParams, RawPathParamsRejection>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip());
    let shown = presented(request.headers());
    let holder = match holder(&app, shown, peer).await {
        Ok(holder) => holder,
        Err(problem) => return problem.into_response(),
    };
    // A tenant is administered also while its files cannot be opened.
    let route = request.extensions().get::<MatchedPath>();
    let is_administered = route.is_some_and(|route| route.as_str().ends_with("/tenants/{tenant}"));
    let tenant = match &params {
        Ok(params) => params
            .iter()
            .find(|(name, _)| *name == "tenant")
            .map(|(_, value)| value),
        Err(RawPathParamsRejection::InvalidUtf8InPathParam(_)) => {
            return Problem::bad_request("a name in the path of the URL is not UTF-8").into_response();
        }
        // There are none.
        Err(_) => None,
    };
    if let Some(tenant) = tenant.filter(|_| !is_administered) {
        match caller(&app, &holder, tenant).await {
            Ok(caller) => request.extensions_mut().insert(caller),
            Err(problem) => return problem.into_response(),
        };
    }
    let tenant = tenant.map(ToOwned::to_owned);
    let id = holder.key.id.clone();
    request.extensions_mut().insert(holder);
    let mut response = crate::idempotency::once(&app, &id, request, next).await;
    if let Some(tenant) = tenant.filter(|_| response.status() == StatusCode::NOT_FOUND) {
        app.opened().forget_if_gone(&tenant).await;
    }
    response.extensions_mut().insert(KeyId(id));
    response
}

/// The same where it is the key's own tenant that is asked for.
pub(crate) async fn identify_own<D: Backend>(
    State(app): State<App<D>>,
    request: Request,
    next: Next,
) -> Response {
    let shown = presented(request.headers()).map(ToOwned::to_owned);
    pass_own(&app, shown, request, next)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

/// The same for WebDAV, whose clients know names and passwords: the password is the key. Elsewhere that is refused, since a
/// browser sends a password again wherever a page leads it.
pub(crate) async fn identify_dav<D: Backend>(
    State(app): State<App<D>>,
    request: Request,
    next: Next,
) -> Response {
    let shown = password(request.headers()).or_else(|| presented(request.headers()).map(ToOwned::to_owned));
    pass_own(&app, shown, request, next)
        .await
        .unwrap_or_else(|problem| {
            problem
                .instead(
                    header::WWW_AUTHENTICATE,
                    "Basic realm=\"tarbox\", charset=\"UTF-8\"",
                )
                .into_response()
        })
}

async fn pass_own<D: Backend>(
    app: &App<D>,
    shown: Option<String>,
    mut request: Request,
    next: Next,
) -> Answer<Response> {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip());
    let holder = holder(app, shown.as_deref(), peer).await?;
    let caller = caller(app, &holder, &holder.key.tenant).await?;
    let id = caller.key.id.clone();
    request.extensions_mut().insert(caller);
    let mut response = next.run(request).await;
    response.extensions_mut().insert(KeyId(id));
    Ok(response)
}

/// The password of Basic authentication; the name does not matter.
fn password(headers: &HeaderMap) -> Option<String> {
    use base64::Engine as _;
    let (scheme, text) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(text.trim())
        .ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.split_once(':').map(|(_, password)| password.to_owned())
}

/// The key of a request, for the log.
#[derive(Debug, Clone)]
pub(crate) struct KeyId(pub(crate) String);

async fn holder<D: Backend>(app: &App<D>, shown: Option<&str>, peer: Option<IpAddr>) -> Answer<Holder> {
    let refused = |detail: &str| {
        Problem::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "a valid key is needed")
            .because(detail)
            .with(header::WWW_AUTHENTICATE, "Bearer realm=\"tarbox\"")
    };
    let Some(text) = shown else {
        return Err(refused("send it as 'Authorization: Bearer tbx_…'"));
    };
    let guess = Token::parse(text);
    let key = match &guess {
        Some(token) => app.valid_key(token.id()).await?.filter(|key| token.is_of(key)),
        None => None,
    };
    let Some(key) = key else {
        app.limits().count_wrong(peer)?;
        tracing::warn!(?peer, "a key was refused");
        return Err(refused("this one is unknown, revoked or expired"));
    };
    app.limits().allow(&key.id)?;
    Ok(Holder {
        who: Credentials::new(key.uid, key.gid, format!("key:{}", key.id)),
        key: Arc::new(key),
    })
}

/// What was sent as a key.
fn presented(headers: &HeaderMap) -> Option<&str> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| token.trim());
    }
    headers.get("x-api-key")?.to_str().ok()
}

/// The files of the tenant that a request names, for whoever has the key.
async fn caller<D: Backend>(app: &App<D>, holder: &Holder, tenant: &str) -> Answer<Caller<D::Store>> {
    let key = &holder.key;
    if key.tenant != tenant && key.scope < Scope::Admin {
        tracing::warn!(key = key.id, tenant, "a key was used for another tenant");
        // The same whether there is one of this name or not.
        return Err(Problem::forbidden("it belongs to another tenant"));
    }
    let files = app
        .opened()
        .get(app.database(), tenant)
        .await
        .map_err(|e| match e.kind() {
            ErrorKind::NotFound => Problem::from(ErrorKind::NotFound).because("there is no such tenant"),
            _ => e.into(),
        })?;
    Ok(Caller {
        tenant: tenant.into(),
        files,
        who: holder.who.clone(),
        key: key.clone(),
    })
}

/// The key of a stream is not valid any more.
pub(crate) fn expired() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "a valid key is needed")
        .because("this one was revoked or has expired meanwhile")
}
