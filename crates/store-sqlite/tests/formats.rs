//! Databases of older formats open with everything that is in them, and a crash while they are brought to the current format
//! costs nothing.
//!
//! `data/format-1.sql` is what `sqlite3 .dump` says of a database that a program of format 1 wrote: two sealed layers, in which files
//! were written, linked, renamed, removed and given attributes.

mod common;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::{block, me};
use tarbox_pool::fault::{CrashPolicy, FaultPlan};
use tarbox_pool::{FaultPool, OpenOptions, Pool};
use tarbox_store::conformance::{Tree, tree};
use tarbox_store::*;
use tarbox_store_sqlite::{Options, SqliteDatabase, SqliteStore};
use tempfile::TempDir;

/// "TARB".
const APPLICATION_ID: i32 = 0x5441_5242;
const NAME: &str = "t.db";

/// A database of format 1.
fn first_format() -> (PathBuf, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(NAME);
    let c = rusqlite::Connection::open(&path).unwrap();
    c.execute_batch(include_str!("data/format-1.sql")).unwrap();
    c.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    c.pragma_update(None, "user_version", 1).unwrap();
    c.close().unwrap();
    (path, dir)
}

fn format_of(path: &Path) -> i32 {
    let c = rusqlite::Connection::open(path).unwrap();
    c.pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap()
}

fn open(path: &Path) -> (SqliteDatabase, SqliteStore) {
    let database = SqliteDatabase::open(path, &Options::new()).unwrap();
    let store = block(database.open_tenant("default")).unwrap();
    (database, store)
}

/// Both layers and the head.
fn everything(store: &SqliteStore) -> [Tree; 3] {
    let of = |view| block(tree(store, view)).unwrap();
    [
        of(View::Layer(LayerId(1))),
        of(View::Layer(LayerId(2))),
        of(View::Current),
    ]
}

fn paths(tree: &Tree) -> Vec<&str> {
    tree.keys()
        .map(|path| std::str::from_utf8(path).unwrap())
        .collect()
}

#[test]
fn format_1_opens_with_all_its_layers() {
    let (path, _dir) = first_format();
    let (database, store) = open(&path);
    let all = everything(&store);
    let [first, second, head] = &all;
    assert_eq!(paths(first), ["", "/a", "/d", "/d/b", "/l"]);
    assert_eq!(paths(second), ["", "/a", "/c", "/d", "/d/b", "/d/hard", "/l"]);
    assert_eq!(paths(head), ["", "/a", "/d", "/d/c", "/d/hard", "/l"]);
    let contents = all.each_ref().map(|tree| &tree[&b"/a"[..]].content[..]);
    assert_eq!(contents, [&b"one\n"[..], b"two\n", b"two\nthree\n"]);
    let values = all.each_ref().map(|tree| &tree[&b"/a"[..]].xattrs[0].1[..]);
    assert_eq!(values, [&b"v1"[..], b"v2", b"v2"]);
    assert_eq!(head[&b"/d/c"[..]].attr.mode, 0o600);
    let report = block(database.fsck(false, &|_, _| {})).unwrap();
    assert!(report.problems.is_empty(), "{:#?}", report.problems);
    drop((database, store));
    assert_eq!(format_of(&path), 2);
}

#[test]
fn states_of_format_1_have_versions_of_their_own() {
    let (path, _dir) = first_format();
    let (database, store) = open(&path);
    let before = everything(&store);
    let last = block(store.last_seq()).unwrap();
    let versions = before.each_ref().map(|tree| tree[&b"/a"[..]].attr.version);
    assert!(
        versions.is_sorted() && versions[0] != versions[1] && versions[1] != versions[2],
        "{versions:?}"
    );
    assert!(versions[2] <= last, "{versions:?}");
    let link = before.each_ref().map(|tree| tree[&b"/l"[..]].attr.version);
    assert_eq!([link[0]; 3], link, "it has never changed");
    // What changes from now on has the versions that all others have; the rest keeps its own, also in new layers.
    let file = before[2][&b"/a"[..]].attr.ino;
    block(store.checkpoint(&me(), "third", None, LaterLayers::Keep)).unwrap();
    block(store.write(&me(), file, WriteAt::End, b"four\n", false)).unwrap();
    let changed = block(store.attr(View::Current, file)).unwrap().version;
    assert_eq!(changed, block(store.last_seq()).unwrap());
    drop((database, store));
    let (database, store) = open(&path);
    assert_eq!(block(store.attr(View::Current, file)).unwrap().version, changed);
    assert_eq!(everything(&store)[..2], before[..2]);
    assert_eq!(block(tree(&store, View::Layer(LayerId(3)))).unwrap(), before[2]);
    // Back to what was there before there were versions.
    block(store.switch(&me(), LayerId(2))).unwrap();
    block(store.checkpoint(&me(), "", None, LaterLayers::Discard)).unwrap();
    assert_eq!(block(tree(&store, View::Current)).unwrap(), before[1]);
    let report = block(database.fsck(false, &|_, _| {})).unwrap();
    assert!(report.problems.is_empty(), "{:#?}", report.problems);
}

#[test]
fn whoever_has_the_older_format_open_is_not_disturbed() {
    let (path, dir) = first_format();
    let sessions = dir.path().join("t.db-blocks/sessions");
    fs::create_dir_all(&sessions).unwrap();
    let sign = File::create(sessions.join("1-0")).unwrap();
    sign.lock().unwrap();
    let error = SqliteDatabase::open(&path, &Options::new()).expect_err("somebody has it open");
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert!(error.to_string().contains("older Tarbox"), "{error}");
    assert_eq!(format_of(&path), 1);
    drop(sign);
    drop(open(&path));
    assert_eq!(format_of(&path), 2);
}

/// A disk that holds a database of format 1.
fn disk() -> FaultPool {
    let (path, _dir) = first_format();
    let disk = FaultPool::with_seed(1);
    let file = disk.open(NAME, OpenOptions::CREATE).unwrap();
    file.write_at(&fs::read(path).unwrap(), 0).unwrap();
    file.sync().unwrap();
    disk.sync_names().unwrap();
    disk
}

fn open_on(disk: &FaultPool) -> Result<(SqliteDatabase, SqliteStore)> {
    let options = Options::new().background(false);
    let database = SqliteDatabase::on_pool(Arc::new(disk.clone()), NAME, &options)?;
    let store = block(database.open_tenant("default"))?;
    Ok((database, store))
}

#[test]
fn a_crash_at_any_step_leaves_one_format_or_the_other() {
    let start = disk();
    let whole = start.fork();
    let expected = everything(&open_on(&whole).unwrap().1);
    let steps = whole.steps();
    assert!(steps > 3, "it is written");
    for step in 1..=steps {
        for policy in CrashPolicy::ALL {
            let disk = start.fork();
            disk.set_plan(FaultPlan::new().crash_at(step));
            drop(open_on(&disk));
            let disk = disk.after_crash(step, policy);
            let (database, store) = open_on(&disk).unwrap_or_else(|e| panic!("step {step}, {policy:?}: {e}"));
            assert!(everything(&store) == expected, "step {step}, {policy:?}");
            let report = block(database.fsck(false, &|_, _| {})).unwrap();
            assert!(
                report.problems.is_empty(),
                "step {step}, {policy:?}: {:#?}",
                report.problems
            );
        }
    }
}
