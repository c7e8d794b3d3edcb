//! What becomes of each call of an engine.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the methods of `Engine` that can wait")]
pub enum Call {
    Load,
    Log,
    Apply,
    Sync,
    Look,
    Acquire,
    Hold,
    HeldElsewhere,
    Fetch,
    Append,
    Find,
    Tenants,
    Create,
}

/// How a call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// With what the server answers.
    Answer,
    /// With an error, before it reaches the server.
    Fail,
    /// With an error, although the server has done it: the reply is lost.
    LoseReply,
}

/// What becomes of one call. While it waits, other calls go on, so that calls that began in one order may arrive in another.
#[derive(Debug, Clone, Copy)]
pub struct Fate {
    /// How often others go on before it reaches the server.
    pub before: u32,
    /// How often they do before its reply arrives.
    pub after: u32,
    /// How it ends.
    pub outcome: Outcome,
}

/// Decides at each call.
pub trait Schedule: fmt::Debug + Send + Sync {
    /// What becomes of a call of a process.
    fn fate(&self, process: u32, call: Call) -> Fate;

    /// Whether somebody who waits for a lease has waited long enough to take it over from a process that lives.
    fn overtakes(&self, holder: u32) -> bool;
}

/// Every call is answered at once, and nobody takes a lease over.
#[derive(Debug, Clone, Copy)]
pub struct Obedient;

impl Schedule for Obedient {
    fn fate(&self, _: u32, _: Call) -> Fate {
        Fate {
            before: 0,
            after: 0,
            outcome: Outcome::Answer,
        }
    }

    fn overtakes(&self, _: u32) -> bool {
        false
    }
}

/// Lets everybody else go on, so many times.
pub async fn pause(turns: u32) {
    struct Turn(bool);

    impl Future for Turn {
        type Output = ();

        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
            match std::mem::replace(&mut self.0, true) {
                true => Poll::Ready(()),
                false => {
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
            }
        }
    }

    for _ in 0..turns {
        Turn(false).await;
    }
}
