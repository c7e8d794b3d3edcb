//! Replacing a file by what comes piece by piece: it has its old content until all of the new one is stored.

use tarbox_fs::{
    Credentials, FilesystemExt as _, FilesystemInterface as _, Handle, OpenFlags, blocking, nameless,
    put_content, share_content,
};
use tarbox_store::{Error, ErrorKind, Result, WriteAt};

use super::content::WHOLE;
use super::{version, zeros};
use crate::{Request, Workspace};

/// Opens a file without a name, for the content of the one that the first text names; the second text is the version that
/// this must have, and the number whether it must be new. Returns the number to call it by.
pub(super) fn stage(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    version::expecting(w, request)?;
    match blocking(w.fs.open_path(&w.who, request.first, OpenFlags::WRITE, None)) {
        Ok((_, handle)) => {
            blocking(w.fs.release(handle))?;
            if request.flag(0) {
                return Err(Error::new(ErrorKind::Exists).about(request.first));
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => (),
        Err(error) => return Err(error),
    }
    let handle = blocking(nameless(&w.fs, &w.who))?;
    Ok(f64::from(w.keep(handle)))
}

/// Gives the file that the first text names the content of an open one. The second text is the version that it must have;
/// numbers are the open file, the mode of a new one, and whether it must be new.
pub(super) fn replace(w: &mut Workspace, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    let who = version::expecting(w, request)?;
    let source = w.handle(request.small(0)?)?;
    put(w, &who, request.first, source, request.small(1)?, request.flag(2))
}

/// The same with the bytes of a request.
pub(super) fn with_bytes(
    w: &mut Workspace,
    who: &Credentials,
    request: &Request<'_>,
    mode: u32,
) -> Result<f64> {
    let source = blocking(nameless(&w.fs, &w.who))?;
    let done = blocking(w.fs.write(source, WriteAt::Offset(0), request.data))
        .and_then(|_| put(w, who, request.first, source, mode, false));
    blocking(w.fs.release(source))?;
    done
}

/// All that could lack room is stored before anything of the target goes.
fn put(
    w: &mut Workspace,
    who: &Credentials,
    path: &str,
    source: Handle,
    mode: u32,
    exclusive: bool,
) -> Result<f64> {
    let size = blocking(w.fs.getattr(w.fs.handle(source)?.ino))?.size;
    let flags = if exclusive {
        OpenFlags::WRITE.exclusively()
    } else {
        OpenFlags::WRITE
    };
    let mut small = None;
    if size <= WHOLE as u64 {
        let mut bytes = zeros(size)?;
        let count = blocking(w.fs.read(source, 0, &mut bytes))?;
        bytes.truncate(count);
        small = Some(bytes);
    } else {
        w.sync()?;
    }
    let (_, target) = blocking(w.fs.open_path(who, path, flags, Some(mode)))?;
    let done = match small {
        Some(bytes) => blocking(put_content(&w.fs, &bytes, target)),
        None => blocking(share_content(&w.fs, source, target)).map(drop),
    };
    blocking(w.fs.release(target))?;
    done.map(|()| size as f64)
}
