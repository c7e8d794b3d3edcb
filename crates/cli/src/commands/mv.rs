//! `mv`

use std::ffi::OsString;

use tarbox_fs::{FilesystemExt, FilesystemInterface, Follow, blocking};
use tarbox_store::{ErrorKind, RenameMode};

use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::workspace::{Workspace, join, last_name, trim_slashes};

/// Move or rename files and directories
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox mv /draft.txt /final.txt",
    "tarbox mv /a /b /archive             into a directory",
    "tarbox mv --exchange /blue /green    both at once",
))]
pub(crate) struct Args {
    /// What to move, and where to
    #[arg(required = true, num_args = 2.., value_names = ["SOURCE", "TARGET"])]
    paths: Vec<OsString>,
    /// Fail rather than replace something
    #[arg(short, long)]
    no_clobber: bool,
    /// Swap the two
    #[arg(long, conflicts_with = "no_clobber")]
    exchange: bool,
    /// The target is a name, also where a directory has it
    #[arg(short = 'T', long)]
    no_target_directory: bool,
}

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    let mode = match (args.no_clobber, args.exchange) {
        (_, true) => RenameMode::Exchange,
        (true, _) => RenameMode::NoReplace,
        _ => RenameMode::Replace,
    };
    let exact = args.no_target_directory || args.exchange;
    let target = Target::of(w, &args.paths, exact)?;
    w.each(target.sources, |source| {
        let to = target.path_for(source);
        blocking(w.fs.rename_path(&w.who, source, &to, mode)).map_err(|e| match e.kind() {
            // These are about where it should go, not about what was named first.
            ErrorKind::Exists | ErrorKind::NotEmpty | ErrorKind::IsDirectory => Failure::of(e, &to),
            ErrorKind::Invalid => {
                Failure::new(ErrorKind::Invalid, "a directory cannot move into itself").about(source)
            }
            _ => e.about(source).into(),
        })
    })
}

/// Where things are moved or copied to.
pub(super) struct Target<'a> {
    pub(super) sources: &'a [OsString],
    path: Vec<u8>,
    /// Sources go into it, each under its own name.
    into: bool,
}

impl<'a> Target<'a> {
    /// The last of the paths; with `exact` it is a name, not a directory to put things in.
    pub(super) fn of<F: FilesystemInterface>(
        w: &Workspace<'_, F>,
        paths: &'a [OsString],
        exact: bool,
    ) -> Result<Self> {
        let Some((last, sources)) = paths.split_last() else {
            return Err(Failure::usage("a source and a target are needed"));
        };
        let path = w.path(last)?;
        let into = !exact
            && w.attr_if_any(&path, Follow::Yes)?
                .is_some_and(|attr| attr.is_dir());
        if sources.len() > 1 && !into {
            return Err(Failure::new(
                ErrorKind::NotDirectory,
                "several things only fit into a directory",
            )
            .about(&path));
        }
        Ok(Self { sources, path, into })
    }

    /// The path that a source gets.
    pub(super) fn path_for(&self, source: &[u8]) -> Vec<u8> {
        if self.into {
            join(&self.path, last_name(trim_slashes(source)))
        } else {
            self.path.clone()
        }
    }
}
