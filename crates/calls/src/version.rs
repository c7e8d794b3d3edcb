//! Writing only what has not changed meanwhile.

use tarbox_fs::{Credentials, FilesystemExt as _, blocking};
use tarbox_store::{Attr, Error, ErrorKind, Result};

use crate::{Place, Request, Workspace};

/// Which state of a file this is: the inode, and its version. `Stats` in the package makes the same of the same doubles.
pub fn version_of(attr: &Attr) -> String {
    format!("{}-{}", attr.ino, attr.version)
}

/// Who makes the change that a request asks for. If its second text is a version, the file has to have it: now, and still when
/// it changes.
pub(crate) fn expecting<P: Place>(w: &Workspace<P>, request: &Request<'_>) -> Result<Credentials> {
    if request.second.is_empty() {
        return Ok(w.who.clone());
    }
    let found = blocking(w.place.fs().stat(&w.who, w.path(request.first)))?;
    let now = version_of(&found);
    if now == request.second {
        return Ok(w.who.clone().if_version(found.ino, found.version));
    }
    Err(Error::new(ErrorKind::Stale).about(request.first).because(format!(
        "it is now at version {now}, not at {}: read it again, then repeat the change",
        request.second
    )))
}
