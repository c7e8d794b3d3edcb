//! Making a pool known to SQLite.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tarbox_pool::Pool;
use tarbox_sqlite_vfs::{Options, Registration};
use tarbox_store::{Error, ErrorKind, Result};

/// Registers a pool under a name that nobody else has.
pub(crate) fn register(pool: &Arc<dyn Pool>) -> Result<(String, Registration)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = format!("tarbox-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let registration = tarbox_sqlite_vfs::register(&name, pool.clone(), Options::default()).map_err(|e| {
        Error::new(ErrorKind::Io)
            .because("SQLite does not accept the pool")
            .caused_by(e)
    })?;
    Ok((name, registration))
}
