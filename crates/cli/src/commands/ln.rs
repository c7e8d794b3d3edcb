//! `ln`

use std::ffi::{OsStr, OsString};

use tarbox_fs::{FilesystemExt, FilesystemInterface, Follow, blocking};
use tarbox_store::ErrorKind;

use super::target::{Target, TargetArgs};
use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::platform;
use crate::workspace::Workspace;

/// Create hard and symbolic links
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox ln /data/v2.bin /data/latest.bin      one file, two names",
    "tarbox ln -s v2.bin /data/latest.bin         a link that says 'v2.bin'",
    "tarbox ln -sfn releases/2 /current           retarget a link, even one that points to a directory",
))]
pub(crate) struct Args {
    /// The file to link to (with -s, the text of the link), and the name of the link or a directory to put it in
    #[arg(required = true, num_args = 1.., value_names = ["TARGET", "LINK"])]
    paths: Vec<OsString>,
    /// Make symbolic links
    #[arg(short, long)]
    symbolic: bool,
    /// Replace an existing file, but never a directory
    #[arg(short, long)]
    force: bool,
    /// Treat LINK as a name even if it is a symbolic link to a directory
    #[arg(short, long)]
    no_dereference: bool,
    #[command(flatten)]
    target: TargetArgs,
}

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    let follow = if args.no_dereference {
        Follow::No
    } else {
        Follow::Yes
    };
    let place = Target::of(w, &args.paths, &args.target, follow)?;
    place
        .sources
        .iter()
        .try_for_each(|source| link(args, w, &place, source).or_else(|failure| w.report(failure)))
}

fn link<F: FilesystemInterface>(
    args: &Args,
    w: &Workspace<'_, F>,
    place: &Target<'_>,
    source: &OsStr,
) -> Result<()> {
    let target = if args.symbolic {
        platform::bytes_of(source).into_owned()
    } else {
        w.path(source)?
    };
    let link = place.path_for(&target);
    match make(args, w, &target, &link) {
        Err(failure) if args.force && failure.is(ErrorKind::Exists) => {
            blocking(w.fs.remove_file(&w.who, &link)).map_err(|e| Failure::of(e, &link))?;
            make(args, w, &target, &link)
        }
        result => result,
    }
}

fn make<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>, target: &[u8], link: &[u8]) -> Result<()> {
    let made = if args.symbolic {
        blocking(w.fs.symlink_path(&w.who, target, link))
    } else {
        blocking(w.fs.hard_link(&w.who, target, link, Follow::No))
    };
    made.map(drop).map_err(|e| Failure::of(e, link))
}
