//! Names and attributes.

use tarbox_fs::{FilesystemExt as _, FilesystemInterface as _, Follow, NewNode, SYMLINKS_MAX, blocking};
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

/// Numbers are the mode, and whether missing parents are made too and an existing directory is no error. Answers with the
/// first directory that was made, if any was.
pub(super) fn mkdir(w: &mut Workspace, request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    let mode = request.small(0)?;
    let made = if request.flag(1) {
        make_all(w, request.first, mode)?
    } else {
        make(w, request.first, mode)?;
        Some(request.first)
    };
    out.extend_from_slice(made.unwrap_or_default().as_bytes());
    Ok(0.0)
}

fn make(w: &Workspace, path: &str, mode: u32) -> Result<()> {
    blocking(w.fs.make_node(&w.who, path, NewNode::Directory { mode })).map(drop)
}

/// Makes a directory and those that lead to it: the paths that are missing from the last one up, then down again. What is
/// no directory in the way is `NotDirectory` where something was to be made below it, and `Exists` at the end.
fn make_all<'a>(w: &Workspace, path: &'a str, mode: u32) -> Result<Option<&'a str>> {
    let mut first = None;
    let mut missing = vec![path];
    while let Some(path) = missing.pop() {
        let Err(error) = make(w, path, mode) else {
            first = first.or(Some(path));
            continue;
        };
        match error.kind() {
            ErrorKind::NotFound => {
                let parent = path.rfind('/').map_or("", |slash| &path[..slash]);
                if parent.is_empty() {
                    return Err(error);
                }
                missing.extend([path, parent]);
            }
            ErrorKind::Exists => {
                let there = blocking(w.fs.stat(&w.who, path));
                if !there.as_ref().is_ok_and(Attr::is_dir) {
                    let error = there.err().unwrap_or(error);
                    return Err(if !missing.is_empty() {
                        Error::new(ErrorKind::NotDirectory).about(path)
                    } else {
                        error
                    });
                }
            }
            _ => return Err(error),
        }
    }
    Ok(first)
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

/// The path without links that leads to the same. A file that has several names keeps the one it was asked for by.
pub(super) fn realpath(w: &mut Workspace, request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    let found = blocking(w.fs.stat(&w.who, request.first))?;
    if found.is_dir() {
        *out = blocking(w.fs.path_of(found.ino))?;
        return Ok(out.len() as f64);
    }
    let mut path = request.first.as_bytes().to_vec();
    for _ in 0..=SYMLINKS_MAX {
        let parent = blocking(w.fs.resolve_parent(&w.who, &path))?;
        let mut real = blocking(w.fs.path_of(parent.dir))?;
        if !real.ends_with(b"/") {
            real.push(b'/');
        }
        let named = blocking(w.fs.lookup(&w.who, parent.dir, parent.name))?;
        if named.is_symlink() {
            let target = blocking(w.fs.readlink(named.ino))?;
            if target.starts_with(b"/") {
                real.clear();
            }
            real.extend_from_slice(&target);
            path = real;
        } else {
            real.extend_from_slice(parent.name);
            *out = real;
            return Ok(out.len() as f64);
        }
    }
    Err(Error::new(ErrorKind::Loop).about(request.first))
}

pub(super) fn chmod(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    set(w, request, &mode_at(request, 0)?, Follow::Yes)
}

/// Numbers are the owner and the group (a negative one stays), and whether a symbolic link itself is meant.
pub(super) fn chown(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    set(w, request, &owner_at(request, 0)?, follow(request))
}

/// The data are the times; the third number says whether a symbolic link itself is meant.
pub(super) fn utimes(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    set(w, request, &times(request)?, follow(request))
}

/// The third number says whether a symbolic link itself is meant.
fn follow(request: &Request<'_>) -> Follow {
    if request.flag(2) { Follow::No } else { Follow::Yes }
}

fn set(w: &mut Workspace, request: &Request<'_>, set: &SetAttr, follow: Follow) -> Result<f64> {
    let _: Attr = blocking(w.fs.set_attr(&w.who, request.first, set, follow))?;
    Ok(0.0)
}

/// The permissions that a number says.
pub(super) fn mode_at(request: &Request<'_>, at: usize) -> Result<SetAttr> {
    Ok(SetAttr {
        mode: Some(request.small(at)? & 0o7777),
        ..SetAttr::default()
    })
}

/// The owner and the group that two numbers say; a negative one is left as it is.
pub(super) fn owner_at(request: &Request<'_>, at: usize) -> Result<SetAttr> {
    let id = |at: usize| match request.numbers[at] < 0.0 {
        true => Ok(None),
        false => request.small(at).map(Some),
    };
    Ok(SetAttr {
        uid: id(at)?,
        gid: id(at + 1)?,
        ..SetAttr::default()
    })
}

/// The times that the data say: of the last access and of the last change, each in nanoseconds since 1970 in 64 bits, since
/// a double has no room for them.
pub(super) fn times(request: &Request<'_>) -> Result<SetAttr> {
    let ([atime, mtime], []) = request.data.as_chunks::<8>() else {
        let why = "expected two 64-bit times";
        return Err(Error::new(ErrorKind::Invalid).about(request.first).because(why));
    };
    let time = |bytes: &[u8; 8]| Some(SetTime::At(Timestamp(i64::from_le_bytes(*bytes))));
    Ok(SetAttr {
        atime: time(atime),
        mtime: time(mtime),
        ..SetAttr::default()
    })
}
