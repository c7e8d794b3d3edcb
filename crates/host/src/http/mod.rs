//! Requests over HTTP: whom a program may ask, and how much.

mod client;
mod hosts;
mod sender;

use std::time::Duration;

pub use client::{HttpClient, HttpEvent, HttpExchange, HttpRequest};
pub use hosts::{AllowedHost, WrongHost};
pub(crate) use sender::Sender;

/// What a program may do with `wasi:http`. The default allows no host.
#[derive(Debug, Clone)]
pub struct HttpAccess {
    /// Whom it may ask. A request to anybody else is answered with `HTTP-request-denied`; so is one that a redirect
    /// leads to, since programs follow redirects by requests of their own.
    pub hosts: Vec<AllowedHost>,
    /// Connections at once (16). A request that gets none is answered with `connection-limit-reached`.
    pub connections: usize,
    /// Bytes of one request's body, and of one response's (256 MiB).
    pub body: u64,
    /// Time to wait for one of the connections, to connect, and between two parts of a response (30 s). A program may set less.
    pub patience: Duration,
    /// Time from the beginning of a request to the end of its response's body (5 minutes).
    pub duration: Duration,
}

impl Default for HttpAccess {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            connections: 16,
            body: 256 << 20,
            patience: Duration::from_secs(30),
            duration: Duration::from_secs(300),
        }
    }
}
