//! What processes know of each other.

use std::time::Duration;

use tarbox_store::{Ino, Seq};
use tarbox_store_core::Engine;

use super::Processes;
use super::fixture::Fixture;

pub async fn commits_of_others_show(f: &Fixture<'_, impl Processes>) {
    f.row(f.other).await;
    f.other.look(f.tenant).await.unwrap();
    let before = f.other.foreign(&f.other.seat(f.tenant));
    assert_eq!(
        f.other.foreign(&f.other.seat(f.tenant)),
        before,
        "nothing has changed"
    );
    f.commit(f.one, &["a"]).await;
    f.other.look(f.tenant).await.unwrap();
    let after = f.other.foreign(&f.other.seat(f.tenant));
    assert_ne!(after, before);
    f.commit(f.one, &["b"]).await;
    f.other.acquire(f.tenant).await.unwrap();
    assert_ne!(
        f.other.foreign(&f.other.seat(f.tenant)),
        after,
        "whoever has the lease knows all"
    );
    assert!(f.other.is_fresh(&f.other.seat(f.tenant)));
    let held = f.other.foreign(&f.other.seat(f.tenant));
    let mut row = f.row(f.other).await;
    let batch = f.creates(&mut row, "c");
    super::fixture::apply(f.other, batch).await;
    assert_eq!(
        f.other.foreign(&f.other.seat(f.tenant)),
        held,
        "its own commits are no news"
    );
    f.other.release(f.tenant).unwrap();
}

pub async fn holds_are_told(f: &Fixture<'_, impl Processes>) {
    f.commit(f.one, &["a", "b"]).await;
    let (held, free) = (Ino(2), Ino(3));
    f.one.hold(f.tenant, held).await.unwrap();
    f.one.hold(f.tenant, held).await.unwrap();
    f.other.acquire(f.tenant).await.unwrap();
    assert!(!f.other.is_alone(f.tenant), "somebody has files open");
    let found = f.other.held_elsewhere(f.tenant, &[free, held]).await.unwrap();
    assert_eq!(found, [false, true]);
    let own = f.one.held_elsewhere(f.tenant, &[held]).await.unwrap();
    assert_eq!(own, [false], "its own holds are not elsewhere");
    f.one.let_go(f.tenant, held);
    while f.other.held_elsewhere(f.tenant, &[held]).await.unwrap() != [false] {
        std::thread::yield_now();
    }
    f.other.release(f.tenant).unwrap();
}

pub async fn followers_are_waited_for(f: &Fixture<'_, impl Processes>) {
    let follower = f.one.follow(f.tenant).await.unwrap();
    assert!(!f.one.is_followed(f.tenant, Some(follower.number())));
    follower.acknowledge(Seq(5));
    f.one.settle(f.tenant, None, Seq(5)).await;
    f.one.settle(f.tenant, Some(follower.number()), Seq(9)).await;
    drop(follower);
    f.one.settle(f.tenant, None, Seq(9)).await;
}

pub async fn waits_end_with_a_commit(f: &Fixture<'_, impl Processes>) {
    let before = f.one.commits(f.tenant);
    f.commit(f.one, &["a"]).await;
    assert_ne!(f.one.commits(f.tenant), before);
    // At once, whatever the patience.
    f.one.wait(f.tenant, before, Duration::from_secs(1_000)).await;
}
