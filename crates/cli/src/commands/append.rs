//! `append`

use std::ffi::OsString;

use tarbox_fs::{FilesystemInterface, OpenFlags};
use tarbox_store::WriteAt;

use super::write::put_into;
use crate::examples::examples;
use crate::failure::Result;
use crate::source::Source;
use crate::workspace::Workspace;

/// Append to a file, from the argument or from standard input
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox append -n /log 'one more line'",
    "dmesg | tarbox append /log",
))]
pub(crate) struct Args {
    /// The file; created if it does not exist
    #[arg(value_name = "PATH")]
    path: OsString,
    /// The text to append, exactly as given; with - or without it, standard input is read to its end
    #[arg(value_name = "TEXT", allow_hyphen_values = true)]
    text: Option<OsString>,
    /// Add a line break after the text
    #[arg(short = 'n', long)]
    newline: bool,
}

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    let path = w.path(&args.path)?;
    let source = Source::of(args.text.as_deref()).ending(args.newline);
    put_into(w, &path, OpenFlags::WRITE.appending(), WriteAt::End, source)
}
