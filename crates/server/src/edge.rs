//! What every answer has and every request passes: an id, a line in the log, headers that browsers obey, and a name that is ours.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::body::Body;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::auth::KeyId;
use crate::meter::Meter;
use crate::problem::Problem;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id that a client may give a request.
const ID_MAX: usize = 64;
/// Bytes of a body that an answer can leave unread.
const UNREAD_MAX: u64 = 4096;

/// What the edge of a server knows.
#[derive(Clone)]
pub(crate) struct Edge(Arc<Inner>);

struct Inner {
    meter: Arc<Meter>,
    /// Begins the ids of this server's requests.
    start: u64,
    count: AtomicU64,
    hosts: Hosts,
    encrypted: bool,
}

/// Which names the server answers to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Hosts {
    All,
    /// `localhost`, addresses of this machine, and these.
    Local(Vec<String>),
    /// Addresses, and these.
    Named(Vec<String>),
}

impl Hosts {
    /// The names for a server that listens there.
    pub(crate) fn of(address: SocketAddr, names: &[String]) -> Self {
        let names: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        match address.ip().is_loopback() {
            // A page of somebody else could make a name of theirs point here, and then read what is served.
            true => Self::Local(names),
            false if names.is_empty() => Self::All,
            false => Self::Named(names),
        }
    }

    fn allow(&self, host: &str) -> bool {
        let name = match host.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or(rest),
            None => host.rsplit_once(':').map_or(host, |(name, _)| name),
        };
        let name = name.to_ascii_lowercase();
        let address = name.parse::<IpAddr>();
        match self {
            Self::All => true,
            Self::Named(names) => address.is_ok() || names.contains(&name),
            Self::Local(names) => {
                address.is_ok_and(|address| address.is_loopback())
                    || name == "localhost"
                    || name.ends_with(".localhost")
                    || names.contains(&name)
            }
        }
    }
}

impl Edge {
    pub(crate) fn new(meter: Arc<Meter>, hosts: Hosts, encrypted: bool) -> Self {
        let mut start = [0; 8];
        // Ids need not be secret: without random bytes they only repeat after a restart.
        let _ = getrandom::fill(&mut start);
        Self(Arc::new(Inner {
            meter,
            start: u64::from_ne_bytes(start),
            count: AtomicU64::new(0),
            hosts,
            encrypted,
        }))
    }

    fn id(&self, headers: &HeaderMap) -> String {
        let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
        let is_plain = |id: &&str| {
            (1..=ID_MAX).contains(&id.len())
                && id
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        };
        match given.filter(is_plain) {
            Some(id) => id.to_owned(),
            None => {
                let number = self.0.count.fetch_add(1, Ordering::Relaxed);
                format!("{:016x}-{number:x}", self.0.start)
            }
        }
    }
}

/// The name that a request asks by.
fn host(request: &Request) -> Option<&str> {
    match request.uri().authority() {
        Some(authority) => Some(authority.as_str()),
        None => request.headers().get(header::HOST)?.to_str().ok(),
    }
}

/// Whether a request may bring more than an answer that does not read it can wait for. Where that is left unread the connection is of
/// no use any more, which its client has to know before it asks again.
fn is_long(request: &Request) -> bool {
    let headers = request.headers();
    let len = headers.get(header::CONTENT_LENGTH);
    let len = len.and_then(|len| len.to_str().ok()?.parse::<u64>().ok());
    request.version() < Version::HTTP_2
        && (headers.contains_key(header::TRANSFER_ENCODING) || len.is_some_and(|len| len > UNREAD_MAX))
}

/// Takes a request in, and lets its answer out.
pub(crate) async fn pass(State(edge): State<Edge>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = edge.id(request.headers());
    let method = request.method().clone();
    let target = request
        .uri()
        .path_and_query()
        .map_or_else(String::new, ToString::to_string);
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0);
    let is_long = is_long(&request);
    let counted = edge.0.meter.request();
    let mut response = match host(&request) {
        Some(host) if edge.0.hosts.allow(host) => next.run(request).await,
        host => {
            tracing::warn!(?host, "a request by a name that is not this server's");
            Problem::new(
                StatusCode::MISDIRECTED_REQUEST,
                "MISDIRECTED",
                "this server has another name",
            )
            .because("it answers to localhost and to the names given with --host")
            .into_response()
        }
    };
    drop(counted);
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let body = serde_json::to_vec(&problem.of_request(&id)).unwrap_or_default();
        *response.body_mut() = Body::from(body);
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    finish(&edge, &id, &mut response);
    let is_refused = response.status().is_client_error() || response.status().is_server_error();
    if is_long && is_refused {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    let (status, took) = (response.status().as_u16(), begun.elapsed());
    edge.0
        .meter
        .answered(method.as_str(), route.as_deref().unwrap_or("none"), status, took);
    let key = response.extensions().get::<KeyId>().map(|key| &*key.0);
    let (peer, ms) = (peer.map(tracing::field::display), took.as_secs_f64() * 1e3);
    tracing::info!(request = id, %method, target, status, ms, key, peer, "answered");
    response
}

fn finish(edge: &Edge, id: &str, response: &mut Response) {
    const ALWAYS: [(HeaderName, HeaderValue); 4] = [
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            HeaderValue::from_static("same-origin"),
        ),
    ];
    let headers = response.headers_mut();
    headers.extend(ALWAYS);
    // What is served as content never runs as a page of this origin.
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'; sandbox",
        ));
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if edge.0.encrypted {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
    if let Ok(id) = HeaderValue::try_from(id) {
        headers.insert(REQUEST_ID, id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_for_this_machine_answers_to_its_own_names() {
        let local = Hosts::of("127.0.0.1:1".parse().unwrap(), &["Files.Example".into()]);
        for host in [
            "localhost:8787",
            "127.0.0.1",
            "[::1]:80",
            "app.localhost",
            "files.example:1",
        ] {
            assert!(local.allow(host), "{host}");
        }
        for host in [
            "example.org",
            "localhost.example.org:80",
            "",
            "192.168.0.1",
            "127.0.0.1.example.org",
        ] {
            assert!(!local.allow(host), "{host}");
        }
        assert_eq!(Hosts::of("0.0.0.0:1".parse().unwrap(), &[]), Hosts::All);
        let named = Hosts::of("0.0.0.0:1".parse().unwrap(), &["a.example".into()]);
        assert!(named.allow("a.example") && named.allow("10.0.0.1:5") && !named.allow("b.example"));
    }
}
