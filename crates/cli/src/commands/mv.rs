//! `mv`

use std::ffi::OsString;

use tarbox_fs::{FilesystemExt, FilesystemInterface, Follow, blocking};
use tarbox_store::{ErrorKind, RenameMode};

use super::target::{Target, TargetArgs};
use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::workspace::{Workspace, last_name};

/// Move or rename files and directories
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox mv /draft.txt /final.txt",
    "tarbox mv /a /b /archive             into a directory",
    "tarbox mv --exchange /blue /green    both at once",
))]
pub(crate) struct Args {
    /// What to move, and where
    #[arg(required = true, num_args = 1.., value_names = ["SOURCE", "TARGET"])]
    paths: Vec<OsString>,
    /// Do not overwrite existing files; report them
    #[arg(short, long, conflicts_with = "force")]
    no_clobber: bool,
    /// Overwrite existing files (the default)
    #[arg(short, long)]
    force: bool,
    /// Swap the two paths
    #[arg(long, conflicts_with_all = ["no_clobber", "target_directory"])]
    exchange: bool,
    #[command(flatten)]
    target: TargetArgs,
}

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    let mode = match (args.no_clobber, args.exchange) {
        (_, true) => RenameMode::Exchange,
        (true, _) => RenameMode::NoReplace,
        _ => RenameMode::Replace,
    };
    let target = if args.exchange {
        Target::name(w, &args.paths)?
    } else {
        Target::of(w, &args.paths, &args.target, Follow::Yes)?
    };
    w.each(target.sources, |source| {
        if matches!(last_name(source), b"" | b"." | b"..") {
            let message = "the root, '.' and '..' cannot be moved; name the files in them";
            return Err(Failure::new(ErrorKind::Busy, message).about(source));
        }
        let to = target.path_for(source);
        blocking(w.fs.rename_path(&w.who, source, &to, mode)).map_err(|e| match e.kind() {
            // These are about where it should go, not about what was named first.
            ErrorKind::Exists | ErrorKind::NotEmpty | ErrorKind::IsDirectory => Failure::of(e, &to),
            ErrorKind::Invalid => {
                Failure::new(ErrorKind::Invalid, "a directory cannot be moved into itself").about(source)
            }
            _ => e.about(source).into(),
        })
    })
}
