//! Whole trees.

use tarbox_store::{Attr, Cookie, DirEntry, DirName, Error, ErrorKind, FileKind, Ino, Result, Unlink};

use super::whole::close;
use crate::interface::{Credentials, FilesystemInterface, OpenFlags};
use crate::path::{Follow, LastComponent, PathAt, Resolver, resolve};

/// Entries of a directory held in memory at once.
pub(super) const PAGE: usize = 512;

pub(super) async fn remove<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    path: PathAt<'_>,
    what: Unlink,
) -> Result<()> {
    let parent = Resolver::new(fs, who, path.at).parent(path.path).await?;
    let result = match (what, parent.last) {
        (Unlink::File, LastComponent::Name) if parent.trailing_slash => {
            match fs.lookup(who, parent.dir, parent.name).await {
                Ok(attr) if attr.is_dir() => Err(ErrorKind::IsDirectory.into()),
                Ok(_) => Err(ErrorKind::NotDirectory.into()),
                Err(e) => Err(e),
            }
        }
        (_, LastComponent::Name) => fs.remove(who, parent.dir, parent.name, what).await,
        (Unlink::File, _) => Err(ErrorKind::IsDirectory.into()),
        (Unlink::Directory, LastComponent::Dot) => Err(ErrorKind::Invalid.into()),
        (Unlink::Directory, LastComponent::DotDot) => Err(ErrorKind::NotEmpty.into()),
        (Unlink::Directory, _) => Err(ErrorKind::Busy.into()),
    };
    result.map_err(|e| e.about(path.path))
}

pub(super) async fn create_dir_all<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    path: PathAt<'_>,
) -> Result<Attr> {
    match resolve(fs, who, path, Follow::Yes).await {
        Ok(attr) if attr.is_dir() => return Ok(attr),
        Ok(_) => return Err(Error::new(ErrorKind::Exists).about(path.path)),
        Err(e) if e.kind() == ErrorKind::NotFound && !path.path.is_empty() => {}
        Err(e) => return Err(e),
    }
    let mut resolver = Resolver::new(fs, who, path.at);
    let mut last = None;
    let mut end = 0;
    while end < path.path.len() {
        let start = end;
        let slashes = path.path[start..].iter().take_while(|b| **b == b'/').count();
        let name = path.path[start + slashes..]
            .iter()
            .take_while(|b| **b != b'/')
            .count();
        end = start + slashes + name;
        // Only the first piece may be absolute: each goes on where the one before ended.
        let piece = &path.path[if start == 0 { 0 } else { start + slashes }..end];
        if !piece.is_empty() {
            last = Some(
                enter_or_make(fs, who, &mut resolver, piece)
                    .await
                    .map_err(|e| e.about(path.path))?,
            );
        }
    }
    last.ok_or_else(|| Error::new(ErrorKind::NotFound).about(path.path))
}

async fn enter_or_make<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    resolver: &mut Resolver<'_, F>,
    piece: &[u8],
) -> Result<Attr> {
    loop {
        let missing = match resolver.enter(piece).await {
            Err(e) if e.kind() == ErrorKind::NotFound => e,
            result => return result,
        };
        let parent = resolver.parent(piece).await?;
        if parent.last != LastComponent::Name {
            return Err(missing);
        }
        match fs.mkdir(who, parent.dir, parent.name, 0o777).await {
            Ok(_) => {}
            // Someone else was faster; but a dangling link is there and leads nowhere.
            Err(e) if e.kind() == ErrorKind::Exists => {
                if fs
                    .lookup(who, parent.dir, parent.name)
                    .await
                    .is_ok_and(|a| a.is_symlink())
                {
                    return Err(e);
                }
            }
            Err(e) => return Err(e),
        }
    }
}

pub(super) async fn remove_all<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    path: PathAt<'_>,
) -> Result<()> {
    let parent = Resolver::new(fs, who, path.at).parent(path.path).await?;
    if parent.last != LastComponent::Name {
        return remove(fs, who, path, Unlink::Directory).await;
    }
    let result = async {
        let attr = fs.lookup(who, parent.dir, parent.name).await?;
        if !attr.is_dir() {
            return remove(fs, who, path, Unlink::File).await;
        }
        empty(fs, who, attr.ino).await?;
        fs.remove(who, parent.dir, parent.name, Unlink::Directory).await
    }
    .await;
    result.map_err(|e| e.about(path.path))
}

/// Removes everything below `top`, from the deepest up, with a stack of its own: trees may be deeper than any thread's.
async fn empty<F: FilesystemInterface>(fs: &F, who: &Credentials, top: Ino) -> Result<()> {
    let mut way: Vec<(Ino, Vec<u8>)> = Vec::new();
    loop {
        let dir = way.last().map_or(top, |(dir, _)| *dir);
        // Removed entries are gone from the next page, so each begins at the front.
        let page = names(fs, who, dir).await?;
        let mut below = None;
        for entry in &page {
            if entry.kind == FileKind::Directory {
                below = Some((entry.ino, entry.name.clone()));
                break;
            }
            ignore_missing(fs.remove(who, dir, &entry.name, Unlink::File).await)?;
        }
        match below {
            Some(step) => way.push(step),
            None if !page.is_empty() => {}
            None => match way.pop() {
                None => return Ok(()),
                Some((_, name)) => {
                    let dir = way.last().map_or(top, |(dir, _)| *dir);
                    match fs.remove(who, dir, &name, Unlink::Directory).await {
                        // Filled again meanwhile: the next round finds it.
                        Err(e) if e.kind() == ErrorKind::NotEmpty => {}
                        result => ignore_missing(result)?,
                    }
                }
            },
        }
    }
}

pub(super) fn ignore_missing(result: Result<()>) -> Result<()> {
    match result {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// One page of a directory, with a handle of its own: none stays open between two.
pub(super) async fn page<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    dir: Ino,
    after: Cookie,
) -> Result<Vec<DirEntry>> {
    let handle = fs.open(who, dir, OpenFlags::DIRECTORY).await?;
    let entries = fs.readdir(handle, after, PAGE).await;
    close(fs, handle, entries).await
}

/// The first names in a directory.
async fn names<F: FilesystemInterface>(fs: &F, who: &Credentials, dir: Ino) -> Result<Vec<DirName>> {
    let handle = fs.open(who, dir, OpenFlags::DIRECTORY).await?;
    let names = fs.readdir_names(handle, Cookie(0), PAGE).await;
    close(fs, handle, names).await
}
