//! `ln`

use std::ffi::OsString;

use tarbox_fs::{FilesystemExt, FilesystemInterface, Follow, blocking};
use tarbox_store::ErrorKind;

use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::platform;
use crate::workspace::{Workspace, join, last_name};

/// Give a file another name, or make a symbolic link
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox ln /data/v2.bin /data/latest.bin      one file, two names",
    "tarbox ln -s v2.bin /data/latest.bin         a link that says 'v2.bin'",
))]
pub(crate) struct Args {
    /// The file that gets another name; with -s what the link says, as it is
    #[arg(value_name = "TARGET")]
    target: OsString,
    /// The new name, or a directory to put it in
    #[arg(value_name = "LINK")]
    link: OsString,
    /// A symbolic link
    #[arg(short, long)]
    symbolic: bool,
    /// Replace what has the name, unless it is a directory
    #[arg(short, long)]
    force: bool,
}

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    let target = if args.symbolic {
        platform::bytes_of(&args.target).into_owned()
    } else {
        w.path(&args.target)?
    };
    let mut link = w.path(&args.link)?;
    if w.attr_if_any(&link, Follow::Yes)?
        .is_some_and(|attr| attr.is_dir())
    {
        link = join(&link, last_name(&target));
    }
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
