//! The redo log: small syncs go there, and nothing is different for anybody.

mod common;

use std::sync::Arc;

use tarbox_pool::{MemoryPool, Pool, PoolExt};
use tarbox_store::conformance::{bytes, tree};
use tarbox_store::*;
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

use common::{block, me, new};

const NAME: &str = "t.db";

fn open(pool: &Arc<MemoryPool>, redo: bool) -> (SqliteDatabase, SqliteStore) {
    let create = !pool.exists(NAME).unwrap();
    let options = Options::new().create(create).background(false).redo(redo);
    let database = SqliteDatabase::on_pool(pool.clone(), NAME, &options).unwrap();
    if create {
        block(database.create_tenant("default", Quota::default())).unwrap();
    }
    let store = block(database.open_tenant("default")).unwrap();
    (database, store)
}

/// What the device has when the machine stops now.
fn left_behind(pool: &MemoryPool) -> Arc<MemoryPool> {
    let copy = MemoryPool::new();
    for name in pool.list("").unwrap() {
        copy.write_file(&name, &pool.read_file(&name).unwrap()).unwrap();
    }
    Arc::new(copy)
}

fn write(s: &SqliteStore, name: &str, data: &[u8]) -> Ino {
    let file = block(s.create(&me(), Ino::ROOT, name.as_bytes(), &new(FileKind::File)))
        .unwrap()
        .ino;
    block(s.write(&me(), file, WriteAt::End, data, false)).unwrap();
    file
}

fn commits(s: &SqliteStore) -> u64 {
    block(s.performance()).unwrap().commits
}

/// Every kind of change that is rows alone, each with a sync of its own.
fn change_all(s: &SqliteStore) -> Ino {
    let sync = || block(s.sync()).unwrap();
    let file = write(s, "a", b"one");
    sync();
    block(s.write(&me(), file, WriteAt::Offset(1), b"x", false)).unwrap();
    sync();
    let dir = block(s.create(&me(), Ino::ROOT, b"dir", &new(FileKind::Directory)))
        .unwrap()
        .ino;
    sync();
    block(s.rename(&me(), (Ino::ROOT, b"a"), (dir, b"b"), RenameMode::Replace)).unwrap();
    sync();
    block(s.set_xattr(&me(), file, b"user.x", b"value", XattrMode::Any)).unwrap();
    sync();
    block(s.link(&me(), file, Ino::ROOT, b"again")).unwrap();
    sync();
    write(s, "gone", b"soon");
    sync();
    block(s.unlink(&me(), Ino::ROOT, b"gone", Unlink::File)).unwrap();
    sync();
    file
}

#[test]
fn small_syncs_are_no_transactions_and_survive() {
    let pool = Arc::new(MemoryPool::new());
    let (_database, s) = open(&pool, true);
    block(s.sync()).unwrap();
    let before = commits(&s);
    change_all(&s);
    assert_eq!(commits(&s), before, "nothing was committed");
    let expected = block(tree(&s, View::Current)).unwrap();
    assert_eq!(commits(&s), before, "looking commits nothing");
    let left = left_behind(&pool);
    for redo in [true, false] {
        let left = left_behind(&left);
        for _ in 0..2 {
            let (database, s) = open(&left, redo);
            assert_eq!(block(tree(&s, View::Current)).unwrap(), expected, "redo {redo}");
            let report = block(database.fsck(false, &|_, _| {})).unwrap();
            assert!(report.problems.is_empty(), "{:#?}", report.problems);
        }
    }
}

#[test]
fn records_of_a_transaction_are_not_taken_over_again() {
    let pool = Arc::new(MemoryPool::new());
    let (database, s) = open(&pool, true);
    let file = change_all(&s);
    // Content beyond a row makes a transaction, which has what was in the log.
    block(s.write(&me(), file, WriteAt::Offset(0), &bytes(1, 10_000), false)).unwrap();
    block(s.sync()).unwrap();
    block(s.unlink(&me(), Ino::ROOT, b"again", Unlink::File)).unwrap();
    block(s.checkpoint(&me(), "now", None, LaterLayers::Keep)).unwrap();
    let expected = block(tree(&s, View::Current)).unwrap();
    let (_again, s) = open(&left_behind(&pool), true);
    assert_eq!(block(tree(&s, View::Current)).unwrap(), expected);
    drop(database);
}

#[test]
fn a_log_that_is_full_becomes_a_transaction() {
    let pool = Arc::new(MemoryPool::new());
    let (_database, s) = open(&pool, true);
    block(s.sync()).unwrap();
    let before = commits(&s);
    for i in 0..1_000 {
        write(&s, &format!("f{i}"), &bytes(i, 1_000));
        block(s.sync()).unwrap();
    }
    let made = commits(&s) - before;
    assert!((1..50).contains(&made), "{made} transactions for 1,000 syncs");
    let expected = block(tree(&s, View::Current)).unwrap();
    let (_again, s) = open(&left_behind(&pool), true);
    assert_eq!(block(tree(&s, View::Current)).unwrap(), expected);
}

#[test]
fn the_log_of_changes_is_the_same_before_and_after_a_transaction() {
    let pool = Arc::new(MemoryPool::new());
    let (database, s) = open(&pool, true);
    write(&s, "earlier", b"committed");
    block(s.flush()).unwrap();
    change_all(&s);
    let after = |seq, limit| LogQuery {
        after: Some(Seq(seq)),
        before: (limit == 3).then_some(Seq(seq + 3)),
        limit,
        ..LogQuery::default()
    };
    let last = block(s.last_seq()).unwrap().0;
    let ask = || -> Vec<Vec<LogRecord>> {
        (0..=last + 1)
            .rev()
            .flat_map(|seq| [0, 1, 3].map(|limit| block(s.log(&after(seq, limit))).unwrap()))
            .collect()
    };
    let before = commits(&s);
    assert_eq!(block(s.log(&after(last - 2, 0))).unwrap().len(), 2);
    assert_eq!(commits(&s), before, "the latest are had without a transaction");
    let (logged, committed) = (ask(), ask());
    assert!(commits(&s) > before, "the first ones are not");
    assert_eq!(logged, committed);
    drop(database);
}

#[test]
fn a_log_of_another_database_is_left_alone() {
    let (one, other) = (Arc::new(MemoryPool::new()), Arc::new(MemoryPool::new()));
    let (_one, s) = open(&one, true);
    change_all(&s);
    drop(open(&other, true));
    let redo = format!("{NAME}-redo");
    other.write_file(&redo, &one.read_file(&redo).unwrap()).unwrap();
    let (_other, s) = open(&other, true);
    assert_eq!(block(tree(&s, View::Current)).unwrap().len(), 1, "the root alone");
}
