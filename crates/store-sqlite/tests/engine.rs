//! The contract of engines, kept by two openings of one file, which share it as two processes do.

use tarbox_store::{Database, Quota};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteEngine, SqliteStore};
use tarbox_test_engine::conformance::{Processes, block_on};
use tempfile::TempDir;

struct Two {
    stores: [SqliteStore; 2],
    _databases: [SqliteDatabase; 2],
    _directory: TempDir,
}

impl Processes for Two {
    type Engine = SqliteEngine;

    fn engines(&self) -> [&SqliteEngine; 2] {
        self.stores.each_ref().map(SqliteStore::engine)
    }
}

fn two() -> Two {
    let directory = tempfile::tempdir().unwrap();
    let options = Options::new().create(true).background(false);
    let open = || SqliteDatabase::open(directory.path().join("t.db"), &options).unwrap();
    let databases = [open(), open()];
    // The store of a tenant is the way to the engine below it.
    block_on(databases[0].create_tenant("first", Quota::default())).unwrap();
    let store = |database: &SqliteDatabase| block_on(database.open_tenant("first")).unwrap();
    Two {
        stores: databases.each_ref().map(store),
        _databases: databases,
        _directory: directory,
    }
}

tarbox_test_engine::engine_conformance_tests!(two);
