//! Rounds between two stores, one thing at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use pollster::block_on;
use tarbox_store::*;
use tarbox_sync::{MEMORY, Options, Replica, Report};

use crate::faulty::{Fate, Faulty};
use crate::site::Site;

fn options() -> Options {
    Options {
        actor: Actor {
            uid: 0,
            gid: 0,
            agent: "sync".into(),
        },
        random: 7,
        now: || Timestamp(0),
        memory: MEMORY,
    }
}

fn sites() -> (Site, Site) {
    let clock = Arc::new(AtomicI64::new(1_000_000_000));
    (Site::new(&clock), Site::new(&clock))
}

fn round(local: &Site, remote: &Site) -> Report {
    block_on(async {
        let mut replica = Replica::open(local.store.clone(), remote.store.clone(), &options()).await?;
        replica.round(&|_| ()).await
    })
    .unwrap()
}

#[test]
fn an_empty_replica_becomes_a_clone_and_changes_go_both_ways() {
    let (local, remote) = sites();
    remote.mkdir("d").unwrap();
    let large: Vec<u8> = (0..3_000_000_u32).map(|i| (i * 7 / 3) as u8).collect();
    remote.write("d/large", &large).unwrap();
    remote.write("small", b"small").unwrap();
    remote.link("small", "d/link").unwrap();
    remote.symlink("s", b"small").unwrap();
    remote.set_xattr("small", b"value").unwrap();
    remote.chmod("d", 0o700).unwrap();
    let report = round(&local, &remote);
    assert_eq!(report.bytes_pulled, large.len() as u64 + 5);
    assert_eq!(local.seen(), remote.seen());
    assert_eq!(round(&local, &remote), Report::default());
    local.write("small", b"changed here").unwrap();
    local.rename("d", "e").unwrap();
    remote.write("new", b"made there").unwrap();
    let report = round(&local, &remote);
    assert_eq!((report.bytes_pulled, report.bytes_pushed), (10, 12));
    assert_eq!(local.seen(), remote.seen());
    assert_eq!(local.seen()["/e/link"].content.0, b"changed here");
    assert_eq!(round(&local, &remote), Report::default());
    local.check();
    remote.check();
}

/// Also a process that has just begun asks the server for where it stands, and for nothing else.
#[test]
fn where_nothing_changed_little_is_asked() {
    let (mut local, remote) = sites();
    remote.write("theirs", b"theirs").unwrap();
    local.write("ours", b"ours").unwrap();
    // The second finds out that what it sees are its own changes.
    for _ in 0..2 {
        round(&local, &remote);
    }
    local.restart();
    let asked = Arc::new(AtomicUsize::new(0));
    let counts = asked.clone();
    let counted = Faulty::new(
        remote.store.clone(),
        Arc::new(move || {
            counts.fetch_add(1, Ordering::Relaxed);
            Fate::Passes
        }),
    );
    block_on(async {
        let mut replica = Replica::open(local.store.clone(), counted, &options()).await?;
        replica.round(&|_| ()).await
    })
    .unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    local.write("ours", b"changed").unwrap();
    local.restart();
    assert_eq!(round(&local, &remote).pushed, 1);
}

/// What was changed of a large file is copied, in both directions, with a few hashes; the rest is shared with what was there.
#[test]
fn of_a_large_file_only_what_changed_is_copied() {
    const SIZE: usize = 40 << 20;
    let (local, remote) = sites();
    let mut random = blake3::Hasher::new().finalize_xof();
    remote.write("large", b"").unwrap();
    let mut piece = vec![0; 4 << 20];
    for at in (0..SIZE).step_by(piece.len()) {
        random.fill(&mut piece);
        remote.poke("large", at as u64, &piece).unwrap();
    }
    round(&local, &remote);
    type Change<'c> = (&'c Site, &'c dyn Fn(&Site), &'c [(usize, usize)]);
    let changes: [Change<'_>; 3] = [
        (
            &local,
            &|site| site.poke("large", 20_000_000, b"x").unwrap(),
            &[(20_000_000, 1)],
        ),
        (
            &remote,
            &|site| site.poke("large", 0, b"beginning").unwrap(),
            &[(0, 9)],
        ),
        // It becomes shorter, then longer, with a hole.
        (
            &local,
            &|site| {
                site.truncate("large", SIZE as u64 - 1_000_000).unwrap();
                site.poke("large", SIZE as u64, b"end").unwrap();
            },
            &[(SIZE - 1_000_000, 1_000_003)],
        ),
    ];
    for (site, change, ranges) in changes {
        change(site);
        let counted = Faulty::new(remote.store.clone(), Arc::new(|| Fate::Passes));
        let bytes = counted.bytes.clone();
        block_on(async {
            let mut replica = Replica::open(local.store.clone(), counted, &options()).await?;
            replica.round(&|_| ()).await
        })
        .unwrap();
        assert_eq!(local.seen(), remote.seen());
        let pieces = ranges.iter().map(|(_, len)| len.div_ceil(128 << 10) + 1);
        let most = pieces.sum::<usize>() * (128 << 10) + 20_000;
        let sent = bytes.load(Ordering::Relaxed) as usize;
        assert!(sent < most, "{sent} bytes for {ranges:?}");
    }
    local.check();
    remote.check();
    assert_eq!(remote.at("large").unwrap().size, SIZE as u64 + 3);
}

#[test]
fn a_refused_file_stays_and_goes_when_there_is_room() {
    let (local, remote) = sites();
    round(&local, &remote);
    remote.limit(Some(200_000));
    local.write("large", &[7; 300_000]).unwrap();
    local.write("small", b"small").unwrap();
    let report = round(&local, &remote);
    assert!(report.refused["/large"].contains("quota exceeded"), "{report:?}");
    assert_eq!(remote.seen().keys().collect::<Vec<_>>(), ["/small"]);
    let again = round(&local, &remote);
    assert_eq!(again.refused.len(), 1);
    assert_eq!(local.at("large").unwrap().size, 300_000);
    remote.limit(None);
    let report = round(&local, &remote);
    assert!(report.refused.is_empty());
    assert_eq!(local.seen(), remote.seen());
}

#[test]
fn a_side_that_shows_the_past_is_left_alone() {
    let (local, remote) = sites();
    remote.write("f", b"old").unwrap();
    round(&local, &remote);
    let me = options().actor;
    let sealed = block_on(remote.store.checkpoint(&me, "one", None, LaterLayers::Keep)).unwrap();
    remote.write("f", b"new").unwrap();
    block_on(remote.store.switch(&me, sealed.id)).unwrap();
    local.write("g", b"mine").unwrap();
    let refused = block_on(async {
        let mut replica = Replica::open(local.store.clone(), remote.store.clone(), &options()).await?;
        replica.round(&|_| ()).await
    });
    let refused = refused.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Busy);
    assert!(
        refused.to_string().contains("the server shows a past layer"),
        "{refused}"
    );
    let head = block_on(remote.store.position()).unwrap().head;
    block_on(remote.store.switch(&me, head)).unwrap();
    round(&local, &remote);
    assert_eq!(local.seen(), remote.seen());
    assert_eq!(local.seen()["/f"].content.0, b"new");
}
