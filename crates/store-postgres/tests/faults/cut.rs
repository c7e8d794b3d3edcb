//! A connection that breaks at each message of a commit.

use tarbox_store::*;
use tarbox_test_postgres::server;

use super::common::{block, me, new};
use super::proxy::{From, Harm, Proxy};
use super::{check, open};

/// Content that does not fit into a row.
fn content(name: &str) -> Vec<u8> {
    name.repeat(20_000).into_bytes()
}

/// Whatever a sync has acknowledged is there; what it has refused is, after the next one. Nothing is made twice, and no error is told twice.
fn holds_at_each_message(harm: Harm, step: usize) {
    let proxy = Proxy::start(server().directory());
    let name = server().fresh();
    let (database, store) = open(&proxy.url(&name));
    let mut made = Vec::new();
    let make = |file: String| {
        let inode = block(store.create(&me(), Ino::ROOT, file.as_bytes(), &new(FileKind::File)));
        let written = inode.and_then(|inode| {
            block(store.write(
                &me(),
                inode.ino,
                WriteAt::Offset(0),
                content(&file).as_slice(),
                false,
            ))
        });
        // A change that was refused has not been made: it may be made again.
        if written.is_err() {
            let again = block(store.lookup(View::Current, Ino::ROOT, file.as_bytes()));
            let inode = match again {
                Ok(attr) => attr.ino,
                Err(_) => {
                    block(store.create(&me(), Ino::ROOT, file.as_bytes(), &new(FileKind::File)))
                        .unwrap()
                        .ino
                }
            };
            block(store.write(&me(), inode, WriteAt::Offset(0), content(&file).as_slice(), false)).unwrap();
        }
        file
    };
    // What is said once, at the beginning, is said.
    for i in 0..3 {
        made.push(make(format!("first {i}")));
        block(store.sync()).unwrap();
    }
    for from in [From::Client, From::Server] {
        let mut harmed = 0;
        for after in (0..).step_by(step) {
            proxy.plan(from, after, harm);
            let file = make(format!("{from:?} {after}"));
            let synced = block(store.sync());
            let was_done = proxy.settle();
            if let Err(error) = &synced {
                assert_eq!(error.kind(), ErrorKind::Io, "{error}");
                block(store.sync())
                    .unwrap_or_else(|e| panic!("{harm:?} {from:?} {after}: {e}, after {error}"));
            }
            made.push(file);
            // Nobody else has seen anything but what was committed, and it is there now.
            let (_other, theirs) = open(&server().url(&name));
            let found = block(theirs.lookup(View::Current, Ino::ROOT, made[made.len() - 1].as_bytes()))
                .unwrap_or_else(|e| panic!("{harm:?} {from:?} {after}: {e}"));
            assert_eq!(found.size, content(&made[made.len() - 1]).len() as u64);
            harmed += usize::from(was_done);
            if !was_done || after > 200 {
                break;
            }
        }
        assert!(harmed > 2, "{harm:?} {from:?}: {harmed}");
    }
    drop(store);
    drop(database);
    let (database, store) = open(&server().url(&name));
    let entries = block(store.list(View::Current, Ino::ROOT, Cookie(0), 10_000)).unwrap();
    assert_eq!(entries.len(), made.len());
    for file in &made {
        let expected = content(file);
        let inode = block(store.lookup(View::Current, Ino::ROOT, file.as_bytes()))
            .unwrap()
            .ino;
        let mut buffer = vec![0; expected.len()];
        block(store.read(View::Current, inode, 0, &mut buffer, Access::Quiet)).unwrap();
        assert!(buffer == expected, "{file}");
    }
    check(&database);
}

#[test]
fn a_connection_that_is_cut_loses_nothing() {
    holds_at_each_message(Harm::Cut, 1);
}

#[test]
fn a_connection_that_is_half_closed_loses_nothing() {
    holds_at_each_message(Harm::HalfClose, 1);
}

#[test]
fn a_connection_that_stalls_loses_nothing() {
    holds_at_each_message(Harm::Stall, 5);
}
