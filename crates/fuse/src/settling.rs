//! Answers that wait until other mounts show what was done.
//!
//! The kernel behind another mount keeps what it was told, so whoever has changed something here must not go on before that
//! kernel was told to forget it. The wait is no worker's: all of them could wait while the other mount needs an answer from
//! here. It is one thread's, which waits once for all answers that are ready.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

type Answer = Box<dyn FnOnce() + Send>;

#[derive(Default)]
pub(crate) struct Settling {
    queue: Mutex<Queue>,
    filled: Condvar,
}

#[derive(Default)]
struct Queue {
    answers: Vec<Answer>,
    stop: bool,
}

impl Settling {
    /// Gives an answer later; at once if there is nobody any more who would.
    pub(crate) fn later(&self, answer: Answer) {
        let mut queue = self.queue();
        if queue.stop {
            drop(queue);
            return answer();
        }
        queue.answers.push(answer);
        self.filled.notify_one();
    }

    /// Gives answers, each after a `settle` that began when it was ready, until it is stopped.
    pub(crate) fn run(&self, settle: impl Fn()) {
        loop {
            let empty = |queue: &mut Queue| queue.answers.is_empty() && !queue.stop;
            let mut queue = self
                .filled
                .wait_while(self.queue(), empty)
                .unwrap_or_else(PoisonError::into_inner);
            let answers = std::mem::take(&mut queue.answers);
            if answers.is_empty() {
                return;
            }
            drop(queue);
            settle();
            answers.into_iter().for_each(|answer| answer());
        }
    }

    /// Ends the thread when it has given the answers that wait.
    pub(crate) fn stop(&self) {
        self.queue().stop = true;
        self.filled.notify_all();
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn every_answer_is_given_after_a_settling_that_began_when_it_was_ready() {
        let settling = Arc::new(Settling::default());
        let (settled, settlings) = channel();
        let (given, answers) = channel();
        let thread = {
            let settling = settling.clone();
            std::thread::spawn(move || settling.run(|| settled.send(()).unwrap()))
        };
        for i in 0..10 {
            let given = given.clone();
            settling.later(Box::new(move || given.send(i).unwrap()));
            assert_eq!(answers.recv().unwrap(), i);
        }
        assert_eq!(settlings.try_iter().count(), 10);
        settling.stop();
        thread.join().unwrap();
        settling.later(Box::new(move || given.send(99).unwrap()));
        assert_eq!(answers.recv().unwrap(), 99);
    }
}
