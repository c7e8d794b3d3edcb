//! Where `cp`, `mv` and `ln` put things.

use std::ffi::OsString;

use tarbox_fs::{FilesystemInterface, Follow};
use tarbox_store::ErrorKind;

use crate::failure::{Failure, Result};
use crate::workspace::{Workspace, join, last_name};

/// How the target is said.
#[derive(Debug, clap::Args)]
pub(crate) struct TargetArgs {
    /// Put everything into this directory; all paths are then sources
    #[arg(short = 't', long, value_name = "DIR", conflicts_with = "no_target_directory")]
    target_directory: Option<OsString>,
    /// Treat the target as a name, even if it is a directory
    #[arg(short = 'T', long)]
    no_target_directory: bool,
}

/// Where things go.
pub(super) struct Target<'a> {
    pub(super) sources: &'a [OsString],
    path: Vec<u8>,
    /// Sources go into it, each under its own name.
    into: bool,
}

impl<'a> Target<'a> {
    /// The target of these paths: the last of them, unless it was said otherwise. A symbolic link to a directory is one if
    /// it is to be followed.
    pub(super) fn of<F: FilesystemInterface>(
        w: &Workspace<'_, F>,
        paths: &'a [OsString],
        args: &TargetArgs,
        follow: Follow,
    ) -> Result<Self> {
        let (sources, path) = match (&args.target_directory, paths.split_last()) {
            (Some(dir), _) => (paths, w.path(dir)?),
            (None, Some((last, sources))) if !sources.is_empty() => (sources, w.path(last)?),
            _ => return Err(Failure::usage("a source and a target are needed")),
        };
        if args.no_target_directory {
            return Self::name(w, paths);
        }
        let into = w.attr_if_any(&path, follow)?.is_some_and(|attr| attr.is_dir());
        if !into && args.target_directory.is_some() {
            return Err(Failure::from(ErrorKind::NotDirectory).about(&path));
        }
        if !into && sources.len() > 1 {
            let message = "with several sources, the target must be a directory";
            return Err(Failure::new(ErrorKind::NotDirectory, message).about(&path));
        }
        Ok(Self { sources, path, into })
    }

    /// The second of two paths, as a name whatever has it.
    pub(super) fn name<F: FilesystemInterface>(w: &Workspace<'_, F>, paths: &'a [OsString]) -> Result<Self> {
        let [_, target] = paths else {
            return Err(Failure::usage("one source and one target are needed"));
        };
        Ok(Self {
            sources: &paths[..1],
            path: w.path(target)?,
            into: false,
        })
    }

    /// The path that a source gets. What has no name of its own, `.`, `..` and the root, is meant as what is in it.
    pub(super) fn path_for(&self, source: &[u8]) -> Vec<u8> {
        match last_name(source) {
            b"" | b"." | b".." => self.path.clone(),
            name if self.into => join(&self.path, name),
            _ => self.path.clone(),
        }
    }
}
