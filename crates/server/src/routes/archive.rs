//! Tar archives, in and out, as streams.

use std::collections::HashMap;
use std::io::{self, Write};
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;
use tarbox_fs::{
    CONTROL, Credentials, FilesystemExt, FilesystemInterface, Fs, OpenFlags, Owners, Step, Walk, data_map,
    xattrs,
};
use tarbox_store::{Attr, Error, FileKind, Ino, Scope, Store};
use tarbox_tar::{Collision, Kind, Member, Severity, Told, Unpacker, Writer, kind_of};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use utoipa::ToSchema;

use crate::app::{App, Backend};
use crate::auth::{Caller, expired};
use crate::body::Pieces;
use crate::params::Params;
use crate::problem::{Answer, Problem};
use crate::text::Text;
use crate::watchdog::Watchdog;

/// Pieces of an archive.
const PIECE: usize = 256 << 10;
/// Pieces that wait for a client at most.
const WAITING: usize = 4;
/// Problems that an answer names.
const PROBLEMS_MAX: usize = 100;

/// Pack a directory
///
/// As a tar archive of all in it, or of one file. An archive that cannot be completed breaks off: it has no end.
#[utoipa::path(get, path = "/archive/{tenant}", tag = "archive",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("path" = Option<String>, Query, description = "The path, as percent-encoded bytes; everything if nothing is said"),
        ("layer" = Option<String>, Query, description = "Read a sealed layer: its name, tag or number"),
    ),
    responses(
        (status = 200, description = "The archive", content_type = "application/x-tar"),
        (status = "default", response = crate::openapi::Other),
    ))]
pub(crate) async fn pack<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
) -> Answer<Response> {
    let params = params.only(&["path", "layer"])?;
    caller.allow(Scope::Read)?;
    let path = params.bytes("path").unwrap_or(b"/").to_vec();
    let location = caller.locate_in(params.text("layer")?, &path).await?;
    let start = caller.files.fs.stat(&caller.who, location.path()).await?;
    let (sender, receiver) = mpsc::channel(WAITING);
    let watchdog = Watchdog::of(&caller.key);
    let (packing, patience, runtime) = (app.clone(), app.options().patience, Handle::current());
    tokio::spawn(async move {
        let failed = sender.clone();
        let pack = async move || {
            let pipe = Pipe {
                sender,
                piece: Vec::with_capacity(PIECE),
                runtime,
                patience,
            };
            let mut packer = Packer {
                fs: &caller.files.fs,
                who: &caller.who,
                writer: Writer::new(pipe, None),
                seen: HashMap::new(),
            };
            let members = packer.tree(&path, &start).await.map_err(|e| {
                tracing::warn!(key = caller.key.id, tenant = &*caller.tenant, error = %e, "an archive broke off");
                Problem::from(Error::new(tarbox_store::ErrorKind::Io))
            })?;
            tracing::info!(key = caller.key.id, tenant = &*caller.tenant, members, "packed");
            Ok(())
        };
        if packing.last(pack).await.is_err() {
            // Whoever reads learns that this is not the end.
            let _gone = failed.send(Err(io::Error::other("the archive broke off"))).await;
        }
    });
    let pieces = stream::unfold(
        (receiver, watchdog, app),
        |(mut receiver, mut watchdog, app)| async move {
            let piece = receiver.recv().await?;
            let piece = match watchdog.allows(&app) {
                true => piece,
                false => {
                    receiver.close();
                    Err(io::Error::other(expired().code()))
                }
            };
            Some((piece, (receiver, watchdog, app)))
        },
    );
    Ok((
        [(header::CONTENT_TYPE, "application/x-tar")],
        Body::from_stream(pieces),
    )
        .into_response())
}

/// Where a thread writes what a client reads; it waits while the client does not.
struct Pipe {
    sender: mpsc::Sender<io::Result<Bytes>>,
    piece: Vec<u8>,
    runtime: Handle,
    patience: Duration,
}

impl Pipe {
    fn send(&mut self) -> io::Result<()> {
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        let sent = self.sender.send_timeout(Ok(piece.into()), self.patience);
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.runtime.block_on(sent).map_err(gone)
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = PIECE - self.piece.len();
        let taken = bytes.len().min(room);
        self.piece.extend_from_slice(&bytes[..taken]);
        if self.piece.len() == PIECE {
            self.send()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.piece.is_empty() {
            true => Ok(()),
            false => self.send(),
        }
    }
}

/// Packs one tree.
struct Packer<'a, S: Store> {
    fs: &'a Fs<S>,
    who: &'a Credentials,
    writer: Writer<Pipe>,
    /// Where files with several names were packed first.
    seen: HashMap<Ino, Vec<u8>>,
}

impl<S: Store> Packer<'_, S> {
    /// Packs what begins at a path, and answers how many members that were.
    async fn tree(&mut self, path: &[u8], start: &Attr) -> io::Result<u64> {
        let mut members = 0;
        if start.is_dir() {
            let is_wanted =
                |entry: &tarbox_store::DirEntry| entry.name != CONTROL || entry.attr.ino.0 < Ino::LIMIT;
            let mut walk = Walk::new(self.fs, self.who, *start).only(is_wanted);
            while let Some(entry) = walk.next().await.map_err(io::Error::other)? {
                let mut name = [b"./", walk.path()].concat();
                match entry.step {
                    Step::Leave => continue,
                    Step::Enter if entry.depth > 0 => name.push(b'/'),
                    _ => {}
                }
                self.member(name, &entry.attr).await?;
                members += 1;
            }
        } else {
            let end = path.iter().rposition(|b| *b != b'/').map_or(0, |i| i + 1);
            let name = path[..end].rsplit(|b| *b == b'/').next().unwrap_or_default();
            self.member([b"./", name].concat(), start).await?;
            members = 1;
        }
        self.writer.end()?;
        self.writer.output().flush()?;
        Ok(members)
    }

    async fn member(&mut self, path: Vec<u8>, attr: &Attr) -> io::Result<()> {
        if attr.nlink > 1 && !attr.is_dir() {
            if let Some(first) = self.seen.get(&attr.ino) {
                return self.writer.member(&Member::hard_link(path, first.clone()), None);
            }
            self.seen.insert(attr.ino, path.clone());
        }
        let target = match attr.kind {
            FileKind::Symlink => self.fs.readlink(attr.ino).await.map_err(io::Error::other)?,
            _ => Vec::new(),
        };
        // Sockets have no place in an archive.
        let Some(kind) = kind_of(attr.kind, attr.rdev, target) else {
            return Ok(());
        };
        let member = Member {
            path,
            size: attr.size,
            mode: attr.mode,
            uid: Some(attr.uid),
            gid: Some(attr.gid),
            mtime: attr.mtime,
            atime: attr.atime,
            xattrs: xattrs(self.fs, self.who, attr.ino)
                .await
                .map_err(io::Error::other)?,
            kind,
        };
        if member.kind != Kind::File {
            return self.writer.member(&member, None);
        }
        let handle = self
            .fs
            .open(self.who, attr.ino, OpenFlags::READ)
            .await
            .map_err(io::Error::other)?;
        let packed = self.content(handle, member, attr).await;
        let closed = self.fs.release(handle).await;
        packed?;
        closed.map_err(io::Error::other)
    }

    async fn content(&mut self, handle: tarbox_fs::Handle, member: Member, attr: &Attr) -> io::Result<()> {
        let map = data_map(self.fs, handle, attr).await.map_err(io::Error::other)?;
        let pieces = map.clone().unwrap_or_else(|| vec![(0, attr.size)]);
        self.writer.member(&member, map)?;
        let mut buffer = vec![0; PIECE];
        for (offset, len) in pieces {
            let (mut at, end) = (offset, offset + len);
            while at < end {
                let want = (end - at).min(PIECE as u64) as usize;
                let read = self
                    .fs
                    .read(handle, at, &mut buffer[..want])
                    .await
                    .map_err(io::Error::other)?;
                if read == 0 {
                    // It was cut while it was read: the rest is zeros.
                    break;
                }
                self.writer.data(at, &buffer[..read])?;
                at += read as u64;
            }
        }
        self.writer.end_file()
    }
}

/// What was unpacked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Unpacked {
    /// Regular files, pipes and devices.
    files: u64,
    /// Directories that the archive names.
    directories: u64,
    /// Symbolic links, and further names of files.
    links: u64,
    /// Bytes of files, with their holes.
    bytes: u64,
    /// Members that are not there: those left out, and the first 100 of them.
    failed: u64,
    problems: Vec<Complaint>,
}

/// What is wrong with a member.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Complaint {
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<Text>,
    detail: String,
}

/// Unpack an archive
///
/// Into a directory, which is made if it is not there. Nothing outside of it is changed: members with `..` or through symbolic
/// links are left out and named. What was unpacked before an error stays.
#[utoipa::path(put, path = "/archive/{tenant}", tag = "archive",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("path" = Option<String>, Query, description = "The directory, as percent-encoded bytes; the root if nothing is said"),
        ("replace" = Option<bool>, Query, description = "Files that are there are replaced, not left"),
    ),
    request_body(content_type = "application/x-tar", description = "The archive"),
    responses((status = 200, body = Unpacked), (status = "default", response = crate::openapi::Other)))]
pub(crate) async fn unpack<D: Backend>(
    State(app): State<App<D>>,
    caller: Caller<D::Store>,
    params: Params,
    body: Body,
) -> Answer<Json<Unpacked>> {
    let params = params.only(&["path", "replace"])?;
    caller.allow(Scope::Write)?;
    let collision = Collision::forced(params.flag("replace")?.unwrap_or(false));
    let path = params.bytes("path").unwrap_or(b"/").to_vec();
    let location = caller.locate(&path).await?;
    let owners = match caller.who.is_root() {
        true => Owners::Keep,
        false => Owners::Caller,
    };
    let begin = caller.clone();
    let mut unpacking = app
        .work(async move || {
            let root = begin.files.fs.create_dir_all(&begin.who, location.path()).await?;
            Ok(Unpacking {
                unpacker: Unpacker::new((root.ino, &path), collision, owners),
                problems: Vec::new(),
                failed: 0,
                fatal: None,
            })
        })
        .await?;
    let mut pieces = Pieces::new(body, app.options().patience, app.options().upload_max);
    let mut watchdog = Watchdog::of(&caller.key);
    loop {
        let piece = match pieces.next(PIECE).await {
            _ if app.is_ending() => Err(crate::upload::ending()),
            _ if !watchdog.allows(&app) => Err(expired()),
            piece => piece,
        };
        let (step, is_last) = match piece {
            Ok(piece) => {
                let is_last = piece.is_empty();
                (Ok(piece), is_last)
            }
            Err(problem) => (Err(problem), true),
        };
        let who = caller.clone();
        unpacking = app
            .work(async move || {
                unpacking.take(&who, step)?;
                if is_last {
                    who.files.fs.store().sync().await?;
                }
                Ok(unpacking)
            })
            .await?;
        if is_last {
            break;
        }
    }
    let counts = unpacking.unpacker.counts();
    tracing::info!(
        key = caller.key.id,
        tenant = &*caller.tenant,
        entries = counts.entries(),
        bytes = counts.bytes,
        failed = unpacking.failed,
        "unpacked"
    );
    if let Some(fatal) = unpacking.fatal {
        return Err(Problem::bad_request(fatal));
    }
    Ok(Json(Unpacked {
        files: counts.files,
        directories: counts.directories,
        links: counts.links,
        bytes: counts.bytes,
        failed: unpacking.failed,
        problems: unpacking.problems,
    }))
}

/// An archive on its way in.
struct Unpacking {
    unpacker: Unpacker,
    problems: Vec<Complaint>,
    failed: u64,
    /// Why nothing more of it could be read.
    fatal: Option<String>,
}

impl Unpacking {
    /// Unpacks a piece; an empty one is the end.
    fn take<S: Store>(&mut self, caller: &Caller<S>, piece: Answer<Vec<u8>>) -> Answer<()> {
        let (fs, who) = (&caller.files.fs, &caller.who);
        let (mut told, mut fatal) = (Vec::new(), None);
        let mut tell = |what: Told| match what {
            Told::Problem(problem) => {
                if problem.severity == Severity::Fatal {
                    fatal = Some(problem.to_string());
                }
                if problem.severity > Severity::Note {
                    told.push(Complaint {
                        path: problem.path.clone().map(Text),
                        detail: problem.to_string(),
                    });
                }
            }
            Told::Failed { path, error } => told.push(Complaint {
                path: Some(Text(path)),
                detail: error.to_string(),
            }),
        };
        let done = match &piece {
            Ok(bytes) if !bytes.is_empty() => self.unpacker.feed((fs, who), bytes, &mut tell),
            // What was in the archive up to where it broke off is there with all its attributes.
            _ => self.unpacker.finish((fs, who), &mut tell),
        };
        self.failed += told.len() as u64;
        told.truncate(PROBLEMS_MAX.saturating_sub(self.problems.len()));
        self.problems.extend(told);
        self.fatal = self.fatal.take().or(fatal);
        if let Err(error) = done {
            // The reason matters more than that something cannot be removed, too.
            let _ = self.unpacker.abandon((fs, who));
            return Err(error.into());
        }
        piece.map(drop)
    }
}
