//! What most tests begin with.
#![allow(dead_code)] // no test needs all of it

use tarbox_store::{Actor, FileKind, NewInode};

/// Runs what never waits.
pub(crate) fn block<T>(future: impl Future<Output = T>) -> T {
    pollster::block_on(future)
}

/// Who does it: the superuser, as this agent.
pub(crate) fn agent(name: &str) -> Actor {
    Actor {
        uid: 0,
        gid: 0,
        agent: name.into(),
    }
}

/// The superuser, at a test.
pub(crate) fn me() -> Actor {
    agent("test")
}

/// What the superuser makes a new inode from.
pub(crate) fn new(kind: FileKind) -> NewInode<'static> {
    NewInode {
        kind,
        mode: 0o644,
        uid: 0,
        gid: 0,
        rdev: 0,
        target: b"",
    }
}
