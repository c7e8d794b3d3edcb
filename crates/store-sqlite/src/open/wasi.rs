//! A database file of a preopened directory: WASI has neither locks nor shared memory, so one program holds it alone, by a lease.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tarbox_pool::DirectoryPool;
use tarbox_pool::lease::{DirectoryGround, Lease, LeasedPool};
use tarbox_store::{Error, ErrorKind, Result};

use crate::sql::device;
use crate::{Options, SqliteDatabase};

impl SqliteDatabase {
    /// Opens a database file, as native programs write it. While it is open, a file in the directory `NAME-lease` beside it says so to
    /// programs that look for one; a directory that may not be changed is read without.
    ///
    /// # Errors
    /// `Busy` if another program inside WebAssembly has it open; `NotFound` if it is not there and not to be made; `Invalid` if it is something else; `Unsupported` if a newer Tarbox wrote it.
    pub fn open(path: impl AsRef<Path>, options: &Options) -> Result<Self> {
        let path = path.as_ref();
        let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| {
            Error::new(ErrorKind::Invalid)
                .about(path.as_os_str().as_encoded_bytes())
                .because("not a file name")
        })?;
        let parent = path
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let pool = DirectoryPool::open(parent).map_err(device)?;
        let ground = DirectoryGround::new(parent);
        match Lease::take(&ground, name) {
            Ok(lease) => Self::on_pool(Arc::new(LeasedPool::new(pool, ground, lease)), name, options),
            Err(error) if is_refusal(&error) => Self::on_pool(Arc::new(pool), name, options),
            Err(error) => Err(match error.kind() {
                io::ErrorKind::ResourceBusy => Error::new(ErrorKind::Busy).because(error.to_string()),
                _ => Error::new(ErrorKind::Io).caused_by(error),
            }
            .about(path.as_os_str().as_encoded_bytes())),
        }
    }
}

/// Whether nothing may be changed there.
fn is_refusal(error: &io::Error) -> bool {
    /// `ENOTCAPABLE` of preview 1.
    const NOT_CAPABLE: i32 = 76;
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    ) || error.raw_os_error() == Some(NOT_CAPABLE)
}
