//! Names: creating, finding, listing, deleting.

use std::sync::Arc;

use super::{assert_fails, create};
use crate::error::ErrorKind;
use crate::ext::{PoolExt, PoolFileExt};
use crate::pool::{OpenOptions, Pool};

/// Creation gives an empty file that can be found.
pub fn a_new_file_is_empty_and_listed(pool: Arc<dyn Pool>) {
    assert!(
        pool.list("").unwrap().is_empty(),
        "the pool of a case is empty at first"
    );
    let file = create(&pool, "a");
    assert!(file.is_empty().unwrap());
    assert_eq!(file.name(), "a");
    assert!(pool.exists("a").unwrap());
    assert_eq!(pool.list("").unwrap(), ["a"]);
    assert!(!pool.is_read_only());
}

/// Opening does not create by accident.
pub fn opening_a_missing_file_fails_and_creates_nothing(pool: Arc<dyn Pool>) {
    for options in [OpenOptions::EXISTING, OpenOptions::READ_ONLY] {
        assert_fails(pool.open("a", options), ErrorKind::NotFound);
        assert_fails(pool.open("d/a", options), ErrorKind::NotFound);
    }
    assert!(!pool.exists("a").unwrap());
    assert!(!pool.exists("d/a").unwrap());
    assert!(pool.list("").unwrap().is_empty());
}

/// `create_new` is exclusive.
pub fn create_new_refuses_a_file_that_is_there(pool: Arc<dyn Pool>) {
    pool.open("d/a", OpenOptions::CREATE_NEW)
        .unwrap()
        .write_at(b"first", 0)
        .unwrap();
    assert_fails(pool.open("d/a", OpenOptions::CREATE_NEW), ErrorKind::Exists);
    assert_eq!(pool.read_file("d/a").unwrap(), b"first");
}

/// `create` on an existing file opens it as it is.
pub fn create_keeps_what_is_there(pool: Arc<dyn Pool>) {
    create(&pool, "a").write_at(b"first", 0).unwrap();
    assert_eq!(create(&pool, "a").read_all().unwrap(), b"first");
}

/// Listing is complete, sorted by bytes, and takes prefixes that end anywhere.
pub fn names_are_listed_in_order_and_by_prefix(pool: Arc<dyn Pool>) {
    for name in ["b", "a/2", "a/10", "a.db", "a/b/c", "ab", "a/b-x"] {
        create(&pool, name);
    }
    assert_eq!(
        pool.list("").unwrap(),
        ["a.db", "a/10", "a/2", "a/b-x", "a/b/c", "ab", "b"]
    );
    assert_eq!(pool.list("a/").unwrap(), ["a/10", "a/2", "a/b-x", "a/b/c"]);
    assert_eq!(pool.list("a/b").unwrap(), ["a/b-x", "a/b/c"]);
    assert_eq!(pool.list("a/b/c").unwrap(), ["a/b/c"]);
    assert!(pool.list("c").unwrap().is_empty());
    assert!(pool.list("b/").unwrap().is_empty());
    assert!(pool.list("a/1/").unwrap().is_empty());
}

/// A prefix is compared, never followed.
pub fn a_prefix_that_leads_out_of_the_pool_lists_nothing(pool: Arc<dyn Pool>) {
    create(&pool, "a");
    for prefix in ["../", "/", "a/../", "./", "//", "..\\", "\0"] {
        assert!(pool.list(prefix).unwrap().is_empty(), "{prefix:?}");
    }
}

/// Deletion takes the name away, and says when there was none.
pub fn deleting_removes_the_name_only_once(pool: Arc<dyn Pool>) {
    create(&pool, "a");
    create(&pool, "b");
    pool.delete("a").unwrap();
    assert!(!pool.exists("a").unwrap());
    assert_eq!(pool.list("").unwrap(), ["b"]);
    assert_fails(pool.delete("a"), ErrorKind::NotFound);
    assert_fails(pool.delete("d/a"), ErrorKind::NotFound);
    assert!(pool.delete_if_exists("b").unwrap());
    assert!(!pool.delete_if_exists("b").unwrap());
    pool.sync_names().unwrap();
}

/// `a` and `a/b` exclude each other, whichever was first.
pub fn a_name_is_not_both_file_and_directory(pool: Arc<dyn Pool>) {
    create(&pool, "file");
    create(&pool, "directory/below/file");
    for options in [
        OpenOptions::CREATE,
        OpenOptions::CREATE_NEW,
        OpenOptions::EXISTING,
    ] {
        assert_fails(pool.open("file/below", options), ErrorKind::NotDirectory);
        assert_fails(pool.open("file/far/below", options), ErrorKind::NotDirectory);
        assert_fails(pool.open("directory", options), ErrorKind::IsDirectory);
        assert_fails(pool.open("directory/below", options), ErrorKind::IsDirectory);
    }
    assert_fails(
        pool.open("directory", OpenOptions::READ_ONLY),
        ErrorKind::IsDirectory,
    );
    assert_fails(pool.delete("directory"), ErrorKind::IsDirectory);
    assert_fails(pool.delete("file/below"), ErrorKind::NotDirectory);
    assert!(!pool.exists("directory").unwrap());
    assert!(!pool.exists("file/below").unwrap());
    assert_eq!(pool.list("").unwrap(), ["directory/below/file", "file"]);
}

/// A directory has no existence of its own, so its name is free again.
pub fn a_directory_goes_with_its_last_file(pool: Arc<dyn Pool>) {
    create(&pool, "a/b/c");
    create(&pool, "a/d");
    pool.delete("a/b/c").unwrap();
    create(&pool, "a/b");
    pool.delete("a/b").unwrap();
    pool.delete("a/d").unwrap();
    create(&pool, "a").sync().unwrap();
    pool.sync_names().unwrap();
    assert_eq!(pool.list("").unwrap(), ["a"]);
}

/// Names of 512 bytes, components of 255 bytes, and every ordinary character.
pub fn the_longest_names_work(pool: Arc<dyn Pool>) {
    let longest = ["x".repeat(255), "y".repeat(255), "z".into()].join("/");
    assert_eq!(longest.len(), 513);
    assert_fails(pool.open(&longest, OpenOptions::CREATE), ErrorKind::InvalidName);
    for name in [
        &longest[1..],
        "ünï cödé/日本語",
        " ",
        "...",
        "a:b*c?d\"e<f>g|h",
        "\n\t\u{7f}",
    ] {
        let file = create(&pool, name);
        file.write_at(name.as_bytes(), 0).unwrap();
        file.sync().unwrap();
        assert_eq!(pool.read_file(name).unwrap(), name.as_bytes(), "{name:?}");
        assert_eq!(pool.list(name).unwrap(), [name], "{name:?}");
        pool.delete(name).unwrap();
    }
}

/// No method lets a name through that another refuses.
pub fn invalid_names_are_refused_everywhere(pool: Arc<dyn Pool>) {
    let long = "x".repeat(256);
    for name in [
        "", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", "a\0b", "a\\b", &long,
    ] {
        for options in [
            OpenOptions::CREATE,
            OpenOptions::CREATE_NEW,
            OpenOptions::EXISTING,
        ] {
            assert_fails(pool.open(name, options), ErrorKind::InvalidName);
        }
        assert_fails(pool.exists(name), ErrorKind::InvalidName);
        assert_fails(pool.delete(name), ErrorKind::InvalidName);
    }
    assert!(pool.list("").unwrap().is_empty());
}

/// A few hundred files, all open at once, keep their bytes apart.
pub fn many_files_live_side_by_side(pool: Arc<dyn Pool>) {
    let name = |number: usize| format!("{:02}/{number:04}", number % 7);
    let files: Vec<_> = (0..300).map(|number| create(&pool, &name(number))).collect();
    for (number, file) in files.iter().enumerate() {
        file.write_at(&number.to_le_bytes(), number as u64).unwrap();
    }
    for (number, file) in files.iter().enumerate() {
        let mut bytes = [0; size_of::<usize>()];
        file.read_exact_at(&mut bytes, number as u64).unwrap();
        assert_eq!(usize::from_le_bytes(bytes), number);
    }
    assert_eq!(pool.list("").unwrap().len(), 300);
    assert_eq!(pool.list("03/").unwrap().len(), 43);
}
