//! Whole files.

use tarbox_fs::{FilesystemExt as _, FilesystemInterface as _, Follow, OpenFlags, blocking};
use tarbox_store::{Result, SetAttr, WriteAt};

use super::version;
use crate::{Request, Workspace};

/// The most that the store takes in one write.
const PIECE: usize = 16 << 20;

/// Reads a file, or a range of it: numbers are the offset and the length, which may be infinite.
pub(super) fn read_file(w: &mut Workspace, request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    let [offset, length, _] = request.numbers;
    if offset == 0.0 && length.is_infinite() {
        *out = blocking(w.fs.read_file(&w.who, request.first))?;
        return Ok(out.len() as f64);
    }
    let start = request.whole(0)?;
    let (attr, handle) = blocking(w.fs.open_path(&w.who, request.first, OpenFlags::READ, None))?;
    let rest = attr.size.saturating_sub(start);
    let wanted = if length.is_infinite() {
        rest
    } else {
        request.whole(1)?.min(rest)
    };
    out.resize(usize::try_from(wanted).unwrap_or(usize::MAX), 0);
    let read = blocking(w.fs.read(handle, start, out));
    blocking(w.fs.release(handle))?;
    out.truncate(read?);
    Ok(out.len() as f64)
}

/// Replaces a file. Numbers are the mode of a new one, and whether it must be new; the second text is the version that it
/// must have.
pub(super) fn write_file(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    version::require(w, request)?;
    let flags = if request.flag(1) {
        OpenFlags::WRITE.exclusively()
    } else {
        OpenFlags::WRITE.truncated()
    };
    put(w, request, flags)
}

/// Appends to a file. The number is the mode of a new one.
pub(super) fn append_file(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    put(w, request, OpenFlags::WRITE.appending())
}

fn put(w: &mut Workspace, request: &Request<'_>, flags: OpenFlags) -> Result<f64> {
    let mode = request.small(0)?;
    let (_, handle) = blocking(w.fs.open_path(&w.who, request.first, flags, Some(mode)))?;
    let mut done = Ok(());
    let mut offset = 0;
    for piece in request.data.chunks(PIECE) {
        let at = if flags.append {
            WriteAt::End
        } else {
            WriteAt::Offset(offset)
        };
        done = blocking(w.fs.write(handle, at, piece)).map(drop);
        if done.is_err() {
            break;
        }
        offset += piece.len() as u64;
    }
    blocking(w.fs.release(handle))?;
    done.map(|()| request.data.len() as f64)
}

pub(super) fn truncate(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    let set = SetAttr {
        size: Some(request.whole(0)?),
        ..SetAttr::default()
    };
    blocking(w.fs.set_attr(&w.who, request.first, &set, Follow::Yes)).map(|_| 0.0)
}

/// Numbers are whether the target must be new, and whether directories are copied with all that is in them.
pub(super) fn copy(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    if request.flag(0) && blocking(w.fs.exists(&w.who, request.second))? {
        return Err(tarbox_store::Error::new(tarbox_store::ErrorKind::Exists).about(request.second));
    }
    let copied = if request.flag(1) {
        blocking(w.fs.copy_tree(&w.who, request.first, request.second))
    } else {
        blocking(w.fs.copy(&w.who, request.first, request.second))
    };
    copied.map(|bytes| bytes as f64)
}
