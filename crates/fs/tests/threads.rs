//! One file system, many threads.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use tarbox_fs::{
    Credentials, EventKind, FilesystemExt, FilesystemInterface, FlockKind, Fs, LockKind, LockOwner,
    LockRange, OpenFlags, Wait, blocking,
};
use tarbox_store::{Database, ErrorKind, Quota, WriteAt};
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

const THREADS: usize = 4;

fn workspace() -> Fs<SqliteStore> {
    let database = SqliteDatabase::in_memory(&Options::new()).unwrap();
    blocking(database.create_tenant("test", Quota::default())).unwrap();
    blocking(Fs::open_tenant(&database, "test")).unwrap()
}

fn me() -> Credentials {
    Credentials::root("threads")
}

/// Runs one closure on several threads at once, each with its number.
fn together(work: impl Fn(usize) + Sync) {
    let barrier = Barrier::new(THREADS);
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (barrier, work) = (&barrier, &work);
            scope.spawn(move || {
                barrier.wait();
                work(number);
            });
        }
    });
}

#[test]
fn appended_records_stay_whole() {
    const RECORDS: usize = 300;
    let fs = workspace();
    together(|number| {
        let flags = OpenFlags::WRITE.appending();
        let (_, handle) = blocking(fs.open_path(&me(), "/log", flags, Some(0o644))).unwrap();
        for record in 0..RECORDS {
            let line = format!("{number} {record:04}\n");
            blocking(fs.write(handle, WriteAt::Offset(0), line.as_bytes())).unwrap();
        }
        blocking(fs.release(handle)).unwrap();
    });
    let log = String::from_utf8(blocking(fs.read_file(&me(), "/log")).unwrap()).unwrap();
    let lines: BTreeSet<&str> = log.lines().collect();
    assert_eq!(
        (lines.len(), log.len()),
        (THREADS * RECORDS, THREADS * RECORDS * 7)
    );
}

#[test]
fn one_of_many_creates_a_name() {
    let fs = workspace();
    let made = AtomicUsize::new(0);
    together(|_| {
        for file in 0..200 {
            let flags = OpenFlags::WRITE.exclusively();
            match blocking(fs.open_path(&me(), format!("/f{file}").as_str(), flags, Some(0o644))) {
                Ok((_, handle)) => {
                    made.fetch_add(1, Ordering::Relaxed);
                    blocking(fs.release(handle)).unwrap();
                }
                Err(e) => assert_eq!(e.kind(), ErrorKind::Exists),
            }
        }
    });
    assert_eq!(made.into_inner(), 200);
}

#[test]
fn open_or_create_never_fails_while_others_remove() {
    let fs = workspace();
    together(|number| {
        for _ in 0..300 {
            if number == 0 {
                match blocking(fs.remove_file(&me(), "/f")) {
                    Err(e) if e.kind() != ErrorKind::NotFound => panic!("{e}"),
                    _ => {}
                }
                continue;
            }
            let opened = blocking(fs.open_path(&me(), "/f", OpenFlags::READ_WRITE, Some(0o644)));
            blocking(fs.release(opened.unwrap().1)).unwrap();
        }
    });
}

#[test]
fn a_lock_is_held_by_one_thread_at_a_time() {
    let fs = workspace();
    blocking(fs.write_file(&me(), "/f", b"")).unwrap();
    let inside = AtomicUsize::new(0);
    let turns = AtomicUsize::new(0);
    together(|number| {
        let (_, handle) = blocking(fs.open_path(&me(), "/f", OpenFlags::READ_WRITE, None)).unwrap();
        for turn in 0..100 {
            let range = LockRange::WHOLE;
            let owner = if number % 2 == 0 {
                LockOwner::Handle
            } else {
                LockOwner::Process(number as u64)
            };
            blocking(fs.setlk(handle, owner, Some(LockKind::Write), range, Wait::Yes)).unwrap();
            assert_eq!(
                inside.fetch_add(1, Ordering::SeqCst),
                0,
                "turn {turn} of thread {number}"
            );
            turns.fetch_add(1, Ordering::Relaxed);
            thread::yield_now();
            inside.fetch_sub(1, Ordering::SeqCst);
            blocking(fs.setlk(handle, owner, None, range, Wait::No)).unwrap();
        }
        blocking(fs.release(handle)).unwrap();
    });
    assert_eq!(turns.into_inner(), THREADS * 100);
}

#[test]
fn closing_wakes_who_waits_for_the_whole_file() {
    let fs = workspace();
    blocking(fs.write_file(&me(), "/f", b"")).unwrap();
    let open = || {
        blocking(fs.open_path(&me(), "/f", OpenFlags::READ, None))
            .unwrap()
            .1
    };
    let (holder, waiter) = (open(), open());
    blocking(fs.flock(holder, FlockKind::Exclusive, Wait::No)).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| blocking(fs.flock(waiter, FlockKind::Shared, Wait::Yes)));
        blocking(fs.release(holder)).unwrap();
        waiting.join().unwrap().unwrap();
    });
}

#[test]
fn a_watch_hears_of_what_another_thread_does() {
    let fs = workspace();
    let mut watch = blocking(fs.watch(b"/d", None)).unwrap();
    assert!(watch.next_timeout(Duration::ZERO).unwrap().is_none());
    thread::scope(|scope| {
        scope.spawn(|| {
            blocking(fs.create_dir(&me(), "/other")).unwrap();
            blocking(fs.create_dir(&me(), "/d")).unwrap();
        });
        let event = watch.next_timeout(Duration::from_secs(600)).unwrap().unwrap();
        assert_eq!(
            (event.kind, event.path.as_slice()),
            (EventKind::Create, &b"/d"[..])
        );
    });
    blocking(fs.write_file(&me(), "/d/f", b"x")).unwrap();
    let event = blocking(watch.next_with(|_| std::future::ready(()))).unwrap();
    assert_eq!(event.path, b"/d/f");
    let position = watch.position();
    let mut other = blocking(fs.watch(b"/d", Some(position))).unwrap();
    let next = blocking(watch.try_next()).unwrap();
    assert_eq!(
        blocking(other.try_next()).unwrap(),
        next,
        "a position goes on where it was taken"
    );
}
