//! Keeping an answer that is being given apart from the news that would make it false.
//!
//! A worker reads attributes, somebody changes them, the kernel is told to forget them, and only then the worker's answer
//! arrives: the kernel would believe it for an hour. So whoever answers with something that the kernel keeps does so
//! within the gate, and the feed passes through it, once, between seeing changes and telling of them: what was
//! looked up before is with the kernel by then and is forgotten, and what is looked up later is true.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

#[derive(Debug, Default)]
pub(crate) struct Gate {
    answers: RwLock<()>,
    /// Nobody would tell the kernel of changes now, so it must not keep anything.
    closed: AtomicBool,
}

/// An answer in progress.
pub(crate) struct Answering<'g> {
    _shared: RwLockReadGuard<'g, ()>,
    /// Whether the kernel may keep what it is told.
    pub(crate) keeps: bool,
}

impl Gate {
    /// Begins to look up what the kernel will keep.
    pub(crate) fn enter(&self) -> Answering<'_> {
        let shared = self.answers.read().unwrap_or_else(PoisonError::into_inner);
        Answering {
            _shared: shared,
            keeps: !self.closed.load(Ordering::Acquire),
        }
    }

    /// Returns when every answer that was begun before has been given.
    pub(crate) fn pass(&self) {
        drop(self.answers.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// From now on the kernel keeps nothing, or does so again.
    pub(crate) fn set_closed(&self, closed: bool) {
        self.closed.store(closed, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::{RecvTimeoutError, channel};
    use std::time::Duration;

    use super::*;

    #[test]
    fn news_waits_for_answers_in_progress() {
        let gate = Arc::new(Gate::default());
        let answering = gate.enter();
        let (told, news) = channel();
        let feed = {
            let gate = gate.clone();
            std::thread::spawn(move || {
                gate.pass();
                told.send(()).unwrap();
            })
        };
        // However long the feed is given: it cannot pass while the answer is in progress.
        assert_eq!(
            news.recv_timeout(Duration::from_millis(20)),
            Err(RecvTimeoutError::Timeout)
        );
        drop(answering);
        news.recv().unwrap();
        feed.join().unwrap();
    }
}
