//! Who waits for what other processes do.

use std::time::{Duration, Instant};

use tarbox_store::*;

use crate::{block, database, me, new, open};

#[test]
fn whoever_waits_for_changes_hears_of_them() {
    let (_guard, url) = database();
    let ((_a, one), (_b, two)) = (open(&url), open(&url));
    let last = block(two.last_seq()).unwrap();
    let waiting = std::thread::spawn(move || {
        let limit = Instant::now() + Duration::from_secs(20);
        while Instant::now() < limit {
            let now = block(two.changed(last, Duration::from_secs(5))).unwrap();
            if now > last {
                return now;
            }
        }
        last
    });
    std::thread::sleep(Duration::from_millis(300));
    block(one.create(&me(), Ino::ROOT, b"file", &new(FileKind::File))).unwrap();
    assert!(waiting.join().unwrap() > last);
}

#[test]
fn followers_are_waited_for() {
    let (_guard, url) = database();
    let ((_a, one), (_b, two)) = (open(&url), open(&url));
    assert!(!one.is_followed(None));
    let follower = block(two.follow()).unwrap();
    assert!(two.is_followed(None) && !two.is_followed(Some(&*follower)));
    block(one.create(&me(), Ino::ROOT, b"file", &new(FileKind::File))).unwrap();
    block(one.flush()).unwrap();
    assert!(one.is_followed(None), "whoever takes the lease knows");
    let position = block(one.last_seq()).unwrap();
    let settling = std::thread::spawn(move || {
        block(one.settle(None)).unwrap();
        one
    });
    std::thread::sleep(Duration::from_millis(300));
    assert!(!settling.is_finished());
    follower.acknowledge(position);
    let one = settling.join().unwrap();
    // One that ended is not waited for.
    block(one.create(&me(), Ino::ROOT, b"more", &new(FileKind::File))).unwrap();
    drop(follower);
    let begun = Instant::now();
    block(one.settle(None)).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(4));
}
