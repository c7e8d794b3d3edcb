//! How a server is set up.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogForm {
    /// A line of text for each event.
    #[default]
    Text,
    /// An object for each event.
    Json,
}

/// The files of a certificate, as PEM.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate, with those that lead to its root.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// What can be chosen about a server.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen. Port 0 takes any that is free.
    pub address: SocketAddr,
    /// Encrypts connections.
    pub tls: Option<TlsFiles>,
    /// Names that the server is reached by, beside addresses. Without any, a server that listens on this machine alone answers to `localhost`
    /// only, and any other one to every name.
    pub hosts: Vec<String>,
    /// Origins whose pages may call the server, such as `https://example.org`; `*` stands for all.
    pub origins: Vec<String>,
    /// Whether agents find tools at `/mcp`.
    pub mcp: bool,
    /// Requests per second of one key; none is without limit.
    pub rate: Option<u32>,
    /// Bytes that one upload brings at most; none leaves it to the quota.
    pub upload_max: Option<u64>,
    /// Operations that may wait for the database or the device at once.
    pub workers: usize,
    /// How long a client may send nothing, in a header or in a body.
    pub patience: Duration,
    /// How long requests may go on after the server was told to end.
    pub drain: Duration,
}

impl Options {
    /// The defaults, at this address.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            tls: None,
            hosts: Vec::new(),
            origins: Vec::new(),
            mcp: false,
            rate: None,
            upload_max: None,
            workers: 64,
            patience: Duration::from_secs(30),
            drain: Duration::from_secs(8),
        }
    }
}
