//! `write`, and what it shares with `append`

use std::ffi::OsString;
use std::io::{self, Read};

use tarbox_fs::{FilesystemExt, FilesystemInterface, Handle, OpenFlags, blocking};
use tarbox_store::WriteAt;

use crate::examples::examples;
use crate::failure::{Failure, Result};
use crate::source::Source;
use crate::transfer::item::PIECE;
use crate::workspace::Workspace;

/// Write a file, from the argument or from standard input
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "tarbox write /notes.txt 'hello'",
    "date | tarbox write /started",
    "date | tarbox write /started -                - is standard input; after --, it is a hyphen",
    "tarbox write --offset 1M /big < piece         in the middle; the rest is kept",
    "tarbox write /.tarbox/layers/new before       control files work too",
))]
pub(crate) struct Args {
    /// The file; created if it does not exist
    #[arg(value_name = "PATH")]
    path: OsString,
    /// The text to write, exactly as given; with - or without it, standard input is read to its end
    #[arg(value_name = "TEXT", allow_hyphen_values = true)]
    text: Option<OsString>,
    /// Write at this offset and keep the rest, instead of replacing everything
    #[arg(long, value_name = "SIZE", value_parser = crate::parse::size::parse)]
    offset: Option<u64>,
    /// Add a line break after the text
    #[arg(short = 'n', long)]
    newline: bool,
}

pub(crate) fn run<F: FilesystemInterface>(args: &Args, w: &Workspace<'_, F>) -> Result<()> {
    let path = w.path(&args.path)?;
    let flags = match args.offset {
        Some(_) => OpenFlags::WRITE,
        None => OpenFlags::WRITE.truncated(),
    };
    let source = Source::of(args.text.as_deref()).ending(args.newline);
    put_into(w, &path, flags, WriteAt::Offset(args.offset.unwrap_or(0)), source)
}

/// Opens a file, or makes it, and writes everything the source has.
pub(super) fn put_into<F: FilesystemInterface>(
    w: &Workspace<'_, F>,
    path: &[u8],
    flags: OpenFlags,
    at: WriteAt,
    source: Source,
) -> Result<()> {
    let (_, handle) =
        blocking(w.fs.open_path(&w.who, path, flags, Some(0o666))).map_err(|e| Failure::of(e, path))?;
    let written = match source {
        Source::Text(text) => put(w, handle, at, &text, path).map(drop),
        Source::Stdin => copy_stdin(w, handle, at, path),
    };
    // A control file says no when it is closed.
    let released = blocking(w.fs.release(handle)).map_err(|e| Failure::of(e, path));
    written.and(released)
}

fn copy_stdin<F: FilesystemInterface>(
    w: &Workspace<'_, F>,
    handle: Handle,
    mut at: WriteAt,
    path: &[u8],
) -> Result<()> {
    let progress = w.progress("write");
    let mut input = io::stdin().lock();
    let mut buffer = vec![0; PIECE];
    loop {
        let len = read_full(&mut input, &mut buffer)?;
        if len > 0 {
            let end = put(w, handle, at, &buffer[..len], path)?;
            progress.add_bytes(len as u64);
            if let WriteAt::Offset(offset) = &mut at {
                *offset = end;
            }
        }
        if len < buffer.len() {
            return Ok(());
        }
    }
}

/// Writes one piece and answers where it ended.
fn put<F: FilesystemInterface>(
    w: &Workspace<'_, F>,
    handle: Handle,
    at: WriteAt,
    data: &[u8],
    path: &[u8],
) -> Result<u64> {
    let written = blocking(w.fs.write(handle, at, data)).map_err(|e| Failure::of(e, path))?;
    Ok(written.offset + data.len() as u64)
}

/// Fills the buffer as far as the input goes: pieces are large, however small the writes of a pipe are.
fn read_full(input: &mut impl Read, buffer: &mut [u8]) -> Result<usize> {
    let mut len = 0;
    while len < buffer.len() {
        match input.read(&mut buffer[len..]) {
            Ok(0) => break,
            Ok(more) => len += more,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(Failure::host("standard input", &e)),
        }
    }
    Ok(len)
}
