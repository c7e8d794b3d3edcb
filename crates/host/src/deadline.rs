//! The moment at which a program has to end.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use wasmtime::Engine;

use crate::Limit;

/// When a run ends, if it does not end by itself.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Deadline(Option<(Instant, Duration)>);

impl Deadline {
    /// This long from now.
    pub(crate) fn after(timeout: Option<Duration>) -> Self {
        Self(timeout.and_then(|timeout| Some((Instant::now().checked_add(timeout)?, timeout))))
    }

    /// The limit, if it is over.
    pub(crate) fn exceeded(self) -> Option<Limit> {
        let (at, timeout) = self.0?;
        (Instant::now() >= at).then_some(Limit::Time(timeout))
    }

    /// What is left of it; `None` is for ever.
    pub(crate) fn left(self) -> Option<Duration> {
        self.0.map(|(at, _)| at.saturating_duration_since(Instant::now()))
    }

    /// The limit, whether it is over or not.
    pub(crate) fn limit(self) -> Option<Limit> {
        self.0.map(|(_, timeout)| Limit::Time(timeout))
    }
}

/// Moves the engine's epoch on when the deadline comes, until it is dropped.
///
/// Runs that share the engine each look at their own deadline when the epoch moves.
#[derive(Debug)]
pub(crate) struct Alarm {
    ended: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Alarm {
    /// Sets it; nothing happens without a deadline.
    pub(crate) fn set(engine: &Engine, deadline: Deadline) -> std::io::Result<Self> {
        let ended = Arc::new((Mutex::new(false), Condvar::new()));
        let thread = match deadline.left() {
            None => None,
            Some(_) => {
                let (engine, ended) = (engine.clone(), Arc::clone(&ended));
                let thread = std::thread::Builder::new().name("run-deadline".into());
                Some(thread.spawn(move || wait(&engine, deadline, &ended))?)
            }
        };
        Ok(Self { ended, thread })
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        *self.ended.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.ended.1.notify_all();
        if let Some(thread) = self.thread.take() {
            // It has no way to panic, and nothing to say.
            let _ = thread.join();
        }
    }
}

fn wait(engine: &Engine, deadline: Deadline, ended: &(Mutex<bool>, Condvar)) {
    let mut over = ended.0.lock().unwrap_or_else(PoisonError::into_inner);
    while !*over {
        let left = deadline.left().unwrap_or(Duration::MAX);
        if left.is_zero() {
            engine.increment_epoch();
            return;
        }
        let waited = ended.1.wait_timeout(over, left);
        over = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
}
