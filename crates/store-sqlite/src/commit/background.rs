//! The thread that commits what nobody waits for.

use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tarbox_store::{Error, ErrorKind, Result};

use super::is_due_early;
use crate::shared::{Shared, State};

/// How long an operation may stay invisible to other processes, give or take the commit itself.
const INTERVAL: Duration = Duration::from_millis(5);
/// How long to wait after a commit that failed.
const RETRY: Duration = Duration::from_millis(200);

/// How often a commit is tried again while another process waits for the lease.
const TRIES: u32 = 10;

/// Commits in the background, until it is dropped.
#[derive(Debug)]
pub(crate) struct Committer {
    thread: Option<JoinHandle<()>>,
}

impl Committer {
    /// Begins to commit.
    pub(crate) fn start(shared: &Arc<Shared>) -> Result<Self> {
        let shared = shared.clone();
        let thread = thread::Builder::new()
            .name("tarbox-commit".into())
            .spawn(move || run(&shared))
            .map_err(|e| {
                Error::new(ErrorKind::Io)
                    .because("cannot start the thread for commits")
                    .caused_by(e)
            })?;
        Ok(Self { thread: Some(thread) })
    }

    /// Nothing happens in the background.
    pub(crate) fn idle() -> Self {
        Self { thread: None }
    }

    /// Ends; what is left is the owner's to commit.
    pub(crate) fn stop(&mut self, shared: &Shared) {
        shared.lock().closing = true;
        shared.wake.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

fn run(shared: &Shared) {
    let mut state = shared.lock();
    let mut failures = 0;
    loop {
        while state.active.is_empty() && state.frozen.is_none() && !state.closing {
            state.committer_idle = true;
            state = shared.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.committer_idle = false;
        if state.closing {
            // The owner commits what is left, and hears of errors.
            return;
        }
        let early = |state: &mut State| !state.closing && !is_due_early(&state.active);
        drop(
            shared
                .wake
                .wait_timeout_while(state, INTERVAL, early)
                .unwrap_or_else(PoisonError::into_inner),
        );
        let committed = shared.commit_visible();
        state = shared.lock();
        failures = if committed.is_ok() { 0 } else { failures + 1 };
        if let Err(error) = committed
            && failures >= TRIES
            && state.lease.is_wanted()
        {
            drop(state);
            shared.abandon(&error);
            state = shared.lock();
        }
        if failures > 0 && !state.closing {
            let closing = |state: &mut State| !state.closing;
            state = shared
                .wake
                .wait_timeout_while(state, RETRY, closing)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tarbox_pool::FaultPool;
    use tarbox_pool::fault::FaultPlan;
    use tarbox_store::*;

    use crate::database::Host;
    use crate::lease::Lease;
    use crate::room::Room;
    use crate::sql::{Engine, Place};
    use crate::{Options, SqliteDatabase};

    #[test]
    fn who_cannot_commit_gives_others_their_turn_and_says_what_is_lost() {
        pollster::block_on(async {
            let directory = tempfile::tempdir().unwrap();
            let pool = FaultPool::new();
            let host = Host {
                lease: Lease::of(directory.path()).unwrap(),
                sessions: None,
                room: Room::unknown(),
                followers: crate::followers::Followers::none(),
            };
            let engine = Engine::open(&Place::Memory, true).unwrap();
            let shared = Arc::new(pool.clone());
            let database =
                SqliteDatabase::assemble(engine, shared, "", host, None, None, &Options::new()).unwrap();
            database.create_tenant("default", Quota::default()).await.unwrap();
            let s = database.open_tenant("default").await.unwrap();
            let by = Actor {
                uid: 0,
                gid: 0,
                agent: "test".into(),
            };
            let file = NewInode {
                kind: FileKind::File,
                mode: 0o644,
                uid: 0,
                gid: 0,
                rdev: 0,
                target: b"",
            };
            s.create(&by, Ino::ROOT, b"before", &file).await.unwrap();
            s.sync().await.unwrap();
            pool.set_plan(FaultPlan::new().capacity(0));
            let ino = s.create(&by, Ino::ROOT, b"file", &file).await.unwrap().ino;
            s.write(&by, ino, WriteAt::End, &[1; 100_000], false)
                .await
                .unwrap();
            // This waits for as long as the other holds on.
            let mut other = Lease::of(directory.path()).unwrap();
            other.acquire().unwrap();
            other.release().unwrap();
            pool.set_plan(FaultPlan::new());
            for _ in 0..2 {
                let told = s.sync().await.unwrap_err();
                assert!(told.to_string().contains("are lost"), "{told}");
                assert!(s.create(&by, Ino::ROOT, b"more", &file).await.is_err());
            }
            let names = s
                .list_names(View::Current, Ino::ROOT, Cookie(0), 10)
                .await
                .unwrap();
            let names: Vec<_> = names.iter().map(|entry| &entry.name[..]).collect();
            assert_eq!(names, [b"before"]);
        });
    }
}
