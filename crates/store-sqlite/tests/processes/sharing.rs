//! Processes that work on one database at the same time.

use std::time::{Duration, Instant};

use tarbox_store::conformance::bytes;
use tarbox_store::*;

use crate::child::Process;
use crate::{AT_ONCE, DEAD, block, check, database, fresh, is_long, make, me, new, open, rounds};

/// How far behind a process may be that does not see everything at once, and some more.
const BEHIND: Duration = Duration::from_millis(150);

fn start(role: &str, count: usize, path: &std::path::Path) -> Vec<Process> {
    let mut all: Vec<Process> = (0..count)
        .map(|i| Process::start(&role.replace('#', &format!("p{i}")), path))
        .collect();
    for process in &mut all {
        process.expect("ready");
    }
    for process in &mut all {
        process.tell("go");
    }
    all
}

/// Returns when everything that was acknowledged before is seen.
fn wait_to_see() {
    if !AT_ONCE {
        std::thread::sleep(BEHIND);
    }
}

#[test]
fn no_update_of_a_counter_is_lost() {
    let (_guard, path) = database();
    {
        let (_database, s) = open(&path);
        block(s.create(&me(), Ino::ROOT, b"value 0", &new(FileKind::File))).unwrap();
    }
    for mut process in start("count 60", 3, &path) {
        process.expect("done");
        process.finish();
    }
    let (database, s) = open(&path);
    let counter = block(s.lookup(View::Current, Ino::ROOT, b"value 180")).unwrap();
    assert_eq!(counter.size, 1_800, "every process added its bytes each time");
    let log = block(s.log(&LogQuery::default())).unwrap();
    assert!(
        log.iter().map(|r| r.seq.0).eq(1..=log.len() as u64),
        "one log without gaps"
    );
    check(&database);
}

#[test]
fn files_of_all_processes_are_there_and_each_name_is_taken_once() {
    let (_guard, path) = database();
    {
        let (_database, s) = open(&path);
        block(s.create(&me(), Ino::ROOT, b"shared", &new(FileKind::Directory))).unwrap();
    }
    let mut got = Vec::new();
    for mut process in start("create #", 3, &path) {
        while let Some(("got", i)) = process.hear().expect("it does not die").split_once(' ') {
            got.push(i.parse::<u64>().unwrap());
        }
        process.finish();
    }
    got.sort_unstable();
    assert!(
        got.iter().copied().eq(0..150),
        "each wanted name was got once: {got:?}"
    );
    let (database, s) = open(&path);
    let dir = block(s.lookup(View::Current, Ino::ROOT, b"shared")).unwrap();
    assert_eq!(dir.size, 32 * (3 * 150 + 150));
    let mut inos: Vec<Ino> = block(s.list(View::Current, dir.ino, Cookie(0), 10_000))
        .unwrap()
        .iter()
        .map(|e| e.attr.ino)
        .collect();
    inos.sort_unstable();
    inos.dedup();
    assert_eq!(inos.len(), 600, "no inode number was given twice");
    check(&database);
}

#[test]
fn a_name_that_was_acknowledged_is_missing_nowhere() {
    let (_guard, path) = database();
    let both = [open(&path), open(&path)];
    for i in 0..20 {
        let (writer, reader) = (&both[i % 2].1, &both[(i + 1) % 2].1);
        // The whole directory, so that what is not in memory is known not to be there.
        block(reader.list(View::Current, Ino::ROOT, Cookie(0), 100)).unwrap();
        let name = format!("file {i}");
        let name = name.as_bytes();
        assert!(
            block(reader.walk(View::Current, Ino::ROOT, &[name]))
                .unwrap()
                .is_empty()
        );
        block(writer.create(&me(), Ino::ROOT, name, &new(FileKind::File))).unwrap();
        block(writer.flush()).unwrap();
        let walked = block(reader.walk(View::Current, Ino::ROOT, &[name])).unwrap();
        assert_eq!(walked.len(), 1, "round {i}");
        block(reader.lookup(View::Current, Ino::ROOT, name)).unwrap();
    }
}

#[test]
fn each_process_sees_what_the_other_has_done() {
    let (_guard, path) = database();
    let (database, s) = open(&path);
    let mut other = Process::start("serve", &path);
    other.expect("ready");
    let mut say = |line: &str| {
        other.tell(line);
        other.hear().unwrap()
    };
    let file = block(s.create(&me(), Ino::ROOT, b"file", &new(FileKind::File)))
        .unwrap()
        .ino;
    block(s.write(&me(), file, WriteAt::End, b"parent ", false)).unwrap();
    block(s.flush()).unwrap();
    assert_eq!(say("append file"), "ok");
    assert_eq!(say("flush"), "ok");
    // Opening sees everything that was acknowledged before, in any case.
    if !AT_ONCE {
        block(s.hold(file)).unwrap();
    }
    assert_eq!(block(s.attr(View::Current, file)).unwrap().size, 12);
    if !AT_ONCE {
        block(s.release(file)).unwrap();
    }
    block(s.write(&me(), file, WriteAt::End, b" parent", false)).unwrap();
    block(s.flush()).unwrap();
    if AT_ONCE {
        assert_eq!(say("read file"), "parent child parent");
    }
    assert_eq!(say("append file"), "ok");
    assert_eq!(say("checkpoint one"), "ok");
    let one = block(s.find_layer("one")).unwrap().id;
    block(s.write(&me(), file, WriteAt::Offset(0), b"PARENT", false)).unwrap();
    assert_eq!(say("unlink file"), "ok");
    assert_eq!(say("sync"), "ok");
    wait_to_see();
    let gone = block(s.lookup(View::Current, Ino::ROOT, b"file"));
    assert_eq!(gone.unwrap_err().kind(), ErrorKind::NotFound);
    let mut buffer = [0; 64];
    let n = block(s.read(View::Layer(one), file, 0, &mut buffer, Access::Quiet)).unwrap();
    assert_eq!(&buffer[..n], b"parent child parentchild");
    assert_eq!(say("create file"), "ok");
    let again = block(s.create(&me(), Ino::ROOT, b"file", &new(FileKind::File)));
    assert_eq!(again.unwrap_err().kind(), ErrorKind::Exists);
    // What failed here must not keep the other waiting.
    assert_eq!(say("append file"), "ok");
    assert_eq!(say("suspend"), "ok");
    wait_to_see();
    let suspended = block(s.attr(View::Current, Ino::ROOT));
    assert_eq!(suspended.unwrap_err().kind(), ErrorKind::Suspended);
    other.finish();
    check(&database);
}

#[test]
fn what_another_process_has_open_outlives_its_name() {
    let (_guard, path) = database();
    let (database, s) = open(&path);
    let file = block(s.create(&me(), Ino::ROOT, b"file", &new(FileKind::File)))
        .unwrap()
        .ino;
    block(s.write(&me(), file, WriteAt::End, b"content", false)).unwrap();
    block(s.flush()).unwrap();
    let mut other = Process::start("hold", &path);
    other.expect("held");
    block(s.unlink(&me(), Ino::ROOT, b"file", Unlink::File)).unwrap();
    block(s.flush()).unwrap();
    block(s.gc()).unwrap();
    other.tell("read");
    other.expect("content");
    other.tell("write");
    other.expect("written");
    other.tell("read");
    other.expect("content!");
    other.tell("release");
    other.expect("released");
    other.finish();
    block(s.gc()).unwrap();
    assert_eq!(
        block(s.tenant()).unwrap().usage.inodes,
        1,
        "gone once nobody has it open"
    );
    assert_eq!(
        block(s.attr(View::Current, file)).unwrap_err().kind(),
        ErrorKind::NotFound
    );
    check(&database);
}

#[test]
fn what_a_killed_process_had_open_is_collected() {
    let (_guard, path) = database();
    let (database, s) = open(&path);
    let file = block(s.create(&me(), Ino::ROOT, b"file", &new(FileKind::File)))
        .unwrap()
        .ino;
    block(s.write(&me(), file, WriteAt::End, &[7; 300_000], false)).unwrap();
    block(s.flush()).unwrap();
    let mut other = Process::start("hold", &path);
    other.expect("held");
    block(s.unlink(&me(), Ino::ROOT, b"file", Unlink::File)).unwrap();
    block(s.flush()).unwrap();
    assert_eq!(block(s.tenant()).unwrap().usage.inodes, 2);
    other.kill();
    let limit = Instant::now() + DEAD;
    let collected = loop {
        match block(s.gc()).unwrap().inodes {
            0 => assert!(Instant::now() < limit, "a process that died has nothing open"),
            some => break some,
        }
        std::thread::sleep(Duration::from_secs(1));
    };
    assert_eq!(collected, 1);
    block(s.flush()).unwrap();
    let usage = block(s.tenant()).unwrap().usage;
    assert_eq!((usage.inodes, usage.bytes), (1, 0));
    check(&database);
}

#[test]
fn what_nobody_has_open_gives_its_room_back_beside_an_idle_process() {
    let (_guard, path) = database();
    let (database, s) = open(&path);
    let quota = Quota {
        bytes: Some(500_000),
        ..Quota::default()
    };
    block(database.set_quota("default", quota)).unwrap();
    let mut idle = Process::start("serve", &path);
    idle.expect("ready");
    // It has looked at the file, which is not to have it open.
    for round in 0..6 {
        let file = block(s.create(&me(), Ino::ROOT, b"file", &new(FileKind::File)))
            .unwrap()
            .ino;
        let content = bytes(round, 300_000);
        block(s.write(&me(), file, WriteAt::End, &content, false)).unwrap();
        block(s.flush()).unwrap();
        idle.tell("read file");
        idle.hear().unwrap();
        block(s.unlink(&me(), Ino::ROOT, b"file", Unlink::File)).unwrap();
    }
    // One commit takes the name away, the next the inode.
    block(s.flush()).unwrap();
    block(s.flush()).unwrap();
    let usage = block(s.tenant()).unwrap().usage;
    assert_eq!((usage.inodes, usage.bytes), (1, 0));
    check(&database);
}

/// Whoever gets hold of a file has its content, however close its end is.
#[test]
fn a_file_that_is_opened_while_it_is_removed_is_whole_or_not_there() {
    let (_guard, path) = database();
    let (database, s) = open(&path);
    let mut readers = start("look", 2, &path);
    for round in 0..rounds(if is_long() { 5_000 } else { 300 }, 60) {
        let file = block(s.create(&me(), Ino::ROOT, b"file", &new(FileKind::File)))
            .unwrap()
            .ino;
        block(s.write(&me(), file, WriteAt::End, b"content", false)).unwrap();
        block(s.flush()).unwrap();
        if round % 3 == 0 {
            block(s.lookup(View::Current, Ino::ROOT, b"file")).unwrap();
        }
        block(s.unlink(&me(), Ino::ROOT, b"file", Unlink::File)).unwrap();
        block(s.flush()).unwrap();
    }
    for mut reader in readers.drain(..) {
        reader.tell("end");
        reader.expect("whole");
        reader.finish();
    }
    block(s.gc()).unwrap();
    assert_eq!(block(s.tenant()).unwrap().usage.inodes, 1);
    check(&database);
}

#[test]
fn a_process_that_is_killed_while_it_changes_something_stops_nobody() {
    let (_guard, path) = database();
    let (database, s) = open(&path);
    for round in 0..rounds(10, 2) {
        let mut other = Process::start(&format!("write {round}"), &path);
        other.hear().unwrap();
        other.kill();
        let name = format!("mine{round}");
        block(s.create(&me(), Ino::ROOT, name.as_bytes(), &new(FileKind::File))).unwrap();
        block(s.sync()).unwrap();
    }
    check(&database);
}

#[test]
fn processes_make_a_database_together() {
    for _ in 0..rounds(5, 3) {
        let (_guard, path) = fresh();
        let mut made = 0;
        for mut process in start("make", 3, &path) {
            match process.hear().expect("it does not die").as_str() {
                "made" => made += 1,
                other => assert_eq!(other, "EEXIST"),
            }
            process.expect("done");
            process.finish();
        }
        assert_eq!(made, 1);
        let database = make(&path);
        let s = block(database.open_tenant("default")).unwrap();
        assert_eq!(
            block(s.list(View::Current, Ino::ROOT, Cookie(0), 10))
                .unwrap()
                .len(),
            3
        );
        check(&database);
    }
}

#[test]
fn a_tenant_is_not_deleted_while_another_process_has_files_open() {
    let (_guard, path) = database();
    let (database, s) = open(&path);
    block(s.create(&me(), Ino::ROOT, b"file", &new(FileKind::File))).unwrap();
    block(s.flush()).unwrap();
    let mut other = Process::start("hold", &path);
    other.expect("held");
    let refused = block(database.delete_tenant("default"));
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Busy);
    other.finish();
    block(database.delete_tenant("default")).unwrap();
    assert_eq!(
        block(s.attr(View::Current, Ino::ROOT)).unwrap_err().kind(),
        ErrorKind::NotFound
    );
}

#[test]
fn what_is_made_is_found_at_once_by_name() {
    let (_guard, path) = database();
    let ((_a, one), (_b, two)) = (open(&path), open(&path));
    for i in 0..30 {
        let name = format!("file {i}");
        assert!(block(two.lookup(View::Current, Ino::ROOT, name.as_bytes())).is_err());
        block(one.create(&me(), Ino::ROOT, name.as_bytes(), &new(FileKind::File))).unwrap();
        block(one.flush()).unwrap();
        block(two.lookup(View::Current, Ino::ROOT, name.as_bytes())).unwrap();
    }
}

#[test]
fn the_same_change_counts_again_when_another_process_made_one_in_between() {
    let (_guard, path) = database();
    let ((one, _s), (two, _t)) = (open(&path), open(&path));
    let limited = |layers| Quota {
        layers: Some(layers),
        ..Quota::default()
    };
    for layers in [3, 4, 3, 4] {
        block(one.set_quota("default", limited(10))).unwrap();
        block(two.set_quota("default", limited(layers))).unwrap();
    }
    block(one.set_quota("default", limited(10))).unwrap();
    assert_eq!(block(two.tenant("default")).unwrap().quota.layers, Some(10));
}
