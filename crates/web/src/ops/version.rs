//! Writing only what has not changed meanwhile.

use tarbox_fs::{FilesystemExt as _, blocking};
use tarbox_store::{Attr, Error, ErrorKind, Result};

use crate::{Request, Workspace};

/// Which state of a file this is: the inode, and its version. `Stats` in the package makes the same of the same doubles.
fn version(attr: &Attr) -> String {
    format!("{}-{}", attr.ino, attr.version)
}

/// Refuses a request whose second text is a version that the file does not have any more.
pub(super) fn require(w: &Workspace, request: &Request<'_>) -> Result<()> {
    if request.second.is_empty() {
        return Ok(());
    }
    let found = version(&blocking(w.fs.stat(&w.who, request.first))?);
    if found == request.second {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Stale).about(request.first).because(format!(
        "it is now at version {found}, not at {}: read it again, then repeat the change",
        request.second
    )))
}
