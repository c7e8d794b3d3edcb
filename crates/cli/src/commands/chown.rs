//! `chown`

use std::ffi::OsString;

use tarbox_fs::{FilesystemInterface, Follow, blocking};
use tarbox_store::{Ino, SetAttr};

use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::parse::owner::{self, Owner};
use crate::walk::{Step, Walker};
use crate::workspace::Workspace;

/// Change owner and group
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox chown 1000:1000 /home/ada",
    "tarbox chown -R ada: /home/ada       names are those of this host",
    "tarbox chown :100 /shared            the group only",
))]
pub(crate) struct Args {
    /// USER, USER:GROUP, USER: (the user's login group) or :GROUP, each by name or number
    #[arg(value_name = "OWNER", value_parser = owner::parse)]
    owner: Owner,
    /// The files to change
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,
    /// Change directories and everything in them
    #[arg(short = 'R', long)]
    recursive: bool,
    /// Change a symbolic link itself, not what it points to
    #[arg(short = 'H', long = "no-dereference")]
    no_dereference: bool,
}

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    let follow = if args.no_dereference || args.recursive {
        Follow::No
    } else {
        Follow::Yes
    };
    w.each(&args.paths, |path| {
        let attr = w.attr(path, follow)?;
        change(args, w, path, attr.ino)?;
        if !args.recursive || !attr.is_dir() {
            return Ok(());
        }
        let mut walker = Walker::new(w.fs, &w.who, path, attr);
        while let Some(visit) = walker.next() {
            let done = visit.and_then(|visit| {
                if visit.step == Step::Leave || visit.depth == 0 {
                    return Ok(());
                }
                change(args, w, walker.path(), visit.attr.ino)
            });
            done.or_else(|failure| w.report(failure))?;
        }
        Ok(())
    })
}

fn change<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>, path: &[u8], ino: Ino) -> Result<()> {
    let set = SetAttr {
        uid: args.owner.uid,
        gid: args.owner.gid,
        ..SetAttr::default()
    };
    blocking(w.fs.setattr(&w.who, ino, &set))
        .map(drop)
        .map_err(|e| Failure::of(e, path))
}
