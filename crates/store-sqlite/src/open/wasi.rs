//! A database file of a preopened directory: WASI has neither locks nor shared memory, so one program holds it alone.

use std::path::Path;
use std::sync::Arc;

use tarbox_pool::DirectoryPool;
use tarbox_store::{Error, ErrorKind, Result};

use crate::sql::device;
use crate::{Options, SqliteDatabase};

impl SqliteDatabase {
    /// Opens a database file, as native programs write it. Nobody else may use it meanwhile, which the host has to see to.
    ///
    /// # Errors
    /// `NotFound` if it is not there and not to be made; `Invalid` if it is something else; `Unsupported` if a newer Tarbox wrote it.
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
        Self::on_pool(Arc::new(pool), name, options)
    }
}
