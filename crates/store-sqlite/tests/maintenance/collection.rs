//! The garbage collection gives space back, and nothing else changes.

use std::sync::atomic::{AtomicBool, Ordering};

use pollster::block_on;
use tarbox_store::*;
use tarbox_store_sqlite::{SqliteDatabase, SqliteStore};

use crate::patient::{content, patient};
use crate::support::{Place, assert_clean, check, me, new, snapshot, tenant};
use crate::workload::Worker;

/// Makes a file with content of its own.
pub(crate) fn put(s: &SqliteStore, name: &str, seed: u64, len: usize) -> Ino {
    let file = block_on(s.create(&me(), Ino::ROOT, name.as_bytes(), &new(FileKind::File, b""))).unwrap();
    for (i, part) in content(seed, len).chunks(1 << 20).enumerate() {
        block_on(s.write(&me(), file.ino, WriteAt::Offset((i as u64) << 20), part, false)).unwrap();
    }
    file.ino
}

pub(crate) fn remove(s: &SqliteStore, name: &str) {
    block_on(s.unlink(&me(), Ino::ROOT, name.as_bytes(), Unlink::File)).unwrap();
}

fn collect(db: &SqliteDatabase) -> GcReport {
    block_on(db.gc()).unwrap()
}

/// Bytes of all segment files.
fn segments(place: &Place) -> u64 {
    let tenants = std::fs::read_dir(place.blocks()).unwrap().flatten();
    let tenants = tenants.filter(|entry| entry.file_name().to_string_lossy().starts_with('t'));
    let files = tenants.flat_map(|tenant| std::fs::read_dir(tenant.path()).unwrap().flatten());
    files.map(|file| file.metadata().unwrap().len()).sum()
}

#[test]
fn space_of_what_was_removed_comes_back() {
    let place = Place::new();
    let db = place.open();
    let s = tenant(&db, "one");
    for i in 0..40 {
        put(&s, &format!("f{i}"), i, 100_000);
    }
    block_on(s.flush()).unwrap();
    let before = snapshot(&s, View::Current);
    for i in 0..40 {
        if i % 5 != 0 {
            remove(&s, &format!("f{i}"));
        }
    }
    block_on(s.flush()).unwrap();
    let full = segments(&place);
    assert!(full >= 4_000_000);
    let kept = snapshot(&s, View::Current);
    let report = collect(&db);
    assert_eq!((report.segments, report.bytes_freed), (1, full - 800_000));
    assert_eq!(segments(&place), 800_000);
    assert_eq!(snapshot(&s, View::Current), kept);
    assert!(kept.iter().all(|line| before.contains(line)));
    assert_clean(&db, "collected");
    assert_eq!(collect(&db), GcReport::default(), "nothing is left to collect");
    for i in (0..40).step_by(5) {
        remove(&s, &format!("f{i}"));
    }
    put(&s, "tail", 77, 200_000);
    collect(&db);
    assert_clean(&db, "collected again");
    drop((s, db));
    let db = place.open();
    assert_clean(&db, "opened again");
    assert_eq!(snapshot(&tenant(&db, "one"), View::Current).len(), 1);
}

#[test]
fn what_a_layer_shows_is_not_garbage_until_the_layer_is_dropped() {
    let place = Place::new();
    let db = place.open();
    let s = tenant(&db, "one");
    put(&s, "old", 1, 3_000_000);
    let layer = block_on(s.checkpoint(&me(), "with", None, LaterLayers::Keep))
        .unwrap()
        .id;
    remove(&s, "old");
    let sealed = snapshot(&s, View::Layer(layer));
    assert_eq!(collect(&db).segments, 0);
    assert_eq!(snapshot(&s, View::Layer(layer)), sealed);
    block_on(s.drop_layer(&me(), layer)).unwrap();
    assert_eq!(collect(&db).segments, 1);
    assert_eq!(segments(&place), 0);
    assert_clean(&db, "dropped and collected");
}

#[test]
fn versions_that_no_layer_shows_are_garbage() {
    let place = Place::new();
    let db = place.open();
    let s = tenant(&db, "one");
    let ino = put(&s, "file", 1, 2_000_000);
    let layer = block_on(s.checkpoint(&me(), "only", None, LaterLayers::Keep))
        .unwrap()
        .id;
    block_on(s.drop_layer(&me(), layer)).unwrap();
    // The row still says that it was written in the layer that is gone.
    block_on(s.write(&me(), ino, WriteAt::Offset(0), &content(2, 2_000_000), false)).unwrap();
    block_on(s.flush()).unwrap();
    let with_both = block_on(s.tenant()).unwrap().usage.bytes;
    collect(&db);
    let after = block_on(s.tenant()).unwrap().usage.bytes;
    assert_eq!((with_both, after), (4_000_000, 2_000_000));
    assert_clean(&db, "pruned");
}

#[test]
fn files_that_nothing_names_are_removed_and_others_left_alone() {
    let place = Place::new();
    let db = place.open();
    let s = tenant(&db, "one");
    put(&s, "gone", 1, 2_000_000);
    block_on(s.flush()).unwrap();
    remove(&s, "gone");
    collect(&db);
    put(&s, "kept", 2, 5_000);
    block_on(s.flush()).unwrap();
    // What crashes leave behind: before the last segment, of a tenant that is gone, and behind the last segment.
    let (old, next) = (place.segment(1), place.segment(3));
    let foreign = place.blocks().join("t99");
    std::fs::create_dir(&foreign).unwrap();
    for file in [&old, &next, &foreign.join("00000001")] {
        std::fs::write(file, b"left over").unwrap();
    }
    assert_clean(&db, "what is left over is no damage");
    collect(&db);
    assert!(!old.exists() && !foreign.join("00000001").exists());
    assert!(next.exists(), "another process may be about to append to it");
    assert_clean(&db, "collected");
}

#[test]
fn a_segment_with_a_damaged_block_is_kept() {
    let place = patient();
    {
        let db = place.open();
        let s = tenant(&db, "one");
        put(&s, "garbage", 9, 3_000_000);
        block_on(s.flush()).unwrap();
        remove(&s, "garbage");
    }
    let mut bytes = std::fs::read(place.segment(1)).unwrap();
    bytes[1_000] ^= 1;
    std::fs::write(place.segment(1), bytes).unwrap();
    let db = place.open();
    assert_eq!(collect(&db).segments, 0);
    assert!(place.segment(1).exists());
    let left = check(&db);
    assert_eq!(left.problems.len(), 1);
    assert_eq!(left.problems[0].invariant, "block-hash");
}

#[test]
fn a_suspended_tenant_gives_its_space_back_too() {
    let place = Place::new();
    let db = place.open();
    let s = tenant(&db, "one");
    put(&s, "gone", 1, 2_000_000);
    block_on(s.flush()).unwrap();
    remove(&s, "gone");
    block_on(s.flush()).unwrap();
    block_on(db.set_state("one", TenantState::Suspended)).unwrap();
    assert_eq!(collect(&db).segments, 1);
    assert_clean(&db, "collected");
}

#[test]
fn old_log_records_go_and_the_rest_stays_without_gaps() {
    let place = Place::new();
    let db = place.open();
    let s = tenant(&db, "one");
    Worker::new(s.clone(), 5).run(200);
    let quota = Quota {
        log_records: Some(10),
        ..Quota::default()
    };
    block_on(db.set_quota("one", quota)).unwrap();
    assert!(collect(&db).log_records > 0);
    assert_clean(&db, "trimmed");
    let quota = Quota {
        log_records: Some(0),
        ..Quota::default()
    };
    block_on(db.set_quota("one", quota)).unwrap();
    collect(&db);
    assert_clean(&db, "trimmed to nothing");
}

#[test]
fn readers_of_another_process_follow_blocks_that_moved() {
    let place = Place::new();
    let (mine, theirs) = (place.open(), place.open());
    let (s, other) = (tenant(&mine, "one"), tenant(&theirs, "one"));
    for i in 0..20 {
        put(&s, &format!("f{i}"), i, 150_000);
    }
    block_on(s.flush()).unwrap();
    // Removed inodes would live on while another process may have them open; their content does not.
    for i in 0..15 {
        let file = block_on(s.lookup(View::Current, Ino::ROOT, format!("f{i}").as_bytes())).unwrap();
        let cut = SetAttr {
            size: Some(0),
            ..SetAttr::default()
        };
        block_on(s.set_attr(&me(), file.ino, &cut)).unwrap();
    }
    block_on(s.flush()).unwrap();
    let before = snapshot(&other, View::Current);
    assert_eq!(collect(&mine).segments, 1);
    assert_eq!(snapshot(&other, View::Current), before);
    assert_clean(&theirs, "seen by the other");
}

#[test]
fn collecting_beside_writers_and_readers_changes_nothing_for_them() {
    let place = Place::new();
    let db = SqliteDatabase::open(place.file(), &tarbox_store_sqlite::Options::new().create(true)).unwrap();
    let (s, kept) = (tenant(&db, "one"), content(100, 700_000));
    let ino = put(&s, "kept", 100, kept.len());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for i in 0..12 {
                let name = format!("f{i}");
                put(&s, &name, 1_000 + i, 1_500_000);
                block_on(s.flush()).unwrap();
                remove(&s, &name);
                put(&s, &format!("small{i}"), i, 40_000);
            }
            done.store(true, Ordering::Release);
        });
        scope.spawn(|| {
            let mut buffer = vec![0; kept.len()];
            while !done.load(Ordering::Acquire) {
                let n = block_on(s.read(View::Current, ino, 0, &mut buffer, Access::Quiet)).unwrap();
                assert!(n == kept.len() && buffer == kept);
            }
        });
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                collect(&db);
                assert_clean(&db, "while others work");
            }
        });
    });
    collect(&db);
    assert_clean(&db, "afterwards");
    let mut buffer = vec![0; 40_000];
    for i in 0..12 {
        let small = block_on(s.lookup(View::Current, Ino::ROOT, format!("small{i}").as_bytes())).unwrap();
        block_on(s.read(View::Current, small.ino, 0, &mut buffer, Access::Quiet)).unwrap();
        assert_eq!(buffer, content(i, 40_000), "small{i}");
    }
}

/// A process that still had the file open may end its hold while the tenant looks at a layer in which the file was
/// another one.
#[test]
fn what_is_released_while_the_past_is_looked_at_goes_from_the_head() {
    let place = Place::new();
    let db = place.open();
    let s = tenant(&db, "one");
    let file = put(&s, "file", 1, 100_000);
    let attribute = |name: &[u8], value: &[u8]| {
        block_on(s.set_xattr(&me(), file, name, value, XattrMode::Any)).unwrap();
    };
    attribute(b"user.both", b"then");
    attribute(b"user.then", b"only");
    let layer = block_on(s.checkpoint(&me(), "then", None, LaterLayers::Keep))
        .unwrap()
        .id;
    let sealed = snapshot(&s, View::Layer(layer));
    block_on(s.hold(file)).unwrap();
    attribute(b"user.both", b"now");
    attribute(b"user.now", b"only");
    remove(&s, "file");
    block_on(s.switch(&me(), layer)).unwrap();
    block_on(s.release(file)).unwrap();
    assert_clean(&db, "released");
    assert_eq!(snapshot(&s, View::Layer(layer)), sealed);
    let head = block_on(s.position()).unwrap().head;
    block_on(s.switch(&me(), head)).unwrap();
    assert_eq!(block_on(s.tenant()).unwrap().usage.inodes, 1, "the root");
    block_on(s.drop_layer(&me(), layer)).unwrap();
    collect(&db);
    assert_clean(&db, "collected");
    let usage = block_on(s.tenant()).unwrap().usage;
    assert_eq!((usage.inodes, usage.bytes), (1, 0));
}
