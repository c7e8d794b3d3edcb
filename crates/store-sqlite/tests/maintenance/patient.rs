//! A database with something of everything, to be broken in many ways.

use std::collections::BTreeSet;

use pollster::block_on;
use tarbox_store::*;
use tarbox_store_sqlite::SqliteStore;

use crate::support::{Place, assert_clean, me, new, snapshot, tenant};
use crate::workload::Random;

/// The inodes of the first tenant, by what they are.
pub(crate) const DIR: u64 = 2;
pub(crate) const SMALL: u64 = 3;
pub(crate) const LARGE: u64 = 4;
pub(crate) const SUB: u64 = 6;

/// Makes the database: three layers in which everything has changed, and a second tenant.
pub(crate) fn patient() -> Place {
    let place = Place::new();
    let db = place.open();
    let s = tenant(&db, "one");
    fill(&s).unwrap();
    let other = tenant(&db, "two");
    create(&other, Ino::ROOT, b"theirs", FileKind::File).unwrap();
    block_on(s.sync()).unwrap();
    assert_clean(&db, "as it was made");
    drop((s, other, db));
    place
}

fn create(s: &SqliteStore, dir: Ino, name: &[u8], kind: FileKind) -> Result<Ino> {
    let target: &[u8] = if kind == FileKind::Symlink {
        b"d/small"
    } else {
        b""
    };
    Ok(block_on(s.create(&me(), dir, name, &new(kind, target)))?.ino)
}

/// Bytes that compress to nothing and repeat nowhere.
pub(crate) fn content(seed: u64, len: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    (0..len).map(|_| random.next() as u8).collect()
}

fn fill(s: &SqliteStore) -> Result<()> {
    let me = me();
    let write =
        |ino, at, data: &[u8]| block_on(s.write(&me, ino, WriteAt::Offset(at), data, false)).map(drop);
    let d = create(s, Ino::ROOT, b"d", FileKind::Directory)?;
    let small = create(s, d, b"small", FileKind::File)?;
    let large = create(s, d, b"large", FileKind::File)?;
    create(s, Ino::ROOT, b"link", FileKind::Symlink)?;
    let sub = create(s, d, b"sub", FileKind::Directory)?;
    let deep = create(s, sub, b"deep", FileKind::File)?;
    let gone = create(s, Ino::ROOT, b"gone", FileKind::File)?;
    assert_eq!([d.0, small.0, large.0, sub.0], [DIR, SMALL, LARGE, SUB]);
    write(small, 0, b"hello, this is small")?;
    write(large, 0, &content(1, 300_000))?;
    write(deep, 0, &content(2, 5_000))?;
    write(gone, 0, &content(3, 9_000))?;
    block_on(s.link(&me, large, Ino::ROOT, b"hard"))?;
    block_on(s.set_xattr(&me, small, b"user.a", b"one", XattrMode::Any))?;
    block_on(s.set_xattr(&me, large, b"user.b", b"two", XattrMode::Any))?;
    block_on(s.checkpoint(&me, "first", None, LaterLayers::Keep))?;
    write(large, 150_000, &content(4, 2_000))?;
    write(small, 0, b"HELLO")?;
    block_on(s.rename(&me, (sub, b"deep"), (d, b"deeper"), RenameMode::Replace))?;
    block_on(s.set_xattr(&me, small, b"user.a", b"three", XattrMode::Any))?;
    create(s, sub, b"new", FileKind::File)?;
    block_on(s.checkpoint(&me, "second", None, LaterLayers::Keep))?;
    block_on(s.tag(&me, "good", Some(LayerId(1))))?;
    block_on(s.unlink(&me, Ino::ROOT, b"gone", Unlink::File))?;
    write(large, 10, b"once more")?;
    write(small, 5, b"!")?;
    block_on(s.rename(&me, (d, b"sub"), (Ino::ROOT, b"sub"), RenameMode::Replace))?;
    block_on(s.rename(&me, (Ino::ROOT, b"sub"), (d, b"sub"), RenameMode::Replace))?;
    block_on(s.remove_xattr(&me, large, b"user.b"))?;
    block_on(s.flush())
}

/// The contents of all files of the head, wherever they are.
pub(crate) fn contents(s: &SqliteStore) -> BTreeSet<String> {
    let lines = snapshot(s, View::Current);
    let hashes = lines.iter().filter(|line| line.contains(" File "));
    hashes
        .filter_map(|line| line.split(" b").nth(1)?.split(' ').nth(1).map(str::to_owned))
        .collect()
}
