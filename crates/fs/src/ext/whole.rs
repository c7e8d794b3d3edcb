//! Whole files and directories at once.

use tarbox_store::{Cookie, DirEntry, DirName, Error, ErrorKind, Ino, Result, WriteAt};

use super::open::open_path;
use super::replace::put_content;
use crate::interface::{Credentials, FilesystemInterface, Handle, OpenFlags};
use crate::path::PathAt;

/// Entries asked for at once.
const PAGE: usize = 1024;

/// Closes the handle, and answers the first error of both.
pub(super) async fn close<F: FilesystemInterface, T>(fs: &F, handle: Handle, result: Result<T>) -> Result<T> {
    let closed = fs.release(handle).await;
    let value = result?;
    closed.map(|()| value)
}

pub(super) async fn read_file<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    path: PathAt<'_>,
) -> Result<Vec<u8>> {
    let (attr, handle) = open_path(fs, who, path, OpenFlags::READ, None).await?;
    let content = read_all(fs, handle, attr.size).await;
    close(fs, handle, content).await.map_err(|e| e.about(path.path))
}

/// Reads to the end, which need not be where the attributes say: content of hooks has a length only when it is read.
async fn read_all<F: FilesystemInterface>(fs: &F, handle: Handle, expected: u64) -> Result<Vec<u8>> {
    let too_big = || Error::new(ErrorKind::TooBig).because("it does not fit into memory; read it in pieces");
    let expected = usize::try_from(expected).map_err(|_| too_big())?;
    let mut content = Vec::new();
    content
        .try_reserve_exact(expected.saturating_add(1))
        .map_err(|_| too_big())?;
    content.resize(expected + 1, 0);
    let mut len = 0;
    loop {
        let read = fs.read(handle, len as u64, &mut content[len..]).await?;
        len += read;
        if read == 0 || len < content.len() {
            content.truncate(len);
            return Ok(content);
        }
        content.resize(len + len.clamp(4096, 16 << 20), 0);
    }
}

pub(super) async fn write_file<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    path: PathAt<'_>,
    data: &[u8],
) -> Result<()> {
    let (_, handle) = open_path(fs, who, path, OpenFlags::WRITE, Some(0o666)).await?;
    let written = put_content(fs, data, handle).await;
    close(fs, handle, written).await.map_err(|e| e.about(path.path))
}

pub(super) async fn append_file<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    path: PathAt<'_>,
    data: &[u8],
) -> Result<()> {
    let (_, handle) = open_path(fs, who, path, OpenFlags::WRITE.appending(), Some(0o666)).await?;
    let written = match data.is_empty() {
        true => Ok(()),
        false => fs.write(handle, WriteAt::End, data).await.map(drop),
    };
    close(fs, handle, written).await.map_err(|e| e.about(path.path))
}

pub(super) async fn read_dir<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    path: PathAt<'_>,
) -> Result<Vec<DirEntry>> {
    let (_, handle) = open_path(fs, who, path, OpenFlags::DIRECTORY, None).await?;
    let entries = list_all(fs, handle).await;
    close(fs, handle, entries).await.map_err(|e| e.about(path.path))
}

/// All names in a directory, and what they lead to.
pub(super) async fn names_in<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    dir: Ino,
) -> Result<Vec<DirName>> {
    let handle = fs.open(who, dir, OpenFlags::DIRECTORY).await?;
    let mut names: Vec<DirName> = Vec::new();
    let listed = loop {
        let after = names.last().map_or(Cookie(0), |last| last.cookie);
        match fs.readdir_names(handle, after, PAGE).await {
            Ok(page) => {
                let is_last = page.len() < PAGE;
                names.extend(page);
                if is_last {
                    break Ok(names);
                }
            }
            Err(error) => break Err(error),
        }
    };
    close(fs, handle, listed).await
}

async fn list_all<F: FilesystemInterface>(fs: &F, handle: Handle) -> Result<Vec<DirEntry>> {
    let mut entries = fs.readdir(handle, Cookie(0), PAGE).await?;
    let mut last_page = entries.len();
    while last_page == PAGE {
        let after = entries.last().map_or(Cookie(0), |e| e.cookie);
        let page = fs.readdir(handle, after, PAGE).await?;
        last_page = page.len();
        entries.extend(page);
    }
    Ok(entries)
}
