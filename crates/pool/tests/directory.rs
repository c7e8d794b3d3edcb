//! What a directory pool promises beyond the contract.
#![cfg(unix)]

use std::fs;

use tarbox_pool::{
    DirectoryOptions, DirectoryPool, ErrorKind, OpenOptions, Pool, PoolExt, PoolFileExt, Sharing,
};

const READ_ONLY: DirectoryOptions = DirectoryOptions {
    read_only: true,
    sharing: Sharing::Shared,
};
const EXCLUSIVE: DirectoryOptions = DirectoryOptions {
    read_only: false,
    sharing: Sharing::Exclusive,
};

#[test]
fn files_are_ordinary_files_of_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    let pool = DirectoryPool::open(directory.path().join("new/pool")).unwrap();
    pool.write_file("d/a", b"bytes").unwrap();
    assert_eq!(fs::read(pool.path().join("d/a")).unwrap(), b"bytes");
    fs::write(pool.path().join("d/b"), b"from outside").unwrap();
    assert_eq!(pool.read_file("d/b").unwrap(), b"from outside");
}

#[test]
fn a_read_only_pool_reads_and_refuses_every_change() {
    let directory = tempfile::tempdir().unwrap();
    DirectoryPool::open(directory.path())
        .unwrap()
        .write_file("a", b"kept")
        .unwrap();
    let pool = DirectoryPool::open_with(directory.path(), READ_ONLY).unwrap();
    assert!(pool.is_read_only());
    assert_eq!(pool.read_file("a").unwrap(), b"kept");
    for options in [
        OpenOptions::CREATE,
        OpenOptions::CREATE_NEW,
        OpenOptions::EXISTING,
    ] {
        assert_eq!(pool.open("a", options).unwrap_err().kind(), ErrorKind::ReadOnly);
    }
    assert_eq!(pool.delete("a").unwrap_err().kind(), ErrorKind::ReadOnly);
    pool.sync_names().unwrap();
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn a_read_only_pool_creates_no_directory() {
    let directory = tempfile::tempdir().unwrap();
    let error = DirectoryPool::open_with(directory.path().join("missing"), READ_ONLY).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(!directory.path().join("missing").exists());
}

#[test]
fn a_file_in_place_of_the_directory_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    fs::write(&path, b"").unwrap();
    assert_eq!(
        DirectoryPool::open_with(&path, READ_ONLY).unwrap_err().kind(),
        ErrorKind::NotDirectory
    );
    assert!(DirectoryPool::open(&path).is_err());
}

#[test]
fn an_exclusive_pool_keeps_others_out_until_its_last_file_is_closed() {
    let directory = tempfile::tempdir().unwrap();
    let open = || DirectoryPool::open_with(directory.path(), EXCLUSIVE);
    let pool = open().unwrap();
    let file = pool.open("a", OpenOptions::CREATE).unwrap();
    assert_eq!(open().unwrap_err().kind(), ErrorKind::Busy);
    drop(pool);
    assert_eq!(open().unwrap_err().kind(), ErrorKind::Busy);
    drop(file);
    open().unwrap();
}

#[test]
fn readers_share_a_pool_but_not_with_an_exclusive_writer() {
    let directory = tempfile::tempdir().unwrap();
    let reader = || {
        DirectoryPool::open_with(
            directory.path(),
            DirectoryOptions {
                read_only: true,
                ..EXCLUSIVE
            },
        )
    };
    let readers = [reader().unwrap(), reader().unwrap()];
    let writer = || DirectoryPool::open_with(directory.path(), EXCLUSIVE);
    assert_eq!(writer().unwrap_err().kind(), ErrorKind::Busy);
    drop(readers);
    let _writer = writer().unwrap();
    assert_eq!(reader().unwrap_err().kind(), ErrorKind::Busy);
}

#[test]
fn what_a_pool_cannot_name_is_left_alone() {
    use std::os::unix::ffi::OsStrExt;
    let directory = tempfile::tempdir().unwrap();
    let pool = DirectoryPool::open(directory.path()).unwrap();
    pool.write_file("a", b"").unwrap();
    fs::write(directory.path().join("back\\slash"), b"").unwrap();
    fs::write(directory.path().join(std::ffi::OsStr::from_bytes(b"\xff")), b"").unwrap();
    std::os::unix::fs::symlink("/", directory.path().join("link")).unwrap();
    assert_eq!(pool.list("").unwrap(), ["a"]);
    assert!(!pool.exists("link").unwrap());
}

#[test]
fn a_vanished_directory_is_reported_and_not_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("pool");
    let pool = DirectoryPool::open(&path).unwrap();
    fs::remove_dir(&path).unwrap();
    assert_eq!(
        pool.open("d/a", OpenOptions::CREATE).unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert_eq!(pool.list("").unwrap_err().kind(), ErrorKind::NotFound);
    assert!(!path.exists());
}

#[test]
fn an_open_file_survives_the_loss_of_its_directory() {
    let directory = tempfile::tempdir().unwrap();
    let pool = DirectoryPool::open(directory.path()).unwrap();
    let file = pool.open("d/e/a", OpenOptions::CREATE).unwrap();
    pool.delete("d/e/a").unwrap();
    assert!(!directory.path().join("d").exists());
    file.write_at(b"nameless", 0).unwrap();
    file.sync().unwrap();
    assert_eq!(file.read_all().unwrap(), b"nameless");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_reported_as_such() {
    let directory = tempfile::tempdir().unwrap();
    // A device of the host that is always full.
    std::os::unix::fs::symlink("/dev/full", directory.path().join("full")).unwrap();
    let pool = DirectoryPool::open(directory.path()).unwrap();
    let file = pool.open("full", OpenOptions::EXISTING).unwrap();
    assert_eq!(file.write_at(b"x", 0).unwrap_err().kind(), ErrorKind::NoSpace);
}
