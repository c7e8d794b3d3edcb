//! Sends the requests that are allowed.

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::Body;
use hyper::header::{HOST, HeaderValue};
use hyper::http::uri::{Authority, Scheme};
use hyper::{Request, Response, Uri};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};
use wasmtime_wasi_http::p2::bindings::http::types as p2;
use wasmtime_wasi_http::p3::bindings::http::types as p3;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};
use wasmtime_wasi_io::bytes::Bytes;

use super::HttpAccess;
use super::hosts::Target;

/// A response, and what drives its connection on.
type Exchange = (Response<WasiBody>, Driver);
type Driver = Box<dyn Future<Output = Result<(), Error>> + Send>;

/// Sends what [`HttpAccess`] allows. Each request has a connection of its own, so what is open is what is asked.
#[derive(Debug)]
pub(crate) struct Sender {
    access: HttpAccess,
    slots: Arc<Semaphore>,
}

impl Sender {
    pub(crate) fn new(access: HttpAccess) -> Self {
        let slots = access.connections.min(Semaphore::MAX_PERMITS);
        Self {
            slots: Arc::new(Semaphore::new(slots)),
            access,
        }
    }

    /// Decides on a request, and points it at exactly what was decided on.
    fn admit(&self, request: &mut Request<WasiBody>) -> Result<(), Error> {
        let uri = request.uri();
        let usual = match uri.scheme() == Some(&Scheme::HTTP) {
            true => 80,
            false => 443,
        };
        let target = uri.authority().and_then(|it| Target::parse(it.as_str(), usual));
        let target = target.filter(|target| self.access.hosts.iter().any(|host| host.is(target)));
        let target = target.ok_or(Error::HttpRequestDenied)?.to_string();
        let mut parts = uri.clone().into_parts();
        parts.authority = Some(Authority::try_from(target.as_str()).map_err(|_| Error::HttpRequestDenied)?);
        *request.uri_mut() = Uri::from_parts(parts).map_err(|_| Error::HttpRequestUriInvalid)?;
        let host = HeaderValue::try_from(target).map_err(|_| Error::HttpRequestDenied)?;
        request.headers_mut().insert(HOST, host);
        Ok(())
    }
}

impl Sender {
    /// Sends a request, if it is allowed.
    pub(super) fn send(
        &self,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
    ) -> impl Future<Output = Result<Exchange, Error>> + Send + use<> {
        let admitted = self.admit(&mut request);
        let (patience, duration, body_max) = (self.access.patience, self.access.duration, self.access.body);
        let waits = bounded(options.unwrap_or_default(), patience, duration);
        let slots = Arc::clone(&self.slots);
        async move {
            admitted?;
            let slot = match timeout(patience, slots.acquire_owned()).await {
                Ok(Ok(slot)) => slot,
                _ => return Err(Error::ConnectionLimitReached),
            };
            exchange(request, waits, duration, body_max, slot).await
        }
    }
}

impl WasiHttpHooks for Sender {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _answered: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Exchange, Error>> + Send> {
        Box::new(self.send(request, options))
    }

    fn p2_error_from_hyper(&mut self, error: &hyper::Error) -> p2::ErrorCode {
        match reason(error) {
            Reason::RequestTooLong(max) => p2::ErrorCode::HttpRequestBodySize(max),
            Reason::Incomplete => p2::ErrorCode::HttpResponseIncomplete,
            Reason::Protocol => p2::ErrorCode::HttpProtocolError,
        }
    }

    fn p2_error_from_connect(&mut self, error: &io::Error) -> p2::ErrorCode {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => p2::ErrorCode::ConnectionRefused,
            io::ErrorKind::TimedOut => p2::ErrorCode::ConnectionTimeout,
            _ if is_of_resolver(error) => p2::ErrorCode::DnsError(p2::DnsErrorPayload {
                rcode: None,
                info_code: None,
            }),
            _ => p2::ErrorCode::DestinationUnavailable,
        }
    }

    fn p2_error_from_tls(&mut self, _: &io::Error) -> p2::ErrorCode {
        p2::ErrorCode::TlsProtocolError
    }

    fn p3_error_from_hyper(&mut self, error: &hyper::Error) -> p3::ErrorCode {
        match reason(error) {
            Reason::RequestTooLong(max) => p3::ErrorCode::HttpRequestBodySize(max),
            Reason::Incomplete => p3::ErrorCode::HttpResponseIncomplete,
            Reason::Protocol => p3::ErrorCode::HttpProtocolError,
        }
    }

    fn p3_error_from_connect(&mut self, error: &io::Error) -> p3::ErrorCode {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => p3::ErrorCode::ConnectionRefused,
            io::ErrorKind::TimedOut => p3::ErrorCode::ConnectionTimeout,
            _ if is_of_resolver(error) => p3::ErrorCode::DnsError(p3::DnsErrorPayload {
                rcode: None,
                info_code: None,
            }),
            _ => p3::ErrorCode::DestinationUnavailable,
        }
    }

    fn p3_error_from_tls(&mut self, _: &io::Error) -> p3::ErrorCode {
        p3::ErrorCode::TlsProtocolError
    }
}

/// Why an exchange failed.
enum Reason {
    RequestTooLong(Option<u64>),
    Incomplete,
    Protocol,
}

fn reason(error: &hyper::Error) -> Reason {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(Error::HttpRequestBodySize(max)) = error.downcast_ref() {
            return Reason::RequestTooLong(*max);
        }
        cause = error.source();
    }
    match error.is_incomplete_message() {
        true => Reason::Incomplete,
        false => Reason::Protocol,
    }
}

/// The system's resolver has errors that are not the kernel's.
fn is_of_resolver(error: &io::Error) -> bool {
    error.raw_os_error().is_none()
}

/// What a program asks for, no longer than it may wait. Before the first byte of a response comes all of the request's body.
fn bounded(options: RequestOptions, patience: Duration, duration: Duration) -> RequestOptions {
    let bound = |asked: Option<Duration>, most| Some(asked.map_or(most, |asked| asked.min(most)));
    RequestOptions {
        connect_timeout: bound(options.connect_timeout, patience),
        first_byte_timeout: bound(options.first_byte_timeout, duration),
        between_bytes_timeout: bound(options.between_bytes_timeout, patience),
    }
}

async fn exchange(
    request: Request<WasiBody>,
    waits: RequestOptions,
    duration: Duration,
    body_max: u64,
    slot: OwnedSemaphorePermit,
) -> Result<Exchange, Error> {
    let end = Instant::now() + duration;
    let request = request.map(|body| limited(body, body_max, Error::HttpRequestBodySize));
    // Setting up TLS has no bound of its own.
    let head = [
        waits.connect_timeout,
        waits.connect_timeout,
        waits.first_byte_timeout,
    ];
    let head = head.into_iter().flatten().sum::<Duration>().min(duration);
    let sent = wasmtime_wasi_http::default_send_request(request, Some(waits));
    let (response, driver) = timeout(head, sent)
        .await
        .map_err(|_| Error::HttpResponseTimeout)??;
    let driver = async move {
        let driven = timeout_at(end, driver).await;
        drop(slot);
        driven.unwrap_or(Err(Error::HttpResponseTimeout))
    };
    let response = response.map(|body| limited(body, body_max, Error::HttpResponseBodySize));
    Ok((response, Box::new(driver)))
}

/// A body that fails where it becomes longer than `max` bytes.
fn limited(
    body: impl Body<Data = Bytes, Error = Error> + Send + 'static,
    max: u64,
    too_long: fn(Option<u64>) -> Error,
) -> WasiBody {
    let bytes = usize::try_from(max).unwrap_or(usize::MAX);
    Limited::new(body, bytes)
        .map_err(move |error| match error.downcast::<Error>() {
            Ok(error) => *error,
            Err(_) => too_long(Some(max)),
        })
        .boxed_unsync()
}
