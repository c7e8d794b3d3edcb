//! Handles: sharing, rights, and files whose name is gone.

use std::sync::Arc;

use super::{assert_fails, create};
use crate::error::ErrorKind;
use crate::ext::{PoolExt, PoolFileExt};
use crate::pool::{OpenOptions, Pool};

/// Handles share contents and length at once.
pub fn two_handles_see_the_same_bytes(pool: Arc<dyn Pool>) {
    let one = create(&pool, "a");
    let two = pool.open("a", OpenOptions::EXISTING).unwrap();
    let reader = pool.open("a", OpenOptions::READ_ONLY).unwrap();
    one.write_at(b"one", 0).unwrap();
    two.write_at(b"two", 3).unwrap();
    assert_eq!(reader.read_all().unwrap(), b"onetwo");
    two.truncate(2).unwrap();
    assert_eq!(one.len().unwrap(), 2);
    drop(two);
    one.write_at(b"!", 2).unwrap();
    assert_eq!(reader.read_all().unwrap(), b"on!");
}

/// Reading is all a read-only handle does.
pub fn a_read_only_handle_changes_nothing(pool: Arc<dyn Pool>) {
    create(&pool, "a").write_at(b"kept", 0).unwrap();
    let reader = pool.open("a", OpenOptions::READ_ONLY).unwrap();
    assert_fails(reader.write_at(b"x", 0), ErrorKind::ReadOnly);
    assert_fails(reader.truncate(0), ErrorKind::ReadOnly);
    assert_fails(reader.sync(), ErrorKind::ReadOnly);
    assert_eq!(reader.read_all().unwrap(), b"kept");
}

/// Options that contradict each other are refused, whether or not the file is there.
pub fn a_read_only_handle_cannot_create(pool: Arc<dyn Pool>) {
    create(&pool, "a");
    for name in ["a", "b"] {
        let options = OpenOptions {
            read_only: true,
            ..OpenOptions::CREATE
        };
        assert_fails(pool.open(name, options), ErrorKind::InvalidArgument);
    }
    assert!(!pool.exists("b").unwrap());
}

/// As POSIX has it for unlinked files.
pub fn a_deleted_file_lives_until_its_handles_go(pool: Arc<dyn Pool>) {
    let file = create(&pool, "d/a");
    file.write_at(b"before", 0).unwrap();
    pool.delete("d/a").unwrap();
    pool.sync_names().unwrap();
    file.write_at(b" and after", 6).unwrap();
    file.sync().unwrap();
    assert_eq!(file.read_all().unwrap(), b"before and after");
    assert!(pool.list("").unwrap().is_empty());
}

/// A name that is used again does not lead to the old bytes, in either direction.
pub fn a_new_file_of_a_deleted_name_is_another_file(pool: Arc<dyn Pool>) {
    let old = create(&pool, "a");
    old.write_at(b"old", 0).unwrap();
    pool.delete("a").unwrap();
    let new = pool.open("a", OpenOptions::CREATE_NEW).unwrap();
    assert!(new.is_empty().unwrap());
    new.write_at(b"newer", 0).unwrap();
    assert_eq!(old.read_all().unwrap(), b"old");
    old.write_at(b"OLD", 0).unwrap();
    drop(old);
    assert_eq!(pool.read_file("a").unwrap(), b"newer");
}
