//! Replacing a file by what comes piece by piece: it has its old content until all of the new one is stored.

use tarbox_fs::{
    Credentials, FilesystemExt as _, FilesystemInterface as _, Handle, OpenFlags, blocking, nameless,
    put_content, share_content,
};
use tarbox_store::{Error, ErrorKind, Result, WriteAt};

use crate::content::WHOLE;
use crate::operations::zeros;
use crate::{Place, Request, Workspace, version};

/// Opens a file without a name, for the content of the one that the first text names; the second text is the version that
/// this must have, and the number whether it must be new. Returns the number to call it by.
pub(crate) fn stage<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    version::expecting(w, request)?;
    match blocking(
        w.place
            .fs()
            .open_path(&w.who, w.path(request.first), OpenFlags::WRITE, None),
    ) {
        Ok((_, handle)) => {
            blocking(w.place.fs().release(handle))?;
            if request.flag(0) {
                return Err(Error::new(ErrorKind::Exists).about(request.first));
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => (),
        Err(error) => return Err(error),
    }
    let handle = blocking(nameless(w.place.fs(), &w.who))?;
    Ok(f64::from(w.keep(handle)?))
}

/// Gives the file that the first text names the content of an open one. The second text is the version that it must have;
/// numbers are the open file, the mode of a new one, and whether it must be new.
pub(crate) fn replace<P: Place>(w: &mut Workspace<P>, request: &Request<'_>, _: &mut Vec<u8>) -> Result<f64> {
    let who = version::expecting(w, request)?;
    let source = w.handle(request.small(0)?)?;
    put(w, &who, request.first, source, request.small(1)?, request.flag(2))
}

/// The same with the bytes of a request.
pub(crate) fn with_bytes<P: Place>(
    w: &mut Workspace<P>,
    who: &Credentials,
    request: &Request<'_>,
    mode: u32,
) -> Result<f64> {
    let source = blocking(nameless(w.place.fs(), &w.who))?;
    let done = blocking(w.place.fs().write(source, WriteAt::Offset(0), request.data))
        .and_then(|_| put(w, who, request.first, source, mode, false));
    blocking(w.place.fs().release(source))?;
    done
}

/// All that could lack room is stored before anything of the target goes.
fn put<P: Place>(
    w: &mut Workspace<P>,
    who: &Credentials,
    path: &str,
    source: Handle,
    mode: u32,
    exclusive: bool,
) -> Result<f64> {
    let size = blocking(w.place.fs().getattr(w.place.fs().handle(source)?.ino))?.size;
    let flags = if exclusive {
        OpenFlags::WRITE.exclusively()
    } else {
        OpenFlags::WRITE
    };
    let mut small = None;
    if size <= WHOLE as u64 {
        let mut bytes = zeros(size)?;
        let count = blocking(w.place.fs().read(source, 0, &mut bytes))?;
        bytes.truncate(count);
        small = Some(bytes);
    } else {
        w.sync()?;
    }
    let (_, target) = blocking(w.place.fs().open_path(who, w.path(path), flags, Some(mode)))?;
    let done = match small {
        Some(bytes) => blocking(put_content(w.place.fs(), &bytes, target)),
        None => blocking(share_content(w.place.fs(), source, target)).map(drop),
    };
    blocking(w.place.fs().release(target))?;
    done.map(|()| size as f64)
}
