//! What programs inside WebAssembly leave beside a database (`tarbox-component`): they have it alone, by a lease of their own,
//! and keep a redo log, which processes that share a database do not.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tarbox_pool::DirectoryPool;
use tarbox_pool::lease::DEAD_AFTER;
use tarbox_store::{Error, ErrorKind, Result};

use crate::lease::Lease;
use crate::sql::device;
use crate::{Options, SqliteDatabase};

/// Refuses a database that such a program has open, and commits what one that was killed left in its redo log.
///
/// # Errors
/// `Busy`; those of opening the database.
pub(super) fn succeed_guest(path: &Path, blocks: &Path) -> Result<()> {
    if is_alive(&beside(path, "-lease")) {
        return Err(Error::new(ErrorKind::Busy)
            .about(path.as_os_str().as_encoded_bytes())
            .because("a program inside WebAssembly has the database open, and alone"));
    }
    let log = beside(path, "-redo");
    let name = path.file_name().and_then(|name| name.to_str());
    let Some(name) = name.filter(|_| log.exists() && path.exists()) else {
        return Ok(());
    };
    let failed = |e: io::Error| {
        Error::new(ErrorKind::Io)
            .about(log.as_os_str().as_encoded_bytes())
            .caused_by(e)
    };
    fs::create_dir_all(blocks).map_err(failed)?;
    let mut lease = Lease::of(blocks)?;
    lease.acquire()?;
    // Another process may have done it meanwhile.
    if log.exists() {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let pool = DirectoryPool::open(parent.unwrap_or(Path::new("."))).map_err(device)?;
        let options = Options::new().background(false);
        SqliteDatabase::on_pool(Arc::new(pool), name, &options)?.close()?;
        fs::remove_file(&log).map_err(failed)?;
    }
    lease.release()
}

/// Whether somebody in that directory showed a sign of life lately.
fn is_alive(lease: &Path) -> bool {
    let Ok(entries) = fs::read_dir(lease) else {
        return false;
    };
    let signs = entries
        .flatten()
        .filter_map(|entry| entry.metadata().ok()?.modified().ok());
    let fresh = |sign: std::time::SystemTime| sign.elapsed().map_or(true, |age| age < DEAD_AFTER);
    signs.into_iter().any(fresh)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
