//! Runs tasks on one thread, in an order that is drawn.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake};

use crate::faults::Random;

/// What one process does.
struct Task {
    process: u32,
    future: Pin<Box<dyn Future<Output = ()>>>,
    woken: Arc<Woken>,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

/// How a step went.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A task went on.
    Done,
    /// Whoever could go on stands still.
    Paused,
    /// There is no task any more.
    Over,
}

#[derive(Default)]
pub(crate) struct Executor {
    tasks: Vec<Task>,
}

impl Executor {
    pub(crate) fn spawn(&mut self, process: u32, future: impl Future<Output = ()> + 'static) {
        self.tasks.push(Task {
            process,
            future: Box::pin(future),
            woken: Arc::new(Woken(AtomicBool::new(true))),
        });
    }

    /// The process ends in the middle of whatever it does.
    pub(crate) fn kill(&mut self, process: u32) {
        self.tasks.retain(|task| task.process != process);
    }

    /// Lets one task go on that was woken.
    ///
    /// # Panics
    /// If there is none, since then nothing will ever go on.
    pub(crate) fn step(&mut self, random: &mut Random, is_paused: impl Fn(u32) -> bool) -> Step {
        if self.tasks.is_empty() {
            return Step::Over;
        }
        let woken = |task: &Task| task.woken.0.load(Ordering::Acquire);
        assert!(self.tasks.iter().any(woken), "everybody waits for somebody else");
        let ready: Vec<usize> = (0..self.tasks.len())
            .filter(|at| woken(&self.tasks[*at]) && !is_paused(self.tasks[*at].process))
            .collect();
        if ready.is_empty() {
            return Step::Paused;
        }
        let at = ready[random.below(ready.len() as u64) as usize];
        let task = &mut self.tasks[at];
        task.woken.0.store(false, Ordering::Release);
        let waker = task.woken.clone().into();
        if let Poll::Ready(()) = task.future.as_mut().poll(&mut Context::from_waker(&waker)) {
            drop(self.tasks.remove(at));
        }
        Step::Done
    }
}
