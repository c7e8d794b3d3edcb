//! New content for a file, which has the old one until all of the new one is stored.

use tarbox_store::{ErrorKind, Ino, Result, WriteAt};

use super::whole::close;
use crate::interface::{Credentials, FilesystemInterface, Handle, OpenFlags};

/// What one call copies at most: large enough that calls cost nothing, small enough that others get their turn.
const PIECE: u64 = 256 << 20;

/// A name for what is not whole yet; whoever finds it taken counts on.
pub fn unfinished(number: u64) -> Vec<u8> {
    format!(".{number}.unfinished").into_bytes()
}

/// An open file that nobody else can reach, and that is gone when it is closed, or after a crash: for content that
/// [`share_content`] then puts in place.
///
/// # Errors
/// Those of making a file, but for permissions: whoever may write the file that the content is for needs none here.
pub async fn nameless<F: FilesystemInterface>(fs: &F, who: &Credentials) -> Result<Handle> {
    let who = &who.clone().already_checked();
    let mut number = 0;
    let (name, handle) = loop {
        let name = unfinished(number);
        match fs
            .create(who, Ino::ROOT, &name, 0o600, OpenFlags::READ_WRITE)
            .await
        {
            Err(e) if e.kind() == ErrorKind::Exists => number += 1,
            created => break (name, created?.1),
        }
    };
    match fs.unlink(who, Ino::ROOT, &name).await {
        Ok(()) => Ok(handle),
        Err(error) => close(fs, handle, Err(error)).await,
    }
}

/// Gives an open file the content of another in place of its own, and answers how many bytes. It stays the same file, with
/// its names and attributes. Blocks are shared: what could lack room is stored before anything of the old content goes.
///
/// # Errors
/// Those of [`copy_range`](FilesystemInterface::copy_range) and of [`truncate`](FilesystemInterface::truncate).
pub async fn share_content<F: FilesystemInterface>(fs: &F, source: Handle, target: Handle) -> Result<u64> {
    let old = fs.getattr(fs.handle(target)?.ino).await?.size;
    let mut done = 0;
    loop {
        match fs.copy_range((source, done), (target, done), PIECE).await? {
            0 => break,
            copied => done += copied,
        }
    }
    cut(fs, target, old, done).await?;
    Ok(done)
}

/// The same with bytes in memory: up to 16 MiB, which are written in one step.
///
/// # Errors
/// Those of [`write`](FilesystemInterface::write) and of [`truncate`](FilesystemInterface::truncate).
pub async fn put_content<F: FilesystemInterface>(fs: &F, data: &[u8], target: Handle) -> Result<()> {
    let old = fs.getattr(fs.handle(target)?.ino).await?.size;
    if !data.is_empty() {
        fs.write(target, WriteAt::Offset(0), data).await?;
    }
    cut(fs, target, old, data.len() as u64).await
}

/// Takes away what the old content had behind the end of the new one. Nothing is written to no content: then this is what
/// changes the file's times.
async fn cut<F: FilesystemInterface>(fs: &F, target: Handle, old: u64, new: u64) -> Result<()> {
    match new < old || new == 0 {
        true => fs.truncate(target, new).await.map(drop),
        false => Ok(()),
    }
}
