//! `mkdir`

use std::ffi::OsString;

use tarbox_fs::{FilesystemExt, FilesystemInterface, NewNode, blocking};

use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::parse::mode::ModeChange;
use crate::workspace::Workspace;

/// Create directories
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox mkdir /src",
    "tarbox mkdir -p /a/b/c         with all parent directories; existing ones are no error",
    "tarbox mkdir -m 1777 /shared",
))]
pub(crate) struct Args {
    /// The directories to make
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,
    /// Make missing parent directories, too; existing ones are no error
    #[arg(short, long)]
    parents: bool,
    /// Permissions, octal or symbolic
    #[arg(short, long, value_parser = ModeChange::parse, allow_hyphen_values = true)]
    mode: Option<ModeChange>,
}

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    w.each(&args.paths, |path| {
        let attr = if args.parents {
            blocking(w.fs.create_dir_all(&w.who, path)).map_err(|e| Failure::of(e, path))?
        } else {
            blocking(w.fs.make_node(&w.who, path, NewNode::Directory { mode: 0o777 }))
                .map_err(|e| Failure::of(e, path))?
        };
        if let Some(change) = &args.mode {
            // A set-group-ID bit that it has from the directory above stays.
            let mode = change.apply(0o777 | attr.mode & 0o6000, true, w.who.umask);
            super::chmod::set_mode(w, path, &attr, mode)?;
        }
        Ok(())
    })
}
