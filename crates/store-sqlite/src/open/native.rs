//! A database file that processes share.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tarbox_pool::DirectoryPool;
use tarbox_store::{Error, ErrorKind, Result};

use crate::followers::Followers;
use crate::lease::Lease;
use crate::sessions::Sessions;
use crate::sql::{Engine, Place, device};
use crate::{Options, SqliteDatabase};

impl SqliteDatabase {
    /// Opens a database file, which other processes may have open too. Its blocks are in the directory of the same name
    /// with `-blocks` at its end.
    ///
    /// # Errors
    /// `NotFound` if it is not there and not to be made; `Invalid` if it is something else; `Unsupported` if a newer Tarbox wrote it.
    pub fn open(path: impl AsRef<Path>, options: &Options) -> Result<Self> {
        let path = path.as_ref();
        if !options.create && !path.exists() {
            return Err(Error::new(ErrorKind::NotFound).about(path.as_os_str().as_encoded_bytes()));
        }
        refuse_one_byte(path)?;
        let engine =
            Engine::open(&Place::File(path.to_owned()), options.create).map_err(|e| explain(e, path))?;
        let mut blocks = path.as_os_str().to_owned();
        blocks.push("-blocks");
        let blocks = PathBuf::from(blocks);
        let pool = DirectoryPool::open(&blocks).map_err(device)?;
        let sessions = Sessions::begin(blocks.join("sessions"))?;
        let mut lease = Lease::of(&blocks)?;
        // Everything that began before this session was known is committed when the lease comes.
        lease.acquire()?;
        lease.release()?;
        let directory = path.parent().map(|p| {
            if p.as_os_str().is_empty() {
                PathBuf::from(".")
            } else {
                p.into()
            }
        });
        Self::assemble(
            engine,
            Arc::new(pool),
            "",
            (lease, Some(sessions), Followers::of(&blocks)),
            directory,
            None,
            options,
        )
    }
}

/// SQLite takes a file of one byte for an empty one, and would write over it.
fn refuse_one_byte(path: &Path) -> Result<()> {
    match fs::metadata(path) {
        Ok(meta) if meta.is_file() && meta.len() == 1 => Err(Error::new(ErrorKind::Invalid)
            .about(path.as_os_str().as_encoded_bytes())
            .because("the file is not a Tarbox database")),
        _ => Ok(()),
    }
}

/// SQLite says of every file that it cannot open it; the host says why.
fn explain(error: Error, path: &Path) -> Error {
    // What has no source was said here, not by SQLite.
    if error.kind() != ErrorKind::NotFound || std::error::Error::source(&error).is_none() {
        return error;
    }
    let about = |kind: ErrorKind, why: &str| {
        Error::new(kind)
            .about(path.as_os_str().as_encoded_bytes())
            .because(why)
    };
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => about(ErrorKind::IsDirectory, "a database is a file"),
        Ok(_) => match fs::OpenOptions::new().read(true).write(true).open(path) {
            Ok(_) => about(
                ErrorKind::Access,
                "no files can be made beside the database, which needs a log there",
            ),
            Err(e) => about(ErrorKind::Access, "the database cannot be opened").caused_by(e),
        },
        Err(_) => error,
    }
}
