//! Open files.

use tarbox_fs::{FilesystemInterface as _, OpenFlags, blocking};
use tarbox_store::{Result, SetAttr, WriteAt};

use crate::entries::{mode_at, owner_at, times};
use crate::operations::{open_path, zeros};
use crate::{Place, Request, Workspace, reply, version};

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
pub(crate) fn open<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
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
    Ok(f64::from(w.keep(handle)?))
}

pub(crate) fn close<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    let number = request.small(0)?;
    w.release(number).map(|()| 0.0)
}

/// Numbers are the file, the offset and the length.
pub(crate) fn read<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    let handle = w.handle(request.small(0)?)?;
    let size = blocking(w.place.fs().getattr(w.place.fs().handle(handle)?.ino))?.size;
    let (offset, wanted) = (request.whole(1)?, request.whole(2)?);
    let wanted = wanted.min(size.saturating_sub(offset)).min(w.limits.read);
    *out = zeros(wanted)?;
    let count = blocking(w.place.fs().read(handle, offset, out))?;
    out.truncate(count);
    Ok(count as f64)
}

/// Numbers are the file and the offset; a negative one is the end.
pub(crate) fn write<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    let handle = w.handle(request.small(0)?)?;
    let at = match request.numbers[1] < 0.0 {
        true => WriteAt::End,
        false => WriteAt::Offset(request.whole(1)?),
    };
    blocking(w.place.fs().write(handle, at, request.data))?;
    Ok(request.data.len() as f64)
}

pub(crate) fn stat<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    let handle = w.handle(request.small(0)?)?;
    reply::attr(
        out,
        &blocking(w.place.fs().getattr(w.place.fs().handle(handle)?.ino))?,
    );
    Ok(0.0)
}

pub(crate) fn truncate<P: Place>(
    w: &mut Workspace<P>,
    request: &Request<'_>,
    _: &mut Vec<u8>,
) -> Result<f64> {
    let handle = w.handle(request.small(0)?)?;
    blocking(w.place.fs().truncate(handle, request.whole(1)?)).map(|_| 0.0)
}

/// Numbers are the file and its permissions.
pub(crate) fn chmod<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    set(w, request, &mode_at(request, 1)?)
}

/// Numbers are the file, its owner and its group; a negative one stays.
pub(crate) fn chown<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    set(w, request, &owner_at(request, 1)?)
}

/// The number is the file; the data are the times.
pub(crate) fn utimes<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    set(w, request, &times(request)?)
}

fn set<P: Place>(w: &Workspace<P>, request: &Request<'_>, set: &SetAttr) -> Result<f64> {
    let handle = w.handle(request.small(0)?)?;
    blocking(
        w.place
            .fs()
            .setattr(&w.who, w.place.fs().handle(handle)?.ino, set),
    )
    .map(|_| 0.0)
}
