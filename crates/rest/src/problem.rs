//! Why a request failed, as RFC 9457 has it: one object for every error of the server.

use std::borrow::Cow;

use axum_core::body;
use axum_core::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use tarbox_store::{Error, ErrorKind};
use utoipa::ToSchema;

/// The result of a handler.
pub type Answer<T = Response> = Result<T, Problem>;

/// Why a request failed. In a box: it is rare, and every answer has room for it.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct Problem(Box<Body>);

/// What is sent of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Body {
    /// Always `about:blank`: `code` says what kind of problem it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status.
    #[serde(serialize_with = "number")]
    #[schema(value_type = u16)]
    status: StatusCode,
    /// A few words for people.
    title: Cow<'static, str>,
    /// What it was about, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The name of the error: POSIX's where it has one, else the server's own.
    code: &'static str,
    /// The number that Linux gives the error, where POSIX has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    errno: Option<i32>,
    /// What the error was about, a path for example.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// Hashes of blocks that are not there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    missing: Vec<String>,
    /// The request, as the header `x-request-id` names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    #[serde(skip)]
    headers: Vec<(HeaderName, HeaderValue)>,
}

fn number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl Problem {
    /// A problem that the server itself has with a request.
    pub fn new(status: StatusCode, code: &'static str, title: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Body {
            kind: "about:blank",
            status,
            title: title.into(),
            detail: None,
            code,
            errno: None,
            subject: None,
            missing: Vec::new(),
            request: None,
            headers: Vec::new(),
        }))
    }

    /// A request that makes no sense.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "BAD_REQUEST",
            "the request makes no sense",
        )
        .because(detail)
    }

    /// A key that may not do this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", "the key does not allow this").because(detail)
    }

    /// Says what it was about, and what to do.
    #[must_use]
    pub fn because(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Says which blocks are not there, by their hashes.
    #[must_use]
    pub fn missing(mut self, hashes: Vec<String>) -> Self {
        self.0.missing = hashes;
        self
    }

    /// The answer gets this header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: impl TryInto<HeaderValue>) -> Self {
        if let Ok(value) = value.try_into() {
            self.0.headers.push((name, value));
        }
        self
    }

    /// The answer gets this header in the place of one of that name, if it has one.
    #[must_use]
    pub fn instead(mut self, name: HeaderName, value: &'static str) -> Self {
        if self.0.headers.iter().any(|(known, _)| *known == name) {
            self.0.headers.retain(|(known, _)| *known != name);
            return self.with(name, value);
        }
        self
    }

    /// The answer that says it.
    pub fn to_http(&self) -> http::Response<Vec<u8>> {
        let mut response = http::Response::new(serde_json::to_vec(self).unwrap_or_default());
        *response.status_mut() = self.0.status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.extend(self.0.headers.iter().cloned());
        response
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The name of the error.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// Says which request it was, by its id.
    pub fn of_request(mut self, id: &str) -> Self {
        self.0.request = Some(id.to_owned());
        self
    }
}

/// The one translation of errors into statuses.
fn status(kind: ErrorKind) -> StatusCode {
    use ErrorKind::*;
    match kind {
        NotFound | NoData => StatusCode::NOT_FOUND,
        Access | NotPermitted | ReadOnly | Suspended => StatusCode::FORBIDDEN,
        Exists | NotDirectory | IsDirectory | NotEmpty | Busy | WouldBlock | Deadlock | NoSuchAddress => {
            StatusCode::CONFLICT
        }
        NoSpace | QuotaExceeded => StatusCode::INSUFFICIENT_STORAGE,
        FileTooLarge | TooBig => StatusCode::PAYLOAD_TOO_LARGE,
        Stale => StatusCode::GONE,
        Unsupported => StatusCode::UNPROCESSABLE_ENTITY,
        TooManyOpen => StatusCode::SERVICE_UNAVAILABLE,
        Corrupt | Io => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let kind = error.kind();
        let status = status(kind);
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(%error, "an operation failed");
        }
        let mut problem = Self::new(status, kind.code(), kind.text());
        problem.0.detail = error.detail().map(ToOwned::to_owned);
        problem.0.subject = error.subject().map(ToOwned::to_owned);
        problem.0.errno = Some(kind.errno());
        problem
    }
}

impl From<ErrorKind> for Problem {
    fn from(kind: ErrorKind) -> Self {
        Error::new(kind).into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.to_http().map(body::Body::from);
        // Whoever knows the request's id writes it in.
        response.extensions_mut().insert(self);
        response
    }
}
