//! Threads on one database, and on two handles of one file as processes have them: operations are whole, whoever looks.

mod common;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use tarbox_store::conformance::bytes;
use tarbox_store::*;
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

use common::{agent, block, new};

fn me() -> Actor {
    agent("thread")
}

fn store(database: &SqliteDatabase) -> SqliteStore {
    match block(database.create_tenant("default", Quota::default())) {
        Ok(_) => {}
        Err(e) => assert_eq!(e.kind(), ErrorKind::Exists),
    }
    block(database.open_tenant("default")).unwrap()
}

fn make(s: &SqliteStore, name: &str, content: &[u8]) -> Ino {
    let file = block(s.create(&me(), Ino::ROOT, name.as_bytes(), &new(FileKind::File)))
        .unwrap()
        .ino;
    block(s.write(&me(), file, WriteAt::End, content, false)).unwrap();
    file
}

fn check(database: &SqliteDatabase) {
    let report = block(database.fsck(false, &|_, _| {})).unwrap();
    assert!(report.problems.is_empty(), "{:#?}", report.problems);
}

const SIZES: [usize; 3] = [1_000, 1_899, 200_000];

/// Writes whole files over and over, each time of one byte only, and another length every other time.
fn rewrite(s: &SqliteStore, files: &[Ino], rounds: u8) {
    for round in 1..=rounds {
        for (file, size) in files.iter().zip(SIZES) {
            let size = if round % 2 == 0 { size } else { size / 2 };
            let set = SetAttr {
                size: Some(size as u64),
                ..SetAttr::default()
            };
            // One write is one step, whatever it covers; the length is another.
            block(s.write(&me(), *file, WriteAt::Offset(0), &vec![round; size], false)).unwrap();
            block(s.set_attr(&me(), *file, &set)).unwrap();
            if round % 8 == 0 {
                block(s.flush()).unwrap();
            }
        }
    }
}

/// Reads whole files until it is told to stop: bytes of two writes must never be mixed within the shorter length.
fn reread(s: &SqliteStore, files: &[Ino], done: &AtomicBool) -> u64 {
    let mut reads = 0;
    while !done.load(Ordering::Acquire) {
        for (file, size) in files.iter().zip(SIZES) {
            let mut buffer = vec![0xEE; size];
            let n = block(s.read(View::Current, *file, 0, &mut buffer, Access::Touch)).unwrap();
            assert!(n == size || n == size / 2, "{n} bytes of {size}");
            let first = &buffer[..size / 2];
            assert!(
                first.iter().all(|b| *b == first[0]),
                "a read shows two writes at once"
            );
            let attr = block(s.attr(View::Current, *file)).unwrap();
            assert!(attr.size == size as u64 || attr.size == size as u64 / 2);
            reads += 1;
        }
        let listed = block(s.list(View::Current, Ino::ROOT, Cookie(0), 1_000)).unwrap();
        for file in files {
            assert!(listed.iter().any(|e| e.attr.ino == *file), "what lives is listed");
        }
    }
    reads
}

/// Makes, renames and removes names around the others.
fn stir(s: &SqliteStore, who: u64, done: &AtomicBool) {
    let mut i = 0u64;
    while !done.load(Ordering::Acquire) {
        let (a, b) = (format!("stir{who}-{}", i % 20), format!("stirred{who}-{}", i % 7));
        let file = make(s, &a, &bytes(i, (i * 997 % 150_000) as usize));
        block(s.rename(
            &me(),
            (Ino::ROOT, a.as_bytes()),
            (Ino::ROOT, b.as_bytes()),
            RenameMode::Replace,
        ))
        .unwrap();
        assert_eq!(
            block(s.lookup(View::Current, Ino::ROOT, b.as_bytes()))
                .unwrap()
                .ino,
            file
        );
        match i % 13 {
            5 => drop(block(s.gc()).unwrap()),
            9 => {
                let layer =
                    block(s.checkpoint(&me(), &format!("l{who}-{i}"), None, LaterLayers::Keep)).unwrap();
                block(s.drop_layer(&me(), layer.id)).unwrap();
            }
            _ => {}
        }
        i += 1;
    }
}

/// Some threads write, others look, each with a store of its own.
fn together(writing: &SqliteStore, looking: &[SqliteStore], stirring: &[SqliteStore]) {
    let files: Vec<Ino> = SIZES
        .iter()
        .map(|size| make(writing, &format!("file{size}"), &vec![0; *size]))
        .collect();
    block(writing.flush()).unwrap();
    let (done, reads) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        for s in looking {
            scope.spawn(|| reads.fetch_add(reread(s, &files, &done), Ordering::Relaxed));
        }
        for (who, s) in (0..).zip(stirring) {
            let done = &done;
            scope.spawn(move || stir(s, who, done));
        }
        // Ends the others also when it fails.
        let _end = End(&done);
        rewrite(writing, &files, 100);
    });
    assert!(reads.load(Ordering::Relaxed) > 0);
}

struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

#[test]
fn threads_of_one_database_see_whole_operations() {
    for cache in [64 * 1024, 32 << 20] {
        let dir = tempfile::tempdir().unwrap();
        let options = Options::new().create(true).cache_bytes(cache);
        let database = SqliteDatabase::open(dir.path().join("t.db"), &options).unwrap();
        let s = store(&database);
        together(&s, &[s.clone(), s.clone()], std::slice::from_ref(&s));
        check(&database);
    }
}

#[test]
fn handles_of_one_file_see_whole_operations() {
    for cache in [64 * 1024, 32 << 20] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.db");
        let options = Options::new().create(true).cache_bytes(cache);
        // As many processes would, each has locks and caches of its own.
        let databases: Vec<_> = (0..4)
            .map(|_| SqliteDatabase::open(&path, &options).unwrap())
            .collect();
        let stores: Vec<_> = databases.iter().map(store).collect();
        together(&stores[0], &stores[1..3], &stores[3..]);
        drop(stores);
        check(&databases[0]);
    }
}

#[test]
fn appends_of_many_threads_are_all_there() {
    let database = SqliteDatabase::in_memory(&Options::new()).unwrap();
    let s = store(&database);
    let file = make(&s, "log", b"");
    thread::scope(|scope| {
        for who in 0..4u8 {
            let s = s.clone();
            scope.spawn(move || {
                for _ in 0..500 {
                    block(s.write(&me(), file, WriteAt::End, &[who; 100], false)).unwrap();
                }
            });
        }
    });
    let mut content = vec![0; 200_000];
    assert_eq!(
        block(s.read(View::Current, file, 0, &mut content, Access::Quiet)).unwrap(),
        200_000
    );
    let mut counts = [0; 4];
    for record in content.chunks(100) {
        assert!(record.iter().all(|b| *b == record[0]), "appends are mixed");
        counts[usize::from(record[0])] += 1;
    }
    assert_eq!(counts, [500; 4]);
}

#[test]
fn a_name_is_taken_by_one_thread_only() {
    let database = SqliteDatabase::in_memory(&Options::new()).unwrap();
    let s = store(&database);
    let taken = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for i in 0..500 {
                    let name = format!("name{i}");
                    match block(s.create(&me(), Ino::ROOT, name.as_bytes(), &new(FileKind::File))) {
                        Ok(_) => drop(taken.fetch_add(1, Ordering::Relaxed)),
                        Err(e) => assert_eq!(e.kind(), ErrorKind::Exists),
                    }
                }
            });
        }
    });
    assert_eq!(taken.load(Ordering::Relaxed), 500);
    check(&database);
}
