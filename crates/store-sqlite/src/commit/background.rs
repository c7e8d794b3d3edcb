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
                    .because("no thread for commits")
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
