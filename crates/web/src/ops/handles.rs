//! Open files.

use tarbox_fs::{FilesystemInterface as _, OpenFlags, blocking};
use tarbox_store::{Result, SetAttr, WriteAt};

use super::entries::{mode_at, owner_at, times};
use super::{open_path, version, zeros};
use crate::{Request, Workspace, reply};

/// What a file is opened for, as bits of the first number.
const READ: u32 = 1;
const WRITE: u32 = 2;
const APPEND: u32 = 4;
const TRUNCATE: u32 = 8;
const CREATE: u32 = 16;
const EXCLUSIVE: u32 = 32;
const DIRECTORY: u32 = 64;
const NO_FOLLOW: u32 = 128;

/// Numbers are the flags and the mode of a new file; the second text is the version that it must have. Returns the number
/// to call it by, and gives its attributes.
pub(super) fn open(w: &mut Workspace, request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    let who = version::expecting(w, request)?;
    let flags = request.small(0)?;
    let has = |bit| flags & bit != 0;
    let open = OpenFlags {
        read: has(READ),
        write: has(WRITE),
        append: has(APPEND),
        truncate: has(TRUNCATE),
        exclusive: has(EXCLUSIVE),
        directory: has(DIRECTORY),
        no_follow: has(NO_FOLLOW),
        ..OpenFlags::default()
    };
    let create = has(CREATE).then_some(request.small(1)?);
    let (attr, handle) = open_path(w, &who, request.first, open, create)?;
    reply::attr(out, &attr);
    Ok(f64::from(w.keep(handle)))
}

pub(super) fn close(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    let number = request.small(0)?;
    w.release(number).map(|()| 0.0)
}

/// Numbers are the file, the offset and the length.
pub(super) fn read(w: &mut Workspace, request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    let handle = w.handle(request.small(0)?)?;
    let size = blocking(w.fs.getattr(w.fs.handle(handle)?.ino))?.size;
    let (offset, wanted) = (request.whole(1)?, request.whole(2)?);
    let wanted = wanted.min(size.saturating_sub(offset));
    *out = zeros(wanted)?;
    let count = blocking(w.fs.read(handle, offset, out))?;
    out.truncate(count);
    Ok(count as f64)
}

/// Numbers are the file and the offset; a negative one is the end.
pub(super) fn write(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    let handle = w.handle(request.small(0)?)?;
    let at = match request.numbers[1] < 0.0 {
        true => WriteAt::End,
        false => WriteAt::Offset(request.whole(1)?),
    };
    blocking(w.fs.write(handle, at, request.data))?;
    Ok(request.data.len() as f64)
}

pub(super) fn stat(w: &mut Workspace, request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    let handle = w.handle(request.small(0)?)?;
    reply::attr(out, &blocking(w.fs.getattr(w.fs.handle(handle)?.ino))?);
    Ok(0.0)
}

pub(super) fn truncate(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    let handle = w.handle(request.small(0)?)?;
    blocking(w.fs.truncate(handle, request.whole(1)?)).map(|_| 0.0)
}

/// Numbers are the file and its permissions.
pub(super) fn chmod(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    set(w, request, &mode_at(request, 1)?)
}

/// Numbers are the file, its owner and its group; a negative one stays.
pub(super) fn chown(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    set(w, request, &owner_at(request, 1)?)
}

/// The number is the file; the data are the times.
pub(super) fn utimes(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    set(w, request, &times(request)?)
}

fn set(w: &Workspace, request: &Request<'_>, set: &SetAttr) -> Result<f64> {
    let handle = w.handle(request.small(0)?)?;
    blocking(w.fs.setattr(&w.who, w.fs.handle(handle)?.ino, set)).map(|_| 0.0)
}
