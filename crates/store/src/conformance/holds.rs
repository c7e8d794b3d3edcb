//! Inodes that are open live on without names.

use super::{Fixture, assert_fails, bytes};
use crate::*;

/// A held inode is read and written after its last name went, until the last release.
pub async fn a_held_inode_lives_without_names<D: Database>(t: &Fixture<D>) {
    for (size, flush) in [(100, false), (100, true), (300_000, false), (300_000, true)] {
        let data = bytes(1, size);
        let file = t.file(Ino::ROOT, "file", &data).await;
        t.store
            .set_xattr(&t.me, file, b"user.a", b"b", XattrMode::Any)
            .await
            .unwrap();
        t.store.hold(file).await.unwrap();
        t.store.hold(file).await.unwrap();
        assert_eq!(t.unlink(Ino::ROOT, "file").await.unwrap().nlink, 0);
        if flush {
            t.store.flush().await.unwrap();
        }
        assert_eq!(t.attr(file).await.nlink, 0);
        assert!(t.content(View::Current, file).await == data);
        t.write(file, size as u64, b"more").await;
        assert_eq!(t.attr(file).await.size, size as u64 + 4);
        assert_eq!(t.store.xattr(View::Current, file, b"user.a").await.unwrap(), b"b");
        assert_fails(t.link(file, Ino::ROOT, "back").await, ErrorKind::NotFound);
        assert_fails(t.store.path_of(View::Current, file).await, ErrorKind::NotFound);
        t.store.release(file).await.unwrap();
        assert!(
            t.content(View::Current, file).await.starts_with(&data),
            "held once more"
        );
        t.store.gc().await.unwrap();
        assert!(
            t.content(View::Current, file).await.starts_with(&data),
            "gc respects who holds"
        );
        t.store.release(file).await.unwrap();
        assert_fails(t.store.attr(View::Current, file).await, ErrorKind::NotFound);
    }
    assert_eq!(t.usage().await.inodes, 1);
}

/// The inode that a rename replaces lives on while it is held, too.
pub async fn a_replaced_inode_lives_while_held<D: Database>(t: &Fixture<D>) {
    let old = t.file(Ino::ROOT, "a", b"old").await;
    t.file(Ino::ROOT, "b", b"new").await;
    t.store.hold(old).await.unwrap();
    t.rename((Ino::ROOT, "b"), (Ino::ROOT, "a"), RenameMode::Replace)
        .await
        .unwrap();
    assert_eq!(t.content(View::Current, old).await, b"old");
    t.store.release(old).await.unwrap();
    assert_fails(t.store.attr(View::Current, old).await, ErrorKind::NotFound);
}

/// A removed directory that is held is empty and takes nothing new.
pub async fn a_removed_directory_takes_nothing<D: Database>(t: &Fixture<D>) {
    let dir = t.dir(Ino::ROOT, "dir").await;
    let file = t.file(Ino::ROOT, "file", b"").await;
    t.store.hold(dir).await.unwrap();
    t.rmdir(Ino::ROOT, "dir").await.unwrap();
    assert_eq!(t.attr(dir).await.nlink, 0);
    assert!(t.names(View::Current, dir).await.is_empty());
    assert_fails(t.make(dir, "x", FileKind::File).await, ErrorKind::NotFound);
    assert_fails(t.link(file, dir, "x").await, ErrorKind::NotFound);
    let moved = t
        .rename((Ino::ROOT, "file"), (dir, "x"), RenameMode::Replace)
        .await;
    assert_fails(moved, ErrorKind::NotFound);
    assert_fails(t.find(dir, "x").await, ErrorKind::NotFound);
    t.store.release(dir).await.unwrap();
    assert_fails(t.store.attr(View::Current, dir).await, ErrorKind::NotFound);
}

/// Releasing an inode that still has a name changes nothing.
pub async fn a_release_leaves_what_has_a_name<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", b"abc").await;
    t.store.hold(file).await.unwrap();
    t.link(file, Ino::ROOT, "other").await.unwrap();
    t.unlink(Ino::ROOT, "file").await.unwrap();
    t.store.release(file).await.unwrap();
    assert_eq!(t.content(View::Current, file).await, b"abc");
    assert_eq!(t.attr(file).await.nlink, 1);
}

/// What is held across a checkpoint goes with its last holder, and stays in no later layer.
pub async fn a_checkpoint_does_not_end_a_hold<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", b"abc").await;
    t.store.hold(file).await.unwrap();
    t.unlink(Ino::ROOT, "file").await.unwrap();
    let layer = t.checkpoint("one").await;
    assert_eq!(t.content(View::Current, file).await, b"abc");
    t.store.release(file).await.unwrap();
    assert_fails(t.store.attr(View::Current, file).await, ErrorKind::NotFound);
    assert!(t.names(View::Layer(layer), Ino::ROOT).await.is_empty());
    assert_eq!(t.usage().await.inodes, 1);
}

/// Going back to a layer that was sealed while something was open leaves nothing behind that gc would not find.
pub async fn going_back_leaves_no_orphans<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", &bytes(1, 200_000)).await;
    t.store.hold(file).await.unwrap();
    t.unlink(Ino::ROOT, "file").await.unwrap();
    let layer = t.checkpoint("one").await;
    t.store.release(file).await.unwrap();
    t.file(Ino::ROOT, "later", b"").await;
    t.store.switch(&t.me, layer).await.unwrap();
    t.store
        .checkpoint(&t.me, "", None, LaterLayers::Discard)
        .await
        .unwrap();
    assert!(t.names(View::Current, Ino::ROOT).await.is_empty());
    t.store.gc().await.unwrap();
    assert_eq!(t.usage().await.inodes, 1);
    assert_fails(t.store.attr(View::Current, file).await, ErrorKind::NotFound);
}
