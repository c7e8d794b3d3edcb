//! Collecting garbage keeps everything that can be reached.

use super::{Fixture, bytes, tree};
use crate::*;

/// The current view and every layer read the same before and after, and what was dropped gives its room back.
pub async fn gc_keeps_what_can_be_reached<D: Database>(t: &Fixture<D>) {
    let mut layers = Vec::new();
    for round in 0..4u64 {
        for i in 0..8 {
            let name = format!("f{i}");
            let file = match t.find(Ino::ROOT, &name).await {
                Ok(attr) => attr.ino,
                Err(_) => t.file(Ino::ROOT, &name, b"").await,
            };
            t.write(file, (i * 10_000) * round, &bytes(round * 10 + i, 150_000))
                .await;
            if i % 3 == 0 {
                t.store.flush().await.unwrap();
            }
        }
        t.unlink(Ino::ROOT, &format!("f{round}")).await.unwrap();
        let state = tree(&t.store, View::Current).await.unwrap();
        layers.push((t.checkpoint(&format!("l{round}")).await, state));
    }
    for round in 0..4 {
        let held = t.file(Ino::ROOT, "held", &bytes(99, 200_000)).await;
        t.store.hold(held).await.unwrap();
        t.unlink(Ino::ROOT, "held").await.unwrap();
        let current = tree(&t.store, View::Current).await.unwrap();
        let used = t.usage().await.bytes;
        t.store.gc().await.unwrap();
        t.database.gc().await.unwrap();
        assert!(tree(&t.store, View::Current).await.unwrap() == current);
        for (layer, state) in &layers {
            assert!(
                tree(&t.store, View::Layer(*layer)).await.unwrap() == *state,
                "{layer} in round {round}"
            );
        }
        assert!(t.content(View::Current, held).await == bytes(99, 200_000));
        assert_eq!(t.usage().await.bytes, used, "garbage was never counted");
        t.store.release(held).await.unwrap();
        if !layers.is_empty() {
            let (layer, _) = layers.remove(if round % 2 == 0 { 0 } else { layers.len() - 1 });
            t.store.drop_layer(&t.me, layer).await.unwrap();
        }
    }
}

/// With nothing to collect it collects nothing.
pub async fn gc_of_nothing_does_nothing<D: Database>(t: &Fixture<D>) {
    t.file(Ino::ROOT, "file", &bytes(1, 300_000)).await;
    t.store.flush().await.unwrap();
    t.store.gc().await.unwrap();
    let again = t.store.gc().await.unwrap();
    assert_eq!((again.inodes, again.log_records, again.segments), (0, 0, 0));
}
