//! `sync resolve`

use std::ffi::OsString;

use tarbox_fs::{FilesystemExt, FilesystemInterface, Follow, Fs, blocking};
use tarbox_store::{ErrorKind, RenameMode, Store};
use tarbox_sync::Clash;

use super::Place;
use crate::cli::Global;
use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::print::Printer;
use crate::workspace::{Workspace, credentials};

/// Decide a conflict: which of two contents a path has
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox sync resolve /notes.txt --theirs   remove our copy",
    "tarbox sync resolve /notes.txt --ours     put our copy in the place of theirs",
    "tarbox sync resolve /notes.txt --both     keep both, and forget the conflict",
))]
#[command(group(clap::ArgGroup::new("which").required(true)))]
pub(super) struct Args {
    /// The path in conflict, or that of the copy
    path: OsString,
    /// The content of this replica
    #[arg(long, group = "which")]
    ours: bool,
    /// The content of the server
    #[arg(long, group = "which")]
    theirs: bool,
    /// Both, under the names that they have
    #[arg(long, group = "which")]
    both: bool,
}

pub(super) fn run(args: &Args, place: &Place<'_>, global: &Global, out: &Printer) -> Result<()> {
    let (mut replica, _lock) = place.replica_offline()?;
    let fs = Fs::new(replica.local().clone());
    let w = Workspace::new(&fs, credentials(global.user.as_ref()), out, Some(place.path));
    let path = w.path(&args.path)?;
    let is_meant = |clash: &Clash| clash.path == path || clash.copy.as_ref() == Some(&path);
    let meant: Vec<Clash> = replica
        .status()
        .conflicts
        .iter()
        .filter(|clash| is_meant(clash))
        .cloned()
        .collect();
    if meant.is_empty() {
        let message = "there is no conflict here; 'tarbox sync status' lists them";
        return Err(Failure::new(ErrorKind::NotFound, message).about(&path));
    }
    if args.ours && meant.len() > 1 {
        let message = "several copies are in conflict with this path: name the one that is to take its place";
        return Err(Failure::usage(message).about(&path));
    }
    for clash in &meant {
        decide(args, &w, clash)?;
    }
    blocking(replica.resolve(is_meant))?;
    blocking(replica.local().sync())?;
    Ok(blocking(replica.local().settle(None))?)
}

fn decide<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>, clash: &Clash) -> Result<()> {
    let Some(copy) = clash.copy.as_deref().filter(|_| !args.both) else {
        return Ok(());
    };
    // Who removed the copy has decided.
    if w.attr_if_any(copy, Follow::No)?.is_none() {
        return Ok(());
    }
    let done = match args.ours {
        true => blocking(w.fs.rename_path(&w.who, copy, &clash.path, RenameMode::Replace)),
        false => blocking(w.fs.remove_file(&w.who, copy)),
    };
    done.map_err(|e| Failure::of(e, copy))
}
