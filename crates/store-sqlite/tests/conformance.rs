//! The store's contract, kept on every device: a file, memory, and pools; with caches of almost no size, and without a
//! thread in the background.

use std::path::Path;
use std::sync::Arc;

use tarbox_pool::{DirectoryPool, MemoryPool};
use tarbox_store_sqlite::{Options, SqliteDatabase};
use tempfile::TempDir;

/// So little that next to nothing stays in memory.
const TINY: u64 = 64 * 1024;

fn options() -> Options {
    Options::new().create(true)
}

fn on_file(options: &Options) -> (SqliteDatabase, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let database = SqliteDatabase::open(dir.path().join("t.db"), options).unwrap();
    (database, dir)
}

fn in_memory(options: &Options) -> (SqliteDatabase, ()) {
    (SqliteDatabase::in_memory(options).unwrap(), ())
}

fn on_memory_pool(options: &Options) -> (SqliteDatabase, ()) {
    let pool = Arc::new(MemoryPool::new());
    (SqliteDatabase::on_pool(pool, "t.db", options).unwrap(), ())
}

fn on_directory_pool(options: &Options) -> (SqliteDatabase, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let pool = Arc::new(DirectoryPool::open(Path::new(dir.path())).unwrap());
    (SqliteDatabase::on_pool(pool, "t.db", options).unwrap(), dir)
}

macro_rules! suites {
    ($($name:ident: $open:ident, $options:expr;)*) => {
        $(mod $name {
            use super::*;
            tarbox_store::store_conformance_tests!(|| $open(&$options));
        })*
    };
}

suites! {
    file: on_file, options();
    file_with_tiny_cache: on_file, options().cache_bytes(TINY);
    file_in_the_foreground: on_file, options().background(false);
    memory: in_memory, options();
    memory_with_tiny_cache: in_memory, options().cache_bytes(TINY).background(false);
    memory_pool: on_memory_pool, options();
    memory_pool_with_tiny_cache: on_memory_pool, options().cache_bytes(TINY);
    memory_pool_with_redo_log: on_memory_pool, options().background(false).redo(true);
    directory_pool: on_directory_pool, options();
    directory_pool_with_tiny_cache: on_directory_pool, options().cache_bytes(TINY).background(false);
}

mod keys {
    use super::*;
    tarbox_store::keys_conformance_tests!(|| on_file(&options()));
}

mod keys_in_memory {
    use super::*;
    tarbox_store::keys_conformance_tests!(|| in_memory(&options()));
}
