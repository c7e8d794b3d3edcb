//! Looks that share a request: while as many are under way as may be, those that come go together in the next one.
//!
//! Whoever asks alone waits for nobody. A request in which many looks go answers each for itself: what one of them fails of is no matter
//! of the others.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use tarbox_protocol::*;
use tarbox_store::{Error, MaybeSend, Result, Seq};
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};

use crate::cache::Moment;
use crate::calls;
use crate::client::{Client, Told};
use crate::transport::Transport;

/// Requests that are under way at once.
const TURNS: usize = 4;
/// Looks that go together, and the bytes that their answers may have, or that may be read for them.
const CALLS_MAX: usize = 256;
const ANSWERS_MAX: usize = 15 << 20;

pub(crate) struct Looks {
    turns: Semaphore,
    waiting: Mutex<Waiting>,
}

impl Default for Looks {
    fn default() -> Self {
        Self {
            turns: Semaphore::new(TURNS),
            waiting: Mutex::default(),
        }
    }
}

#[derive(Default)]
struct Waiting {
    queue: VecDeque<Look>,
    last: u64,
}

struct Look {
    number: u64,
    call: Call<'static>,
    tell: oneshot::Sender<Said>,
}

/// What one of several was answered.
struct Said {
    answer: Result<Answer<'static>>,
    before: Seq,
    after: Seq,
    at: Moment,
}

/// How a wait ended.
enum Woken<'s> {
    Told(Said),
    /// Whoever sent it has given up.
    Forgotten,
    /// It is this one's turn to send.
    Turn(SemaphorePermit<'s>),
}

impl Looks {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, call: Call<'static>) -> (u64, oneshot::Receiver<Said>) {
        let (tell, told) = oneshot::channel();
        let mut waiting = self.lock();
        waiting.last += 1;
        let number = waiting.last;
        waiting.queue.push_back(Look { number, call, tell });
        (number, told)
    }

    /// Takes those that waited longest, if this one still waits; as many as fit into a request.
    fn take(&self, number: u64) -> Vec<Look> {
        let mut waiting = self.lock();
        let mut taken = Vec::new();
        if !waiting.queue.iter().any(|look| look.number == number) {
            return taken;
        }
        let mut bytes = 0;
        while let Some(next) = waiting.queue.front() {
            bytes = next.call.weight().saturating_add(bytes);
            if !taken.is_empty() && (taken.len() == CALLS_MAX || bytes > ANSWERS_MAX) {
                break;
            }
            taken.extend(waiting.queue.pop_front());
        }
        taken
    }
}

impl<T: Transport> Client<T> {
    /// Looks at something, with others if there are any.
    pub(crate) async fn look<R>(
        self: &Arc<Self>,
        call: Call<'_>,
        take: impl FnOnce(Told<'_>) -> Result<R> + MaybeSend,
    ) -> Result<R> {
        let turn = self.looks.turns.try_acquire();
        let owned = match turn {
            // Nobody is before it.
            Ok(_) => None,
            Err(_) => call.to_owned_look(),
        };
        let Some(owned) = owned else {
            return Ok(self.send(self.batch(None, vec![call]), take).await?);
        };
        let (number, mut told) = self.looks.add(owned);
        loop {
            let woken = {
                let mut turn = pin!(self.looks.turns.acquire());
                poll_fn(|context| {
                    match std::pin::Pin::new(&mut told).poll(context) {
                        Poll::Ready(Ok(said)) => return Poll::Ready(Woken::Told(said)),
                        Poll::Ready(Err(_)) => return Poll::Ready(Woken::Forgotten),
                        Poll::Pending => {}
                    }
                    // It is never closed.
                    turn.as_mut()
                        .poll(context)
                        .map(|turn| turn.map_or(Woken::Forgotten, Woken::Turn))
                })
                .await
            };
            let turn = match woken {
                Woken::Told(said) => return said.tell(take),
                Woken::Forgotten => return Ok(self.send(self.batch(None, vec![call]), take).await?),
                Woken::Turn(turn) => turn,
            };
            let together = self.looks.take(number);
            if together.is_empty() {
                // Another has sent it.
                drop(turn);
                return match told.await {
                    Ok(said) => said.tell(take),
                    Err(_) => Ok(self.send(self.batch(None, vec![call]), take).await?),
                };
            }
            self.send_together(together).await;
        }
    }

    async fn send_together(&self, looks: Vec<Look>) {
        let (calls, tells): (Vec<_>, Vec<_>) = looks.into_iter().map(|look| (look.call, look.tell)).unzip();
        let batch = Batch {
            each: true,
            ..self.batch(None, calls.clone())
        };
        let sent = self.send(batch, |told| {
            let (before, after, at) = (told.before, told.after, told.at);
            let said = told.answers.into_iter().zip(&calls).map(|(answer, call)| Said {
                answer: match answer {
                    Answer::Failed(failure) => Err(self.explain(failure.into(), Some(call))),
                    answer => answer.into_owned_look().ok_or_else(calls::unexpected),
                },
                before,
                after,
                at,
            });
            Ok(said.collect::<Vec<_>>())
        });
        match sent.await {
            Ok(said) => {
                for (tell, said) in tells.into_iter().zip(said) {
                    // Who does not wait any more does not need it.
                    let _ = tell.send(said);
                }
            }
            Err(refused) => {
                for tell in tells {
                    let _ = tell.send(Said {
                        answer: Err(Error::from(Failure::from(&refused.error))),
                        before: Seq(0),
                        after: Seq(0),
                        at: Moment::NEVER,
                    });
                }
            }
        }
    }
}

impl Said {
    fn tell<R>(self, take: impl FnOnce(Told<'_>) -> Result<R>) -> Result<R> {
        take(Told {
            answers: vec![self.answer?],
            before: self.before,
            after: self.after,
            at: self.at,
        })
    }
}
