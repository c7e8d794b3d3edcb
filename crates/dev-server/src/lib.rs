//! The server behind `tarbox dev`: the files of one directory for a browser on this machine.
//!
//! Every response isolates its page (`Cross-Origin-Opener-Policy: same-origin` and
//! `Cross-Origin-Embedder-Policy: require-corp`), which shared memory and exact clocks need. Files have their types,
//! ranges and entity tags; a directory without an `index.html` is listed; pages reload when a file changes. Nothing outside
//! the directory is served, whatever a path or a symbolic link says, and nothing is ever written.
//!
//! What it is not: a server for the public. It listens on this machine alone unless it is told otherwise, and has no
//! encryption, users or limits.
#![forbid(unsafe_code)]

mod files;
mod headers;
mod listing;
mod place;
mod reload;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::routing::get;
use thiserror::Error;
use tokio::net::TcpListener;

use reload::Changes;

/// What is served, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen. Port 0 takes any that is free.
    pub address: SocketAddr,
    /// Whether pages reload when a file changes.
    pub reload: bool,
}

/// Why the server could not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// There is no such directory.
    #[error("no such directory")]
    NoDirectory(#[source] io::Error),
    /// The address is taken or not this machine's.
    #[error("cannot listen on {address}: choose another port with --port")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The system does not tell of changes.
    #[error("cannot watch the directory for changes; use --no-reload to serve it without")]
    Watch(#[source] notify::Error),
}

/// A server that listens and does not answer yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    router: Router,
    address: SocketAddr,
    _changes: Option<Changes>,
}

/// What every request needs to know.
#[derive(Debug)]
pub(crate) struct Site {
    /// The directory, without symbolic links in its path.
    pub(crate) root: PathBuf,
    pub(crate) reload: bool,
}

impl Server {
    /// Begins to listen.
    ///
    /// # Errors
    /// When there is no such directory, or the address cannot be had.
    pub async fn bind(directory: &Path, options: &Options) -> Result<Self, ServeError> {
        let root = directory.canonicalize().map_err(ServeError::NoDirectory)?;
        if !root.is_dir() {
            return Err(ServeError::NoDirectory(io::ErrorKind::NotADirectory.into()));
        }
        let taken = |source| ServeError::Listen {
            address: options.address,
            source,
        };
        let listener = TcpListener::bind(options.address).await.map_err(taken)?;
        let address = listener.local_addr().map_err(taken)?;
        let changes = match options.reload {
            true => Some(Changes::of(&root).map_err(ServeError::Watch)?),
            false => None,
        };
        let mut router = Router::new();
        if let Some(changes) = &changes {
            router = router.route(reload::SCRIPT_PATH, get(reload::script)).route(
                reload::EVENTS_PATH,
                get(reload::events).with_state(changes.sender()),
            );
        }
        let site = Arc::new(Site {
            root,
            reload: options.reload,
        });
        let router = router
            .fallback(files::serve)
            .with_state(site)
            .layer(middleware::map_response(headers::isolate))
            .layer(middleware::from_fn(headers::local_names_only));
        Ok(Self {
            listener,
            router,
            address,
            _changes: changes,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests until `end` is ready.
    ///
    /// # Errors
    /// Those of the listening socket.
    pub async fn run(self, end: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        // Event streams never end by themselves, so connections are not waited for.
        let serving = axum::serve(self.listener, self.router);
        tokio::select! {
            served = serving => served,
            () = end => Ok(()),
        }
    }
}
