//! Names and attributes.

use tarbox_fs::{FilesystemExt as _, FilesystemInterface as _, Follow, NewNode, blocking};
use tarbox_store::{Attr, Error, ErrorKind, RenameMode, Result, SetAttr, SetTime, Timestamp};

use crate::{Request, Workspace, reply};

pub(super) fn stat(w: &mut Workspace, request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    reply::attr(out, &blocking(w.fs.stat(&w.who, request.first))?);
    Ok(0.0)
}

pub(super) fn lstat(w: &mut Workspace, request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    reply::attr(out, &blocking(w.fs.lstat(&w.who, request.first))?);
    Ok(0.0)
}

pub(super) fn list(w: &mut Workspace, request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    let mut entries = blocking(w.fs.read_dir(&w.who, request.first))?;
    tarbox_store::sort_by(&mut entries, |one, other| one.name.cmp(&other.name));
    reply::listing(out, &entries);
    Ok(entries.len() as f64)
}

/// Numbers are the mode, and whether missing parents are made too and an existing directory is no error.
pub(super) fn mkdir(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    if request.flag(1) {
        blocking(w.fs.create_dir_all(&w.who, request.first))?;
    } else {
        let mode = request.small(0)?;
        blocking(w.fs.make_node(&w.who, request.first, NewNode::Directory { mode }))?;
    }
    Ok(0.0)
}

/// Numbers are whether to remove directories with everything in them, and whether something missing is no error.
pub(super) fn remove(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    let removed = if request.flag(0) {
        match blocking(w.fs.lstat(&w.who, request.first)) {
            Ok(attr) if attr.is_dir() => blocking(w.fs.remove_dir_all(&w.who, request.first)),
            Ok(_) => blocking(w.fs.remove_file(&w.who, request.first)),
            Err(error) => Err(error),
        }
    } else {
        blocking(w.fs.remove_file(&w.who, request.first))
    };
    match removed {
        Err(error) if request.flag(1) && error.kind() == ErrorKind::NotFound => Ok(0.0),
        removed => removed.map(|()| 0.0),
    }
}

pub(super) fn rmdir(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    blocking(w.fs.remove_dir(&w.who, request.first)).map(|()| 0.0)
}

/// The number says that nothing is replaced.
pub(super) fn rename(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    let mode = if request.flag(0) {
        RenameMode::NoReplace
    } else {
        RenameMode::Replace
    };
    blocking(w.fs.rename_path(&w.who, request.first, request.second, mode)).map(|()| 0.0)
}

/// The first text is the target, the second where the link is made.
pub(super) fn symlink(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    blocking(w.fs.symlink_path(&w.who, request.first.as_bytes(), request.second)).map(|_| 0.0)
}

pub(super) fn link(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    blocking(w.fs.hard_link(&w.who, request.first, request.second, Follow::No)).map(|_| 0.0)
}

pub(super) fn readlink(w: &mut Workspace, request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    *out = blocking(w.fs.read_link(&w.who, request.first))?;
    Ok(out.len() as f64)
}

pub(super) fn realpath(w: &mut Workspace, request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    let attr = blocking(w.fs.stat(&w.who, request.first))?;
    *out = blocking(w.fs.path_of(attr.ino))?;
    Ok(out.len() as f64)
}

pub(super) fn chmod(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    let mode = request.small(0)? & 0o7777;
    set(
        w,
        request,
        &SetAttr {
            mode: Some(mode),
            ..SetAttr::default()
        },
        Follow::Yes,
    )
}

pub(super) fn chown(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    let attr = SetAttr {
        uid: Some(request.small(0)?),
        gid: Some(request.small(1)?),
        ..SetAttr::default()
    };
    set(w, request, &attr, follow(request))
}

/// Numbers are the times in milliseconds, and whether a symbolic link itself is meant.
pub(super) fn utimes(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    let [atime, mtime, _] = request.numbers;
    let attr = SetAttr {
        atime: Some(time(atime)?),
        mtime: Some(time(mtime)?),
        ..SetAttr::default()
    };
    set(w, request, &attr, follow(request))
}

/// The third number says whether a symbolic link itself is meant.
fn follow(request: &Request<'_>) -> Follow {
    if request.flag(2) { Follow::No } else { Follow::Yes }
}

fn set(w: &mut Workspace, request: &Request<'_>, set: &SetAttr, follow: Follow) -> Result<f64> {
    let _: Attr = blocking(w.fs.set_attr(&w.who, request.first, set, follow))?;
    Ok(0.0)
}

fn time(ms: f64) -> Result<SetTime> {
    if !ms.is_finite() {
        return Err(Error::new(ErrorKind::Invalid).because(format!("{ms} is no time")));
    }
    // The conversion ends where the range of times does.
    Ok(SetTime::At(Timestamp((ms * 1e6) as i64)))
}
