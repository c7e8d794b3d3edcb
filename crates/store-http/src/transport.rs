//! What carries a request, and what else a client needs of its surroundings: time and a task beside it.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use tarbox_store::{MaybeSend, MaybeSync};

/// Carries requests to one server.
pub trait Transport: MaybeSend + MaybeSync + 'static {
    /// Posts a body and waits for all of the response, but not longer than the request says.
    ///
    /// # Errors
    /// That there is no whole response.
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, Lost>> + MaybeSend;

    /// Returns after this time.
    fn pause(&self, time: Duration) -> impl Future<Output = ()> + MaybeSend;

    /// How long it is since some moment.
    fn now(&self) -> Duration;

    /// Runs a task beside the caller, to its end. Answers whether that is possible here: where it is not, nothing is cached.
    fn spawn(&self, task: impl Future<Output = ()> + MaybeSend + 'static) -> bool;
}

/// One request: a `POST`.
#[derive(Debug, Clone)]
pub struct Request {
    /// Path of the URL, percent-encoded.
    pub path: String,
    /// The media type of the body, and of the response.
    pub media_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
    /// How long the whole exchange may take.
    pub timeout: Duration,
}

/// One response.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The seconds of `Retry-After`.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Vec<u8>,
}

/// There is no response.
#[derive(Debug)]
pub struct Lost {
    /// Whether the server may have seen the request.
    pub maybe_sent: bool,
    /// Whether another try may succeed. A certificate that is not trusted stays so.
    pub hopeless: bool,
    /// What happened.
    pub source: Box<dyn Error + Send + Sync>,
}
