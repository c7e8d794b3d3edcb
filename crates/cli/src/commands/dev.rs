//! `dev`

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::json;
use tarbox_dev_server::{Options, ServeError, Server};
use tarbox_store::ErrorKind;

use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::print::Printer;

/// Serve a directory to browsers, for development
///
/// Pages are cross-origin isolated, so that they can use shared memory, and reload when a file changes.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox dev                    this directory, at http://localhost:8080",
    "tarbox dev site --port 3000 --open",
    "tarbox dev --host 0.0.0.0     for other devices, such as a phone",
))]
pub(crate) struct Args {
    /// What to serve
    #[arg(default_value = ".", value_name = "DIR")]
    directory: PathBuf,
    /// The port; 0 takes any that is free
    #[arg(long, default_value_t = 8080, value_name = "N")]
    port: u16,
    /// The address to listen on
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_name = "ADDRESS")]
    host: IpAddr,
    /// Open the page in a browser
    #[arg(long)]
    open: bool,
    /// Do not reload pages when files change
    #[arg(long)]
    no_reload: bool,
}

pub(crate) fn run(args: &Args, out: &Printer) -> Result<()> {
    let options = Options {
        address: SocketAddr::new(args.host, args.port),
        reload: !args.no_reload,
    };
    let runtime = tokio::runtime::Runtime::new().map_err(|e| Failure::host("event loop", &e))?;
    runtime.block_on(async {
        let server = Server::bind(&args.directory, &options)
            .await
            .map_err(|error| explain(args, &error))?;
        let url = url(server.address());
        if out.is_json() {
            out.record(&json!({ "url": url }))?;
        } else {
            out.line(format!("Serving {} at {url}", args.directory.display()))?;
            out.line("Press Ctrl+C to stop.")?;
        }
        out.flush()?;
        if args.open {
            open(&url);
        }
        let interrupted = async {
            // Without signals it runs until it is killed.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        server.run(interrupted).await.map_err(|e| Failure::host(url, &e))
    })
}

fn explain(args: &Args, error: &ServeError) -> Failure {
    let kind = match error {
        ServeError::NoDirectory(_) => ErrorKind::NotFound,
        ServeError::Listen { .. } => ErrorKind::Busy,
        _ => ErrorKind::Io,
    };
    let cause = std::error::Error::source(error).map(|cause| format!(" ({cause})"));
    Failure::new(kind, format!("{error}{}", cause.unwrap_or_default()))
        .about(args.directory.as_os_str().as_encoded_bytes())
}

fn url(address: SocketAddr) -> String {
    if address.ip().is_loopback() {
        format!("http://localhost:{}/", address.port())
    } else {
        format!("http://{address}/")
    }
}

/// Asks the system to show a page. Where it cannot, the address was printed.
fn open(url: &str) {
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    let _ = Command::new(opener)
        .arg(url)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
}
