//! `touch`

use std::ffi::OsString;

use tarbox_fs::{FilesystemExt, FilesystemInterface, Follow, OpenFlags, blocking};
use tarbox_store::{SetAttr, SetTime, Timestamp};

use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::parse::time;
use crate::workspace::Workspace;

/// Set times, or create empty files
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox touch /flag",
    "tarbox touch -d yesterday /notes.txt",
    "tarbox touch -m -d 2026-11-21T08:52:00.123456789Z /notes.txt",
    "tarbox touch -r /old /new            the times of another file",
))]
pub(crate) struct Args {
    /// The files to change; created if they do not exist
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,
    /// Use this time instead of now
    #[arg(short, long, value_name = "TIME", value_parser = time::parse, conflicts_with = "reference")]
    #[arg(allow_hyphen_values = true)]
    date: Option<Timestamp>,
    /// Use this time instead of now
    #[arg(short = 't', value_name = "[[CC]YY]MMDDhhmm[.ss]", value_parser = time::stamp, conflicts_with_all = ["date", "reference"])]
    stamp: Option<Timestamp>,
    /// Use the times of this file instead of now
    #[arg(short, long, value_name = "PATH")]
    reference: Option<OsString>,
    /// Change only the access time
    #[arg(short, conflicts_with = "modified")]
    accessed: bool,
    /// Change only the modification time
    #[arg(short)]
    modified: bool,
    /// Do not create files
    #[arg(short = 'c', long)]
    no_create: bool,
    /// Change a symbolic link itself, not what it points to
    #[arg(short = 'H', long = "no-dereference")]
    no_dereference: bool,
}

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    let set = times(args, w)?;
    let follow = if args.no_dereference {
        Follow::No
    } else {
        Follow::Yes
    };
    w.each(&args.paths, |path| {
        let ino = match w.attr_if_any(path, follow)? {
            Some(attr) => attr.ino,
            None if args.no_create || args.no_dereference => return Ok(()),
            None => {
                let (attr, handle) = blocking(w.fs.open_path(&w.who, path, OpenFlags::WRITE, Some(0o666)))
                    .map_err(|e| Failure::of(e, path))?;
                blocking(w.fs.release(handle)).map_err(|e| Failure::of(e, path))?;
                attr.ino
            }
        };
        blocking(w.fs.setattr(&w.who, ino, &set))
            .map(drop)
            .map_err(|e| Failure::of(e, path))
    })
}

fn times<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<SetAttr> {
    let (atime, mtime) = match (&args.reference, args.date.or(args.stamp)) {
        (Some(reference), _) => {
            let attr = w.attr(&w.path(reference)?, Follow::Yes)?;
            (SetTime::At(attr.atime), SetTime::At(attr.mtime))
        }
        (None, Some(date)) => (SetTime::At(date), SetTime::At(date)),
        (None, None) => (SetTime::Now, SetTime::Now),
    };
    Ok(SetAttr {
        atime: (!args.modified).then_some(atime),
        mtime: (!args.accessed).then_some(mtime),
        ..SetAttr::default()
    })
}
