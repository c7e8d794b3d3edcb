//! The content of files.

use http::{Method, StatusCode};
use tarbox_fs::{FilesystemExt, FilesystemInterface, Follow, Handle, OpenFlags, Realm};
use tarbox_rest::answer::{Part, head, made, octal};
use tarbox_rest::conditions::Conditions;
use tarbox_rest::location::Location;
use tarbox_rest::params::Params;
use tarbox_rest::problem::{Answer, Problem};
use tarbox_rest::replace::{Change, Changed};
use tarbox_store::{ErrorKind, Ino, Scope, WriteAt};

use crate::exchange::{Outgoing, Request};
use crate::routes::{done, locate};
use crate::workspace::Workspace;

/// Bytes that are in memory at a time, of whatever length a file is.
const PIECE: usize = 256 << 10;
/// The most that `PATCH` writes, in one step.
const PATCH_MAX: usize = 16 << 20;

pub(crate) fn too_large() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "TOO_LARGE",
        "the body is too large",
    )
}

/// An open file, closed whatever happens.
struct Open<'a> {
    w: &'a Workspace,
    handle: Handle,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        // It was only read.
        let _ = tarbox_fs::blocking(self.w.fs.release(self.handle));
    }
}

/// Answers with a file, or a part of it.
pub(crate) async fn read(w: &Workspace, params: Params, request: &Request, out: &mut Outgoing) -> Answer<()> {
    let params = params.only(&["path", "layer", "follow"])?;
    let location = locate(w, params.text("layer")?, params.required("path")?).await?;
    let headers = &request.head.headers;
    let conditions = Conditions::of(headers)?;
    if request.head.method == Method::HEAD {
        let follow = match params.flag("follow")? {
            Some(false) => Follow::No,
            _ => Follow::Yes,
        };
        let attr = w.fs.resolve(&w.who, location.path(), follow).await?;
        let part = match conditions.allow_answer(&attr)? {
            true => Part::Whole(attr.size),
            false => Part::Known,
        };
        out.send_head(&part.head(&attr));
        return Ok(());
    }
    let opened = w.fs.open_path(&w.who, location.path(), OpenFlags::READ, None);
    let (attr, handle) = opened.await?;
    let file = Open { w, handle };
    if attr.is_dir() {
        return Err(
            Problem::from(ErrorKind::IsDirectory).because("list it with GET /api/v1/directories/{tenant}")
        );
    }
    if Realm::of(attr.ino) == Realm::Hook {
        // Its length is known when it is read.
        let content = w.fs.read_file(&w.who, location.path()).await?;
        out.send(&head(StatusCode::OK, &attr, content.len() as u64), &content);
        return Ok(());
    }
    let part = Part::of(headers, &conditions, &attr)?;
    match part {
        Part::Known => out.send_head(&part.head(&attr)),
        Part::Whole(_) | Part::Range(..) => file.send(part, &part.head(&attr), out).await?,
    }
    Ok(())
}

impl Open<'_> {
    /// Sends a part. An error comes before the head; what goes wrong behind it cuts the answer short.
    async fn send(&self, part: Part, head: &http::Response<()>, out: &mut Outgoing) -> Answer<()> {
        let (mut at, to) = part.bytes();
        let mut buffer = vec![0; PIECE.min((to - at) as usize)];
        let mut filled = self.read(at, &mut buffer).await?;
        let Some(sending) = out.send_pieces(head) else {
            return Ok(());
        };
        while at < to {
            if filled == 0 || sending.write(&buffer[..filled]).is_err() {
                return Ok(());
            }
            at += filled as u64;
            self.w.beat();
            buffer.truncate((to - at).min(PIECE as u64) as usize);
            filled = self.read(at, &mut buffer).await.unwrap_or(0);
        }
        sending.end();
        Ok(())
    }

    async fn read(&self, at: u64, buffer: &mut [u8]) -> Answer<usize> {
        match buffer {
            [] => Ok(0),
            buffer => Ok(self.w.fs.read(self.handle, at, buffer).await?),
        }
    }
}

/// Gives a file new content: it has the old one until all of the new one is there.
pub(crate) async fn put(
    w: &Workspace,
    params: Params,
    request: &mut Request,
    out: &mut Outgoing,
) -> Answer<()> {
    let params = params.only(&["path", "mode"])?;
    let location = Location::in_root(Ino::ROOT, params.required("path")?);
    let conditions = Conditions::of(&request.head.headers)?;
    let change = change(w, &params, &location, &conditions)?;
    let first = request.next(PIECE)?;
    let changed = match first.len() < PIECE {
        true => change.put(&first).await?,
        false => put_large(&change, first, request, w).await?,
    };
    w.keep().await?;
    out.send_head(&made(changed.is_new, &changed.attr));
    Ok(())
}

async fn put_large<S: tarbox_store::Store>(
    change: &Change<'_, S>,
    first: Vec<u8>,
    request: &mut Request,
    w: &Workspace,
) -> Answer<Changed> {
    let beside = change.begin_large().await?;
    let mut piece = first;
    while !piece.is_empty() {
        let written = change.fs.write(beside.handle, WriteAt::End, &piece).await;
        w.beat();
        let next = written.map_err(Problem::from).and_then(|_| request.next(PIECE));
        piece = match next {
            Ok(piece) => piece,
            Err(problem) => {
                beside.discard(change.fs, change.who).await;
                return Err(problem);
            }
        };
    }
    change.complete(beside).await
}

/// Writes at an offset, or at the end.
pub(crate) async fn patch(
    w: &Workspace,
    params: Params,
    request: &mut Request,
    out: &mut Outgoing,
) -> Answer<()> {
    let params = params.only(&["path", "offset", "mode"])?;
    let at = params.parsed("offset")?.map_or(WriteAt::End, WriteAt::Offset);
    let location = Location::in_root(Ino::ROOT, params.required("path")?);
    let conditions = Conditions::of(&request.head.headers)?;
    let data = request.next(PATCH_MAX + 1)?;
    if data.len() > PATCH_MAX {
        return Err(too_large().because("16 MiB are the most at once"));
    }
    let change = change(w, &params, &location, &conditions)?;
    let (changed, offset) = change.write(at, &data).await?;
    w.keep().await?;
    let mut head = made(changed.is_new, &changed.attr);
    head.headers_mut().insert("tarbox-offset", offset.into());
    out.send_head(&head);
    Ok(())
}

/// Removes a file, or a directory.
pub(crate) async fn delete(
    w: &Workspace,
    params: Params,
    request: &Request,
    out: &mut Outgoing,
) -> Answer<()> {
    let params = params.only(&["path", "recursive"])?;
    let location = Location::in_root(Ino::ROOT, params.required("path")?);
    let conditions = Conditions::of(&request.head.headers)?;
    let there = w.fs.lstat(&w.who, location.path()).await?;
    conditions.allow_change(Some(&there))?;
    match (there.is_dir(), params.flag("recursive")?.unwrap_or(false)) {
        (true, true) => w.fs.remove_dir_all(&w.who, location.path()).await?,
        (true, false) => w.fs.remove_dir(&w.who, location.path()).await?,
        (false, _) => w.fs.remove_file(&w.who, location.path()).await?,
    }
    w.keep().await?;
    out.send_head(&done());
    Ok(())
}

fn change<'a>(
    w: &'a Workspace,
    params: &Params,
    location: &'a Location,
    conditions: &'a Conditions,
) -> Answer<Change<'a, tarbox_lent::TenantStore>> {
    Ok(Change {
        fs: &w.fs,
        who: &w.who,
        scope: Scope::Layers,
        location,
        conditions,
        mode: params.text("mode")?.map(octal).transpose()?.unwrap_or(0o666),
    })
}
