//! What goes wrong on the way to a server, and at it: connections that are cut, stalled or half closed at each message, and a server
//! that refuses. Whoever waits is told the truth, in one line, and nothing is lost.

mod bad;
#[path = "../../../store-sqlite/tests/common/mod.rs"]
mod common;
mod cut;
mod proxy;

use tarbox_store::{Database, Problem, Quota};
use tarbox_store_postgres::{Options, PostgresDatabase, PostgresStore};

use common::block;

/// Opens a database with the tenant `default`, which is made if it is not there.
fn open(url: &str) -> (PostgresDatabase, PostgresStore) {
    let database = PostgresDatabase::open(&Options::parse(url).unwrap().create(true)).unwrap();
    if block(database.tenant("default")).is_err() {
        block(database.create_tenant("default", Quota::default())).unwrap();
    }
    let store = block(database.open_tenant("default")).unwrap();
    (database, store)
}

/// Nothing is broken.
fn check(database: &PostgresDatabase) {
    let problems: Vec<Problem> = block(database.fsck(false, &|_, _| {})).unwrap().problems;
    assert!(problems.is_empty(), "{problems:#?}");
}
