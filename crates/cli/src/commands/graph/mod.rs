//! `graph`

mod check;
mod export;
mod files;
mod find;
mod import;
mod place;
mod read;
mod stats;
mod terms;

use std::sync::Arc;

use nervusdb::ErrorKind as Graph;
use tarbox_fs::FilesystemInterface;
use tarbox_store::ErrorKind;

use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::workspace::Workspace;

/// Graphs of facts among the files: import, look up, export
///
/// A graph is a file PATH and a directory PATH.pages, as the npm package nervusdb has them. It is part of the workspace: a
/// checkpoint holds files and facts together, and so does a switch to it.
#[derive(Debug, clap::Subcommand)]
#[command(defer = true)]
pub(crate) enum Command {
    Import(import::Args),
    Find(find::Args),
    Export(export::Args),
    Stats(stats::Args),
    Check(check::Args),
}

pub(crate) fn run<F: FilesystemInterface + 'static>(
    command: &Command,
    fs: &Arc<F>,
    w: &Workspace<'_, F>,
) -> Result<Option<Exit>> {
    match command {
        Command::Import(args) => import::run(args, fs, w),
        Command::Find(args) => find::run(args, fs, w),
        Command::Export(args) => export::run(args, fs, w),
        Command::Stats(args) => stats::run(args, fs, w),
        Command::Check(args) => return check::run(args, fs, w),
    }
    .map(|()| None)
}

/// What went wrong with the graph at a path.
fn failed(error: &nervusdb::Error, path: &[u8]) -> Failure {
    let kind = match error.kind() {
        Graph::Pool(error) => return pool_failed(error, path),
        Graph::Corrupt { .. } | Graph::NoManifest { .. } | Graph::Version { .. } => ErrorKind::Corrupt,
        Graph::NotFound { .. } => ErrorKind::NotFound,
        Graph::ReadOnly => ErrorKind::ReadOnly,
        Graph::TooLarge { .. } => ErrorKind::TooBig,
        _ => ErrorKind::Invalid,
    };
    Failure::new(kind, error.to_string()).about(path)
}

/// The file system's error below a pool's says more than that.
fn pool_failed(error: &tarbox_pool::Error, path: &[u8]) -> Failure {
    let cause = std::error::Error::source(error);
    match cause.and_then(|cause| cause.downcast_ref::<tarbox_store::Error>()) {
        Some(cause) => {
            let message = match cause.detail() {
                Some(detail) => format!("{} ({detail})", cause.kind().text()),
                None => cause.kind().text().to_owned(),
            };
            Failure::new(cause.kind(), message).about(path)
        }
        None => Failure::new(ErrorKind::Io, error.to_string()).about(path),
    }
}
