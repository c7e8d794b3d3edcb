//! `cp`

use std::ffi::OsString;

use tarbox_fs::{Copier, CopyAttributes, CopyOptions, FilesystemInterface, Follow, blocking};
use tarbox_store::{Attr, Error, ErrorKind};

use super::target::{Target, TargetArgs};
use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::workspace::{Workspace, join};

/// Copy files and directories; the copy shares its content until one side changes
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox cp /big.bin /copy.bin         takes no space and hardly any time",
    "tarbox cp -r /src /experiment",
    "tarbox cp -r /src/. /experiment      its contents, even if /experiment exists",
    "tarbox cp -a /src /backup            with owners, times, attributes and hard links",
))]
pub(crate) struct Args {
    /// What to copy, and where
    #[arg(required = true, num_args = 1.., value_names = ["SOURCE", "TARGET"])]
    paths: Vec<OsString>,
    /// Copy directories and everything in them
    #[arg(short, long, visible_short_alias = 'R')]
    recursive: bool,
    /// Preserve permissions, owner, times and extended attributes
    #[arg(short, long)]
    preserve: bool,
    /// Like -r -p, and preserve hard links
    #[arg(short, long)]
    archive: bool,
    /// Do not overwrite existing files; report them
    #[arg(short, long, conflicts_with = "force")]
    no_clobber: bool,
    /// Overwrite existing files (the default)
    #[arg(short, long)]
    force: bool,
    /// Follow symbolic links given as SOURCE (the default without -r and -a)
    #[arg(short = 'L', long, conflicts_with = "no_dereference")]
    dereference: bool,
    /// Copy symbolic links as links (the default with -r and -a)
    #[arg(short = 'P', long)]
    no_dereference: bool,
    #[command(flatten)]
    target: TargetArgs,
}

impl Args {
    fn options(&self) -> CopyOptions {
        CopyOptions {
            attributes: match (self.archive, self.preserve) {
                (true, _) => CopyAttributes::AllAndLinks,
                (_, true) => CopyAttributes::All,
                _ => CopyAttributes::Permissions,
            },
            keep_existing: self.no_clobber,
        }
    }

    fn recursive(&self) -> bool {
        self.recursive || self.archive
    }

    /// Whether a symbolic link that is named is meant as what it leads to. Those in a directory are copied as links.
    fn follow(&self) -> Follow {
        if self.dereference || !(self.no_dereference || self.recursive()) {
            Follow::Yes
        } else {
            Follow::No
        }
    }
}

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    let target = Target::of(w, &args.paths, &args.target, Follow::Yes)?;
    let progress = w.progress("copy");
    let mut copier = Copier::new(w.fs, &w.who, args.options());
    w.each(target.sources, |source| {
        let attr = w.attr(source, args.follow())?;
        let to = target.path_for(source);
        refuse(args, w, source, &attr, &to)?;
        blocking(copier.begin(attr, to[..].into())).map_err(|e| failure(e, &to))?;
        copy(w, &mut copier, (source, &attr, &to), &progress)
    })
}

/// What is wrong from the outset.
fn refuse<F: FilesystemInterface>(
    args: &Args,
    w: &Workspace<'_, F>,
    source: &[u8],
    attr: &Attr,
    to: &[u8],
) -> Result<()> {
    if !attr.is_dir() {
        return Ok(());
    }
    if !args.recursive() {
        let message = "is a directory; use -r to copy it and everything in it";
        return Err(Failure::new(ErrorKind::IsDirectory, message).about(source));
    }
    if w.attr_if_any(to, Follow::No)?
        .is_some_and(|there| there.is_symlink())
    {
        let message = "is a symbolic link, which a directory cannot replace; append / to copy to its target";
        return Err(Failure::new(ErrorKind::NotDirectory, message).about(to));
    }
    Ok(())
}

/// Copies what the copier has begun with; what cannot be copied is reported, and the rest is.
fn copy<F: FilesystemInterface>(
    w: &Workspace<'_, F>,
    copier: &mut Copier<'_, F>,
    (source, attr, to): (&[u8], &Attr, &[u8]),
    progress: &Progress,
) -> Result<()> {
    loop {
        match blocking(copier.next()) {
            Ok(None) => return Ok(()),
            Ok(Some(bytes)) => {
                progress.add_bytes(bytes);
                progress.add(1);
            }
            Err(e) if !attr.is_dir() => return Err(failure(e, to)),
            Err(e) if copier.path().is_empty() => w.report(failure(e, source))?,
            Err(e) => w.report(failure(e, &join(source, copier.path())))?,
        }
    }
}

/// Where a copy cannot make sense, why is all there is to say.
fn failure(error: Error, path: &[u8]) -> Failure {
    match (error.kind(), error.detail()) {
        (kind @ (ErrorKind::Invalid | ErrorKind::Exists), Some(why)) => Failure::new(kind, why).about(path),
        _ => Failure::of(error, path),
    }
}
