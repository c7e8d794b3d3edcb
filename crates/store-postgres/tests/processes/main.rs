//! Several processes on one database, processes that are killed or stopped, and a server that crashes.
//!
//! Parent and child are those of the store on SQLite: a child is this same program, started again with a role in its
//! environment.

#[path = "../../../store-sqlite/tests/processes/child.rs"]
mod child;
#[path = "../../../store-sqlite/tests/common/mod.rs"]
mod common;
#[path = "../../../store-sqlite/tests/processes/kill.rs"]
mod kill;
#[path = "../../../store-sqlite/tests/processes/roles.rs"]
mod roles;
mod server;
mod sharing;
mod stopped;

use std::path::{Path, PathBuf};

use tarbox_store::{Actor, Database, Quota};
use tarbox_store_postgres::{Options, PostgresDatabase, PostgresStore};

use PostgresStore as Files;
use common::{agent, block, new};

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

/// A database of its own with the tenant `default`.
fn database() -> ((), PathBuf) {
    let url = PathBuf::from(tarbox_test_postgres::server().fresh_url());
    block(make(&url).create_tenant("default", Quota::default())).unwrap();
    ((), url)
}

/// Returns when nothing is done any more for a process that was killed: the server may still commit what it had received.
fn wait_for_the_dead(url: &Path) {
    let name = url
        .to_str()
        .unwrap()
        .split('/')
        .nth(3)
        .unwrap()
        .split('?')
        .next()
        .unwrap();
    let sql = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND application_name = 'tarbox'"
    );
    while tarbox_test_postgres::server().query("postgres", &sql) != "0" {
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
