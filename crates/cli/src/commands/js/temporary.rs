//! A directory that is gone with the script.

use std::sync::Arc;

use tarbox_fs::{Credentials, Fs, FsOptions, Hooks, blocking};
use tarbox_quickjs::Files;
use tarbox_store::{Database, Ino, Quota, Result, SetAttr};
use tarbox_store_sqlite::{Options, SqliteDatabase};

/// The tenant of its database.
const TENANT: &str = "temporary";

/// An empty file system in memory, whose root may be written by everybody.
pub(super) fn temporary() -> Result<Arc<dyn Files>> {
    // Nobody waits for its commits, so no thread need make them.
    let database = SqliteDatabase::in_memory(&Options::new().background(false))?;
    blocking(database.create_tenant(TENANT, Quota::default()))?;
    let store = blocking(database.open_tenant(TENANT))?;
    let options = FsOptions {
        hooks: Hooks::Off,
        ..FsOptions::default()
    };
    let files = Fs::with_options(store, options);
    let mode = SetAttr {
        mode: Some(0o1777),
        ..SetAttr::default()
    };
    Files::setattr(&files, &Credentials::root("js"), Ino::ROOT, &mode)?;
    Ok(Arc::new(files))
}
