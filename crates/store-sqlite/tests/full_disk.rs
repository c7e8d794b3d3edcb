//! A device without room: an error says so, what was accepted is kept, and goes on when there is room again.

mod common;

use std::sync::Arc;

use tarbox_pool::FaultPool;
use tarbox_pool::fault::{CrashPolicy, FaultPlan};
use tarbox_store::conformance::{bytes, tree};
use tarbox_store::*;
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

use common::{block, me, new};

fn open(pool: &FaultPool, create: bool) -> (SqliteDatabase, SqliteStore) {
    let options = Options::new().create(create).background(false).redo(true);
    let database = SqliteDatabase::on_pool(Arc::new(pool.clone()), "t.db", &options).unwrap();
    if create {
        block(database.create_tenant("default", Quota::default())).unwrap();
    }
    let store = block(database.open_tenant("default")).unwrap();
    (database, store)
}

/// Makes a file; `false` if there was no room for it.
fn write(s: &SqliteStore, name: &str, data: &[u8]) -> Result<Ino> {
    let file = block(s.create(&me(), Ino::ROOT, name.as_bytes(), &new(FileKind::File)))?.ino;
    block(s.write(&me(), file, WriteAt::End, data, false))?;
    Ok(file)
}

/// The disk, filled up to so many bytes from now on.
fn limit(pool: &FaultPool, more: u64) {
    use tarbox_pool::{Pool, PoolExt};
    let used: usize = pool
        .list("")
        .unwrap()
        .iter()
        .map(|name| pool.read_file(name).unwrap().len())
        .sum();
    pool.set_plan(FaultPlan::new().capacity(used as u64 + more));
}

#[test]
fn what_was_accepted_on_a_full_disk_is_stored_when_there_is_room() {
    let pool = FaultPool::new();
    let (database, s) = open(&pool, true);
    write(&s, "before", &bytes(1, 300_000)).unwrap();
    block(s.sync()).unwrap();
    for room in [0, 1, 5_000, 100_000, 1_000_000] {
        limit(&pool, room);
        let mut full = false;
        for i in 0..8 {
            write(&s, &format!("room{room}-{i}"), &bytes(room + i, 200_000)).unwrap();
            match block(s.sync()) {
                Ok(()) => {}
                Err(e) => {
                    assert_eq!(e.kind(), ErrorKind::NoSpace, "{e}");
                    full = true;
                }
            }
        }
        assert!(full);
        assert_eq!(block(s.flush()).unwrap_err().kind(), ErrorKind::NoSpace);
        let refused = block(s.checkpoint(&me(), "full", None, LaterLayers::Keep));
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::NoSpace);
        // All of it is still seen here, and stored once there is room.
        let before = block(tree(&s, View::Current)).unwrap();
        pool.set_plan(FaultPlan::new());
        block(s.sync()).unwrap();
        assert!(block(tree(&s, View::Current)).unwrap() == before);
        let disk = pool.after_crash(room, CrashPolicy::DropUnsynced);
        let (database, again) = open(&disk, false);
        assert!(
            block(tree(&again, View::Current)).unwrap() == before,
            "with room for {room} bytes"
        );
        let report = block(database.fsck(false, &|_, _| {})).unwrap();
        assert!(report.problems.is_empty(), "{:#?}", report.problems);
    }
    block(s.checkpoint(&me(), "full", None, LaterLayers::Keep)).unwrap();
    drop(s);
    database.close().unwrap();
}

#[test]
fn memory_does_not_take_what_the_disk_cannot() {
    let pool = FaultPool::new();
    let (_database, s) = open(&pool, true);
    block(s.sync()).unwrap();
    limit(&pool, 100_000);
    let mut accepted = Vec::new();
    // The first refusal may be the commit that fails and leaves room for what comes next; two in a row say that there is none.
    let mut refusals = 0;
    for i in 0..200 {
        match write(&s, &format!("f{i}"), &bytes(i, 1_000_000)) {
            Ok(file) => {
                accepted.push(file);
                refusals = 0;
            }
            Err(e) => {
                assert_eq!(e.kind(), ErrorKind::NoSpace, "{e}");
                refusals += 1;
            }
        }
        if refusals == 2 {
            break;
        }
    }
    assert_eq!(refusals, 2, "memory grows without end");
    // What was refused has not happened, however often it is tried.
    let before = block(tree(&s, View::Current)).unwrap();
    let seq = block(s.last_seq()).unwrap();
    let file = accepted[0];
    for _ in 0..3 {
        assert!(write(&s, "another", b"x").is_err());
        assert!(block(s.write(&me(), file, WriteAt::End, b"appended", false)).is_err());
        assert!(block(s.unlink(&me(), Ino::ROOT, b"f0", Unlink::File)).is_err());
        assert!(block(s.set_xattr(&me(), file, b"user.a", b"b", XattrMode::Any)).is_err());
    }
    assert!(block(tree(&s, View::Current)).unwrap() == before);
    assert_eq!(block(s.last_seq()).unwrap(), seq);
    pool.set_plan(FaultPlan::new());
    block(s.write(&me(), file, WriteAt::End, b"appended", false)).unwrap();
    block(s.sync()).unwrap();
    assert_eq!(block(s.attr(View::Current, file)).unwrap().size, 1_000_008);
}

#[test]
fn room_is_made_by_removing() {
    let pool = FaultPool::new();
    let (_database, s) = open(&pool, true);
    for i in 0..5 {
        write(&s, &format!("f{i}"), &bytes(i, 400_000)).unwrap();
    }
    block(s.sync()).unwrap();
    limit(&pool, 400_000);
    for i in 0..5 {
        block(s.unlink(&me(), Ino::ROOT, format!("f{i}").as_bytes(), Unlink::File)).unwrap();
    }
    block(s.sync()).unwrap();
    let freed = block(s.gc()).unwrap();
    assert!(freed.bytes_freed >= 1_000_000, "{freed:?}");
    for i in 0..3 {
        write(&s, &format!("g{i}"), &bytes(10 + i, 400_000)).unwrap();
    }
    block(s.sync()).unwrap();
}
