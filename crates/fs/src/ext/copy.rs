//! Copies of files.

use tarbox_store::{Error, ErrorKind, Result};

use super::open::open_path;
use super::whole::close;
use crate::interface::{Credentials, FilesystemInterface, Handle, OpenFlags};
use crate::path::PathAt;

/// What one call copies at most: large enough that calls cost nothing, small enough that others get their turn.
const PIECE: u64 = 256 << 20;

pub(super) async fn copy<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    from: PathAt<'_>,
    to: PathAt<'_>,
) -> Result<u64> {
    let (source, reader) = open_path(fs, who, from, OpenFlags::READ, None).await?;
    let copied = async {
        if !source.is_file() {
            return Err(ErrorKind::IsDirectory.into());
        }
        let (target, writer) = open_path(fs, who, to, OpenFlags::WRITE, Some(source.mode & 0o777)).await?;
        let copied = match target.ino == source.ino {
            true => Err(Error::new(ErrorKind::Invalid).because("source and target are the same file")),
            false => replace(fs, reader, writer, target.size > 0).await,
        };
        close(fs, writer, copied).await.map_err(|e| e.about(to.path))
    }
    .await;
    close(fs, reader, copied).await.map_err(|e| e.about(from.path))
}

async fn replace<F: FilesystemInterface>(
    fs: &F,
    reader: Handle,
    writer: Handle,
    truncate: bool,
) -> Result<u64> {
    if truncate {
        fs.truncate(writer, 0).await?;
    }
    let mut done = 0;
    loop {
        match fs.copy_range((reader, done), (writer, done), PIECE).await? {
            0 => return Ok(done),
            copied => done += copied,
        }
    }
}
