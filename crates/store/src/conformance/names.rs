//! Names: making and finding them, and which are allowed.

use super::{Fixture, assert_fails};
use crate::*;

/// A new tenant holds a root directory and nothing else.
pub async fn a_new_tenant_has_an_empty_root<D: Database>(t: &Fixture<D>) {
    let root = t.attr(Ino::ROOT).await;
    assert_eq!(
        (root.kind, root.mode, root.uid, root.gid, root.nlink),
        (FileKind::Directory, 0o755, 0, 0, 2)
    );
    assert_eq!(root.size, 0);
    assert!(t.names(View::Current, Ino::ROOT).await.is_empty());
    assert_eq!(t.store.parent(View::Current, Ino::ROOT).await.unwrap(), Ino::ROOT);
    assert_eq!(t.path(Ino::ROOT).await, "/");
}

/// What was made is found under its name, with the attributes it was made with.
pub async fn what_was_made_is_found<D: Database>(t: &Fixture<D>) {
    let kinds = [
        FileKind::File,
        FileKind::Directory,
        FileKind::Fifo,
        FileKind::Socket,
        FileKind::CharDevice,
        FileKind::BlockDevice,
    ];
    for (i, kind) in kinds.into_iter().enumerate() {
        let name = format!("entry{i}");
        let new = NewInode {
            kind,
            mode: 0o7601 + i as u32,
            uid: 4_000_000_000,
            gid: 7,
            rdev: u64::MAX - i as u64,
            target: b"",
        };
        let made = t
            .store
            .create(&t.me, Ino::ROOT, name.as_bytes(), &new)
            .await
            .unwrap();
        assert_eq!(
            (made.kind, made.mode, made.uid, made.gid),
            (kind, new.mode, new.uid, new.gid)
        );
        assert_eq!(made.rdev, new.rdev);
        assert_eq!(made.nlink, if kind == FileKind::Directory { 2 } else { 1 });
        assert_eq!((made.size, made.blocks), (0, 0));
        assert_eq!(
            (made.atime, made.mtime, made.ctime),
            (made.btime, made.btime, made.btime)
        );
        assert_eq!(t.find(Ino::ROOT, &name).await.unwrap(), made);
        assert_eq!(t.attr(made.ino).await, made);
        assert_eq!(t.path(made.ino).await, format!("/{name}"));
    }
    t.store.flush().await.unwrap();
    assert_eq!(t.find(Ino::ROOT, "entry4").await.unwrap().rdev, u64::MAX - 4);
    assert_eq!(t.attr(Ino::ROOT).await.nlink, 3);
}

/// A symbolic link keeps its target, whose length is its size.
pub async fn a_symbolic_link_keeps_its_target<D: Database>(t: &Fixture<D>) {
    for (name, target) in [
        ("short", b"x".to_vec()),
        ("long", vec![b'y'; 4095]),
        ("odd", vec![0xFF, b'/']),
    ] {
        let new = NewInode {
            kind: FileKind::Symlink,
            mode: 0o777,
            uid: 1,
            gid: 1,
            rdev: 0,
            target: &target,
        };
        let made = t
            .store
            .create(&t.me, Ino::ROOT, name.as_bytes(), &new)
            .await
            .unwrap();
        assert_eq!(made.size, target.len() as u64);
        for _ in 0..2 {
            assert_eq!(t.store.read_link(View::Current, made.ino).await.unwrap(), target);
            t.store.flush().await.unwrap();
        }
    }
    let file = t.file(Ino::ROOT, "file", b"x").await;
    assert_fails(t.store.read_link(View::Current, file).await, ErrorKind::Invalid);
}

/// A link without a target, one with a NUL in it, one that is too long, and a target for what is no link are refused.
pub async fn wrong_targets_are_refused<D: Database>(t: &Fixture<D>) {
    let create = async |kind, target: &[u8]| {
        let new = NewInode {
            kind,
            mode: 0o777,
            uid: 0,
            gid: 0,
            rdev: 0,
            target,
        };
        t.store.create(&t.me, Ino::ROOT, b"wrong", &new).await
    };
    assert_fails(create(FileKind::Symlink, b"").await, ErrorKind::Invalid);
    assert_fails(create(FileKind::Symlink, b"a\0b").await, ErrorKind::Invalid);
    assert_fails(
        create(FileKind::Symlink, &[b'a'; 4096]).await,
        ErrorKind::NameTooLong,
    );
    assert_fails(create(FileKind::File, b"target").await, ErrorKind::Invalid);
    assert!(t.names(View::Current, Ino::ROOT).await.is_empty());
}

/// A name is taken once.
pub async fn a_name_is_taken_once<D: Database>(t: &Fixture<D>) {
    let made = t.make(Ino::ROOT, "a", FileKind::File).await.unwrap();
    for kind in [FileKind::File, FileKind::Directory, FileKind::Symlink] {
        assert_fails(t.make(Ino::ROOT, "a", kind).await, ErrorKind::Exists);
    }
    assert_eq!(t.find(Ino::ROOT, "a").await.unwrap(), made);
    assert_eq!(t.attr(Ino::ROOT).await.nlink, 2);
}

/// What is missing is not found, below what is no directory nothing is.
pub async fn what_is_missing_is_not_found<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", b"").await;
    assert_fails(t.find(Ino::ROOT, "missing").await, ErrorKind::NotFound);
    assert_fails(t.find(file, "x").await, ErrorKind::NotDirectory);
    assert_fails(t.make(file, "x", FileKind::File).await, ErrorKind::NotDirectory);
    assert_fails(
        t.store.list(View::Current, file, Cookie(0), 9).await,
        ErrorKind::NotDirectory,
    );
    assert_fails(t.store.parent(View::Current, file).await, ErrorKind::NotDirectory);
    for ino in [0, 999_999, Ino::LIMIT - 1, Ino::LIMIT, u64::MAX].map(Ino) {
        assert_fails(t.store.attr(View::Current, ino).await, ErrorKind::NotFound);
        assert_fails(t.find(ino, "x").await, ErrorKind::NotFound);
        assert_fails(t.make(ino, "x", FileKind::File).await, ErrorKind::NotFound);
        assert_fails(t.store.path_of(View::Current, ino).await, ErrorKind::NotFound);
        assert_fails(t.store.hold(ino).await, ErrorKind::NotFound);
    }
}

/// Names are 1 to 255 bytes of anything but `/` and NUL.
pub async fn names_have_limits<D: Database>(t: &Fixture<D>) {
    let longest = "n".repeat(255);
    let made = t.file(Ino::ROOT, &longest, b"").await;
    assert_eq!(t.find(Ino::ROOT, &longest).await.unwrap().ino, made);
    let odd: &[&[u8]] = &[
        b"\xff\xfe",
        b" ",
        b"...",
        b".a",
        b"\n",
        b"a\\b",
        b"\x01",
        "é".as_bytes(),
    ];
    let new = NewInode {
        kind: FileKind::File,
        mode: 0,
        uid: 0,
        gid: 0,
        rdev: 0,
        target: b"",
    };
    for name in odd {
        let made = t.store.create(&t.me, Ino::ROOT, name, &new).await.unwrap();
        let found = t.store.lookup(View::Current, Ino::ROOT, name).await.unwrap();
        assert_eq!(found.ino, made.ino);
    }
    assert_eq!(t.names(View::Current, Ino::ROOT).await.len(), odd.len() + 1);
}

/// Other names are refused by everything that takes one, and change nothing.
pub async fn wrong_names_are_refused_everywhere<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", b"").await;
    let too_long = "n".repeat(256);
    let wrong = [
        ("", ErrorKind::Invalid),
        (".", ErrorKind::Invalid),
        ("..", ErrorKind::Invalid),
        ("a/b", ErrorKind::Invalid),
        ("/", ErrorKind::Invalid),
        ("a\0", ErrorKind::Invalid),
        (&too_long, ErrorKind::NameTooLong),
    ];
    let before = t.store.last_seq().await.unwrap();
    for (name, kind) in wrong {
        assert_fails(t.make(Ino::ROOT, name, FileKind::File).await, kind);
        assert_fails(t.link(file, Ino::ROOT, name).await, kind);
        assert_fails(t.find(Ino::ROOT, name).await, kind);
        assert_fails(t.unlink(Ino::ROOT, name).await, kind);
        assert_fails(t.rmdir(Ino::ROOT, name).await, kind);
        for mode in [RenameMode::Replace, RenameMode::NoReplace, RenameMode::Exchange] {
            assert_fails(t.rename((Ino::ROOT, "file"), (Ino::ROOT, name), mode).await, kind);
            assert_fails(t.rename((Ino::ROOT, name), (Ino::ROOT, "file"), mode).await, kind);
        }
    }
    assert_eq!(t.names(View::Current, Ino::ROOT).await, ["file"]);
    assert_eq!(t.store.last_seq().await.unwrap(), before);
}

/// Many names at once are looked up as far as directories lead.
pub async fn a_walk_goes_as_far_as_directories_lead<D: Database>(t: &Fixture<D>) {
    let a = t.dir(Ino::ROOT, "a").await;
    let b = t.dir(a, "b").await;
    let file = t.file(b, "file", b"").await;
    let walk = async |names: &[&[u8]]| -> Vec<Ino> {
        let found = t.store.walk(View::Current, Ino::ROOT, names).await.unwrap();
        found.into_iter().map(|attr| attr.ino).collect()
    };
    assert_eq!(walk(&[]).await, []);
    assert_eq!(walk(&[b"a", b"b", b"file"]).await, [a, b, file]);
    assert_eq!(walk(&[b"a", b"b", b"file", b"below"]).await, [a, b, file]);
    assert_eq!(walk(&[b"a", b"missing", b"file"]).await, [a]);
    assert_eq!(walk(&[b"missing"]).await, []);
    let not_there = t.store.walk(View::Current, Ino(77_777), &[b"a"]).await;
    assert_fails(not_there, ErrorKind::NotFound);
    let no_dir = t.store.walk(View::Current, file, &[b"a"]).await;
    assert_fails(no_dir, ErrorKind::NotDirectory);
}

/// Inode numbers are not used twice, also not after their inode is gone.
pub async fn inode_numbers_are_not_used_twice<D: Database>(t: &Fixture<D>) {
    let mut seen = std::collections::BTreeSet::from([Ino::ROOT]);
    for round in 0..5 {
        for i in 0..4 {
            let ino = t.file(Ino::ROOT, &format!("f{i}"), b"x").await;
            assert!(seen.insert(ino), "{ino} was used before round {round}");
        }
        t.store.flush().await.unwrap();
        for i in 0..4 {
            t.unlink(Ino::ROOT, &format!("f{i}")).await.unwrap();
        }
    }
}
