//! `rm`

use std::ffi::OsString;

use tarbox_fs::{FilesystemExt, FilesystemInterface, Follow, blocking};
use tarbox_store::{Attr, ErrorKind, Unlink};

use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::walk::{Step, Walker};
use crate::workspace::{Workspace, last_name};

/// Remove files and directories
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox rm /notes.txt",
    "tarbox rm -r /build            a directory and everything in it",
    "tarbox rm -d /empty            a directory only if it is empty",
    "Files in a sealed layer are kept there. To be able to restore them, run 'tarbox layer checkpoint NAME' first.",
))]
pub(crate) struct Args {
    /// What to remove
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,
    /// Remove directories and everything in them
    #[arg(short, long, visible_short_alias = 'R')]
    recursive: bool,
    /// Remove empty directories
    #[arg(short = 'd', long)]
    dir: bool,
    /// Ignore what does not exist
    #[arg(short, long)]
    force: bool,
}

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    let progress = w.progress("remove");
    w.each(&args.paths, |path| match remove(args, w, path, &progress) {
        Err(failure) if args.force && failure.is(ErrorKind::NotFound) => Ok(()),
        result => result,
    })
}

fn remove<F: FilesystemInterface>(
    args: &Args,
    w: &Workspace<'_, F>,
    path: &[u8],
    progress: &Progress,
) -> Result<()> {
    let attr = w.attr(path, Follow::No)?;
    match (attr.is_dir(), args.recursive, args.dir) {
        (false, _, _) => blocking(w.fs.remove_file(&w.who, path)).map_err(|e| Failure::of(e, path)),
        (true, true, _) => remove_tree(w, path, attr, progress),
        (true, false, true) => blocking(w.fs.remove_dir(&w.who, path)).map_err(|e| Failure::of(e, path)),
        (true, false, false) => Err(Failure::new(
            ErrorKind::IsDirectory,
            "is a directory; use -r to remove it and everything in it",
        )
        .about(path)),
    }
}

fn remove_tree<F: FilesystemInterface>(
    w: &Workspace<'_, F>,
    path: &[u8],
    attr: Attr,
    progress: &Progress,
) -> Result<()> {
    if matches!(last_name(path), b"" | b"." | b"..") {
        let message = "the root, '.' and '..' cannot be removed; name the files in them";
        return Err(Failure::new(ErrorKind::Busy, message).about(path));
    }
    let mut left = false;
    let mut walker = Walker::new(w.fs, &w.who, path, attr);
    while let Some(visit) = walker.next() {
        let removed = match visit {
            Ok(visit) if visit.step == Step::Enter || visit.depth == 0 => continue,
            Ok(visit) => {
                let unlink = if visit.step == Step::Leave {
                    Unlink::Directory
                } else {
                    Unlink::File
                };
                let removed = blocking(w.fs.remove(&w.who, visit.dir, &visit.name, unlink));
                removed.map_err(|e| Failure::of(e, walker.path()))
            }
            Err(failure) => Err(failure),
        };
        match removed {
            Ok(()) => progress.add(1),
            Err(failure) if failure.is(ErrorKind::NotFound) => {}
            // That something is left in it follows from what was reported before.
            Err(failure) if left && failure.is(ErrorKind::NotEmpty) => {}
            Err(failure) => {
                left = true;
                w.report(failure)?;
            }
        }
    }
    match blocking(w.fs.remove_dir(&w.who, path)) {
        Err(e) if left && e.kind() == ErrorKind::NotEmpty => Ok(()),
        result => Ok(result?),
    }
}
