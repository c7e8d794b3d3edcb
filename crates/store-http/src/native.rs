//! Sockets, and an event loop of their own: callers need none.

use std::error::Error as StdError;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use tarbox_protocol::limits::REPLY_MAX;
use tarbox_store::{Error, ErrorKind, Result};
use tokio::runtime::{Builder, Runtime};

use crate::address::Address;
use crate::transport::{Lost, Request, Response, Transport};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);
/// Connections that are kept for the next request.
const IDLE_MAX: usize = 16;

/// Reaches a server through the network. Certificates are checked against the system's roots; redirects are not followed,
/// since they would carry the key to another host.
#[derive(Debug)]
pub struct Native {
    origin: String,
    client: reqwest::Client,
    /// Always there until this goes; then it ends in the background, as it may be one of its own threads that drops it.
    runtime: Option<Runtime>,
    start: Instant,
}

impl Native {
    /// Reaches this server with a key.
    ///
    /// # Errors
    /// `Invalid` for a key that cannot be one; `Io` if there are no threads or no roots of trust to be had.
    pub fn new(address: &Address, key: Option<&str>) -> Result<Self> {
        let mut headers = HeaderMap::new();
        if let Some(key) = key {
            let mut value = HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| {
                Error::new(ErrorKind::Invalid)
                    .because("this is no key")
                    .about("TARBOX_API_KEY")
            })?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let failed = |what: &str| Error::new(ErrorKind::Io).because(what.to_owned());
        // Another part of the process may have chosen already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .default_headers(headers)
            .user_agent(concat!("tarbox/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .pool_max_idle_per_host(IDLE_MAX)
            .redirect(Policy::none())
            .https_only(address.origin().starts_with("https:"))
            .tcp_nodelay(true);
        // A server on this machine is not behind a proxy.
        let client = match address.is_loopback() {
            true => client.no_proxy(),
            false => client,
        };
        let client = client
            .build()
            .map_err(|e| failed("the client cannot be set up").caused_by(e))?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("tarbox-http")
            .enable_all()
            .build()
            .map_err(|e| failed("there are no threads for the network").caused_by(e))?;
        Ok(Self {
            origin: address.origin(),
            client,
            runtime: Some(runtime),
            start: Instant::now(),
        })
    }

    /// Runs a future on the event loop, whoever waits for it.
    async fn there<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        match &self.runtime {
            Some(runtime) => runtime.spawn(work).await.ok(),
            None => None,
        }
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Transport for Native {
    async fn send(&self, request: Request) -> Result<Response, Lost> {
        let ready = self
            .client
            .post(format!("{}{}", self.origin, request.path))
            .header(CONTENT_TYPE, request.media_type)
            .header(ACCEPT, request.media_type)
            .timeout(request.timeout)
            .body(request.body);
        let ended = || Lost {
            maybe_sent: true,
            hopeless: true,
            source: "the client is about to end".into(),
        };
        self.there(exchange(ready)).await.unwrap_or_else(|| Err(ended()))
    }

    async fn pause(&self, time: Duration) {
        self.there(async move { tokio::time::sleep(time).await }).await;
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> bool {
        match &self.runtime {
            Some(runtime) => {
                drop(runtime.spawn(task));
                true
            }
            None => false,
        }
    }
}

async fn exchange(ready: reqwest::RequestBuilder) -> Result<Response, Lost> {
    let mut response = ready.send().await.map_err(lost)?;
    let retry_after = response.headers().get(RETRY_AFTER);
    let retry_after = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
    let mut body = Vec::with_capacity(response.content_length().unwrap_or(0).min(1 << 20) as usize);
    while let Some(piece) = response.chunk().await.map_err(lost)? {
        if body.len() + piece.len() > REPLY_MAX {
            return Err(Lost {
                maybe_sent: true,
                hopeless: true,
                source: "the reply is over 256 MiB".into(),
            });
        }
        body.extend_from_slice(&piece);
    }
    Ok(Response {
        status: response.status().as_u16(),
        retry_after: retry_after.map(Duration::from_secs),
        body,
    })
}

fn lost(error: reqwest::Error) -> Lost {
    Lost {
        maybe_sent: !error.is_connect() && !error.is_builder(),
        hopeless: error.is_builder() || is_about_trust(&error),
        // The URL says nothing that the address does not.
        source: Arc::new(error.without_url()).into(),
    }
}

/// Whether a certificate is the reason, which another try does not mend.
fn is_about_trust(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = cause {
        let within = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        let found = error.downcast_ref::<rustls::Error>();
        let found = found.or_else(|| within.and_then(|error| error.downcast_ref::<rustls::Error>()));
        if let Some(rustls::Error::InvalidCertificate(_)) = found {
            return true;
        }
        cause = error.source();
    }
    false
}
