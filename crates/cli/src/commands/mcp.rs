//! `mcp`

use std::ffi::OsString;
use std::sync::Arc;

use tarbox_calls::{Bounds, Limits, Place, Workspace as Client};
use tarbox_fs::{Credentials, FilesystemExt as _, Fs, blocking};
use tarbox_mcp::{Agent, Desk, Only};
use tarbox_store::{ErrorKind, FsckReport, GcReport, Scope, Store};

use super::key::parse_scope;
use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::workspace::Workspace;

/// What one tool reads at once, and has open.
const LIMITS: Limits = Limits {
    open: 64,
    read: 4 << 20,
    records: 10_000,
};

/// Give an agent the workspace as tools, by the Model Context Protocol
///
/// The agent's program starts this command and speaks to it over standard input and output. Over HTTP, 'tarbox serve --mcp' does the same.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox mcp                                everything, as you",
    "tarbox mcp --scope read --path /docs      only reading, and only there",
    "tarbox --db 'https://files.example.org?tenant=ada' mcp",
))]
pub(crate) struct Args {
    /// What the agent may do: read, write, or layers (take checkpoints and switch, too)
    #[arg(long, value_name = "SCOPE", default_value = "layers", value_parser = parse_scope)]
    scope: Scope,
    /// Confine it to this directory
    #[arg(long, value_name = "PATH")]
    path: Option<OsString>,
}

/// The files of one tenant; the database is not an agent's business.
struct Files<S: Store>(Arc<Fs<S>>);

impl<S: Store> Place for Files<S> {
    type Store = S;
    const IS_SHARED: bool = true;

    fn fs(&self) -> &Fs<S> {
        &self.0
    }

    fn gc(&self) -> tarbox_store::Result<GcReport> {
        Err(ErrorKind::NotPermitted.into())
    }

    fn fsck(&self) -> tarbox_store::Result<FsckReport> {
        Err(ErrorKind::NotPermitted.into())
    }
}

pub(crate) fn run<S: Store + 'static>(args: &Args, fs: &Arc<Fs<S>>, w: &Workspace<'_, Fs<S>>) -> Result<()> {
    let bounds = match &args.path {
        None => None,
        Some(path) => {
            let path = w.path(path)?;
            let dir = blocking(fs.stat(&w.who, &path))?;
            if !dir.is_dir() {
                return Err(Failure::usage("--path is not a directory"));
            }
            Some(Bounds::new(dir.ino, &path))
        }
    };
    let who = Credentials::new(w.who.uid(), w.who.gid(), "mcp");
    let (fs, scope) = (fs.clone(), args.scope);
    let desk = move || {
        let client = Client::new(Files(fs.clone()), who.clone(), 1)
            .within(bounds.clone())
            .with_limits(LIMITS);
        let client = match scope >= Scope::Layers {
            true => client,
            false => client.without_control(),
        };
        Desk::new(client, scope)
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|e| Failure::host("event loop", &e))?;
    let served = runtime.block_on(Agent::new(Only(desk)).serve_stdio());
    // The thread that reads standard input cannot be interrupted.
    runtime.shutdown_background();
    served.map_err(|e| Failure::host("standard input", &e))
}
