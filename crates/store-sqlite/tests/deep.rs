//! Ten thousand directories in each other: everything works, and what it costs grows with the depth and not faster.

mod common;

use std::time::{Duration, Instant};

use tarbox_store::*;
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};

use common::me;

const DEPTH: usize = 10_000;

fn block<T>(future: impl Future<Output = Result<T>>) -> T {
    pollster::block_on(future).unwrap()
}

/// Makes `d/d/d/…`, and answers the inodes from the root down.
fn nest(s: &SqliteStore) -> Vec<Ino> {
    let new = NewInode {
        kind: FileKind::Directory,
        mode: 0o755,
        uid: 0,
        gid: 0,
        rdev: 0,
        target: b"",
    };
    let mut dirs = vec![Ino::ROOT];
    for _ in 0..DEPTH {
        let parent = dirs[dirs.len() - 1];
        dirs.push(block(s.create(&me(), parent, b"d", &new)).ino);
    }
    dirs
}

#[test]
fn ten_thousand_levels_work() {
    let database = SqliteDatabase::in_memory(&Options::new()).unwrap();
    block(database.create_tenant("default", Quota::default()));
    let s = block(database.open_tenant("default"));
    let dirs = nest(&s);
    let deepest = dirs[DEPTH];
    let path = block(s.path_of(View::Current, deepest));
    assert_eq!(path.len(), 2 * DEPTH);
    assert!(path.chunks(2).all(|level| level == b"/d"));
    let names = vec![&b"d"[..]; DEPTH];
    assert_eq!(block(s.walk(View::Current, Ino::ROOT, &names)).len(), DEPTH);
    assert!(block(s.list(View::Current, deepest, Cookie(0), 10)).is_empty());
    // Below itself, however deep, is refused; elsewhere it may go with all it holds.
    let below = pollster::block_on(s.rename(&me(), (Ino::ROOT, b"d"), (deepest, b"x"), RenameMode::Replace));
    assert_eq!(below.unwrap_err().kind(), ErrorKind::Invalid);
    let middle = dirs[DEPTH / 2];
    block(s.rename(&me(), (middle, b"d"), (Ino::ROOT, b"half"), RenameMode::Replace));
    assert!(block(s.path_of(View::Current, deepest)).starts_with(b"/half/d/d"));
    let one = block(s.checkpoint(&me(), "one", None, LaterLayers::Keep)).id;
    block(s.rename(&me(), (Ino::ROOT, b"half"), (middle, b"d"), RenameMode::Replace));
    assert_eq!(block(s.path_of(View::Current, deepest)).len(), 2 * DEPTH);
    assert_eq!(
        block(s.path_of(View::Layer(one), deepest)).len(),
        "/half".len() + DEPTH - 2
    );
    let head = block(s.position()).head;
    assert_eq!(block(s.diff(one, head)).len(), 1);
    let report = block(database.fsck(false, &|_, _| {}));
    assert!(report.problems.is_empty(), "{:#?}", report.problems);
    for dir in dirs[..DEPTH].iter().rev() {
        block(s.unlink(&me(), *dir, b"d", Unlink::Directory));
    }
    assert_eq!(block(s.tenant()).usage.inodes, 1);
}

/// What one operation costs at this depth: the least of several tries, in the same run as what it is compared with.
fn cost(s: &SqliteStore, dir: Ino) -> Duration {
    let tries = (0..7).map(|_| {
        let began = Instant::now();
        for _ in 0..20 {
            block(s.path_of(View::Current, dir));
        }
        began.elapsed()
    });
    tries.min().unwrap_or_default()
}

#[test]
fn a_path_costs_what_it_is_long() {
    let database = SqliteDatabase::in_memory(&Options::new()).unwrap();
    block(database.create_tenant("default", Quota::default()));
    let s = block(database.open_tenant("default"));
    let dirs = nest(&s);
    let (shallow, deep) = (cost(&s, dirs[DEPTH / 10]), cost(&s, dirs[DEPTH]));
    // Ten times the depth may cost ten times as much and something for the larger caches, not a hundred times.
    assert!(
        deep < shallow * 40,
        "{shallow:?} at {} levels, {deep:?} at {DEPTH}",
        DEPTH / 10
    );
}
