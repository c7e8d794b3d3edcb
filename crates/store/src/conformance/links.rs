//! Hard links and removal: how many names an inode has.

use super::{Fixture, assert_fails};
use crate::*;

/// All names of an inode show the same.
pub async fn links_are_names_of_one_inode<D: Database>(t: &Fixture<D>) {
    let dir = t.dir(Ino::ROOT, "dir").await;
    let file = t.file(Ino::ROOT, "a", b"content").await;
    let linked = t.link(file, dir, "b").await.unwrap();
    assert_eq!((linked.ino, linked.nlink), (file, 2));
    assert_eq!(t.link(file, Ino::ROOT, "c").await.unwrap().nlink, 3);
    t.write(file, 0, b"CON").await;
    for (at, name) in [(Ino::ROOT, "a"), (dir, "b"), (Ino::ROOT, "c")] {
        let found = t.find(at, name).await.unwrap();
        assert_eq!(found, t.attr(file).await);
        assert_eq!(t.content(View::Current, found.ino).await, b"CONtent");
    }
    assert_eq!(
        t.attr(dir).await.nlink,
        2,
        "only directories count in their parent"
    );
}

/// An inode lives as long as it has a name.
pub async fn an_inode_goes_with_its_last_name<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "a", b"content").await;
    t.link(file, Ino::ROOT, "b").await.unwrap();
    assert_eq!(t.unlink(Ino::ROOT, "a").await.unwrap().nlink, 1);
    assert_fails(t.find(Ino::ROOT, "a").await, ErrorKind::NotFound);
    t.store.flush().await.unwrap();
    assert_eq!(t.content(View::Current, file).await, b"content");
    let last = t.unlink(Ino::ROOT, "b").await.unwrap();
    assert_eq!((last.ino, last.nlink), (file, 0));
    assert_fails(t.unlink(Ino::ROOT, "b").await, ErrorKind::NotFound);
    assert!(t.names(View::Current, Ino::ROOT).await.is_empty());
}

/// Whichever name goes, the others still lead to a path.
pub async fn a_path_is_found_whichever_name_goes<D: Database>(t: &Fixture<D>) {
    let dir = t.dir(Ino::ROOT, "dir").await;
    for gone in 0..3 {
        let file = t.file(Ino::ROOT, "a", b"").await;
        t.link(file, dir, "b").await.unwrap();
        t.link(file, Ino::ROOT, "c").await.unwrap();
        t.store.flush().await.unwrap();
        let mut names = vec![
            (Ino::ROOT, "a", "/a"),
            (dir, "b", "/dir/b"),
            (Ino::ROOT, "c", "/c"),
        ];
        for _ in 0..2 {
            let (at, name, _) = names.remove(gone % names.len());
            t.unlink(at, name).await.unwrap();
            let path = t.path(file).await;
            assert!(names.iter().any(|(_, _, p)| *p == path), "{path} is no name left");
        }
        let (at, name, path) = names[0];
        let before = t.store.last_seq().await.unwrap();
        t.write(file, 0, b"x").await;
        assert_eq!(t.log_after(before).await, [format!("write {path}")]);
        t.rename((at, name), (dir, "moved"), RenameMode::Replace)
            .await
            .unwrap();
        assert_eq!(t.path(file).await, "/dir/moved");
        t.unlink(dir, "moved").await.unwrap();
    }
}

/// A directory has one name.
pub async fn directories_cannot_be_linked<D: Database>(t: &Fixture<D>) {
    let dir = t.dir(Ino::ROOT, "dir").await;
    assert_fails(t.link(dir, Ino::ROOT, "other").await, ErrorKind::NotPermitted);
    assert_fails(t.link(Ino::ROOT, dir, "root").await, ErrorKind::NotPermitted);
    assert_eq!(t.attr(dir).await.nlink, 2);
}

/// A link to what is not there, over what is there, or below what is no directory is refused.
pub async fn wrong_links_are_refused<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "a", b"").await;
    t.file(Ino::ROOT, "b", b"").await;
    assert_fails(t.link(file, Ino::ROOT, "b").await, ErrorKind::Exists);
    assert_fails(t.link(file, Ino::ROOT, "a").await, ErrorKind::Exists);
    assert_fails(t.link(file, file, "x").await, ErrorKind::NotDirectory);
    assert_fails(t.link(Ino(4_711), Ino::ROOT, "x").await, ErrorKind::NotFound);
    assert_fails(t.link(file, Ino(4_711), "x").await, ErrorKind::NotFound);
    assert_eq!(t.attr(file).await.nlink, 1);
}

/// Symbolic links and device nodes have several names as files do.
pub async fn anything_but_a_directory_can_be_linked<D: Database>(t: &Fixture<D>) {
    for (i, kind) in [FileKind::Symlink, FileKind::Fifo, FileKind::CharDevice]
        .into_iter()
        .enumerate()
    {
        let made = t.make(Ino::ROOT, &format!("a{i}"), kind).await.unwrap();
        let linked = t.link(made.ino, Ino::ROOT, &format!("b{i}")).await.unwrap();
        assert_eq!((linked.kind, linked.nlink), (kind, 2));
    }
}

/// Removing asks for what it is to remove.
pub async fn removal_names_the_kind<D: Database>(t: &Fixture<D>) {
    let dir = t.dir(Ino::ROOT, "dir").await;
    t.file(Ino::ROOT, "file", b"").await;
    assert_fails(t.unlink(Ino::ROOT, "dir").await, ErrorKind::IsDirectory);
    assert_fails(t.rmdir(Ino::ROOT, "file").await, ErrorKind::NotDirectory);
    let inner = t.file(dir, "inner", b"").await;
    assert_fails(t.rmdir(Ino::ROOT, "dir").await, ErrorKind::NotEmpty);
    t.unlink(dir, "inner").await.unwrap();
    assert_fails(t.store.attr(View::Current, inner).await, ErrorKind::NotFound);
    assert_eq!(t.attr(Ino::ROOT).await.nlink, 3);
    assert_eq!(t.rmdir(Ino::ROOT, "dir").await.unwrap().nlink, 0);
    assert_eq!(t.attr(Ino::ROOT).await.nlink, 2);
    assert_fails(t.find(dir, "inner").await, ErrorKind::NotFound);
}

/// A name that went can be taken again, by anything.
pub async fn a_name_that_went_can_be_taken_again<D: Database>(t: &Fixture<D>) {
    for flush in [false, true] {
        let first = t.file(Ino::ROOT, "name", b"first").await;
        t.unlink(Ino::ROOT, "name").await.unwrap();
        if flush {
            t.store.flush().await.unwrap();
        }
        let second = t.dir(Ino::ROOT, "name").await;
        assert_ne!(first, second);
        t.rmdir(Ino::ROOT, "name").await.unwrap();
        let third = t.file(Ino::ROOT, "name", b"").await;
        assert_eq!(t.content(View::Current, third).await, b"");
        t.unlink(Ino::ROOT, "name").await.unwrap();
    }
    assert_eq!(t.attr(Ino::ROOT).await.size, 0);
}

/// `ctime` follows when the number of names changes; the directory's times follow its entries.
pub async fn times_follow_names<D: Database>(t: &Fixture<D>) {
    let dir = t.dir(Ino::ROOT, "dir").await;
    let file = t.file(Ino::ROOT, "a", b"").await;
    let age = async |ino| {
        let old = Some(SetTime::At(Timestamp(1_000)));
        let set = SetAttr {
            mtime: old,
            atime: old,
            ..SetAttr::default()
        };
        t.store.set_attr(&t.me, ino, &set).await.unwrap()
    };
    age(dir).await;
    let before = age(file).await;
    let linked = t.link(file, dir, "b").await.unwrap();
    assert!(linked.ctime >= before.ctime);
    assert_eq!(linked.mtime, Timestamp(1_000), "the content did not change");
    let changed = t.attr(dir).await;
    assert!(changed.mtime > Timestamp(1_000) && changed.ctime >= changed.mtime);
    age(dir).await;
    t.unlink(dir, "b").await.unwrap();
    assert!(t.attr(dir).await.mtime > Timestamp(1_000));
    assert_eq!(t.attr(file).await.mtime, Timestamp(1_000));
}
