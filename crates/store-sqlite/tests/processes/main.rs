//! Several processes on one database, and processes that are killed.
//!
//! A child is this same program, started again with a role in its environment; it runs the one test `child`, which does
//! nothing where there is no role. Parent and child talk in lines, so that nobody has to wait for a time.

mod child;
#[path = "../common/mod.rs"]
mod common;
mod kill;
mod roles;
mod sharing;

use std::path::PathBuf;

use tarbox_store::{Actor, Database, Quota};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};
use tempfile::TempDir;

use common::{agent, block, new};

fn is_long() -> bool {
    std::env::var_os("TARBOX_LONG").is_some()
}

fn me() -> Actor {
    agent(&format!("process {}", std::process::id()))
}

/// The store of this engine.
use SqliteStore as Files;

/// Opens the database there, or makes it.
fn make(path: &std::path::Path) -> SqliteDatabase {
    SqliteDatabase::open(path, &Options::new().create(true)).unwrap()
}

/// A database with the tenant `default` in a directory of its own.
fn database() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.db");
    let database = make(&path);
    block(database.create_tenant("default", Quota::default())).unwrap();
    (dir, path)
}

/// Returns when nothing is done any more for a process that was killed: here it does everything itself.
fn wait_for_the_dead(_: &std::path::Path) {}

fn open(path: &std::path::Path) -> (SqliteDatabase, SqliteStore) {
    let database = SqliteDatabase::open(path, &Options::new()).unwrap();
    let store = block(database.open_tenant("default")).unwrap();
    (database, store)
}

/// Nothing is broken, whoever died meanwhile.
fn check(database: &SqliteDatabase) {
    let report = block(database.fsck(false, &|_, _| {})).unwrap();
    assert!(report.problems.is_empty(), "{:#?}", report.problems);
}
