//! Listing directories page by page, while they change.

use std::collections::{BTreeMap, BTreeSet};

use super::Fixture;
use crate::*;

/// Every entry is listed once, with the attributes that a lookup gives, whatever the size of a page.
pub async fn a_listing_shows_every_entry_once<D: Database>(t: &Fixture<D>) {
    let mut expected = BTreeSet::new();
    for i in 0..100 {
        let name = format!("entry{i}");
        match i % 3 {
            0 => t.dir(Ino::ROOT, &name).await,
            _ => t.file(Ino::ROOT, &name, &vec![1; i]).await,
        };
        expected.insert(name.into_bytes());
        if i == 50 {
            t.store.flush().await.unwrap();
        }
    }
    for limit in [1, 2, 3, 7, 50, 99, 100, 101, 10_000] {
        let (mut after, mut seen) = (Cookie(0), Vec::new());
        loop {
            let page = t
                .store
                .list(View::Current, Ino::ROOT, after, limit)
                .await
                .unwrap();
            assert!(page.len() <= limit);
            for entry in &page {
                assert!(
                    entry.cookie > after && entry.cookie.0 < 1 << 63,
                    "in cookie order"
                );
                after = entry.cookie;
                let found = t
                    .store
                    .lookup(View::Current, Ino::ROOT, &entry.name)
                    .await
                    .unwrap();
                assert_eq!(found, entry.attr);
                seen.push(entry.name.clone());
            }
            if page.len() < limit {
                break;
            }
        }
        let set: BTreeSet<_> = seen.iter().cloned().collect();
        assert_eq!(
            (set.len(), &set),
            (seen.len(), &expected),
            "with pages of {limit}"
        );
    }
    assert!(
        t.store
            .list(View::Current, Ino::ROOT, Cookie(0), 0)
            .await
            .unwrap()
            .is_empty()
    );
    for after in [Cookie((1 << 63) - 1), Cookie(1 << 63), Cookie(u64::MAX)] {
        let page = t.store.list(View::Current, Ino::ROOT, after, 10).await.unwrap();
        assert!(page.is_empty());
    }
}

/// An entry keeps its cookie as long as it lives, whatever happens around it.
pub async fn a_cookie_lasts_as_long_as_its_entry<D: Database>(t: &Fixture<D>) {
    let cookies = async || -> BTreeMap<Vec<u8>, Cookie> {
        let page = t
            .store
            .list(View::Current, Ino::ROOT, Cookie(0), 1_000)
            .await
            .unwrap();
        page.into_iter().map(|e| (e.name, e.cookie)).collect()
    };
    for i in 0..40 {
        t.file(Ino::ROOT, &format!("f{i}"), b"").await;
    }
    let first = cookies().await;
    t.store.flush().await.unwrap();
    assert_eq!(cookies().await, first);
    for i in (0..40).step_by(2) {
        t.unlink(Ino::ROOT, &format!("f{i}")).await.unwrap();
        t.file(Ino::ROOT, &format!("g{i}"), b"").await;
    }
    t.checkpoint("one").await;
    let file = t.find(Ino::ROOT, "f1").await.unwrap().ino;
    t.write(file, 0, b"changed").await;
    t.store.flush().await.unwrap();
    let later = cookies().await;
    for i in (1..40).step_by(2) {
        let name = format!("f{i}").into_bytes();
        assert_eq!(later[&name], first[&name], "{i}");
    }
}

/// Entries that live through a listing appear exactly once, while others come, go and are renamed.
pub async fn a_listing_is_whole_while_the_directory_changes<D: Database>(t: &Fixture<D>) {
    for round in 0..6 {
        let dir = t.dir(Ino::ROOT, &format!("dir{round}")).await;
        for i in 0..60 {
            t.file(dir, &format!("stays{i}"), b"").await;
            t.file(dir, &format!("goes{i}"), b"").await;
        }
        let (mut after, mut seen, mut turn) = (Cookie(0), BTreeMap::<Vec<u8>, u32>::new(), 0);
        loop {
            let page = t.store.list(View::Current, dir, after, 3 + round).await.unwrap();
            for entry in &page {
                *seen.entry(entry.name.clone()).or_default() += 1;
                after = entry.cookie;
            }
            if page.len() < 3 + round {
                break;
            }
            // Change the directory between two pages.
            if turn < 60 {
                let _may_be_gone = t.unlink(dir, &format!("goes{turn}")).await;
                t.file(dir, &format!("comes{turn}"), b"").await;
                let (from, to) = (format!("goes{}", 59 - turn), format!("moved{turn}"));
                let _may_be_gone = t.rename((dir, &from), (dir, &to), RenameMode::Replace).await;
            }
            match round % 3 {
                1 => t.store.flush().await.unwrap(),
                2 if turn % 5 == 0 => drop(t.checkpoint(&format!("layer{round}-{turn}")).await),
                _ => {}
            }
            turn += 1;
        }
        for i in 0..60 {
            let name = format!("stays{i}").into_bytes();
            assert_eq!(seen.get(&name), Some(&1), "stays{i} in round {round}");
        }
        assert!(seen.values().all(|n| *n == 1), "nothing appears twice");
    }
}

/// A directory with many entries is listed and emptied in pieces.
pub async fn a_large_directory_is_listed_and_emptied<D: Database>(t: &Fixture<D>) {
    let dir = t.dir(Ino::ROOT, "dir").await;
    for i in 0..5_000 {
        t.file(dir, &i.to_string(), b"").await;
    }
    assert_eq!(t.attr(dir).await.size, 32 * 5_000);
    assert_eq!(t.names(View::Current, dir).await.len(), 5_000);
    // As `rm -r` does: list, remove what was listed, list again from the start.
    loop {
        let page = t.store.list(View::Current, dir, Cookie(0), 128).await.unwrap();
        if page.is_empty() {
            break;
        }
        for entry in page {
            t.store
                .unlink(&t.me, dir, &entry.name, Unlink::File)
                .await
                .unwrap();
        }
    }
    t.rmdir(Ino::ROOT, "dir").await.unwrap();
}
