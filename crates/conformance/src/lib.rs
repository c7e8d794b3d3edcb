//! The conformance suites of `Pool`, `Store` and `FilesystemInterface`, as `packages/browser-tests` runs them in a worker
//! of each browser: on the file handles that the product uses, in the build that the product has.
//!
//! A module cannot go on after a panic, so each case gets an instance of its own. What was wrong is on the console.
//!
//! On targets other than a browser's the crate is empty: there each crate's own tests run its suite.
#![cfg(all(target_family = "wasm", target_os = "unknown"))]

use std::sync::Arc;

use tarbox_fs::{Fs, blocking};
use tarbox_opfs::exchange::give_output;
use tarbox_pool::Pool;
use tarbox_store::{Database as _, Quota};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

/// So little that next to nothing stays in memory, and cases meet the device.
const TINY: u64 = 64 * 1024;

/// A case of any suite: its name, and what checks it on an empty pool.
type Case = (&'static str, Box<dyn Fn(Arc<dyn Pool>)>);

const SUITES: &[fn() -> Vec<Case>] = &[pool, store, file_system];

fn pool() -> Vec<Case> {
    let cases = tarbox_pool::conformance::CASES.iter();
    cases.map(|(name, check)| (*name, Box::new(check) as _)).collect()
}

fn store() -> Vec<Case> {
    let cases = tarbox_store::conformance::cases::<SqliteDatabase>().into_iter();
    cases
        .map(|case| (case.name, Box::new(move |pool| case.check(database(pool))) as _))
        .collect()
}

fn file_system() -> Vec<Case> {
    let cases = tarbox_fs::conformance::cases::<Fs<SqliteStore>>().into_iter();
    cases
        .map(|(name, check)| (name, Box::new(move |pool| check(&tenant(&database(pool)))) as _))
        .collect()
}

fn database(pool: Arc<dyn Pool>) -> SqliteDatabase {
    let options = Options::new()
        .create(true)
        .background(false)
        .redo(true)
        .cache_bytes(TINY);
    SqliteDatabase::on_pool(pool, "t.db", &options).expect("an empty pool takes a database")
}

fn tenant(database: &SqliteDatabase) -> Fs<SqliteStore> {
    blocking(database.create_tenant("test", Quota::default())).expect("a new database takes a tenant");
    blocking(Fs::open_tenant(database, "test")).expect("the tenant that was just made is there")
}

fn suite(number: u32) -> Vec<Case> {
    let make = usize::try_from(number).ok().and_then(|at| SUITES.get(at));
    make.expect("there is such a suite")()
}

/// Gives the names of a suite's cases, each followed by a NUL.
#[unsafe(no_mangle)]
extern "C" fn suite_cases(number: u32) {
    give_output(|output| {
        for (name, _) in suite(number) {
            output.extend_from_slice(name.as_bytes());
            output.push(0);
        }
    });
}

/// Checks a case on the pool of that number, which has to be empty.
#[unsafe(no_mangle)]
extern "C" fn suite_check(number: u32, case: u32, id: u32) {
    let cases = suite(number);
    let found = usize::try_from(case).ok().and_then(|at| cases.get(at));
    let (_, check) = found.expect("there is such a case");
    check(tarbox_opfs::pool(id).expect("the pool is open"));
}
