//! Damaged rows of every invariant: each is found, mended where that is possible, and nothing is gone that was there.

#[path = "../../store-sqlite/tests/common/mod.rs"]
mod common;

use std::collections::BTreeMap;

use tarbox_store::*;
use tarbox_store_postgres::{Options, PostgresDatabase, PostgresStore};
use tarbox_test_postgres::server;

use common::{block, me, new};

fn open(name: &str) -> (PostgresDatabase, PostgresStore) {
    let options = Options::parse(&server().url(name)).unwrap().create(true);
    let database = PostgresDatabase::open(&options).unwrap();
    if block(database.tenant("default")).is_err() {
        block(database.create_tenant("default", Quota::default())).unwrap();
    }
    let store = block(database.open_tenant("default")).unwrap();
    (database, store)
}

/// Content that no other file has.
fn content(seed: u8, len: usize) -> Vec<u8> {
    (0..len).map(|i| (i / 7) as u8 ^ seed).collect()
}

/// What the workspace holds, by name: enough of everything for each kind of damage.
fn files() -> BTreeMap<&'static str, Vec<u8>> {
    BTreeMap::from([
        ("small", content(1, 100)),
        ("large", content(2, 300_000)),
        ("deep", content(3, 200)),
        ("old", content(4, 1_000)),
    ])
}

fn fill(name: &str) {
    let (_database, store) = open(name);
    let make = |dir: Ino, name: &str, kind| {
        block(store.create(&me(), dir, name.as_bytes(), &new(kind)))
            .unwrap()
            .ino
    };
    let dir = make(Ino::ROOT, "dir", FileKind::Directory);
    let below = make(dir, "below", FileKind::Directory);
    for (name, content) in files() {
        let file = make(if name == "deep" { below } else { dir }, name, FileKind::File);
        block(store.write(&me(), file, WriteAt::End, &content, false)).unwrap();
    }
    let old = block(store.lookup(View::Current, dir, b"old")).unwrap().ino;
    block(store.set_xattr(&me(), old, b"user.key", b"value", XattrMode::Any)).unwrap();
    let first = block(store.checkpoint(&me(), "first", None, LaterLayers::Keep)).unwrap();
    block(store.tag(&me(), "tagged", Some(first.id))).unwrap();
    block(store.write(&me(), old, WriteAt::Offset(0), b"changed", false)).unwrap();
    block(store.checkpoint(&me(), "second", None, LaterLayers::Keep)).unwrap();
    block(store.write(&me(), old, WriteAt::Offset(0), &files()["old"], false)).unwrap();
    block(store.sync()).unwrap();
}

/// Every file of the head with its content, by its last name; `None` for one that cannot be read.
fn all(store: &PostgresStore, dir: Ino, found: &mut Vec<(Vec<u8>, Option<Vec<u8>>)>) {
    for entry in block(store.list(View::Current, dir, Cookie(0), 10_000)).unwrap() {
        match entry.attr.kind {
            FileKind::Directory => all(store, entry.attr.ino, found),
            _ => {
                let size = entry.attr.size as usize;
                let mut buffer = vec![0; size];
                let read = block(store.read(View::Current, entry.attr.ino, 0, &mut buffer, Access::Quiet));
                found.push((entry.name.to_vec(), read.is_ok().then_some(buffer)));
            }
        }
    }
}

/// What becomes of the content.
#[derive(Clone, Copy, PartialEq)]
enum Kept {
    /// Every file has its content, under whatever name.
    All,
    /// The bytes of this file were damaged: whoever reads it is told, and what is left of them is below `/lost+found`.
    But(&'static str),
}

/// The word of the invariant, the damage, and what is kept.
const DAMAGES: &[(&str, &str, Kept)] = &[
    ("counter", "UPDATE tarbox.tenant SET inodes = 77", Kept::All),
    ("counter", "UPDATE tarbox.tenant SET layers = 77", Kept::All),
    ("counter", "UPDATE tarbox.tenant SET bytes = 7", Kept::All),
    ("counter", "UPDATE tarbox.tenant SET next_ino = 3", Kept::All),
    (
        "log",
        "UPDATE tarbox.tenant SET next_seq = next_seq + 5",
        Kept::All,
    ),
    ("log", "DELETE FROM tarbox.log WHERE seq = 3", Kept::All),
    (
        "layer",
        "UPDATE tarbox.tenant SET head = 1, current = 1",
        Kept::All,
    ),
    (
        "layer",
        "UPDATE tarbox.tenant SET current = 1; DELETE FROM tarbox.layer WHERE id = 1",
        Kept::All,
    ),
    ("tag", "UPDATE tarbox.tag SET layer = 99", Kept::All),
    (
        "reference",
        "DELETE FROM tarbox.inode WHERE kind = 2 AND parent <> 1",
        Kept::All,
    ),
    (
        "reference",
        "DELETE FROM tarbox.inode WHERE data IS NULL AND kind = 1",
        Kept::All,
    ),
    (
        "reference",
        "INSERT INTO tarbox.dentry SELECT tenant, 1, 512, born, 99, 1, 'nothing' FROM tarbox.dentry LIMIT 1",
        Kept::All,
    ),
    (
        "reference",
        "UPDATE tarbox.dentry SET kind = 3 WHERE name = 'small'",
        Kept::All,
    ),
    (
        "reference",
        "UPDATE tarbox.inode SET kind = 1 WHERE ino = (SELECT ino FROM tarbox.dentry WHERE name = 'dir')",
        Kept::All,
    ),
    (
        "xattr-count",
        "UPDATE tarbox.inode SET xattrs = 4 WHERE kind = 1",
        Kept::All,
    ),
    (
        "link-count",
        "UPDATE tarbox.inode SET nlink = 9 WHERE kind = 1",
        Kept::All,
    ),
    (
        "link-count",
        "UPDATE tarbox.inode SET nlink = 9 WHERE kind = 2",
        Kept::All,
    ),
    (
        "link-count",
        "DELETE FROM tarbox.dentry WHERE name = 'small'",
        Kept::All,
    ),
    (
        "size",
        "UPDATE tarbox.inode SET size = 7 WHERE kind = 2",
        Kept::All,
    ),
    (
        "size",
        "UPDATE tarbox.inode SET size = 7 WHERE kind = 1 AND data IS NOT NULL",
        Kept::All,
    ),
    (
        "stored",
        "UPDATE tarbox.inode SET stored = 7 WHERE data IS NULL",
        Kept::All,
    ),
    (
        "parent",
        "UPDATE tarbox.inode SET cookie = 7 WHERE kind = 2 AND ino <> 1",
        Kept::All,
    ),
    (
        "orphan",
        "DELETE FROM tarbox.dentry WHERE name = 'small'; UPDATE tarbox.inode SET nlink = 0 WHERE ino NOT IN \
        (SELECT ino FROM tarbox.dentry) AND ino <> 1",
        Kept::All,
    ),
    (
        "orphan",
        "INSERT INTO tarbox.orphan SELECT tenant, ino FROM tarbox.dentry WHERE name = 'small'",
        Kept::All,
    ),
    ("tree", "DELETE FROM tarbox.dentry WHERE name = 'dir'", Kept::All),
    (
        "tree",
        "UPDATE tarbox.dentry SET dir = (SELECT ino FROM tarbox.dentry WHERE name = 'below') WHERE name = 'dir'",
        Kept::All,
    ),
    (
        "names",
        "INSERT INTO tarbox.dentry SELECT tenant, 1, 512, born, ino, kind, 'second' FROM tarbox.dentry WHERE name = 'below'",
        Kept::All,
    ),
    (
        "cookie",
        "UPDATE tarbox.dentry SET cookie = cookie + 256 WHERE name = 'small'",
        Kept::All,
    ),
    (
        "interval",
        "UPDATE tarbox.inode SET born = 44 WHERE kind = 1",
        Kept::All,
    ),
    ("interval", "UPDATE tarbox.inode_past SET born = died", Kept::All),
    ("interval", "UPDATE tarbox.dentry SET born = 0", Kept::All),
    (
        "checksum",
        "UPDATE tarbox.inode SET data = overlay(data PLACING 'xx' FROM 3) WHERE ino = \
        (SELECT ino FROM tarbox.dentry WHERE name = 'small')",
        Kept::But("small"),
    ),
    (
        "map",
        "UPDATE tarbox.chunk SET map = overlay(map PLACING '\\377' FROM length(map)) WHERE idx = 0",
        Kept::All,
    ),
    ("refs", "UPDATE tarbox.block SET refs = 9", Kept::All),
    ("refs", "DELETE FROM tarbox.chunk", Kept::But("large")),
    (
        "block-hash",
        "UPDATE tarbox.block SET bytes = overlay(bytes PLACING 'xx' FROM 3) WHERE len = 131072 AND hash = \
        (SELECT hash FROM tarbox.block WHERE len = 131072 ORDER BY hash LIMIT 1)",
        Kept::But("large"),
    ),
    ("block-hash", "UPDATE tarbox.block SET len = 8", Kept::All),
    (
        "reference",
        "DELETE FROM tarbox.block WHERE hash = (SELECT hash FROM tarbox.block ORDER BY hash LIMIT 1)",
        Kept::But("large"),
    ),
];

#[test]
fn every_damage_is_found_and_mended() {
    let whole = server().fresh();
    fill(&whole);
    for (word, damage, kept) in DAMAGES {
        let name = server().copy(&whole);
        assert!(server().psql(&name, damage), "{damage}");
        {
            let (database, _) = open(&name);
            let before = block(database.fsck(false, &|_, _| {})).unwrap();
            let found = before.problems.iter().any(|problem| problem.invariant == *word);
            assert!(found, "{damage}: {:#?}", before.problems);
            let report = block(database.fsck(true, &|_, _| {})).unwrap();
            assert!(
                report.problems.iter().any(|problem| problem.repaired),
                "{damage}: {:#?}",
                report.problems
            );
        }
        let (database, store) = open(&name);
        let after = block(database.fsck(false, &|_, _| {})).unwrap();
        // Bytes that are lost stay lost, and are told of.
        let left: Vec<&Problem> = after
            .problems
            .iter()
            .filter(|problem| problem.invariant != "lost")
            .collect();
        assert!(left.is_empty(), "{damage}: {left:#?}");
        let mut found = Vec::new();
        all(&store, Ino::ROOT, &mut found);
        for (file, content) in files() {
            let is_there = found.iter().any(|(_, bytes)| bytes.as_ref() == Some(&content));
            match kept {
                Kept::But(lost) if *lost == file => assert!(
                    found
                        .iter()
                        .all(|(name, bytes)| name != file.as_bytes() || bytes.as_ref() != Some(&content)),
                    "{damage}: {file}"
                ),
                _ => assert!(is_there, "{damage}: {file} is gone"),
            }
        }
        // The workspace goes on.
        let file = block(store.create(&me(), Ino::ROOT, b"another", &new(FileKind::File))).unwrap();
        block(store.write(&me(), file.ino, WriteAt::End, &content(9, 200_000), false)).unwrap();
        block(store.sync()).unwrap();
    }
}

/// What is taken out is written down, and who did it.
#[test]
fn a_repair_tells_what_it_set_aside() {
    let name = server().fresh();
    fill(&name);
    assert!(server().psql(&name, "UPDATE tarbox.tag SET layer = 99"));
    let (database, store) = open(&name);
    block(database.fsck(true, &|_, _| {})).unwrap();
    let mut found = Vec::new();
    all(&store, Ino::ROOT, &mut found);
    let told = found
        .iter()
        .find(|(name, _)| name.starts_with(b"set-aside-"))
        .unwrap();
    let text = String::from_utf8(told.1.clone().unwrap()).unwrap();
    assert!(
        text.contains("set aside from table tag") && text.contains("tagged"),
        "{text}"
    );
    let query = LogQuery {
        operation: Some(Operation::Maintenance),
        ..LogQuery::default()
    };
    let records = block(store.log(&query)).unwrap();
    assert!(
        records
            .iter()
            .any(|record| record.path.starts_with(b"repaired; ")),
        "{records:#?}"
    );
}

/// A healthy database is not touched.
#[test]
fn nothing_is_mended_where_nothing_is_wrong() {
    let name = server().fresh();
    fill(&name);
    let commits = || server().query(&name, "SELECT commits FROM tarbox.tenant");
    let (database, _store) = open(&name);
    let before = commits();
    let report = block(database.fsck(true, &|_, _| {})).unwrap();
    assert!(report.problems.is_empty(), "{:#?}", report.problems);
    assert_eq!(commits(), before);
}

/// What is lost can be written again.
#[test]
fn lost_bytes_come_back_with_the_same_bytes() {
    let name = server().fresh();
    fill(&name);
    assert!(server().psql(
        &name,
        "UPDATE tarbox.block SET bytes = overlay(bytes PLACING 'xx' FROM 3)"
    ));
    let (database, store) = open(&name);
    block(database.fsck(true, &|_, _| {})).unwrap();
    let dir = block(store.lookup(View::Current, Ino::ROOT, b"dir")).unwrap().ino;
    let large = block(store.lookup(View::Current, dir, b"large")).unwrap().ino;
    let mut buffer = vec![0; 300_000];
    let error = block(store.read(View::Current, large, 0, &mut buffer, Access::Quiet)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    let copy = block(store.create(&me(), dir, b"again", &new(FileKind::File)))
        .unwrap()
        .ino;
    block(store.write(&me(), copy, WriteAt::End, &files()["large"], false)).unwrap();
    block(store.sync()).unwrap();
    assert_eq!(
        block(store.read(View::Current, large, 0, &mut buffer, Access::Quiet)).unwrap(),
        300_000
    );
    assert_eq!(buffer, files()["large"]);
    let report = block(database.fsck(false, &|_, _| {})).unwrap();
    assert!(report.problems.is_empty(), "{:#?}", report.problems);
}
