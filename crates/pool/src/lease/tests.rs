//! Leases by clocks that tests move.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::{DEAD_AFTER, DirectoryGround, Ground, Lease, LeasedPool};
use crate::{DirectoryPool, ErrorKind, OpenOptions, Pool};

/// A directory whose clocks go on only while somebody waits, and what happens in each pause.
struct Waiting<'a> {
    ground: DirectoryGround,
    now: Cell<Duration>,
    began: i128,
    meanwhile: &'a dyn Fn(),
}

impl<'a> Waiting<'a> {
    fn new(dir: &Path, meanwhile: &'a dyn Fn()) -> Self {
        let ground = DirectoryGround::new(dir);
        Self {
            began: ground.wall(),
            ground,
            now: Cell::default(),
            meanwhile,
        }
    }
}

impl fmt::Debug for Waiting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Waiting").field(&self.now).finish()
    }
}

impl Ground for Waiting<'_> {
    fn make_dir(&self, path: &str) -> io::Result<()> {
        self.ground.make_dir(path)
    }

    fn make_file(&self, path: &str) -> io::Result<()> {
        self.ground.make_file(path)
    }

    fn first_entry(&self, path: &str) -> io::Result<Option<String>> {
        self.ground.first_entry(path)
    }

    fn touched(&self, path: &str) -> Option<i128> {
        self.ground.touched(path)
    }

    fn touch(&self, path: &str) -> io::Result<()> {
        self.ground.touch(path)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.ground.rename(from, to)
    }

    fn remove_file(&self, path: &str) -> io::Result<()> {
        self.ground.remove_file(path)
    }

    fn remove_dir(&self, path: &str) -> io::Result<()> {
        self.ground.remove_dir(path)
    }

    fn monotonic(&self) -> u64 {
        self.now.get().as_nanos() as u64 + 1
    }

    fn wall(&self) -> i128 {
        self.began + self.now.get().as_nanos() as i128
    }

    fn pause(&self, duration: Duration) {
        self.now.set(self.now.get() + duration);
        (self.meanwhile)();
    }

    fn random(&self) -> u64 {
        self.ground.random()
    }
}

#[test]
fn a_holder_that_lives_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let holder = DirectoryGround::new(dir.path());
    let lease = Lease::take(&holder, "db").unwrap();
    let beats = || holder.touch(&lease.file).unwrap();
    let other = Waiting::new(dir.path(), &beats);
    let refused = Lease::take(&other, "db").unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ResourceBusy);
    assert!(other.now.get() < DEAD_AFTER, "it waits no longer than for a sign");
    assert!(lease.holds(&holder));
    // Other databases are no concern of theirs.
    Lease::take(&other, "another").unwrap();
}

#[test]
fn one_that_is_given_back_is_there_for_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let ground = DirectoryGround::new(dir.path());
    let lease = Lease::take(&ground, "db").unwrap();
    let goes = || lease.release(&ground);
    let other = Waiting::new(dir.path(), &goes);
    let next = Lease::take(&other, "db").unwrap();
    assert!(next.holds(&other) && !lease.holds(&ground));
    next.release(&other);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_silent_holder_is_followed_and_changes_nothing_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let pool = |lease, ground| LeasedPool::new(DirectoryPool::open(dir.path()).unwrap(), ground, lease);
    let silent = DirectoryGround::new(dir.path());
    let lease = Lease::take(&silent, "db").unwrap();
    let before = pool(lease, silent);
    let file = before.open("db", OpenOptions::CREATE).unwrap();
    file.write_at(b"before", 0).unwrap();
    let other = Waiting::new(dir.path(), &|| {});
    let next = Lease::take(&other, "db").unwrap();
    assert!(other.now.get() > DEAD_AFTER);
    // It may believe for a moment that it holds it still.
    before.held.lease.beat(&before.held.ground);
    assert_eq!(file.write_at(b"late", 0).unwrap_err().kind(), ErrorKind::Busy);
    assert_eq!(before.delete("db").unwrap_err().kind(), ErrorKind::Busy);
    drop((before, file));
    assert!(next.holds(&other), "what is not one's own is not given back");
}

#[test]
fn a_directory_whose_maker_was_killed_is_no_holder() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("db-lease")).unwrap();
    let ground = Waiting::new(dir.path(), &|| {});
    let lease = Lease::take(&ground, "db").unwrap();
    assert!(ground.now.get() > DEAD_AFTER && lease.holds(&ground));
}
