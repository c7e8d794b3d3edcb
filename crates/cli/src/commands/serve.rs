//! `serve`

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use tarbox_fs::blocking;
use tarbox_server::{Backend, LogForm, NewKey, Options, ServeError, Server, TlsFiles, init_log};
use tarbox_store::{ErrorKind, Scope};

use super::{init, key};
use crate::cli::Global;
use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::print::Printer;

/// Serve the workspaces of the database over HTTP
///
/// Whoever has a key ('tarbox key create') reads and writes the files of its tenant. The first start creates the database, and a key.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox serve                                             at http://localhost:8787; /docs describes the API",
    "tarbox --db postgres://tarbox@db/work serve --log json",
    "tarbox serve --listen 0.0.0.0:443 --tls-cert cert.pem --tls-key key.pem",
))]
pub(crate) struct Args {
    /// Where to listen; port 0 takes any that is free
    #[arg(long, default_value = "127.0.0.1:8787", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// Encrypt connections with this certificate (PEM, with those that lead to its root)
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The private key of the certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// A name the server is reached by, such as behind a proxy; can be repeated
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// An origin whose pages may call the server, or *; can be repeated
    #[arg(long, value_name = "ORIGIN")]
    cors: Vec<String>,
    /// Give agents the workspace as tools at /mcp (Model Context Protocol)
    #[arg(long)]
    mcp: bool,
    /// Requests per second of one key
    #[arg(long, value_name = "N")]
    rate: Option<u32>,
    /// Bytes that one upload brings at most [default: the quota decides]
    #[arg(long, value_name = "SIZE", value_parser = crate::parse::size::parse)]
    upload_max: Option<u64>,
    /// How the log is written: text or json
    #[arg(long, value_name = "FORM", default_value = "text", value_parser = parse_log)]
    log: LogForm,
}

fn parse_log(text: &str) -> Result<LogForm, String> {
    match text {
        "text" => Ok(LogForm::Text),
        "json" => Ok(LogForm::Json),
        _ => Err(format!("'{text}' is no form; use text or json")),
    }
}

/// Serves until a signal tells it to end.
pub(crate) fn run<D: Backend + Clone>(
    args: &Args,
    db: &D,
    global: &Global,
    out: &Printer,
    caller: (u32, u32),
) -> Result<()> {
    init_log(args.log);
    let first_key = first_start(db, global, caller)?;
    let tls = args.tls_cert.clone().zip(args.tls_key.clone());
    let options = Options {
        tls: tls.map(|(certificate, key)| TlsFiles { certificate, key }),
        hosts: args.host.clone(),
        origins: args.cors.clone(),
        mcp: args.mcp,
        rate: args.rate,
        upload_max: args.upload_max,
        ..Options::new(args.listen)
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(512)
        .build()
        .map_err(|e| Failure::host("event loop", &e))?;
    let served = runtime.block_on(async {
        let ended = end()?;
        let server = Server::bind(db.clone(), options).await.map_err(|e| explain(&e))?;
        let url = url(server.address(), server.is_encrypted());
        greet(out, &url, global, first_key.as_deref())?;
        server.run(ended).await.map_err(|e| Failure::host(url, &e))
    });
    // What still runs has had its time.
    runtime.shutdown_timeout(Duration::from_secs(1));
    served
}

/// Makes what is missing: the tenant, and a key if there was never one. Answers that key.
fn first_start<D: Backend>(db: &D, global: &Global, caller: (u32, u32)) -> Result<Option<String>> {
    if !blocking(db.keys())?.is_empty() {
        return Ok(None);
    }
    if init::make(db, &global.tenant, caller)? {
        tracing::info!(tenant = global.tenant, "made the tenant");
    }
    let new = NewKey {
        name: "first".to_owned(),
        tenant: global.tenant.clone(),
        scope: Scope::Layers,
        path: b"/".to_vec(),
        user: caller,
        expires: None,
    };
    key::add(db, new).map(|(token, _)| Some(token.text()))
}

fn greet(out: &Printer, url: &str, global: &Global, key: Option<&str>) -> Result<()> {
    if out.is_json() {
        out.record(&json!({ "url": url, "key": key }))?;
        return out.flush();
    }
    out.line(format!("Serving at {url}; {url}docs describes the API."))?;
    if let Some(key) = key {
        let files = format!("{url}api/v1/files/{}?path=/hello.txt", global.tenant);
        let directory = format!("{url}api/v1/directories/{}?path=/", global.tenant);
        out.line("")?;
        out.line("This is the first key. It is not shown again:")?;
        out.line(format!("  export TARBOX_API_KEY={key}"))?;
        out.line("Then try:")?;
        for command in [
            format!("-T - '{files}' <<< hello"),
            format!("'{files}'"),
            format!("'{directory}'"),
        ] {
            out.line(format!(
                "  curl -H \"Authorization: Bearer $TARBOX_API_KEY\" {command}"
            ))?;
        }
        out.line("")?;
    }
    out.line("Press Ctrl+C to stop.")?;
    out.flush()
}

/// Ready when the process is told to end.
fn end() -> Result<impl Future<Output = ()> + Send + 'static> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).map_err(|e| Failure::host("signals", &e));
        let (mut interrupt, mut terminate) =
            (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        // Without signals it runs until it is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

fn explain(error: &ServeError) -> Failure {
    let kind = match error {
        ServeError::Listen { .. } => ErrorKind::Busy,
        ServeError::Origin(_) => return Failure::usage(error.to_string()),
        _ => ErrorKind::Io,
    };
    let cause = std::error::Error::source(error).map(|cause| format!(" ({cause})"));
    Failure::new(kind, format!("{error}{}", cause.unwrap_or_default()))
}

fn url(address: SocketAddr, encrypted: bool) -> String {
    let scheme = if encrypted { "https" } else { "http" };
    match address.ip().is_loopback() {
        true => format!("{scheme}://localhost:{}/", address.port()),
        false => format!("{scheme}://{address}/"),
    }
}
