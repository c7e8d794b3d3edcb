//! Several processes on one database, processes that are killed or stopped, and a server that crashes.
//!
//! Parent and child are those of the store on SQLite: a child is this same program, started again with a role in its
//! environment.

#[path = "../../../store-sqlite/tests/processes/child.rs"]
mod child;
#[path = "../../../store-sqlite/tests/common/mod.rs"]
mod common;
mod crash;
#[path = "../../../store-sqlite/tests/processes/kill.rs"]
mod kill;
#[path = "../../../store-sqlite/tests/processes/roles.rs"]
mod roles;
#[path = "../../../store-sqlite/tests/processes/sharing.rs"]
mod sharing;
mod stopped;
mod waiting;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tarbox_store::{Actor, Database, Quota};
use tarbox_store_postgres::{Options, PostgresDatabase, PostgresStore};
use tarbox_test_postgres::server;

use PostgresStore as Files;
use common::{agent, block, new};

/// Whether a process sees what others have done without opening anything.
const AT_ONCE: bool = false;
/// How long a process that died may count as alive.
const DEAD: Duration = Duration::from_secs(60);

/// How many rounds are worth it on a file, and on a server.
fn rounds(_file: u64, server: u64) -> u64 {
    server
}

fn is_long() -> bool {
    std::env::var_os("TARBOX_LONG").is_some()
}

fn me() -> Actor {
    agent(&format!("process {}", std::process::id()))
}

/// Opens the database there, or makes it. A path is a URL here.
fn make(url: &Path) -> PostgresDatabase {
    let options = Options::parse(url.to_str().unwrap()).unwrap();
    PostgresDatabase::open(&options.create(true)).unwrap()
}

/// An empty database of its own.
fn fresh() -> ((), PathBuf) {
    ((), server().fresh_url().into())
}

/// The name of the database at a URL.
fn name(url: &Path) -> &str {
    let url = url.to_str().unwrap();
    url.split(['/', '?']).nth(3).unwrap()
}

/// A database of its own with the tenant `default`.
fn database() -> ((), PathBuf) {
    let ((), url) = fresh();
    block(make(&url).create_tenant("default", Quota::default())).unwrap();
    ((), url)
}

/// Returns when nothing is done any more for a process that was killed: the server may still commit what it had received.
fn wait_for_the_dead(url: &Path) {
    let name = name(url);
    let sql = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND application_name = 'tarbox'"
    );
    while server().query("postgres", &sql) != "0" {
        std::thread::yield_now();
    }
}

fn open(url: &Path) -> (PostgresDatabase, PostgresStore) {
    let database = PostgresDatabase::open(&Options::parse(url.to_str().unwrap()).unwrap()).unwrap();
    let store = block(database.open_tenant("default")).unwrap();
    (database, store)
}

/// Nothing is broken, whoever died meanwhile.
fn check(database: &PostgresDatabase) {
    let report = block(database.fsck(false, &|_, _| {})).unwrap();
    assert!(report.problems.is_empty(), "{:#?}", report.problems);
}
