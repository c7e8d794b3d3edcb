//! The store's contract, on a server: with caches of almost no size, and without a thread in the background, too.

use tarbox_store_postgres::{Options, PostgresDatabase};
use tarbox_test_postgres::server;

/// So little that next to nothing stays in memory.
const TINY: u64 = 64 * 1024;

fn fresh(change: impl Fn(Options) -> Options) -> (PostgresDatabase, ()) {
    let options = Options::parse(&server().fresh_url()).unwrap().create(true);
    (PostgresDatabase::open(&change(options)).unwrap(), ())
}

macro_rules! suites {
    ($($name:ident: $change:expr;)*) => {
        $(mod $name {
            use super::*;
            tarbox_store::store_conformance_tests!(|| fresh($change));
        })*
    };
}

suites! {
    plain: |options| options;
    with_tiny_cache: |options| options.cache_bytes(TINY);
    in_the_foreground: |options| options.background(false);
}

mod keys {
    use super::*;
    tarbox_store::keys_conformance_tests!(|| fresh(|options| options));
}
