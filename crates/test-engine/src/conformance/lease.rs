//! The lease.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tarbox_store_core::{Applied, Durability, Engine};

use super::Processes;
use super::fixture::{Fixture, apply};

/// Has the other process take the lease while this one, which has it, does something.
fn beside<P: Processes>(f: &Fixture<'_, P>, this: impl FnOnce(&AtomicBool)) {
    let has_it = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            pollster::block_on(f.other.acquire(f.tenant)).unwrap();
            has_it.store(true, Ordering::SeqCst);
            f.other.release(f.tenant).unwrap();
        });
        while !f.one.is_wanted(f.tenant) {
            thread::yield_now();
        }
        this(&has_it);
    });
    assert!(has_it.into_inner());
}

pub async fn the_lease_is_held_by_one_process(f: &Fixture<'_, impl Processes>) {
    f.one.acquire(f.tenant).await.unwrap();
    assert!(!f.one.is_wanted(f.tenant));
    beside(f, |has_it| {
        let mut row = pollster::block_on(f.row(f.one));
        let batch = f.creates(&mut row, "a");
        assert_eq!(pollster::block_on(apply(f.one, batch)), Applied::Yes);
        assert!(!has_it.load(Ordering::SeqCst));
        f.one.release(f.tenant).unwrap();
    });
    f.commit(f.other, &["b"]).await;
    f.commit(f.one, &["c"]).await;
    assert_eq!(f.row(f.one).await.next_seq, 4);
}

pub async fn the_lease_is_counted(f: &Fixture<'_, impl Processes>) {
    f.one.acquire(f.tenant).await.unwrap();
    f.one.acquire(f.tenant).await.unwrap();
    beside(f, |has_it| {
        f.one.release(f.tenant).unwrap();
        let mut row = pollster::block_on(f.row(f.one));
        let batch = f.creates(&mut row, "a");
        assert_eq!(pollster::block_on(apply(f.one, batch)), Applied::Yes);
        assert!(!has_it.load(Ordering::SeqCst), "it was taken twice");
        f.one.release(f.tenant).unwrap();
    });
}

pub async fn whoever_lost_the_lease_commits_nothing(f: &Fixture<'_, impl Processes>) {
    f.one.acquire(f.tenant).await.unwrap();
    let mut row = f.row(f.one).await;
    let before = row.clone();
    let batch = f.creates(&mut row, "a");
    if !f.processes.depose(f.tenant) {
        // Nobody can take it over; so it serves.
        assert_eq!(apply(f.one, batch).await, Applied::Yes);
        return f.one.release(f.tenant).unwrap();
    }
    f.commit(f.other, &["b"]).await;
    for durability in [Durability::Visible, Durability::Durable] {
        let applied = f.one.apply(&mut [batch.clone()], durability).await.unwrap();
        assert_eq!(applied, Applied::Fenced);
        assert!(f.one.is_deposed(&f.one.seat(f.tenant)));
    }
    assert_eq!(f.row(f.other).await.next_seq, before.next_seq + 1);
    f.one.release(f.tenant).unwrap();
    f.commit(f.one, &["c"]).await;
    assert!(f.find(f.other, "a").await.is_none());
    assert!(f.find(f.other, "b").await.is_some() && f.find(f.other, "c").await.is_some());
}
