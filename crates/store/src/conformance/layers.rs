//! Layers: sealing, switching, finding, tagging.

use super::{Fixture, assert_fails};
use crate::*;

/// A tenant begins with one layer, which is being written.
pub async fn a_tenant_begins_with_one_layer<D: Database>(t: &Fixture<D>) {
    let position = t.store.position().await.unwrap();
    assert_eq!(position.current, position.head);
    let layers = t.store.layers().await.unwrap();
    assert_eq!(layers.len(), 1);
    let head = &layers[0];
    assert_eq!(
        (head.id, &head.name, head.sealed, head.current),
        (position.head, &None, None, true)
    );
    assert_eq!(t.store.find_layer("head").await.unwrap(), layers[0]);
    assert_eq!(t.usage().await.layers, 1);
}

/// A checkpoint seals the layer and begins a new one.
pub async fn a_checkpoint_seals_the_layer<D: Database>(t: &Fixture<D>) {
    t.file(Ino::ROOT, "file", b"x").await;
    let before = t.store.position().await.unwrap();
    let sealed = t
        .store
        .checkpoint(&t.me, "première", Some("what was done"), LaterLayers::Keep)
        .await
        .unwrap();
    assert_eq!(sealed.id, before.head);
    assert_eq!(sealed.name.as_deref(), Some("première"));
    assert_eq!(sealed.description.as_deref(), Some("what was done"));
    assert!(sealed.sealed.is_some() && !sealed.current && sealed.tags.is_empty());
    let after = t.store.position().await.unwrap();
    assert!(after.head > before.head && after.current == after.head);
    let layers = t.store.layers().await.unwrap();
    assert_eq!(layers.len(), 2);
    assert_eq!(layers[0], sealed);
    assert_eq!((layers[1].id, layers[1].current), (after.head, true));
    assert_eq!(t.usage().await.layers, 2);
    // A layer in which nothing happened can be sealed as well.
    t.checkpoint("second").await;
    assert_eq!(t.store.layers().await.unwrap().len(), 3);
}

/// Names of layers and tags have rules, and are taken once.
pub async fn layer_names_have_rules<D: Database>(t: &Fixture<D>) {
    t.checkpoint("taken").await;
    let long = "n".repeat(256);
    let before = t.store.last_seq().await.unwrap();
    for name in ["", "a/b", "a\nb", "\u{7f}", "123", "0", "head", long.as_str()] {
        let refused = t.store.checkpoint(&t.me, name, None, LaterLayers::Keep).await;
        assert_fails(refused, ErrorKind::Invalid);
        let one = t.store.find_layer("taken").await.unwrap().id;
        assert_fails(t.store.tag(&t.me, name, Some(one)).await, ErrorKind::Invalid);
    }
    let refused = t.store.checkpoint(&t.me, "taken", None, LaterLayers::Keep).await;
    assert_fails(refused, ErrorKind::Exists);
    assert_eq!(
        t.store.last_seq().await.unwrap(),
        before,
        "refused, so nothing is recorded"
    );
    for name in ["a b", "1a", "+5", "-1", "Ünï", &"n".repeat(255)] {
        let id = t.checkpoint(name).await;
        assert_eq!(t.store.find_layer(name).await.unwrap().id, id, "{name}");
    }
}

/// A layer is found by its name, its tags and its number.
pub async fn a_layer_is_found_by_all_it_goes_by<D: Database>(t: &Fixture<D>) {
    let one = t.checkpoint("one").await;
    let two = t.checkpoint("two").await;
    t.store.tag(&t.me, "stable", Some(one)).await.unwrap();
    t.store.tag(&t.me, "best", Some(one)).await.unwrap();
    let found = t.store.find_layer("one").await.unwrap();
    assert_eq!(found.tags, ["best", "stable"]);
    for name in ["stable", "best", &one.to_string()] {
        assert_eq!(t.store.find_layer(name).await.unwrap(), found);
    }
    assert_eq!(t.store.layers().await.unwrap()[0], found);
    assert_eq!(t.store.find_layer("two").await.unwrap().id, two);
    let head = t.store.position().await.unwrap().head;
    assert_eq!(t.store.find_layer("head").await.unwrap().id, head);
    assert_eq!(t.store.find_layer(&head.to_string()).await.unwrap().id, head);
    for missing in ["three", "0", "999", "Stable", "99999999999999999999999"] {
        assert_fails(t.store.find_layer(missing).await, ErrorKind::NotFound);
    }
}

/// A tag moves, goes, and takes no name that a layer has.
pub async fn a_tag_can_be_moved_and_removed<D: Database>(t: &Fixture<D>) {
    let (one, two) = (t.checkpoint("one").await, t.checkpoint("two").await);
    let s = &t.store;
    s.tag(&t.me, "tag", Some(one)).await.unwrap();
    s.tag(&t.me, "tag", Some(two)).await.unwrap();
    assert_eq!(s.find_layer("tag").await.unwrap().id, two);
    assert!(s.find_layer("one").await.unwrap().tags.is_empty());
    assert_fails(s.tag(&t.me, "one", Some(two)).await, ErrorKind::Exists);
    let taken = s.checkpoint(&t.me, "tag", None, LaterLayers::Keep).await;
    assert_fails(taken, ErrorKind::Exists);
    s.tag(&t.me, "tag", None).await.unwrap();
    assert_fails(s.find_layer("tag").await, ErrorKind::NotFound);
    assert_fails(s.tag(&t.me, "tag", None).await, ErrorKind::NotFound);
    assert_fails(s.tag(&t.me, "tag", Some(LayerId(999))).await, ErrorKind::NotFound);
    let head = s.position().await.unwrap().head;
    assert_fails(s.tag(&t.me, "tag", Some(head)).await, ErrorKind::Invalid);
}

/// Switching brings the past into view, and back.
pub async fn switching_brings_the_past_into_view<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", b"old").await;
    let one = t.checkpoint("one").await;
    t.write(file, 0, b"new").await;
    let later = t.file(Ino::ROOT, "later", b"").await;
    let head = t.store.position().await.unwrap().head;
    t.store.switch(&t.me, one).await.unwrap();
    let position = t.store.position().await.unwrap();
    assert_eq!((position.current, position.head), (one, head));
    assert_eq!(t.content(View::Current, file).await, b"old");
    assert_eq!(t.names(View::Current, Ino::ROOT).await, ["file"]);
    assert_fails(t.store.attr(View::Current, later).await, ErrorKind::NotFound);
    assert_eq!(
        t.content(View::Layer(head), file).await,
        b"new",
        "the head can still be looked at"
    );
    let layers = t.store.layers().await.unwrap();
    assert_eq!(
        layers.iter().map(|l| l.current).collect::<Vec<_>>(),
        [true, false]
    );
    t.store.switch(&t.me, head).await.unwrap();
    assert_eq!(t.content(View::Current, file).await, b"new");
    assert_eq!(t.names(View::Current, Ino::ROOT).await, ["file", "later"]);
    assert_fails(t.store.switch(&t.me, LayerId(999)).await, ErrorKind::NotFound);
    assert_fails(t.store.switch(&t.me, LayerId(0)).await, ErrorKind::NotFound);
}

/// While the past is in view nothing can be written, and the error says what to do.
pub async fn the_past_cannot_be_written<D: Database>(t: &Fixture<D>) {
    let dir = t.dir(Ino::ROOT, "dir").await;
    let file = t.file(dir, "file", b"content").await;
    let one = t.checkpoint("one").await;
    t.store.switch(&t.me, one).await.unwrap();
    let (s, me) = (&t.store, &t.me);
    let seq = s.last_seq().await.unwrap();
    let refused = t.make(dir, "x", FileKind::File).await;
    let error = assert_fails(refused, ErrorKind::ReadOnly);
    assert!(error.detail().is_some_and(|d| d.contains("head")), "{error}");
    assert_fails(t.link(file, dir, "x").await, ErrorKind::ReadOnly);
    assert_fails(t.unlink(dir, "file").await, ErrorKind::ReadOnly);
    let moved = t.rename((dir, "file"), (dir, "x"), RenameMode::Replace).await;
    assert_fails(moved, ErrorKind::ReadOnly);
    assert_fails(
        s.set_attr(me, file, &SetAttr::default()).await,
        ErrorKind::ReadOnly,
    );
    let set = s.set_xattr(me, file, b"a", b"b", XattrMode::Any).await;
    assert_fails(set, ErrorKind::ReadOnly);
    assert_fails(s.remove_xattr(me, file, b"a").await, ErrorKind::ReadOnly);
    assert_fails(
        s.write(me, file, WriteAt::End, b"x", false).await,
        ErrorKind::ReadOnly,
    );
    let allocated = s.allocate(me, file, Allocate::Extend, 0, 100, false).await;
    assert_fails(allocated, ErrorKind::ReadOnly);
    let copied = s.copy_range(me, View::Current, file, 0, file, 100, 5).await;
    assert_fails(copied, ErrorKind::ReadOnly);
    assert_eq!(s.last_seq().await.unwrap(), seq);
    t.switch_to_head().await;
    t.write(file, 0, b"C").await;
    assert_eq!(t.content(View::Current, file).await, b"Content");
}

/// What was open before a switch can be released after it.
pub async fn holds_outlast_a_switch<D: Database>(t: &Fixture<D>) {
    let one = t.checkpoint("one").await;
    let file = t.file(Ino::ROOT, "file", b"content").await;
    t.store.hold(file).await.unwrap();
    t.unlink(Ino::ROOT, "file").await.unwrap();
    t.store.switch(&t.me, one).await.unwrap();
    t.store.release(file).await.unwrap();
    t.switch_to_head().await;
    t.store.gc().await.unwrap();
    assert_fails(t.store.attr(View::Current, file).await, ErrorKind::NotFound);
    assert_eq!(t.usage().await.inodes, 1);
}

/// A view of a layer that is not there shows nothing.
pub async fn a_view_needs_its_layer<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", b"x").await;
    let one = t.checkpoint("one").await;
    t.write(file, 0, b"y").await;
    let two = t.checkpoint("two").await;
    t.write(file, 0, b"z").await;
    t.store.drop_layer(&t.me, one).await.unwrap();
    let head = t.store.position().await.unwrap().head;
    for layer in [LayerId(0), one, LayerId(head.0 + 1), LayerId(u64::MAX)] {
        let view = View::Layer(layer);
        let mut buffer = [0; 4];
        let s = &t.store;
        assert_fails(s.attr(view, Ino::ROOT).await, ErrorKind::NotFound);
        assert_fails(s.lookup(view, Ino::ROOT, b"file").await, ErrorKind::NotFound);
        assert_fails(s.list(view, Ino::ROOT, Cookie(0), 9).await, ErrorKind::NotFound);
        assert_fails(
            s.read(view, file, 0, &mut buffer, Access::Quiet).await,
            ErrorKind::NotFound,
        );
    }
    assert_eq!(t.content(View::Layer(two), file).await, b"y");
}
