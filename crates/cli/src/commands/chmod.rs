//! `chmod`

use std::ffi::OsString;

use tarbox_fs::{FilesystemInterface, Follow, blocking};
use tarbox_store::{Attr, ErrorKind, SetAttr};

use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::parse::mode::ModeChange;
use crate::walk::{Step, Walker};
use crate::workspace::Workspace;

/// Change permissions
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox chmod 640 /notes.txt",
    "tarbox chmod u+x,go-w /tool",
    "tarbox chmod -R a+rX /public        x only for directories and executable files",
))]
pub(crate) struct Args {
    /// Octal digits, or symbolic clauses such as u+x,go-w,a=rX
    #[arg(value_name = "MODE", value_parser = ModeChange::parse, allow_hyphen_values = true)]
    mode: ModeChange,
    /// The files to change
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,
    /// Change directories and everything in them
    #[arg(short = 'R', long)]
    recursive: bool,
}

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    w.each(&args.paths, |path| {
        let attr = w.attr(path, Follow::Yes)?;
        change(args, w, path, &attr)?;
        if !args.recursive || !attr.is_dir() {
            return Ok(());
        }
        let mut walker = Walker::new(w.fs, &w.who, path, attr);
        while let Some(visit) = walker.next() {
            let done = visit.and_then(|visit| {
                // Links have no permissions of their own, and where they lead is not in the tree.
                if visit.step == Step::Leave || visit.depth == 0 || visit.attr.is_symlink() {
                    return Ok(());
                }
                change(args, w, walker.path(), &visit.attr)
            });
            done.or_else(|failure| w.report(failure))?;
        }
        Ok(())
    })
}

fn change<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>, path: &[u8], attr: &Attr) -> Result<()> {
    set_mode(
        w,
        path,
        attr,
        args.mode.apply(attr.mode, attr.is_dir(), w.who.umask),
    )
}

/// Sets permissions, all of them or none: a bit that would be dropped in silence is refused.
pub(super) fn set_mode<F: FilesystemInterface>(
    w: &Workspace<'_, F>,
    path: &[u8],
    attr: &Attr,
    mode: u32,
) -> Result<()> {
    let owner = w.who.is_root() || w.who.uid() == attr.uid;
    if owner && mode & 0o2000 != 0 && !w.who.keeps_set_group_id(attr.gid) {
        let message = format!(
            "only root and members of group {gid} may set or keep the set-group-ID bit here; \
             --user USER:GROUP,{gid} acts as a member, and g-s gives the bit up",
            gid = attr.gid
        );
        return Err(Failure::new(ErrorKind::NotPermitted, message).about(path));
    }
    let set = SetAttr {
        mode: Some(mode),
        ..SetAttr::default()
    };
    blocking(w.fs.setattr(&w.who, attr.ino, &set))
        .map(drop)
        .map_err(|e| Failure::of(e, path))
}
