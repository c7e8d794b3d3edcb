//! The file system has the meaning that the conformance suite asks for, on every store.

use tarbox_fs::{Fs, blocking};
use tarbox_store::{Database, Quota};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

fn tenant(database: SqliteDatabase) -> Fs<SqliteStore> {
    blocking(database.create_tenant("test", Quota::default())).unwrap();
    blocking(Fs::open_tenant(&database, "test")).unwrap()
}

mod in_memory {
    use super::*;

    fn empty() -> (Fs<SqliteStore>, ()) {
        (tenant(SqliteDatabase::in_memory(&Options::new()).unwrap()), ())
    }
    tarbox_fs::fs_conformance_tests!(empty);
}

mod in_a_file {
    use super::*;

    fn empty() -> (Fs<SqliteStore>, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tarbox.db");
        (
            tenant(SqliteDatabase::open(path, &Options::new().create(true)).unwrap()),
            directory,
        )
    }
    tarbox_fs::fs_conformance_tests!(empty);
}
