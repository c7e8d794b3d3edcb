//! The server crashes, and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tarbox_store::*;
use tarbox_store_postgres::{Options, PostgresDatabase};
use tarbox_test_postgres::Server;

use crate::{block, check, me, new};

/// What was synced is there, in order, after any number of crashes; what a sync refused may be or not.
#[test]
fn what_was_synced_outlives_the_server() {
    let server = Server::start();
    let url = server.fresh_url();
    let open = || PostgresDatabase::open(&Options::parse(&url).unwrap().create(true)).unwrap();
    let database = open();
    block(database.create_tenant("default", Quota::default())).unwrap();
    let rounds = if crate::is_long() { 30 } else { 4 };
    let ends = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = (0..3)
        .map(|worker| {
            let (store, ends) = (block(database.open_tenant("default")).unwrap(), ends.clone());
            std::thread::spawn(move || {
                let mut synced = Vec::new();
                for i in 0.. {
                    if ends.load(Ordering::Relaxed) {
                        break;
                    }
                    let name = format!("w{worker}-{i}");
                    let content = name.repeat(700);
                    let made = block(async {
                        let file = store
                            .create(&me(), Ino::ROOT, name.as_bytes(), &new(FileKind::File))
                            .await?;
                        store
                            .write(&me(), file.ino, WriteAt::End, content.as_bytes(), false)
                            .await?;
                        store.sync().await
                    });
                    if made.is_ok() {
                        synced.push((name, content));
                    }
                }
                synced
            })
        })
        .collect();
    for round in 0..rounds {
        std::thread::sleep(Duration::from_millis(200 + 70 * (round % 5)));
        server.crash();
        std::thread::sleep(Duration::from_millis(100));
        server.go_on();
    }
    std::thread::sleep(Duration::from_millis(300));
    ends.store(true, Ordering::Relaxed);
    let synced: Vec<_> = workers
        .into_iter()
        .flat_map(|worker| worker.join().unwrap())
        .collect();
    assert!(synced.len() > 10, "{}", synced.len());
    drop(database);
    let database = open();
    let store = block(database.open_tenant("default")).unwrap();
    for (name, content) in &synced {
        let file = block(store.lookup(View::Current, Ino::ROOT, name.as_bytes()))
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut buffer = vec![0; content.len() + 1];
        let n = block(store.read(View::Current, file.ino, 0, &mut buffer, Access::Quiet)).unwrap();
        assert_eq!(&buffer[..n], content.as_bytes(), "{name}");
    }
    check(&database);
}

#[test]
fn a_server_that_is_away_is_waited_for_and_then_told_of_once() {
    let server = Server::start();
    let url = server.fresh_url();
    let options = Options::parse(&url).unwrap().create(true);
    let database = PostgresDatabase::open(&options).unwrap();
    block(database.create_tenant("default", Quota::default())).unwrap();
    let store = block(database.open_tenant("default")).unwrap();
    block(store.create(&me(), Ino::ROOT, b"file", &new(FileKind::File))).unwrap();
    let dir = block(store.create(&me(), Ino::ROOT, b"dir", &new(FileKind::Directory)))
        .unwrap()
        .ino;
    block(store.sync()).unwrap();
    server.crash();
    let refused = PostgresDatabase::open(&options).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Io, "{refused}");
    // Back in time: nobody notices.
    let back = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(1));
        server.go_on();
        server
    });
    block(store.create(&me(), Ino::ROOT, b"second", &new(FileKind::File))).unwrap();
    block(store.sync()).unwrap();
    let server = back.join().unwrap();
    // Not back in time: one error, and what was accepted is kept.
    server.crash();
    block(store.create(&me(), dir, b"third", &new(FileKind::File))).unwrap();
    let begun = Instant::now();
    let error = block(store.sync()).unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(40), "{:?}", begun.elapsed());
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    server.go_on();
    block(store.sync()).unwrap();
    block(store.lookup(View::Current, dir, b"third")).unwrap();
    for name in ["file", "second"] {
        block(store.lookup(View::Current, Ino::ROOT, name.as_bytes())).unwrap();
    }
    check(&database);
}
