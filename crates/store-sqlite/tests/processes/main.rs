//! Several processes on one database, and processes that are killed.
//!
//! A child is this same program, started again with a role in its environment; it runs the one test `child`, which does
//! nothing where there is no role. Parent and child talk in lines, so that nobody has to wait for a time.

mod at_once;
mod child;
#[path = "../common/mod.rs"]
mod common;
mod kill;
mod roles;
mod sharing;

use std::path::PathBuf;
use std::time::Duration;

use tarbox_store::{Actor, Database, Quota};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};
use tempfile::TempDir;

use common::{agent, block, new};

/// Whether a process sees what others have done without opening anything.
const AT_ONCE: bool = true;
/// How long a process that died may count as alive.
const DEAD: Duration = Duration::ZERO;

/// How many rounds are worth it on a file, and on a server.
fn rounds(file: u64, _server: u64) -> u64 {
    file
}

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

/// A place for a database, in a directory of its own.
fn fresh() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.db");
    (dir, path)
}

/// A database of its own with the tenant `default`.
fn database() -> (TempDir, PathBuf) {
    let (dir, path) = fresh();
    block(make(&path).create_tenant("default", Quota::default())).unwrap();
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
