//! Names and attributes.

use tarbox_fs::{FilesystemExt as _, FilesystemInterface as _, Follow, NewNode, SYMLINKS_MAX, blocking};
use tarbox_store::{Attr, Error, ErrorKind, RenameMode, Result, SetAttr, SetTime, Timestamp};

use crate::operations::refuse_control;
use crate::{Place, Request, Workspace, reply};

pub(crate) fn stat<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    reply::attr(out, &blocking(w.place.fs().stat(&w.who, w.path(request.first)))?);
    Ok(0.0)
}

pub(crate) fn lstat<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    reply::attr(out, &blocking(w.place.fs().lstat(&w.who, w.path(request.first)))?);
    Ok(0.0)
}

pub(crate) fn list<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    let mut entries = blocking(w.place.fs().read_dir(&w.who, w.path(request.first)))?;
    tarbox_store::sort_by(&mut entries, |one, other| one.name.cmp(&other.name));
    reply::listing(out, &entries);
    Ok(entries.len() as f64)
}

/// Numbers are the mode, and whether missing parents are made too and an existing directory is no error. Answers with the
/// first directory that was made, if any was.
pub(crate) fn mkdir<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
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

fn make<P: Place>(w: &Workspace<P>, path: &str, mode: u32) -> Result<()> {
    blocking(
        w.place
            .fs()
            .make_node(&w.who, w.path(path), NewNode::Directory { mode }),
    )
    .map(drop)
}

/// Makes a directory and those that lead to it: the paths that are missing from the last one up, then down again. What is
/// no directory in the way is `NotDirectory` where something was to be made below it, and `Exists` at the end.
fn make_all<'a, P: Place>(w: &Workspace<P>, path: &'a str, mode: u32) -> Result<Option<&'a str>> {
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
                let there = blocking(w.place.fs().stat(&w.who, w.path(path)));
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
pub(crate) fn remove<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    let removed = if let Err(error) = refuse_control(w, request.first) {
        Err(error)
    } else if request.flag(0) {
        match blocking(w.place.fs().lstat(&w.who, w.path(request.first))) {
            Ok(attr) if attr.is_dir() => blocking(w.place.fs().remove_dir_all(&w.who, w.path(request.first))),
            Ok(_) => blocking(w.place.fs().remove_file(&w.who, w.path(request.first))),
            Err(error) => Err(error),
        }
    } else {
        blocking(w.place.fs().remove_file(&w.who, w.path(request.first)))
    };
    match removed {
        Err(error) if request.flag(1) && error.kind() == ErrorKind::NotFound => Ok(0.0),
        removed => removed.map(|()| 0.0),
    }
}

pub(crate) fn rmdir<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    refuse_control(w, request.first)?;
    blocking(w.place.fs().remove_dir(&w.who, w.path(request.first))).map(|()| 0.0)
}

/// The number says that nothing is replaced.
pub(crate) fn rename<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    let mode = if request.flag(0) {
        RenameMode::NoReplace
    } else {
        RenameMode::Replace
    };
    blocking(
        w.place
            .fs()
            .rename_path(&w.who, w.path(request.first), w.path(request.second), mode),
    )
    .map(|()| 0.0)
}

/// The first text is the target, the second where the link is made.
pub(crate) fn symlink<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    blocking(
        w.place
            .fs()
            .symlink_path(&w.who, request.first.as_bytes(), w.path(request.second)),
    )
    .map(|_| 0.0)
}

pub(crate) fn link<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    blocking(
        w.place
            .fs()
            .hard_link(&w.who, w.path(request.first), w.path(request.second), Follow::No),
    )
    .map(|_| 0.0)
}

pub(crate) fn readlink<P: Place>(
    w: &mut Workspace<P>,
    request: &Request<'_>,
    out: &mut Vec<u8>,
) -> Result<f64> {
    *out = blocking(w.place.fs().read_link(&w.who, w.path(request.first)))?;
    Ok(out.len() as f64)
}

/// The path without links that leads to the same. A file that has several names keeps the one it was asked for by.
pub(crate) fn realpath<P: Place>(
    w: &mut Workspace<P>,
    request: &Request<'_>,
    out: &mut Vec<u8>,
) -> Result<f64> {
    let found = blocking(w.place.fs().stat(&w.who, w.path(request.first)))?;
    if found.is_dir() {
        return told(w, &blocking(w.place.fs().path_of(found.ino))?, request, out);
    }
    let mut path = request.first.as_bytes().to_vec();
    for _ in 0..=SYMLINKS_MAX {
        let parent = blocking(w.place.fs().resolve_parent(&w.who, w.path(&path)))?;
        let mut real = blocking(w.place.fs().path_of(parent.dir))?;
        if !real.ends_with(b"/") {
            real.push(b'/');
        }
        let named = blocking(w.place.fs().lookup(&w.who, parent.dir, parent.name))?;
        if named.is_symlink() {
            let target = blocking(w.place.fs().readlink(named.ino))?;
            if target.starts_with(b"/") {
                real.clear();
            }
            real.extend_from_slice(&target);
            path = w.shown(&real).ok_or(ErrorKind::NotPermitted)?;
        } else {
            real.extend_from_slice(parent.name);
            return told(w, &real, request, out);
        }
    }
    Err(Error::new(ErrorKind::Loop).about(request.first))
}

/// Answers a path as the client calls it.
fn told<P: Place>(w: &Workspace<P>, path: &[u8], request: &Request<'_>, out: &mut Vec<u8>) -> Result<f64> {
    let outside = || Error::new(ErrorKind::NotPermitted).about(request.first);
    *out = w.shown(path).ok_or_else(outside)?;
    Ok(out.len() as f64)
}

pub(crate) fn chmod<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    set(w, request, &mode_at(request, 0)?, Follow::Yes)
}

/// Numbers are the owner and the group (a negative one stays), and whether a symbolic link itself is meant.
pub(crate) fn chown<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    set(w, request, &owner_at(request, 0)?, follow(request))
}

/// The data are the times; the third number says whether a symbolic link itself is meant.
pub(crate) fn utimes<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    set(w, request, &times(request)?, follow(request))
}

/// The third number says whether a symbolic link itself is meant.
fn follow(request: &Request<'_>) -> Follow {
    if request.flag(2) { Follow::No } else { Follow::Yes }
}

fn set<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, set: &SetAttr, follow: Follow) -> Result<f64> {
    let _: Attr = blocking(w.place.fs().set_attr(&w.who, w.path(request.first), set, follow))?;
    Ok(0.0)
}

/// The permissions that a number says.
pub(crate) fn mode_at(request: &Request<'_>, at: usize) -> Result<SetAttr> {
    Ok(SetAttr {
        mode: Some(request.small(at)? & 0o7777),
        ..SetAttr::default()
    })
}

/// The owner and the group that two numbers say; a negative one is left as it is.
pub(crate) fn owner_at(request: &Request<'_>, at: usize) -> Result<SetAttr> {
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
pub(crate) fn times(request: &Request<'_>) -> Result<SetAttr> {
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
