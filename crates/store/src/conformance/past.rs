//! What is sealed never changes, whatever becomes of the layers around it.

use std::collections::BTreeMap;

use super::{Fixture, Tree, assert_fails, bytes, tree};
use crate::*;

/// Changes a little of everything; what depends on the round.
async fn change<D: Database>(t: &Fixture<D>, round: u64) {
    let (s, me) = (&t.store, &t.me);
    let dir = match t.find(Ino::ROOT, "dir").await {
        Ok(attr) => attr.ino,
        Err(_) => t.dir(Ino::ROOT, "dir").await,
    };
    let name = |i: u64| format!("f{}", (round + i) % 6);
    for i in 0..3 {
        let file = match t.find(dir, &name(i)).await {
            Ok(attr) => attr.ino,
            Err(_) => t.file(dir, &name(i), b"").await,
        };
        let len = [10, 5_000, 300_000][((round + i) % 3) as usize];
        match (round + i) % 5 {
            0 => drop(t.write(file, 0, &bytes(round, len)).await),
            1 => drop(t.truncate(file, round * 100).await),
            2 => drop(t.write(file, 140_000, b"sparse").await),
            3 => {
                let value = bytes(round, 20);
                s.set_xattr(me, file, b"user.round", &value, XattrMode::Any)
                    .await
                    .unwrap();
            }
            _ => s
                .allocate(me, file, Allocate::PunchHole, 10, 200_000, false)
                .await
                .unwrap(),
        }
    }
    match round % 4 {
        0 => t
            .rename((Ino::ROOT, "dir"), (Ino::ROOT, "moved"), RenameMode::Replace)
            .await
            .unwrap_or_default(),
        1 => drop(t.unlink(dir, &name(0)).await),
        2 => {
            let file = t.find(dir, &name(1)).await.unwrap().ino;
            drop(t.link(file, Ino::ROOT, &format!("link{round}")).await);
        }
        _ => {
            let (from, to) = (name(0), name(1));
            let _may_be_gone = t.rename((dir, &from), (dir, &to), RenameMode::Exchange).await;
        }
    }
    if round % 4 == 3 && t.find(Ino::ROOT, "moved").await.is_ok() {
        let moved = t.find(Ino::ROOT, "moved").await.unwrap().ino;
        for entry in s.list(View::Current, moved, Cookie(0), 100).await.unwrap() {
            s.unlink(me, moved, &entry.name, Unlink::File).await.unwrap();
        }
        t.rmdir(Ino::ROOT, "moved").await.unwrap();
    }
}

/// Seals `count` layers with changes in each, and remembers what they hold.
async fn history<D: Database>(t: &Fixture<D>, count: u64) -> BTreeMap<LayerId, Tree> {
    let mut seen = BTreeMap::new();
    for round in 0..count {
        change(t, round).await;
        let state = tree(&t.store, View::Current).await.unwrap();
        let layer = t.checkpoint(&format!("layer{round}")).await;
        seen.insert(layer, state);
    }
    seen
}

async fn check<D: Database>(t: &Fixture<D>, seen: &BTreeMap<LayerId, Tree>, when: &str) {
    for (layer, state) in seen {
        let now = tree(&t.store, View::Layer(*layer)).await.unwrap();
        assert!(now == *state, "layer {layer} is another {when}");
    }
    let listed: Vec<LayerId> = t.store.layers().await.unwrap().iter().map(|l| l.id).collect();
    let mut expected: Vec<LayerId> = seen.keys().copied().collect();
    expected.push(t.store.position().await.unwrap().head);
    assert_eq!(listed, expected, "{when}");
}

/// Every sealed layer reads as it did when it was sealed, from outside and switched to.
pub async fn a_sealed_layer_never_changes<D: Database>(t: &Fixture<D>) {
    let seen = history(t, 9).await;
    change(t, 9).await;
    check(t, &seen, "after changes").await;
    for (layer, state) in &seen {
        t.store.switch(&t.me, *layer).await.unwrap();
        assert!(tree(&t.store, View::Current).await.unwrap() == *state);
    }
    t.switch_to_head().await;
    t.store.gc().await.unwrap();
    check(t, &seen, "after gc").await;
}

/// Dropping a layer leaves the others as they are.
pub async fn dropping_leaves_other_layers<D: Database>(t: &Fixture<D>) {
    let mut seen = history(t, 8).await;
    change(t, 8).await;
    let head = tree(&t.store, View::Current).await.unwrap();
    let ids: Vec<LayerId> = seen.keys().copied().collect();
    for i in [3, 0, 7, 4, 1] {
        t.store.drop_layer(&t.me, ids[i]).await.unwrap();
        seen.remove(&ids[i]);
        check(t, &seen, "after a drop").await;
        assert!(tree(&t.store, View::Current).await.unwrap() == head);
        assert_fails(t.store.drop_layer(&t.me, ids[i]).await, ErrorKind::NotFound);
    }
    t.store.gc().await.unwrap();
    check(t, &seen, "after drops and gc").await;
    assert_eq!(t.usage().await.layers, seen.len() as u64 + 1);
}

/// The head and the layer in view cannot be dropped, and what is not there cannot either.
pub async fn some_layers_cannot_be_dropped<D: Database>(t: &Fixture<D>) {
    let (one, two) = (t.checkpoint("one").await, t.checkpoint("two").await);
    let head = t.store.position().await.unwrap().head;
    assert_fails(t.store.drop_layer(&t.me, head).await, ErrorKind::Busy);
    t.store.switch(&t.me, one).await.unwrap();
    assert_fails(t.store.drop_layer(&t.me, one).await, ErrorKind::Busy);
    assert_fails(t.store.drop_layer(&t.me, head).await, ErrorKind::Busy);
    assert_fails(t.store.drop_layer(&t.me, LayerId(77)).await, ErrorKind::NotFound);
    t.store.drop_layer(&t.me, two).await.unwrap();
}

/// Squashing leaves the last of the squashed layers, and all others.
pub async fn squashing_leaves_the_last<D: Database>(t: &Fixture<D>) {
    let mut seen = history(t, 8).await;
    let ids: Vec<LayerId> = seen.keys().copied().collect();
    t.store.tag(&t.me, "gone", Some(ids[3])).await.unwrap();
    t.store.tag(&t.me, "stays", Some(ids[5])).await.unwrap();
    t.store.squash(&t.me, ids[2], ids[5]).await.unwrap();
    for id in &ids[2..5] {
        seen.remove(id);
    }
    check(t, &seen, "after a squash").await;
    let last = t.store.find_layer("layer5").await.unwrap();
    assert_eq!((last.id, last.tags), (ids[5], vec!["stays".to_owned()]));
    assert_fails(t.store.find_layer("gone").await, ErrorKind::NotFound);
    t.store.squash(&t.me, ids[0], ids[7]).await.unwrap();
    seen.retain(|id, _| *id == ids[7]);
    check(t, &seen, "after all were squashed").await;
    t.store.gc().await.unwrap();
    check(t, &seen, "after a squash and gc").await;
}

/// A squash needs sealed layers in order, none of which goes while it is in view.
pub async fn some_layers_cannot_be_squashed<D: Database>(t: &Fixture<D>) {
    let ids = [
        t.checkpoint("a").await,
        t.checkpoint("b").await,
        t.checkpoint("c").await,
    ];
    let head = t.store.position().await.unwrap().head;
    let squash = async |first, last| t.store.squash(&t.me, first, last).await;
    assert_fails(squash(ids[1], ids[0]).await, ErrorKind::Invalid);
    assert_fails(squash(ids[0], head).await, ErrorKind::NotFound);
    assert_fails(squash(LayerId(77), ids[2]).await, ErrorKind::NotFound);
    t.store.switch(&t.me, ids[1]).await.unwrap();
    assert_fails(squash(ids[0], ids[2]).await, ErrorKind::Busy);
    squash(ids[0], ids[1]).await.unwrap();
    assert_eq!(t.store.layers().await.unwrap().len(), 3);
}

/// A checkpoint in the past is refused, naming what would go, and changes nothing.
pub async fn a_checkpoint_in_the_past_asks_first<D: Database>(t: &Fixture<D>) {
    let seen = history(t, 4).await;
    let ids: Vec<LayerId> = seen.keys().copied().collect();
    t.store.switch(&t.me, ids[1]).await.unwrap();
    let refused = t.store.checkpoint(&t.me, "new", None, LaterLayers::Keep).await;
    let error = assert_fails(refused, ErrorKind::Busy).to_string();
    for (name, goes) in [("layer0", false), ("layer2", true), ("layer3", true)] {
        assert_eq!(error.contains(name), goes, "{error}");
    }
    assert_eq!(t.store.position().await.unwrap().current, ids[1]);
    check(t, &seen, "after a refusal").await;
}

/// Confirmed, it removes the later layers and goes on from the one in view.
pub async fn history_can_go_on_from_the_past<D: Database>(t: &Fixture<D>) {
    let mut seen = history(t, 6).await;
    change(t, 6).await;
    let ids: Vec<LayerId> = seen.keys().copied().collect();
    let old_head = t.store.position().await.unwrap().head;
    for (target, name) in [(4, ""), (2, "layer2"), (0, "label")] {
        t.store.switch(&t.me, ids[target]).await.unwrap();
        let sealed = t
            .store
            .checkpoint(&t.me, name, None, LaterLayers::Discard)
            .await
            .unwrap();
        assert_eq!(sealed.id, ids[target]);
        seen.retain(|id, _| *id <= ids[target]);
        check(t, &seen, "after going back").await;
        let now = tree(&t.store, View::Current).await.unwrap();
        assert!(now == seen[&ids[target]], "it goes on from the layer in view");
        let position = t.store.position().await.unwrap();
        assert_eq!(position.current, position.head);
        assert!(position.head > old_head, "no number is used twice");
        change(t, 20 + target as u64).await;
        check(t, &seen, "after going on").await;
    }
    assert_eq!(t.store.find_layer("label").await.unwrap().id, ids[0]);
    let more = history_names(t).await;
    assert_eq!(more, ["layer0"]);
    let state = tree(&t.store, View::Current).await.unwrap();
    let again = t.checkpoint("layer3").await;
    assert!(again > old_head, "names are free again, numbers are not");
    seen.insert(again, state);
    t.store.gc().await.unwrap();
    check(t, &seen, "after gc").await;
    assert_eq!(t.usage().await.layers, seen.len() as u64 + 1);
}

async fn history_names<D: Database>(t: &Fixture<D>) -> Vec<String> {
    let layers = t.store.layers().await.unwrap();
    layers.into_iter().filter_map(|l| l.name).collect()
}

/// Going back in the past may drop, squash and discard in any order.
pub async fn history_survives_everything_at_once<D: Database>(t: &Fixture<D>) {
    let mut seen = history(t, 10).await;
    let ids: Vec<LayerId> = seen.keys().copied().collect();
    t.store.drop_layer(&t.me, ids[5]).await.unwrap();
    t.store.squash(&t.me, ids[1], ids[3]).await.unwrap();
    seen.retain(|id, _| ![ids[5], ids[1], ids[2]].contains(id));
    t.store.switch(&t.me, ids[6]).await.unwrap();
    t.store
        .checkpoint(&t.me, "", None, LaterLayers::Discard)
        .await
        .unwrap();
    seen.retain(|id, _| *id <= ids[6]);
    check(t, &seen, "after all of it").await;
    for round in 30..35 {
        change(t, round).await;
        let state = tree(&t.store, View::Current).await.unwrap();
        seen.insert(t.checkpoint(&format!("new{round}")).await, state);
    }
    t.store.drop_layer(&t.me, ids[4]).await.unwrap();
    t.store.drop_layer(&t.me, ids[6]).await.unwrap();
    seen.retain(|id, _| ![ids[4], ids[6]].contains(id));
    check(t, &seen, "after going on").await;
    t.store.gc().await.unwrap();
    check(t, &seen, "after gc").await;
}
