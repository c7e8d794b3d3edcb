//! `cat`

use std::ffi::OsString;

use tarbox_fs::{FilesystemExt, FilesystemInterface, OpenFlags, blocking};

use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::transfer::item::PIECE;
use crate::workspace::Workspace;

/// Print the contents of files
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox cat /src/main.rs",
    "tarbox cat /.tarbox/snapshots/before/src/main.rs     as it was in the layer 'before'",
    "tarbox cat --offset 1M --length 16 /big | xxd",
))]
pub(crate) struct Args {
    /// The files to print, one after the other
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<OsString>,
    /// Start at this byte
    #[arg(long, value_name = "SIZE", default_value = "0", hide_default_value = true)]
    #[arg(value_parser = crate::parse::size::parse)]
    offset: u64,
    /// Print at most this much of each
    #[arg(long, value_name = "SIZE", value_parser = crate::parse::size::parse)]
    length: Option<u64>,
}

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    w.each(&args.paths, |path| {
        print(w, path, args.offset, args.length.unwrap_or(u64::MAX))
    })
}

/// Prints up to `left` bytes of a file from `at` on.
pub(super) fn print<F: FilesystemInterface>(
    w: &Workspace<'_, F>,
    path: &[u8],
    mut at: u64,
    mut left: u64,
) -> Result<()> {
    let (_, handle) =
        blocking(w.fs.open_path(&w.who, path, OpenFlags::READ, None)).map_err(|e| Failure::of(e, path))?;
    let mut buffer = vec![0; PIECE];
    // What a control file says has no length beforehand: the end is where nothing more comes.
    while left > 0 {
        let room = left.min(PIECE as u64) as usize;
        let len = blocking(w.fs.read(handle, at, &mut buffer[..room])).map_err(|e| Failure::of(e, path))?;
        if len == 0 {
            break;
        }
        w.out.raw(&buffer[..len])?;
        at += len as u64;
        left -= len as u64;
    }
    blocking(w.fs.release(handle)).map_err(|e| Failure::of(e, path))
}
