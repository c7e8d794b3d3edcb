//! Advisory locks.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use tarbox_store::{ErrorKind, Result};

use super::user::{User, fails};
use crate::interface::{
    FilesystemInterface, FlockKind, Handle, LockKind, LockOwner, LockRange, OpenFlags, Wait, blocking,
};

const RW: OpenFlags = OpenFlags::READ_WRITE;
const A: LockOwner = LockOwner::Process(1);
const B: LockOwner = LockOwner::Process(2);
const READ: Option<LockKind> = Some(LockKind::Read);
const WRITE: Option<LockKind> = Some(LockKind::Write);

fn range(start: u64, len: u64) -> LockRange {
    LockRange {
        start,
        len: Some(len),
    }
}

fn set<F: FilesystemInterface>(
    fs: &F,
    handle: Handle,
    owner: LockOwner,
    kind: Option<LockKind>,
    range: LockRange,
) -> Result<()> {
    blocking(fs.setlk(handle, owner, kind, range, Wait::No))
}

/// Readers share, writers do not, and owners do not stand in their own way.
pub fn byte_ranges_exclude_each_other<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.touch("/f").unwrap();
    let (a, b) = (root.open("/f", RW).unwrap(), root.open("/f", RW).unwrap());
    set(fs, a, A, WRITE, range(0, 100)).unwrap();
    fails(set(fs, b, B, READ, range(99, 1)), ErrorKind::WouldBlock);
    fails(
        set(fs, b, LockOwner::Handle, READ, range(0, 1)),
        ErrorKind::WouldBlock,
    );
    set(
        fs,
        b,
        B,
        WRITE,
        LockRange {
            start: 100,
            len: None,
        },
    )
    .unwrap();
    set(fs, b, A, WRITE, range(0, 50)).unwrap();
    set(fs, a, A, READ, range(0, 10)).unwrap();
    set(fs, b, B, READ, range(5, 5)).unwrap();
    fails(set(fs, b, B, WRITE, range(5, 5)), ErrorKind::WouldBlock);
    let found = blocking(fs.getlk(b, B, LockKind::Write, LockRange::WHOLE))
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.kind, found.range, found.process),
        (LockKind::Read, range(0, 10), Some(1))
    );
    let found = blocking(fs.getlk(a, A, LockKind::Read, LockRange { start: 60, len: None }))
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.range.start, found.range.len, found.process),
        (100, None, Some(2))
    );
    assert_eq!(
        blocking(fs.getlk(b, B, LockKind::Read, range(5, 5))).unwrap(),
        None
    );
    set(fs, a, A, None, LockRange::WHOLE).unwrap();
    set(fs, b, B, WRITE, LockRange::WHOLE).unwrap();
    for bad in [
        range(0, 0),
        range(1 << 63, 1),
        range(1, u64::MAX),
        range((1 << 63) - 1, 2),
    ] {
        fails(set(fs, a, A, READ, bad), ErrorKind::Invalid);
    }
    let reader = root.open("/f", OpenFlags::READ).unwrap();
    fails(set(fs, reader, A, WRITE, range(0, 1)), ErrorKind::BadHandle);
    let place = root.open("/f", OpenFlags::PATH_ONLY).unwrap();
    fails(set(fs, place, A, READ, range(0, 1)), ErrorKind::BadHandle);
    // Another file is another matter.
    root.touch("/g").unwrap();
    let other = root.open("/g", RW).unwrap();
    set(fs, other, A, WRITE, LockRange::WHOLE).unwrap();
    [a, b, reader, place, other]
        .into_iter()
        .for_each(|handle| root.close(handle));
}

/// The two kinds of owners.
pub fn process_locks_end_at_close_and_handle_locks_with_the_handle<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.touch("/f").unwrap();
    let (a, other_a, b) = (
        root.open("/f", RW).unwrap(),
        root.open("/f", RW).unwrap(),
        root.open("/f", RW).unwrap(),
    );
    set(fs, a, A, WRITE, range(0, 1)).unwrap();
    // Closing any descriptor of the process ends its locks, as POSIX has it.
    blocking(fs.flush(other_a, A)).unwrap();
    set(fs, b, B, WRITE, range(0, 1)).unwrap();
    set(fs, b, B, None, range(0, 1)).unwrap();
    set(fs, a, LockOwner::Handle, WRITE, range(0, 1)).unwrap();
    blocking(fs.flush(other_a, A)).unwrap();
    fails(
        set(fs, other_a, LockOwner::Handle, WRITE, range(0, 1)),
        ErrorKind::WouldBlock,
    );
    root.close(a);
    set(fs, other_a, LockOwner::Handle, WRITE, range(0, 1)).unwrap();
    // A process's lock is not the handle's: closing the handle leaves it until the flush.
    set(fs, other_a, A, WRITE, range(10, 1)).unwrap();
    root.close(other_a);
    fails(set(fs, b, B, WRITE, range(10, 1)), ErrorKind::WouldBlock);
    blocking(fs.flush(b, A)).unwrap();
    set(fs, b, B, WRITE, range(10, 1)).unwrap();
    root.close(b);
}

/// Counts how often it was woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn poll<T>(future: &mut (impl Future<Output = T> + Unpin), woken: &Arc<Woken>) -> Poll<T> {
    let waker = Waker::from(woken.clone());
    std::pin::Pin::new(future).poll(&mut Context::from_waker(&waker))
}

/// A waits for B, B for C: C may not wait for A.
pub fn a_circle_of_waiting_processes_is_refused<F: FilesystemInterface>(fs: &F) {
    const C: LockOwner = LockOwner::Process(3);
    let root = User::root(fs);
    root.touch("/f").unwrap();
    root.touch("/g").unwrap();
    let (f, g) = (root.open("/f", RW).unwrap(), root.open("/g", RW).unwrap());
    set(fs, f, A, WRITE, range(0, 1)).unwrap();
    set(fs, f, B, WRITE, range(1, 1)).unwrap();
    set(fs, g, C, WRITE, range(0, 1)).unwrap();
    let woken = Arc::new(Woken::default());
    let mut a_waits = pin!(fs.setlk(f, A, WRITE, range(1, 1), Wait::Yes));
    let mut b_waits = pin!(fs.setlk(g, B, READ, range(0, 1), Wait::Yes));
    assert!(poll(&mut a_waits, &woken).is_pending());
    assert!(poll(&mut b_waits, &woken).is_pending());
    fails(
        blocking(fs.setlk(f, C, READ, range(0, 1), Wait::Yes)),
        ErrorKind::Deadlock,
    );
    // Asking without waiting is no deadlock.
    fails(set(fs, f, C, READ, range(0, 1)), ErrorKind::WouldBlock);
    set(fs, g, C, None, LockRange::WHOLE).unwrap();
    assert!(matches!(poll(&mut b_waits, &woken), Poll::Ready(Ok(()))));
    assert!(poll(&mut a_waits, &woken).is_pending());
    set(fs, f, B, None, LockRange::WHOLE).unwrap();
    assert!(matches!(poll(&mut a_waits, &woken), Poll::Ready(Ok(()))));
    blocking(fs.flush(f, A)).unwrap();
    root.close(f);
    root.close(g);
}

/// Whoever waits is woken; whoever gives up waiting leaves nothing behind.
pub fn waiting_ends_when_the_lock_is_free<F: FilesystemInterface>(fs: &F) {
    let root = User::root(fs);
    root.touch("/f").unwrap();
    let (a, b) = (root.open("/f", RW).unwrap(), root.open("/f", RW).unwrap());
    let woken = Arc::new(Woken::default());
    set(fs, a, LockOwner::Handle, WRITE, range(0, 10)).unwrap();
    {
        let mut given_up = Box::pin(fs.setlk(b, LockOwner::Handle, WRITE, range(5, 1), Wait::Yes));
        assert!(poll(&mut given_up, &woken).is_pending());
    }
    let mut waits = Box::pin(fs.setlk(b, LockOwner::Handle, WRITE, range(5, 10), Wait::Yes));
    assert!(poll(&mut waits, &woken).is_pending());
    set(fs, a, LockOwner::Handle, None, range(0, 5)).unwrap();
    assert!(
        poll(&mut waits, &woken).is_pending(),
        "the byte it wants is still locked"
    );
    let before = woken.0.load(Ordering::Relaxed);
    root.close(a);
    assert!(
        woken.0.load(Ordering::Relaxed) > before,
        "closing the holder wakes"
    );
    assert!(matches!(poll(&mut waits, &woken), Poll::Ready(Ok(()))));
    drop(waits);
    // A handle that is closed while it waits gets nothing.
    let c = root.open("/f", RW).unwrap();
    let mut waits = Box::pin(fs.flock(c, FlockKind::Exclusive, Wait::Yes));
    blocking(fs.flock(b, FlockKind::Exclusive, Wait::No)).unwrap();
    assert!(poll(&mut waits, &woken).is_pending());
    root.close(c);
    blocking(fs.flock(b, FlockKind::Unlock, Wait::No)).unwrap();
    assert!(matches!(poll(&mut waits, &woken), Poll::Ready(Err(e)) if e.kind() == ErrorKind::BadHandle));
    blocking(fs.flock(b, FlockKind::Exclusive, Wait::No)).unwrap();
    root.close(b);
}

/// `flock`.
pub fn whole_files_are_locked_by_handle<F: FilesystemInterface>(fs: &F) {
    use FlockKind::*;
    let root = User::root(fs);
    root.touch("/f").unwrap();
    let open = || root.open("/f", OpenFlags::READ).unwrap();
    let (a, b) = (open(), open());
    let flock = |handle, kind| blocking(fs.flock(handle, kind, Wait::No));
    flock(a, Shared).unwrap();
    flock(b, Shared).unwrap();
    fails(flock(a, Exclusive), ErrorKind::WouldBlock);
    // Changing gives up what one had.
    flock(b, Exclusive).unwrap();
    fails(flock(a, Shared), ErrorKind::WouldBlock);
    flock(b, Exclusive).unwrap();
    flock(b, Shared).unwrap();
    flock(a, Shared).unwrap();
    flock(a, Unlock).unwrap();
    flock(a, Unlock).unwrap();
    flock(b, Exclusive).unwrap();
    root.close(b);
    flock(a, Exclusive).unwrap();
    // Byte ranges are another kind of lock.
    let c = root.open("/f", RW).unwrap();
    set(fs, c, A, WRITE, LockRange::WHOLE).unwrap();
    blocking(fs.flush(c, A)).unwrap();
    root.close(a);
    root.close(c);
}
