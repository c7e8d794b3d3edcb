//! Quotas and the counters they are checked by.

use super::{Fixture, assert_fails, bytes};
use crate::*;

async fn limit<D: Database>(t: &Fixture<D>, quota: Quota) {
    t.database.set_quota("default", quota).await.unwrap();
}

fn limit_bytes(bytes: u64) -> Quota {
    Quota {
        bytes: Some(bytes),
        ..Quota::default()
    }
}

/// Inodes over the quota are refused, and free again when others go.
pub async fn inodes_are_limited<D: Database>(t: &Fixture<D>) {
    let quota = Quota {
        inodes: Some(4),
        ..Quota::default()
    };
    limit(t, quota).await;
    let file = t.file(Ino::ROOT, "a", b"").await;
    t.dir(Ino::ROOT, "b").await;
    t.make(Ino::ROOT, "c", FileKind::Symlink).await.unwrap();
    let seq = t.store.last_seq().await.unwrap();
    for kind in [
        FileKind::File,
        FileKind::Directory,
        FileKind::Symlink,
        FileKind::Fifo,
    ] {
        let error = assert_fails(t.make(Ino::ROOT, "d", kind).await, ErrorKind::QuotaExceeded);
        assert!(error.to_string().contains('4'), "{error}");
    }
    assert_eq!(t.store.last_seq().await.unwrap(), seq);
    assert_eq!(t.names(View::Current, Ino::ROOT).await, ["a", "b", "c"]);
    t.link(file, Ino::ROOT, "another name is no inode").await.unwrap();
    t.rmdir(Ino::ROOT, "b").await.unwrap();
    t.file(Ino::ROOT, "d", b"").await;
    assert_eq!(t.usage().await.inodes, 4);
    assert_fails(
        t.make(Ino::ROOT, "e", FileKind::File).await,
        ErrorKind::QuotaExceeded,
    );
}

/// Layers over the quota are refused, and free again when others go.
pub async fn layers_are_limited<D: Database>(t: &Fixture<D>) {
    let quota = Quota {
        layers: Some(3),
        ..Quota::default()
    };
    limit(t, quota).await;
    let one = t.checkpoint("one").await;
    let two = t.checkpoint("two").await;
    let refused = t.store.checkpoint(&t.me, "three", None, LaterLayers::Keep).await;
    assert_fails(refused, ErrorKind::QuotaExceeded);
    t.file(Ino::ROOT, "still", b"writable").await;
    t.store.drop_layer(&t.me, one).await.unwrap();
    t.checkpoint("three").await;
    t.store.switch(&t.me, two).await.unwrap();
    t.store
        .checkpoint(&t.me, "", None, LaterLayers::Discard)
        .await
        .unwrap();
    assert_eq!(t.usage().await.layers, 2);
    t.checkpoint("four").await;
}

/// Bytes over the quota are refused, however they come; a refused operation changes nothing.
pub async fn bytes_are_limited<D: Database>(t: &Fixture<D>) {
    let small = t.file(Ino::ROOT, "small", &bytes(1, 1_000)).await;
    let large = t.file(Ino::ROOT, "large", &bytes(2, 300_000)).await;
    let used = t.usage().await.bytes;
    assert!(used >= 301_000, "{used}");
    limit(t, limit_bytes(used + 100)).await;
    let (s, me, kind) = (&t.store, &t.me, ErrorKind::QuotaExceeded);
    let seq = s.last_seq().await.unwrap();
    let before = (t.attr(small).await, t.attr(large).await);
    assert_fails(
        s.write(me, small, WriteAt::End, &bytes(3, 200), false).await,
        kind,
    );
    assert_fails(
        s.write(me, large, WriteAt::End, &bytes(3, 200), false).await,
        kind,
    );
    let far = WriteAt::Offset(10_000_000);
    assert_fails(s.write(me, large, far, &bytes(3, 200), false).await, kind);
    let xattr = s
        .set_xattr(me, small, b"user.a", &bytes(4, 200), XattrMode::Any)
        .await;
    assert_fails(xattr, kind);
    let long = NewInode {
        kind: FileKind::Symlink,
        mode: 0o777,
        uid: 0,
        gid: 0,
        rdev: 0,
        target: &[b't'; 200],
    };
    assert_fails(s.create(me, Ino::ROOT, b"link", &long).await, kind);
    for how in [Allocate::Extend, Allocate::KeepSize] {
        assert_fails(s.allocate(me, large, how, 0, 400_000, false).await, kind);
    }
    assert_eq!((t.attr(small).await, t.attr(large).await), before);
    assert_eq!(s.last_seq().await.unwrap(), seq);
    assert_eq!(t.usage().await.bytes, used);
    // Holes cost nothing, and what fits is taken.
    t.truncate(large, 1 << 40).await;
    t.write(small, 1_000, b"fits").await;
    limit(t, Quota::default()).await;
    t.write(large, 500_000, &bytes(5, 100_000)).await;
}

/// Many small pieces count as well as one large one, stored or not.
pub async fn small_pieces_add_up<D: Database>(t: &Fixture<D>) {
    limit(t, limit_bytes(500_000)).await;
    let file = t.file(Ino::ROOT, "file", b"").await;
    let mut written = 0u64;
    let refused = loop {
        let data = bytes(written, 7_000);
        match t.store.write(&t.me, file, WriteAt::End, &data, false).await {
            Ok(_) => written += 7_000,
            Err(e) => break e,
        }
        assert!(written <= 500_000, "the limit does not hold");
    };
    assert_eq!(refused.kind(), ErrorKind::QuotaExceeded);
    assert!(written > 400_000, "only {written} bytes of 500,000 could be used");
    assert!(t.usage().await.bytes <= 500_000);
    assert_eq!(t.attr(file).await.size, written);
}

/// What goes gives its bytes back, all of them.
pub async fn what_goes_gives_its_bytes_back<D: Database>(t: &Fixture<D>) {
    let empty = t.usage().await;
    for flush in [false, true] {
        let file = t.file(Ino::ROOT, "large", &bytes(1, 400_000)).await;
        t.file(Ino::ROOT, "small", &bytes(2, 500)).await;
        t.make(Ino::ROOT, "link", FileKind::Symlink).await.unwrap();
        t.store
            .set_xattr(&t.me, file, b"user.a", &bytes(3, 9_000), XattrMode::Any)
            .await
            .unwrap();
        if flush {
            let used = t.usage().await;
            assert!(used.bytes >= 409_000 && used.inodes == 4, "{used:?}");
            t.write(file, 100_000, &bytes(4, 10_000)).await;
            t.store.flush().await.unwrap();
            t.truncate(file, 100).await;
            t.write(file, 0, &bytes(5, 200_000)).await;
            t.store.flush().await.unwrap();
        }
        for name in ["large", "small", "link"] {
            t.unlink(Ino::ROOT, name).await.unwrap();
        }
        let now = t.usage().await;
        assert_eq!(
            (now.bytes, now.inodes),
            (empty.bytes, empty.inodes),
            "flushed between: {flush}"
        );
    }
    limit(t, limit_bytes(250_000)).await;
    for i in 0..6 {
        t.file(Ino::ROOT, "file", &bytes(i, 200_000)).await;
        if i % 2 == 0 {
            // Counted already, and not yet when it goes.
            t.store.flush().await.unwrap();
        }
        t.unlink(Ino::ROOT, "file").await.unwrap();
    }
}

/// Equal content is counted once, as long as anything names it.
pub async fn equal_content_is_counted_once<D: Database>(t: &Fixture<D>) {
    let data = bytes(1, 1_000_000);
    t.file(Ino::ROOT, "first", &data).await;
    let one = t.usage().await.bytes;
    for i in 0..3 {
        t.file(Ino::ROOT, &format!("copy{i}"), &data).await;
        t.store.flush().await.unwrap();
    }
    let four = t.usage().await.bytes;
    assert!(four < one + 10_000, "{one} bytes for one, {four} for four");
    t.unlink(Ino::ROOT, "first").await.unwrap();
    t.unlink(Ino::ROOT, "copy0").await.unwrap();
    t.unlink(Ino::ROOT, "copy1").await.unwrap();
    assert!(t.usage().await.bytes >= 1_000_000);
    t.unlink(Ino::ROOT, "copy2").await.unwrap();
    assert!(t.usage().await.bytes < 10_000);
}

/// What a layer keeps is counted until the layer goes.
pub async fn layers_keep_bytes_until_they_go<D: Database>(t: &Fixture<D>) {
    let empty = t.usage().await;
    let file = t.file(Ino::ROOT, "file", &bytes(1, 300_000)).await;
    t.file(Ino::ROOT, "small", &bytes(2, 800)).await;
    t.store
        .set_xattr(&t.me, file, b"user.a", &bytes(3, 1_000), XattrMode::Any)
        .await
        .unwrap();
    let full = t.usage().await.bytes;
    let one = t.checkpoint("one").await;
    t.unlink(Ino::ROOT, "file").await.unwrap();
    t.unlink(Ino::ROOT, "small").await.unwrap();
    let kept = t.usage().await;
    assert_eq!((kept.bytes, kept.inodes), (full, empty.inodes));
    t.store.drop_layer(&t.me, one).await.unwrap();
    assert_eq!(t.usage().await.bytes, empty.bytes);
}

/// Going back gives back what came later, and counts what is there again.
pub async fn going_back_restores_the_counters<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", &bytes(1, 300_000)).await;
    t.file(Ino::ROOT, "small", &bytes(2, 800)).await;
    let then = t.usage().await;
    let one = t.checkpoint("one").await;
    t.unlink(Ino::ROOT, "small").await.unwrap();
    t.write(file, 0, &bytes(3, 200_000)).await;
    for i in 0..5 {
        t.file(Ino::ROOT, &format!("f{i}"), &bytes(10 + i, 150_000)).await;
    }
    t.checkpoint("two").await;
    t.file(Ino::ROOT, "g", &bytes(20, 1_000)).await;
    t.store.switch(&t.me, one).await.unwrap();
    t.store
        .checkpoint(&t.me, "", None, LaterLayers::Discard)
        .await
        .unwrap();
    let now = t.usage().await;
    assert_eq!((now.bytes, now.inodes), (then.bytes, then.inodes));
    t.unlink(Ino::ROOT, "small").await.unwrap();
    t.unlink(Ino::ROOT, "file").await.unwrap();
    t.store.drop_layer(&t.me, one).await.unwrap();
    let end = t.usage().await;
    assert_eq!((end.bytes, end.inodes, end.layers), (0, 1, 1));
}

/// A limit below what is used refuses growth only; shrinking and replacing go on.
pub async fn a_limit_below_usage_refuses_growth_only<D: Database>(t: &Fixture<D>) {
    let file = t.file(Ino::ROOT, "file", &bytes(1, 1_000)).await;
    t.file(Ino::ROOT, "other", b"").await;
    t.store
        .set_xattr(&t.me, file, b"user.a", b"12345", XattrMode::Any)
        .await
        .unwrap();
    let quota = Quota {
        bytes: Some(10),
        inodes: Some(1),
        layers: Some(1),
        log_records: None,
    };
    limit(t, quota).await;
    t.write(file, 10, &bytes(2, 100)).await;
    t.store
        .set_xattr(&t.me, file, b"user.a", b"54321", XattrMode::Any)
        .await
        .unwrap();
    t.rename((Ino::ROOT, "file"), (Ino::ROOT, "moved"), RenameMode::Replace)
        .await
        .unwrap();
    t.truncate(file, 500).await;
    assert_eq!(t.content(View::Current, file).await[10..110], bytes(2, 100)[..]);
    assert_fails(
        t.make(Ino::ROOT, "x", FileKind::File).await,
        ErrorKind::QuotaExceeded,
    );
    let grown = t.store.write(&t.me, file, WriteAt::End, &[1; 20], false).await;
    assert_fails(grown, ErrorKind::QuotaExceeded);
    t.unlink(Ino::ROOT, "other").await.unwrap();
    t.unlink(Ino::ROOT, "moved").await.unwrap();
    assert_eq!(t.usage().await.bytes, 0);
}

/// Old log records go with gc, the newest stay.
pub async fn the_log_is_trimmed_to_its_quota<D: Database>(t: &Fixture<D>) {
    for i in 0..30 {
        t.file(Ino::ROOT, &format!("f{i}"), b"").await;
    }
    let last = t.store.last_seq().await.unwrap();
    let quota = Quota {
        log_records: Some(10),
        ..Quota::default()
    };
    limit(t, quota).await;
    let report = t.store.gc().await.unwrap();
    assert!(report.log_records >= 20);
    let records = t.store.log(&LogQuery::default()).await.unwrap();
    assert!(records.len() <= 11);
    assert!(records.iter().any(|r| r.seq == last));
    t.file(Ino::ROOT, "more", b"").await;
    assert_eq!(t.log_after(last).await.last().unwrap(), "create /more");
}
