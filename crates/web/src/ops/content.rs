//! Whole files.

use tarbox_fs::{
    Credentials, FilesystemExt as _, FilesystemInterface as _, Follow, LastComponent, OpenFlags, blocking,
    put_content,
};
use tarbox_store::{Error, ErrorKind, Result, SetAttr, WriteAt};

use super::{open_path, version, zeros};
use crate::{Request, Workspace};

/// Up to so many bytes a file is replaced within one commit: the old content goes with the new one coming.
pub(super) const WHOLE: usize = 1 << 20;

/// The most that is read at once: it is copied again, so that more would only take memory.
const PART: u64 = 1 << 20;

/// Reads a file, or a range of it: numbers are the offset and the length, which may be infinite. Answers how many bytes there
/// are; the first of them are the output, and the others are asked for by their range.
pub(super) fn read_file(w: &mut Workspace, request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    let start = request.whole(0)?;
    let wanted = match request.numbers[1].is_infinite() {
        true => u64::MAX,
        false => request.whole(1)?,
    };
    let (attr, handle) = blocking(w.fs.open_path(&w.who, request.first, OpenFlags::READ, None))?;
    if attr.size == 0 {
        // Nothing, or a hook, whose length shows when it is read.
        blocking(w.fs.release(handle))?;
        let all = blocking(w.fs.read_file(&w.who, request.first))?;
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
        blocking(w.fs.read(handle, start, out))
    });
    blocking(w.fs.release(handle))?;
    out.truncate(read?);
    Ok(if out.len() as u64 == PART {
        there as f64
    } else {
        out.len() as f64
    })
}

/// Replaces a file. Numbers are the mode of a new one, and whether it must be new; the second text is the version that it
/// must have.
pub(super) fn write_file(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    let who = version::expecting(w, request)?;
    let flags = if request.flag(1) {
        OpenFlags::WRITE.exclusively()
    } else {
        OpenFlags::WRITE
    };
    put(w, &who, request, flags)
}

/// Appends to a file. The number is the mode of a new one.
pub(super) fn append_file(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    let who = w.who.clone();
    put(w, &who, request, OpenFlags::WRITE.appending())
}

fn put(w: &mut Workspace, who: &Credentials, request: &Request<'_>, flags: OpenFlags) -> Result<f64> {
    let mode = request.small(0)?;
    let data = request.data;
    if !flags.append && data.len() > WHOLE && has_content(w, request.first)? {
        return super::replace::with_bytes(w, who, request, mode);
    }
    let (attr, handle) = open_path(w, who, request.first, flags, Some(mode))?;
    let mut done = match flags.append {
        true => blocking(w.fs.write(handle, WriteAt::End, data)).map(drop),
        false => blocking(put_content(&w.fs, data, handle)),
    };
    if flags.append && done.is_err() {
        // An append is whole, or nothing of it is there.
        done = done.and(blocking(w.fs.truncate(handle, attr.size)).map(drop));
    }
    blocking(w.fs.release(handle))?;
    done.map(|()| data.len() as f64)
}

/// Whether there is a file whose content could be lost.
fn has_content(w: &Workspace, path: &str) -> Result<bool> {
    match blocking(w.fs.stat(&w.who, path)) {
        Ok(attr) => Ok(attr.is_file() && attr.size > 0),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
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
        return Err(Error::new(ErrorKind::Exists).about(request.second));
    }
    if has_content(w, request.second).unwrap_or(false) {
        // What is not stored yet of the source would be, with its target cut off already.
        w.sync()?;
    }
    let copied = if request.flag(1) {
        blocking(w.fs.copy_tree(&w.who, request.first, request.second))
    } else {
        blocking(w.fs.copy(&w.who, request.first, request.second))
    };
    copied.map(|bytes| bytes as f64)
}

/// Copies a file with exactly its permissions, over one that is there or to a new one; the number says that it must be new.
/// A file is its own copy.
pub(super) fn copy_file(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    let (from, to) = (request.first, request.second);
    let source = blocking(w.fs.stat(&w.who, from))?;
    let place = blocking(w.fs.resolve_parent(&w.who, to))?;
    if place.last == LastComponent::Name && place.trailing_slash {
        return Err(Error::new(ErrorKind::IsDirectory).about(to));
    }
    if request.flag(0) && blocking(w.fs.lstat(&w.who, to)).is_ok() {
        return Err(Error::new(ErrorKind::Exists).about(to));
    }
    if !source.is_file() {
        return Err(Error::new(ErrorKind::IsDirectory).about(from));
    }
    if blocking(w.fs.stat(&w.who, to)).is_ok_and(|target| target.ino == source.ino) {
        return Ok(0.0);
    }
    let copied = blocking(w.fs.copy(&w.who, from, to))?;
    let mode = SetAttr {
        mode: Some(source.mode & 0o7777),
        ..SetAttr::default()
    };
    blocking(w.fs.set_attr(&w.who, to, &mode, Follow::Yes))?;
    Ok(copied as f64)
}
