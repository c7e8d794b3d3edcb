//! A device that is really full: small file systems, made for each test.
//!
//! They are mounted, which only root may do; without that these tests fail, as they must not be left out in silence.
#![cfg(target_os = "linux")]

#[path = "../common/mod.rs"]
mod common;
mod device;

use std::path::Path;

use tarbox_store::conformance::{bytes, tree};
use tarbox_store::*;
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

use common::{block, me, new};
use device::{Device, Kind};

fn make(device: &Device) -> (SqliteDatabase, SqliteStore) {
    let database = SqliteDatabase::open(device.path().join("t.db"), &Options::new().create(true)).unwrap();
    block(database.create_tenant("default", Quota::default())).unwrap();
    let store = block(database.open_tenant("default")).unwrap();
    (database, store)
}

fn open(directory: &Path) -> Result<(SqliteDatabase, SqliteStore)> {
    let database = SqliteDatabase::open(directory.join("t.db"), &Options::new())?;
    let store = block(database.open_tenant("default"))?;
    Ok((database, store))
}

fn write(s: &SqliteStore, name: &str, data: &[u8]) -> Result<()> {
    let file = block(s.create(&me(), Ino::ROOT, name.as_bytes(), &new(FileKind::File)))?.ino;
    block(s.write(&me(), file, WriteAt::End, data, false)).map(drop)
}

fn unlink(s: &SqliteStore, name: &str) -> Result<Attr> {
    block(s.unlink(&me(), Ino::ROOT, name.as_bytes(), Unlink::File))
}

fn is_there(s: &SqliteStore, name: &str) -> bool {
    block(s.lookup(View::Current, Ino::ROOT, name.as_bytes())).is_ok()
}

/// Writes files until one is refused, for want of room; answers how many there are.
fn fill(s: &SqliteStore) -> u64 {
    (0..)
        .find(|i| match write(s, &format!("f{i}"), &bytes(*i, 20_000)) {
            Ok(()) => false,
            Err(e) => {
                assert_eq!(e.kind(), ErrorKind::NoSpace, "{e}");
                true
            }
        })
        .unwrap()
}

fn assert_whole(database: &SqliteDatabase) {
    let report = block(database.fsck(false, &|_, _| {})).unwrap();
    assert!(report.problems.is_empty(), "{:#?}", report.problems);
}

/// What every kind of device must bear, one after the other: filled through the database, then by somebody else.
fn bears_being_full(kind: Kind) {
    let device = Device::new(kind, 48);
    let (database, s) = make(&device);
    // Room to be given back at the end, however the files came to lie.
    device.take(10 << 20);
    write(&s, "keep", &bytes(99, 300_000)).unwrap();
    let count = fill(&s);
    assert!(count > 100, "{count} files fit");
    // What was accepted has room.
    block(s.sync()).unwrap();
    device.fill();
    assert_eq!(
        write(&s, "more", &bytes(1, 20_000)).unwrap_err().kind(),
        ErrorKind::NoSpace
    );
    // Others look and remove meanwhile, and have their turn.
    let before = block(tree(&s, View::Current)).unwrap();
    {
        let (_other, o) = open(device.path()).unwrap();
        assert!(block(tree(&o, View::Current)).unwrap() == before);
        for i in 0..50 {
            unlink(&o, &format!("f{i}")).unwrap();
        }
        block(o.sync()).unwrap();
    }
    for i in 50..100 {
        unlink(&s, &format!("f{i}")).unwrap();
    }
    block(s.sync()).unwrap();
    block(database.gc()).unwrap();
    drop(s);
    database.close().unwrap();
    // Nobody has it open, and somebody takes the very last of the room.
    device.fill();
    for i in 100..110 {
        let (database, s) = open(device.path()).unwrap();
        assert!(is_there(&s, "keep") && !is_there(&s, "f99"));
        unlink(&s, &format!("f{i}")).unwrap();
        block(s.sync()).unwrap();
        block(database.gc()).unwrap();
        assert_eq!(
            write(&s, "more", &bytes(1, 20_000)).unwrap_err().kind(),
            ErrorKind::NoSpace
        );
    }
    device.empty();
    let (database, s) = open(device.path()).unwrap();
    let left = (0..count).filter(|i| is_there(&s, &format!("f{i}"))).count() as u64;
    assert_eq!(left, count - 110);
    write(&s, "again", &bytes(1, 20_000)).unwrap();
    block(s.sync()).unwrap();
    assert!(device.has_reserve());
    assert_whole(&database);
}

#[test]
fn a_file_system_in_memory() {
    bears_being_full(Kind::Memory);
}

#[test]
fn a_disk() {
    bears_being_full(Kind::Disk { block: 4096 });
}

#[test]
fn a_disk_with_blocks_smaller_than_a_page() {
    bears_being_full(Kind::Disk { block: 1024 });
}

#[test]
fn room_that_is_made_is_used_at_once() {
    let device = Device::new(Kind::Memory, 48);
    let (database, s) = make(&device);
    device.leave(8);
    let count = fill(&s);
    device.empty();
    write(&s, "again", &bytes(7, 20_000)).unwrap();
    block(s.sync()).unwrap();
    assert!((0..count).all(|i| is_there(&s, &format!("f{i}"))));
    assert_whole(&database);
}

#[test]
fn what_is_there_can_be_read_where_nothing_can_be_written() {
    for kind in [Kind::Memory, Kind::Disk { block: 1024 }] {
        let device = Device::new(kind, 32);
        let (database, s) = make(&device);
        write(&s, "keep", &bytes(1, 300_000)).unwrap();
        block(s.sync()).unwrap();
        let before = block(tree(&s, View::Current)).unwrap();
        drop(s);
        database.close().unwrap();
        // As if a process had died that had given the reserve up.
        device.take_reserve();
        device.fill();
        for _ in 0..3 {
            let (database, s) = open(device.path()).unwrap();
            assert!(block(tree(&s, View::Current)).unwrap() == before);
            assert_eq!(write(&s, "tiny", b"x").unwrap_err().kind(), ErrorKind::NoSpace);
            assert_whole(&database);
        }
        device.empty();
        let (_database, s) = open(device.path()).unwrap();
        assert!(device.has_reserve());
        write(&s, "tiny", b"x").unwrap();
        block(s.sync()).unwrap();
    }
}

#[test]
fn making_a_database_without_room_says_so_and_can_be_tried_again() {
    let device = Device::new(Kind::Disk { block: 1024 }, 32);
    device.fill();
    let path = device.path().join("t.db");
    let refused = SqliteDatabase::open(&path, &Options::new().create(true)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NoSpace, "{refused}");
    device.empty();
    make(&device);
}

#[test]
fn without_inodes_what_is_there_is_read_and_removed() {
    let device = Device::new(Kind::FewInodes(64), 32);
    let (database, s) = make(&device);
    write(&s, "keep", &bytes(1, 300_000)).unwrap();
    block(s.sync()).unwrap();
    drop(s);
    database.close().unwrap();
    device.take_inodes();
    let (_database, s) = open(device.path()).unwrap();
    assert!(is_there(&s, "keep"));
    unlink(&s, "keep").unwrap();
    block(s.sync()).unwrap();
    assert_eq!(write(&s, "more", b"x").unwrap_err().kind(), ErrorKind::NoSpace);
}

#[test]
fn collecting_gives_room_back_that_is_needed_to_write() {
    let device = Device::new(Kind::Disk { block: 4096 }, 96);
    let (database, s) = make(&device);
    device.leave(30);
    let count = fill(&s);
    // A third of what is there: where there is plenty of room, too little to be worth copying the rest.
    for i in (0..count).filter(|i| i % 3 == 0) {
        unlink(&s, &format!("f{i}")).unwrap();
    }
    block(s.sync()).unwrap();
    assert_eq!(
        write(&s, "more", &bytes(1, 5_000_000)).unwrap_err().kind(),
        ErrorKind::NoSpace
    );
    device.empty();
    device.leave(30);
    let freed = block(database.gc()).unwrap();
    assert!(freed.bytes_freed > 3_000_000, "{freed:?}");
    assert_whole(&database);
}
