//! The thread that commits what nobody waits for.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tarbox_store::{Error, ErrorKind, Result};

use crate::database::Inner;
use crate::engine::Engine;
use crate::open::{Driver, Open};
use crate::state::Queued;

/// How long an operation may stay invisible to other processes, give or take the commit itself.
const INTERVAL: Duration = Duration::from_millis(5);
/// How long to wait after a commit that failed.
const RETRY: Duration = Duration::from_millis(200);

/// How often a commit is tried again while another process waits for the lease.
const TRIES: u32 = 10;

/// Commits in the background, each tenant within a few milliseconds of its first change.
pub(crate) struct Committer<E: Engine> {
    queue: Mutex<Queue<E>>,
    wake: Condvar,
}

struct Queue<E: Engine> {
    /// Tenants and when their commits are due, the earliest first.
    due: VecDeque<(Instant, Arc<Open<E>>)>,
    running: bool,
    closing: bool,
}

impl<E: Engine> Default for Committer<E> {
    fn default() -> Self {
        let queue = Queue {
            due: VecDeque::new(),
            running: false,
            closing: false,
        };
        Self {
            queue: Mutex::new(queue),
            wake: Condvar::new(),
        }
    }
}

impl<E: Engine> Committer<E> {
    /// Begins to commit.
    pub(crate) fn start(inner: &Arc<Inner<E>>) -> Result<JoinHandle<()>> {
        inner.committer.lock().running = true;
        let inner = inner.clone();
        thread::Builder::new()
            .name("tarbox-commit".into())
            .spawn(move || run(&inner))
            .map_err(|e| {
                Error::new(ErrorKind::Io)
                    .because("cannot start the thread for commits")
                    .caused_by(e)
            })
    }

    /// Puts a tenant in line whose first change was just made; `early` if its commit should begin at once.
    pub(crate) fn add(&self, open: &Arc<Open<E>>, early: bool) {
        let mut queue = self.lock();
        if !queue.running {
            return;
        }
        let was_empty = queue.due.is_empty();
        if early {
            queue.due.push_front((Instant::now(), open.clone()));
        } else {
            queue.due.push_back((Instant::now() + INTERVAL, open.clone()));
        }
        drop(queue);
        if was_empty || early {
            self.wake.notify_one();
        }
    }

    /// Ends; what is left is the owner's to commit.
    pub(crate) fn stop(&self, thread: Option<JoinHandle<()>>) {
        self.lock().closing = true;
        self.wake.notify_all();
        if let Some(thread) = thread {
            let _ended = thread.join();
        }
        self.lock().due.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Queue<E>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next tenant whose commit is due; `None` when it is time to end.
    fn next(&self) -> Option<Arc<Open<E>>> {
        let mut queue = self.lock();
        loop {
            if queue.closing {
                return None;
            }
            let now = Instant::now();
            queue = match queue.due.front() {
                None => self.wake.wait(queue).unwrap_or_else(PoisonError::into_inner),
                Some((due, _)) if *due <= now => return queue.due.pop_front().map(|(_, open)| open),
                Some((due, _)) => {
                    let pause = *due - now;
                    let woken = self.wake.wait_timeout(queue, pause);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

fn run<E: Engine>(inner: &Inner<E>) {
    while let Some(open) = inner.committer.next() {
        open.lock().queued = Queued::No;
        let driver = Driver { inner, open: &open };
        let committed = pollster::block_on(driver.commit_quietly());
        let failures = open.note_failure(committed.is_err());
        if let Err(error) = committed {
            if failures >= TRIES && inner.engine.is_wanted(open.tenant) {
                pollster::block_on(driver.abandon(&error));
                continue;
            }
            open.lock().queued = Queued::InLine;
            let mut queue = inner.committer.lock();
            queue.due.push_back((Instant::now() + RETRY, open.clone()));
        }
    }
}
