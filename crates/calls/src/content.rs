//! Whole files.

use tarbox_fs::{
    Credentials, FilesystemExt as _, FilesystemInterface as _, Follow, LastComponent, OpenFlags, blocking,
    put_content,
};
use tarbox_store::{Error, ErrorKind, Result, SetAttr, WriteAt};

use crate::operations::{open_path, zeros};
use crate::{Place, Request, Workspace, version};

/// Up to so many bytes a file is replaced within one commit: the old content goes with the new one coming.
pub(crate) const WHOLE: usize = 1 << 20;

/// The most that is read at once: it is copied again, so that more would only take memory.
const PART: u64 = 1 << 20;

/// Reads a file, or a range of it: numbers are the offset and the length, which may be infinite. Answers how many bytes there
/// are; the first of them are the output, and the others are asked for by their range.
pub(crate) fn read_file<P: Place>(
    w: &mut Workspace<P>,
    request: &Request<'_>,
    out: &mut Vec<u8>,
) -> Result<f64> {
    let start = request.whole(0)?;
    let wanted = match request.numbers[1].is_infinite() {
        true => u64::MAX,
        false => request.whole(1)?,
    };
    let (attr, handle) = blocking(w.place.fs().open_path(
        &w.who,
        w.path(request.first),
        OpenFlags::READ,
        None,
    ))?;
    if attr.size == 0 {
        // Nothing, or a hook, whose length shows when it is read.
        blocking(w.place.fs().release(handle))?;
        let all = blocking(w.place.fs().read_file(&w.who, w.path(request.first)))?;
        let from = all.len().min(usize::try_from(start).unwrap_or(usize::MAX));
        let until = all
            .len()
            .min(from.saturating_add(usize::try_from(wanted).unwrap_or(usize::MAX)));
        out.extend_from_slice(&all[from..until]);
        return Ok(out.len() as f64);
    }
    let there = attr.size.saturating_sub(start).min(wanted);
    let read = zeros(there.min(PART)).and_then(|bytes| {
        *out = bytes;
        blocking(w.place.fs().read(handle, start, out))
    });
    blocking(w.place.fs().release(handle))?;
    out.truncate(read?);
    Ok(if out.len() as u64 == PART {
        there as f64
    } else {
        out.len() as f64
    })
}

/// Replaces a file. Numbers are the mode of a new one, and whether it must be new; the second text is the version that it
/// must have.
pub(crate) fn write_file<P: Place>(
    w: &mut Workspace<P>,
    request: &Request<'_>,
    _: &mut Vec<u8>,
) -> Result<f64> {
    let who = version::expecting(w, request)?;
    let flags = if request.flag(1) {
        OpenFlags::WRITE.exclusively()
    } else {
        OpenFlags::WRITE
    };
    put(w, &who, request, flags)
}

/// Appends to a file. The number is the mode of a new one.
pub(crate) fn append_file<P: Place>(
    w: &mut Workspace<P>,
    request: &Request<'_>,
    _: &mut Vec<u8>,
) -> Result<f64> {
    let who = w.who.clone();
    put(w, &who, request, OpenFlags::WRITE.appending())
}

fn put<P: Place>(
    w: &mut Workspace<P>,
    who: &Credentials,
    request: &Request<'_>,
    flags: OpenFlags,
) -> Result<f64> {
    let mode = request.small(0)?;
    let data = request.data;
    if !flags.append && data.len() > WHOLE && has_content(w, request.first)? {
        return crate::replace::with_bytes(w, who, request, mode);
    }
    let (attr, handle) = open_path(w, who, request.first, flags, Some(mode))?;
    let mut done = match flags.append {
        true => blocking(w.place.fs().write(handle, WriteAt::End, data)).map(drop),
        false => blocking(put_content(w.place.fs(), data, handle)),
    };
    if flags.append && done.is_err() {
        // An append is whole, or nothing of it is there.
        done = done.and(blocking(w.place.fs().truncate(handle, attr.size)).map(drop));
    }
    blocking(w.place.fs().release(handle))?;
    done.map(|()| data.len() as f64)
}

/// Whether there is a file whose content could be lost.
fn has_content<P: Place>(w: &Workspace<P>, path: &str) -> Result<bool> {
    match blocking(w.place.fs().stat(&w.who, w.path(path))) {
        Ok(attr) => Ok(attr.is_file() && attr.size > 0),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

pub(crate) fn truncate<P: Place>(
    w: &mut Workspace<P>,
    request: &Request<'_>,
    _: &mut Vec<u8>,
) -> Result<f64> {
    let set = SetAttr {
        size: Some(request.whole(0)?),
        ..SetAttr::default()
    };
    blocking(
        w.place
            .fs()
            .set_attr(&w.who, w.path(request.first), &set, Follow::Yes),
    )
    .map(|_| 0.0)
}

/// Numbers are whether the target must be new, and whether directories are copied with all that is in them.
pub(crate) fn copy<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    if request.flag(0) && blocking(w.place.fs().exists(&w.who, w.path(request.second)))? {
        return Err(Error::new(ErrorKind::Exists).about(request.second));
    }
    if has_content(w, request.second).unwrap_or(false) {
        // What is not stored yet of the source would be, with its target cut off already.
        w.sync()?;
    }
    let copied = if request.flag(1) {
        blocking(
            w.place
                .fs()
                .copy_tree(&w.who, w.path(request.first), w.path(request.second)),
        )
    } else {
        blocking(
            w.place
                .fs()
                .copy(&w.who, w.path(request.first), w.path(request.second)),
        )
    };
    copied.map(|bytes| bytes as f64)
}

/// Copies a file with exactly its permissions, over one that is there or to a new one; the number says that it must be new.
/// A file is its own copy.
pub(crate) fn copy_file<P: Place>(
    w: &mut Workspace<P>,
    request: &Request<'_>,
    _: &mut Vec<u8>,
) -> Result<f64> {
    let (from, to) = (request.first, request.second);
    let source = blocking(w.place.fs().stat(&w.who, w.path(from)))?;
    let place = blocking(w.place.fs().resolve_parent(&w.who, w.path(to)))?;
    if place.last == LastComponent::Name && place.trailing_slash {
        return Err(Error::new(ErrorKind::IsDirectory).about(to));
    }
    if request.flag(0) && blocking(w.place.fs().lstat(&w.who, w.path(to))).is_ok() {
        return Err(Error::new(ErrorKind::Exists).about(to));
    }
    if !source.is_file() {
        return Err(Error::new(ErrorKind::IsDirectory).about(from));
    }
    if blocking(w.place.fs().stat(&w.who, w.path(to))).is_ok_and(|target| target.ino == source.ino) {
        return Ok(0.0);
    }
    let copied = blocking(w.place.fs().copy(&w.who, w.path(from), w.path(to)))?;
    let mode = SetAttr {
        mode: Some(source.mode & 0o7777),
        ..SetAttr::default()
    };
    blocking(w.place.fs().set_attr(&w.who, w.path(to), &mode, Follow::Yes))?;
    Ok(copied as f64)
}
