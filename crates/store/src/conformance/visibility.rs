//! Several handles on one tenant, and making things lasting.

use super::{Fixture, bytes, tree};
use crate::*;

/// What is done through one handle is seen through every other at once.
pub async fn handles_see_each_other_at_once<D: Database>(t: &Fixture<D>) {
    let other = t.database.open_tenant("default").await.unwrap();
    let file = t.file(Ino::ROOT, "file", b"one").await;
    assert_eq!(
        other.lookup(View::Current, Ino::ROOT, b"file").await.unwrap().ino,
        file
    );
    other
        .write(&t.me, file, WriteAt::End, b" two", false)
        .await
        .unwrap();
    assert_eq!(t.content(View::Current, file).await, b"one two");
    assert_eq!(other.last_seq().await.unwrap(), t.store.last_seq().await.unwrap());
    let one = other
        .checkpoint(&t.me, "one", None, LaterLayers::Keep)
        .await
        .unwrap()
        .id;
    assert_eq!(t.store.find_layer("one").await.unwrap().id, one);
    t.store.switch(&t.me, one).await.unwrap();
    assert_eq!(other.position().await.unwrap().current, one);
    t.store.hold(file).await.unwrap();
    t.switch_to_head().await;
    other
        .unlink(&t.me, Ino::ROOT, b"file", Unlink::File)
        .await
        .unwrap();
    assert_eq!(t.content(View::Current, file).await, b"one two");
    other.release(file).await.unwrap();
    assert!(
        t.store.attr(View::Current, file).await.is_err(),
        "holds belong to the database, not the handle"
    );
}

/// Storing what was done changes nothing that can be seen, and can be asked for at any time.
pub async fn storing_changes_nothing_that_is_seen<D: Database>(t: &Fixture<D>) {
    t.store.sync().await.unwrap();
    t.store.flush().await.unwrap();
    let dir = t.dir(Ino::ROOT, "dir").await;
    for i in 0..20 {
        let file = t
            .file(dir, &format!("f{i}"), &bytes(i, 1 + 20_000 * i as usize))
            .await;
        t.write(file, i * 5_000, b"again").await;
        t.store
            .set_xattr(&t.me, file, b"user.i", &[i as u8], XattrMode::Any)
            .await
            .unwrap();
    }
    t.unlink(dir, "f3").await.unwrap();
    let before = tree(&t.store, View::Current).await.unwrap();
    t.store.flush().await.unwrap();
    assert!(tree(&t.store, View::Current).await.unwrap() == before);
    t.store.sync().await.unwrap();
    assert!(tree(&t.store, View::Current).await.unwrap() == before);
    t.store.sync().await.unwrap();
    let usage = t.store.tenant().await.unwrap().usage;
    t.store.sync().await.unwrap();
    assert_eq!(t.store.tenant().await.unwrap().usage, usage);
}

/// Numbers about the work grow with it.
pub async fn performance_counts_the_work<D: Database>(t: &Fixture<D>) {
    let before = t.store.performance().await.unwrap();
    let data = bytes(1, 500_000);
    let file = t.file(Ino::ROOT, "file", &data).await;
    t.store.sync().await.unwrap();
    t.content(View::Current, file).await;
    let after = t.store.performance().await.unwrap();
    assert!(after.commits > before.commits && after.syncs > before.syncs);
    assert!(after.bytes_written >= before.bytes_written + 500_000);
    t.file(Ino::ROOT, "copy", &data).await;
    t.store.sync().await.unwrap();
    let last = t.store.performance().await.unwrap();
    assert!(last.bytes_deduplicated >= after.bytes_deduplicated + 250_000);
}
