//! `umount`

use std::path::PathBuf;

use tarbox_fuse::point;

use crate::examples::examples;
use crate::failure::Result;

/// Unmount a workspace, even if its process is gone
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox umount ~/w           everything written is in the database",
))]
pub(crate) struct Args {
    /// Where it is mounted
    dir: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    Ok(point::unmount(&args.dir)?)
}
