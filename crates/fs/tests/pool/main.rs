//! A pool in a workspace keeps the contract of pools, and a graph in it lives and dies with the files around it.

mod crash;
mod graph;
mod lock;
mod room;

use std::sync::Arc;

use tarbox_fs::{Credentials, Fs, FsPool, PoolAccess, blocking};
use tarbox_pool::Pool;
use tarbox_store::{Database, Quota};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

type TestFs = Fs<SqliteStore>;

fn tenant(database: &SqliteDatabase, quota: Quota) -> Arc<TestFs> {
    blocking(database.create_tenant("test", quota)).unwrap();
    Arc::new(blocking(Fs::open_tenant(database, "test")).unwrap())
}

fn in_memory() -> Arc<TestFs> {
    let database = SqliteDatabase::in_memory(&Options::new()).unwrap();
    tenant(&database, Quota::default())
}

/// Whoever works on the files.
fn root() -> Credentials {
    Credentials::root("test")
}

/// The pool of a graph.
fn pool(fs: &Arc<TestFs>, access: PoolAccess) -> Arc<FsPool<TestFs>> {
    let who = Credentials::root("graph");
    Arc::new(FsPool::open(fs.clone(), who, b"/facts.pages", access).unwrap())
}

mod conformance_in_memory {
    use super::*;

    fn empty() -> (Arc<dyn Pool>, ()) {
        (pool(&in_memory(), PoolAccess::ReadWrite), ())
    }
    tarbox_pool::conformance_tests!(empty);
}

mod conformance_in_a_file {
    use super::*;

    fn empty() -> (Arc<dyn Pool>, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tarbox.db");
        let database = SqliteDatabase::open(path, &Options::new().create(true)).unwrap();
        (
            pool(&tenant(&database, Quota::default()), PoolAccess::ReadWrite),
            directory,
        )
    }
    tarbox_pool::conformance_tests!(empty);
}
