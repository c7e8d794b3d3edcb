//! Why a request was refused as a whole.

use std::fmt;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tarbox_protocol::WireError;
use tarbox_store::{Error, ErrorKind};

/// A request of which nothing was executed.
#[derive(Debug)]
pub enum Refusal {
    /// It is no batch, or over a limit.
    Wire(WireError),
    /// It is in no encoding that is known here.
    MediaType,
    /// Its body is over the limit.
    TooLarge,
    /// The key may not do that.
    Forbidden(&'static str),
    /// Nobody said who calls.
    Unauthenticated,
    /// The tenant cannot be had.
    Tenant(Error),
    /// The session has ended, or was never there.
    NoSession,
    /// The number of the batch in its slot is one of the past, or was another batch's.
    Misordered,
    /// What the batch answers may be too long, or too long to be kept for a retry.
    ReplyTooLong,
    /// The tenant has as many sessions as it can.
    TooManySessions,
    /// `atomic` was asked for, and the batch holds something else than looks and, behind them, changes of files.
    Atomic,
    /// The server is about to end.
    Closing,
    /// The server failed.
    Internal,
}

impl Refusal {
    /// Its word in the problem's `code`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Wire(WireError::Limit(_)) => "limit",
            Self::Wire(_) => "malformed",
            Self::MediaType => "media-type",
            Self::TooLarge => "too-large",
            Self::Forbidden(_) => "forbidden",
            Self::Unauthenticated => "unauthenticated",
            Self::Tenant(error) => error.kind().code(),
            Self::NoSession => "no-session",
            Self::Misordered => "misordered",
            Self::ReplyTooLong => "reply-too-long",
            Self::TooManySessions => "too-many-sessions",
            Self::Atomic => "not-atomic",
            Self::Closing => "closing",
            Self::Internal => "internal",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Wire(_) | Self::ReplyTooLong => StatusCode::BAD_REQUEST,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Tenant(error) => match error.kind() {
                ErrorKind::NotFound => StatusCode::NOT_FOUND,
                ErrorKind::Suspended => StatusCode::FORBIDDEN,
                ErrorKind::Invalid | ErrorKind::NameTooLong => StatusCode::BAD_REQUEST,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            },
            Self::NoSession | Self::Misordered => StatusCode::CONFLICT,
            Self::TooManySessions => StatusCode::TOO_MANY_REQUESTS,
            Self::Atomic => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Closing => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wire(error) => error.fmt(f),
            Self::MediaType => f.write_str(
                "a batch is application/vnd.tarbox.ops.v1 or application/json: client and server are of different versions",
            ),
            Self::TooLarge => f.write_str("a request has at most 17 MiB"),
            Self::Forbidden(why) => f.write_str(why),
            Self::Unauthenticated => f.write_str("a key is needed"),
            // What lies underneath stays here.
            Self::Tenant(error) => f.write_str(error.detail().unwrap_or(error.kind().text())),
            Self::NoSession => f.write_str("the session has ended; open another"),
            Self::Misordered => f.write_str("a later or another batch was sent in this slot"),
            Self::ReplyTooLong => {
                f.write_str("the reply may be over 80 MiB, or over 256 KiB in a slot; split the batch")
            }
            Self::TooManySessions => f.write_str("the tenant has as many sessions as it can; close some"),
            Self::Atomic => f.write_str(
                "an atomic batch holds calls that look, and behind them changes of files; send others without 'atomic'",
            ),
            Self::Closing => f.write_str("the server is about to end; try again"),
            Self::Internal => f.write_str("the server failed; its log says more"),
        }
    }
}

impl From<WireError> for Refusal {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

impl IntoResponse for Refusal {
    /// A problem as in RFC 9457.
    fn into_response(self) -> Response {
        let status = self.status();
        let mut problem = serde_json::json!({
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "detail": self.to_string(),
            "code": self.code(),
        });
        if let Self::Tenant(error) = &self {
            problem["errno"] = error.kind().errno().into();
        }
        let mut response = (status, problem.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if matches!(self, Self::Closing | Self::TooManySessions) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
