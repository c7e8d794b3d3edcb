//! `append`

use std::ffi::OsString;

use tarbox_fs::{FilesystemExt, FilesystemInterface, OpenFlags, blocking};
use tarbox_store::WriteAt;

use super::write::{Source, copy};
use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::workspace::Workspace;

/// Add to the end of a file: from the argument, or from standard input
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox append -n /log 'one more line'",
    "dmesg | tarbox append /log",
))]
pub(crate) struct Args {
    /// The file; made if it is not there
    #[arg(value_name = "PATH")]
    path: OsString,
    /// What to add, exactly; without it standard input is read to its end
    #[arg(value_name = "TEXT", allow_hyphen_values = true)]
    text: Option<OsString>,
    /// End the text with a line break
    #[arg(short = 'n', long)]
    newline: bool,
}

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    let path = w.path(&args.path)?;
    let flags = OpenFlags::WRITE.appending();
    let (_, handle) =
        blocking(w.fs.open_path(&w.who, &path, flags, Some(0o666))).map_err(|e| Failure::of(e, &path))?;
    let source = Source::new(args.text.as_deref(), args.newline);
    let written = copy(w, handle, WriteAt::End, source, &path);
    let released = blocking(w.fs.release(handle)).map_err(|e| Failure::of(e, &path));
    written.and(released)
}
