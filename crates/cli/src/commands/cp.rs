//! `cp`

use std::ffi::OsString;

use tarbox_fs::{FilesystemInterface, Follow};

use super::mv::Target;
use crate::copy::{Attributes, Copier};
use crate::examples::examples;
use crate::failure::Result;
use crate::transfer::options::Collision;
use crate::workspace::Workspace;

/// Copy files and directories; content is shared, not copied, until one side changes
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox cp /big.bin /copy.bin         takes no room and hardly any time",
    "tarbox cp -r /src /experiment",
    "tarbox cp -a /src /backup            with owners, times, attributes and hard links",
))]
pub(crate) struct Args {
    /// What to copy, and where to
    #[arg(required = true, num_args = 2.., value_names = ["SOURCE", "TARGET"])]
    paths: Vec<OsString>,
    /// Directories with all that is in them
    #[arg(short, long, visible_short_alias = 'R')]
    recursive: bool,
    /// Keep permissions, owner, times and attributes
    #[arg(short, long)]
    preserve: bool,
    /// Both, and hard links stay together
    #[arg(short, long)]
    archive: bool,
    /// Leave what is there already, and report it
    #[arg(short, long)]
    no_clobber: bool,
    /// The target is a name, also where a directory has it
    #[arg(short = 'T', long)]
    no_target_directory: bool,
}

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    let target = Target::of(w, &args.paths, args.no_target_directory)?;
    let attributes = match (args.archive, args.preserve) {
        (true, _) => Attributes::AllAndLinks,
        (_, true) => Attributes::All,
        _ => Attributes::New,
    };
    let collision = if args.no_clobber {
        Collision::Refuse
    } else {
        Collision::Replace
    };
    let recursive = args.recursive || args.archive;
    let follow = if recursive { Follow::No } else { Follow::Yes };
    let mut copier = Copier::new(w, attributes, collision);
    w.each(target.sources, |source| {
        let attr = w.attr(source, follow)?;
        let to = target.path_for(source);
        if attr.is_dir() && recursive {
            copier.tree(source, attr, &to)
        } else {
            copier.single(source, &attr, &to)
        }
    })
}
