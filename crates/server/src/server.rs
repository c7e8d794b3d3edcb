//! The server from its first connection to its end.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tarbox_store::Store;
use thiserror::Error;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::app::{App, Backend, broken};
use crate::edge::{Edge, Hosts};
use crate::meter::Meter;
use crate::options::{LogForm, Options, TlsFiles};
use crate::{api, edge, page};

/// Header fields that a request may have, and bytes of all of them.
const HEADERS_MAX: usize = 100;
const HEAD_MAX: usize = 64 << 10;
/// How long a client may take for the head of a request at most.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);

/// Why a server could not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address is taken or not this machine's.
    #[error("cannot listen on {address}; choose another address with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The certificate or its key cannot be used.
    #[error("the certificate {} and its key {} cannot be used", files.certificate.display(), files.key.display())]
    Tls {
        /// The files.
        files: TlsFiles,
        /// What is wrong with them.
        source: io::Error,
    },
    /// An origin for CORS that is none.
    #[error("'{0}' is no origin; use one such as https://example.org, or *")]
    Origin(String),
}

/// A server that listens and does not answer yet.
pub struct Server<D: Backend> {
    app: App<D>,
    router: Router,
    listener: std::net::TcpListener,
    address: SocketAddr,
    tls: Option<RustlsConfig>,
}

impl<D: Backend> std::fmt::Debug for Server<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl<D: Backend> Server<D> {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the address cannot be had, or something about the options is wrong.
    pub async fn bind(database: D, options: Options) -> Result<Self, ServeError> {
        let tls = match &options.tls {
            Some(files) => Some(certificate(files).await?),
            None => None,
        };
        let cors = cors(&options.origins)?;
        let taken = |source| ServeError::Listen {
            address: options.address,
            source,
        };
        let listener = std::net::TcpListener::bind(options.address).map_err(taken)?;
        listener.set_nonblocking(true).map_err(taken)?;
        let address = listener.local_addr().map_err(taken)?;
        let meter = Meter::new();
        let hosts = Hosts::of(address, &options.hosts);
        let edge = Edge::new(meter.clone(), hosts, tls.is_some());
        let app = App::new(database, options, meter);
        let router = api::api(&app)
            .route("/", get(page::index))
            .route("/assets/{name}", get(page::asset))
            .route("/healthz", get(healthy))
            .route("/readyz", get(ready::<D>))
            .route("/metrics", get(metrics::<D>))
            .fallback(api::missing)
            .method_not_allowed_fallback(api::wrong_method)
            .with_state(app.clone());
        let router = page::BESIDE
            .iter()
            .fold(router, |router, path| router.route(path, get(page::beside)));
        let router = match cors {
            Some(cors) => router.layer(cors),
            None => router,
        };
        let router = router
            .layer(CatchPanicLayer::custom(|_| broken().into_response()))
            .layer(middleware::from_fn_with_state(edge, edge::pass));
        Ok(Self {
            app,
            router,
            listener,
            address,
            tls,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What answers, without sockets.
    #[cfg(fuzzing)]
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Whether connections are encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }

    /// Answers requests until `end` is ready; then takes no more, ends streams, lets what has begun end within
    /// [`Options::drain`], and returns when everything that was done is on the device.
    ///
    /// # Errors
    /// Those of the listening socket, and of the last commit.
    pub async fn run(self, end: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let handle = Handle::new();
        let patience = self.app.options().patience;
        let (app, stopping) = (self.app.clone(), handle.clone());
        let ender = tokio::spawn(async move {
            end.await;
            tracing::info!("ending");
            app.end();
            app.ops().close().await;
            stopping.graceful_shutdown(Some(app.options().drain));
        });
        let service = self.router.into_make_service_with_connect_info::<SocketAddr>();
        let served = match self.tls {
            Some(tls) => {
                let mut server = axum_server::from_tcp_rustls(self.listener, tls)?.handle(handle);
                bound(server.http_builder(), patience);
                server.serve(service).await
            }
            None => {
                let mut server = axum_server::from_tcp(self.listener)?.handle(handle);
                bound(server.http_builder(), patience);
                server.serve(service).await
            }
        };
        ender.abort();
        self.app.end();
        let app = self.app.clone();
        let last = app.work(async move || {
            for files in self.app.opened().list() {
                files.fs.close_all().await?;
                App::<D>::sync_now(files.fs.store())?;
            }
            Ok(())
        });
        let last = last.await.map_err(|problem| io::Error::other(problem.code()));
        served.and(last)
    }
}

/// Bounds what a connection may cost before anything is known of who made it.
fn bound(builder: &mut hyper_util::server::conn::auto::Builder<TokioExecutor>, patience: Duration) {
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.min(HEAD_PATIENCE))
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEAD_MAX as u32)
        .max_concurrent_streams(256)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
}

async fn certificate(files: &TlsFiles) -> Result<RustlsConfig, ServeError> {
    // Another part of the process may have chosen the same one before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = RustlsConfig::from_pem_file(&files.certificate, &files.key).await;
    config.map_err(|source| ServeError::Tls {
        files: files.clone(),
        source,
    })
}

/// Which pages of others may call the server.
fn cors(origins: &[String]) -> Result<Option<CorsLayer>, ServeError> {
    if origins.is_empty() {
        return Ok(None);
    }
    let allowed = match origins.iter().any(|origin| origin == "*") {
        true => AllowOrigin::any(),
        false => {
            let wrong = |origin: &String| ServeError::Origin(origin.clone());
            let is_origin = |origin: &String| {
                let rest = origin
                    .strip_prefix("https://")
                    .or_else(|| origin.strip_prefix("http://"));
                rest.is_some_and(|host| !host.is_empty() && !host.contains('/'))
            };
            let values = origins.iter().map(|origin| match is_origin(origin) {
                true => origin.parse().map_err(|_| wrong(origin)),
                false => Err(wrong(origin)),
            });
            AllowOrigin::list(values.collect::<Result<Vec<_>, _>>()?)
        }
    };
    let names = ["idempotency-key", "last-event-id", "x-api-key", "x-request-id"];
    let sent = [
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
        header::IF_MATCH,
        header::IF_NONE_MATCH,
        header::IF_RANGE,
        header::RANGE,
    ];
    let shown = [
        "tarbox-inode",
        "tarbox-kind",
        "tarbox-mode",
        "tarbox-offset",
        "tarbox-owner",
        "x-request-id",
    ];
    let read = [
        header::ETAG,
        header::CONTENT_RANGE,
        header::RETRY_AFTER,
        header::LAST_MODIFIED,
    ];
    let layer = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([
            Method::GET,
            Method::HEAD,
            Method::PUT,
            Method::PATCH,
            Method::POST,
            Method::DELETE,
        ])
        .allow_headers(
            sent.into_iter()
                .chain(names.map(HeaderName::from_static))
                .collect::<Vec<_>>(),
        )
        .expose_headers(
            read.into_iter()
                .chain(shown.map(HeaderName::from_static))
                .collect::<Vec<_>>(),
        )
        .max_age(Duration::from_secs(24 * 60 * 60));
    Ok(Some(layer))
}

async fn healthy() -> &'static str {
    "ok\n"
}

/// Whether requests can be answered: the database is there, and the server is not about to end.
async fn ready<D: Backend>(State(app): State<App<D>>) -> Response {
    if app.is_ending() {
        return (StatusCode::SERVICE_UNAVAILABLE, "ending\n").into_response();
    }
    let looked = tokio::time::timeout(Duration::from_secs(5), app.database().key("none"));
    match looked.await {
        Ok(Ok(_)) => "ready\n".into_response(),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response(),
    }
}

async fn metrics<D: Backend>(State(app): State<App<D>>) -> Response {
    let open = app.opened().list();
    let work = match open.first() {
        // Counted for the database as a whole.
        Some(files) => files.fs.store().performance().await.unwrap_or_default(),
        None => tarbox_store::Performance::default(),
    };
    let text = app.meter().render(open.len(), &work);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

/// Writes the log of this process to standard error, as `RUST_LOG` filters it.
pub fn init_log(form: LogForm) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
        .with_writer(io::stderr);
    // One that was set before stays.
    let _ = match form {
        LogForm::Text => log.try_init(),
        LogForm::Json => log.json().flatten_event(true).try_init(),
    };
}
