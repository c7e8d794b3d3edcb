//! `write`, and what it shares with `append`

use std::ffi::OsString;
use std::io::{self, Read};

use tarbox_fs::{
    AccessMask, FilesystemExt, FilesystemInterface, Handle, OpenFlags, blocking, nameless, put_content,
    share_content,
};
use tarbox_store::{ErrorKind, WriteAt};

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
    "Until all of the new content is stored the file has its old one. It stays the same file: owner, permissions,",
    "attributes and hard links are kept.",
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
    let source = Source::of(args.text.as_deref()).ending(args.newline);
    match args.offset {
        Some(offset) => put_into(w, &path, OpenFlags::WRITE, WriteAt::Offset(offset), source),
        None => replace(w, &path, OpenFlags::WRITE, source),
    }
}

/// Gives a file everything the source has in place of its content, or makes it. Until the source has ended and all of it
/// is stored, nothing is changed.
pub(super) fn replace<F: FilesystemInterface>(
    w: &Workspace<'_, F>,
    path: &[u8],
    flags: OpenFlags,
    source: Source,
) -> Result<()> {
    let text = match source {
        Source::Text(text) => text,
        Source::Stdin => {
            check(w, path, flags).map_err(|e| Failure::of(e, path))?;
            let mut input = io::stdin().lock();
            let mut first = vec![0; PIECE];
            let len = read_full(&mut input, &mut first)?;
            first.truncate(len);
            if len == PIECE {
                return replace_large(w, path, flags, &first, input);
            }
            first
        }
    };
    open(w, path, flags, |handle| {
        blocking(put_content(w.fs, &text, handle)).map_err(|e| Failure::of(e, path))
    })
}

/// The same for what is longer than its first piece.
fn replace_large<F: FilesystemInterface>(
    w: &Workspace<'_, F>,
    path: &[u8],
    flags: OpenFlags,
    first: &[u8],
    input: impl Read,
) -> Result<()> {
    let about = |e| Failure::of(e, path);
    let staged = blocking(nameless(w.fs, &w.who)).map_err(about)?;
    let replaced = put(w, staged, WriteAt::Offset(0), first, path)
        .and_then(|end| copy(w, input, staged, WriteAt::Offset(end), path))
        .and_then(|()| {
            open(w, path, flags, |handle| {
                blocking(share_content(w.fs, staged, handle))
                    .map(drop)
                    .map_err(about)
            })
        });
    let released = blocking(w.fs.release(staged)).map_err(about);
    replaced.and(released)
}

/// Whether a file can be written, before much is read for it.
fn check<F: FilesystemInterface>(
    w: &Workspace<'_, F>,
    path: &[u8],
    flags: OpenFlags,
) -> tarbox_store::Result<()> {
    match blocking(w.fs.stat(&w.who, path)) {
        Ok(_) if flags.exclusive => Err(ErrorKind::Exists.into()),
        Ok(attr) if attr.is_dir() => Err(ErrorKind::IsDirectory.into()),
        Ok(attr) => blocking(w.fs.access(&w.who, attr.ino, AccessMask::WRITE)),
        Err(e) if e.kind() == ErrorKind::NotFound => blocking(w.fs.resolve_parent(&w.who, path)).map(drop),
        Err(e) => Err(e),
    }
}

/// Opens a file, or makes it, and writes everything the source has.
pub(super) fn put_into<F: FilesystemInterface>(
    w: &Workspace<'_, F>,
    path: &[u8],
    flags: OpenFlags,
    at: WriteAt,
    source: Source,
) -> Result<()> {
    open(w, path, flags, |handle| match source {
        Source::Text(text) => put(w, handle, at, &text, path).map(drop),
        Source::Stdin => copy(w, io::stdin().lock(), handle, at, path),
    })
}

/// Opens a file, or makes it, for as long as something is done with it.
fn open<F: FilesystemInterface>(
    w: &Workspace<'_, F>,
    path: &[u8],
    flags: OpenFlags,
    act: impl FnOnce(Handle) -> Result<()>,
) -> Result<()> {
    let (_, handle) =
        blocking(w.fs.open_path(&w.who, path, flags, Some(0o666))).map_err(|e| Failure::of(e, path))?;
    let done = act(handle);
    // A control file says no when it is closed.
    let released = blocking(w.fs.release(handle)).map_err(|e| Failure::of(e, path));
    done.and(released)
}

/// Writes what is still to be read.
fn copy<F: FilesystemInterface>(
    w: &Workspace<'_, F>,
    mut input: impl Read,
    handle: Handle,
    mut at: WriteAt,
    path: &[u8],
) -> Result<()> {
    let progress = w.progress("write");
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
