//! Tar archives: one that is unpacked is a thing with a number, as an open file is; of one that is packed, a browser asks
//! for the headers and reads the content.

use serde::Serialize;
use tarbox_fs::{FilesystemExt as _, FilesystemInterface as _, OpenFlags, blocking, data_map, xattrs};
use tarbox_store::{Attr, Error, ErrorKind, FileKind, Result};
use tarbox_tar::{Collision, Kind, Member, Owners, Problem, Severity, Told, Unpacker, Writer, kind_of};

use crate::{Place, Request, Workspace, reply};

/// An archive that is being unpacked.
pub(crate) struct Archive {
    unpacker: Unpacker,
    /// What was said since the last call that succeeded.
    told: Vec<Line>,
}

/// Something that is wrong.
#[derive(Serialize)]
struct Line {
    /// Such as `EINVAL`; none if it is only worth knowing.
    code: Option<&'static str>,
    path: String,
    message: String,
}

#[derive(Serialize)]
struct Progress<'a> {
    files: u64,
    directories: u64,
    links: u64,
    bytes: u64,
    /// The file at hand, and how much of it is there.
    path: String,
    partial: u64,
    /// Nothing that may still come tells anything.
    over: bool,
    told: &'a [Line],
}

/// Begins to unpack an archive below a directory, which is made. Returns the number to call it by.
pub(crate) fn open<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    let root = blocking(w.place.fs().create_dir_all(&w.who, w.path(request.first)))?;
    let root = (root.ino, request.first.as_bytes());
    let archive = Archive {
        unpacker: Unpacker::new(root, Collision::Replace, Owners::Keep),
        told: Vec::new(),
    };
    Ok(f64::from(w.keep_archive(archive)?))
}

/// Unpacks what the data says. Numbers are the archive, where in it the data is, and whether it ends there. The call can be
/// repeated: what has been done is not done again.
pub(crate) fn unpack<P: Place>(
    w: &mut Workspace<P>,
    request: &Request<'_>,
    out: &mut Vec<u8>,
) -> Result<f64> {
    let gone = || {
        let what = "the tab that was unpacking the archive was closed; files unpacked so far remain; unpack the archive again";
        Error::new(ErrorKind::BadHandle).because(what)
    };
    let number = request.small(0)?;
    let found = w.archives.iter_mut().find(|(found, _)| *found == number);
    let (_, Archive { unpacker, told }) = found.ok_or_else(gone)?;
    let done = unpacker.position().checked_sub(request.whole(1)?);
    let data = done.and_then(|done| request.data.get(usize::try_from(done).ok()?..));
    let data = data.ok_or_else(gone)?;
    let fs = (w.place.fs(), &w.who);
    unpacker.feed(fs, data, &mut |told_now| told.push(Line::of(told_now)))?;
    if request.flag(2) {
        unpacker.finish(fs, &mut |told_now| told.push(Line::of(told_now)))?;
    }
    let counts = unpacker.counts();
    let (path, partial) = unpacker.current();
    let progress = Progress {
        files: counts.files,
        directories: counts.directories,
        links: counts.links,
        bytes: counts.bytes,
        path: String::from_utf8_lossy(path).into_owned(),
        partial,
        over: unpacker.is_over(),
        told,
    };
    reply::json(out, &progress)?;
    told.clear();
    Ok(unpacker.position() as f64)
}

/// Ends the unpacking; a file that is not whole goes.
pub(crate) fn close<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    w.release(request.small(0)?).map(|()| 0.0)
}

impl Archive {
    pub(crate) fn close<P: Place>(mut self, w: &Workspace<P>) -> Result<()> {
        let fs = (w.place.fs(), &w.who);
        self.unpacker.abandon(fs)?;
        // Directories get what the archive says of them also where it was left in the middle.
        self.unpacker.finish(fs, &mut |_| ())
    }
}

impl Line {
    fn of(told: Told) -> Self {
        match told {
            Told::Failed { path, error } => Self {
                code: Some(error.kind().code()),
                path: String::from_utf8_lossy(&path).into_owned(),
                message: error.to_string(),
            },
            Told::Problem(Problem { severity, path, what }) => Self {
                code: (severity != Severity::Note).then_some(ErrorKind::Invalid.code()),
                path: path.map_or_else(String::new, |path| String::from_utf8_lossy(&path).into_owned()),
                message: match severity {
                    Severity::Fatal => format!("not a valid tar archive: {what}"),
                    _ => what,
                },
            },
        }
    }
}

/// The headers of what is at the first path, under the name of the second; as another name of what the data says, if there
/// is any. Gives how many pieces of content follow, their offsets and lengths (all doubles), and the headers; returns the bytes
/// of content, and -1 for what an archive cannot hold.
pub(crate) fn headers<P: Place>(
    w: &mut Workspace<P>,
    request: &Request<'_>,
    out: &mut Vec<u8>,
) -> Result<f64> {
    let attr = blocking(w.place.fs().lstat(&w.who, w.path(request.first)))?;
    let mut path = request.second.as_bytes().to_vec();
    if attr.is_dir() {
        path.push(b'/');
    }
    let mut map = None;
    let member = if request.data.is_empty() {
        let target = match attr.kind {
            FileKind::Symlink => blocking(w.place.fs().read_link(&w.who, w.path(request.first)))?,
            _ => Vec::new(),
        };
        let Some(kind) = kind_of(attr.kind, attr.rdev, target) else {
            return Ok(NOTHING);
        };
        if attr.is_file() {
            map = pieces(w, request.first, &attr)?;
        }
        Member {
            path,
            kind,
            mode: attr.mode,
            uid: Some(attr.uid),
            gid: Some(attr.gid),
            size: attr.size,
            mtime: attr.mtime,
            atime: attr.atime,
            xattrs: blocking(xattrs(w.place.fs(), &w.who, attr.ino))?,
        }
    } else {
        Member::hard_link(path, request.data.to_vec())
    };
    let content = match (&member.kind, &map) {
        (Kind::File, Some(map)) => map.clone(),
        (Kind::File, None) => vec![(0, attr.size)],
        _ => Vec::new(),
    };
    let stored: u64 = content.iter().map(|(_, len)| len).sum();
    out.extend_from_slice(&(content.len() as f64).to_le_bytes());
    for number in content.iter().flat_map(|(offset, len)| [*offset, *len]) {
        out.extend_from_slice(&(number as f64).to_le_bytes());
    }
    let written = Writer::new(out, None).member(&member, map);
    written.map_err(|e| Error::new(ErrorKind::Io).caused_by(e))?;
    Ok(stored as f64)
}

/// What is in a workspace and in no archive: a socket.
const NOTHING: f64 = -1.0;

fn pieces<P: Place>(w: &Workspace<P>, path: &str, attr: &Attr) -> Result<Option<Vec<(u64, u64)>>> {
    if attr.blocks.saturating_mul(512) >= attr.size {
        return Ok(None);
    }
    let (_, handle) = blocking(
        w.place
            .fs()
            .open_path(&w.who, w.path(path), OpenFlags::READ, None),
    )?;
    let map = blocking(data_map(w.place.fs(), handle, attr));
    blocking(w.place.fs().release(handle))?;
    map
}
