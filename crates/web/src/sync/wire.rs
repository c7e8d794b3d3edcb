//! A transport that hands requests out, and waits for somebody to hand the answers in.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use tarbox_store::MaybeSend;
use tarbox_store_http::{Lost, Request, Response, Transport};

use super::Frame;

/// The answer to a request, or whether the server may have seen it.
type Answer = Result<Response, bool>;

#[derive(Debug, Default)]
struct Exchange {
    last: u32,
    todo: Vec<Frame>,
    waiting: BTreeMap<u32, Option<Waker>>,
    settled: BTreeMap<u32, Answer>,
    forgotten: BTreeSet<u32>,
}

/// The transport. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct Wire(Arc<Mutex<Exchange>>);

impl Wire {
    fn lock(&self) -> MutexGuard<'_, Exchange> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands out what is to be done. Nobody needs to do what is not waited for any more.
    pub(super) fn take(&self, todo: &mut Vec<Frame>) {
        let mut exchange = self.lock();
        let new = std::mem::take(&mut exchange.todo);
        let is_due = |frame: &Frame| exchange.waiting.contains_key(&frame.number());
        todo.extend(new.into_iter().filter(is_due));
        let forgotten = std::mem::take(&mut exchange.forgotten);
        todo.extend(forgotten.into_iter().map(|number| Frame::Forget { number }));
    }

    pub(super) fn settle(&self, number: u32, answer: Answer) {
        let mut exchange = self.lock();
        if let Some(waker) = exchange.waiting.remove(&number) {
            exchange.settled.insert(number, answer);
            drop(exchange);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    pub(super) fn clear(&self) {
        let mut exchange = self.lock();
        *exchange = Exchange {
            last: exchange.last,
            ..Exchange::default()
        };
    }

    async fn wait(&self, frame: impl FnOnce(u32) -> Frame) -> Answer {
        let waiting = {
            let mut exchange = self.lock();
            exchange.last = exchange.last.wrapping_add(1);
            let number = exchange.last;
            exchange.waiting.insert(number, None);
            exchange.todo.push(frame(number));
            Waiting {
                wire: self.clone(),
                number,
            }
        };
        poll_fn(|context| {
            let mut exchange = self.lock();
            if let Some(answer) = exchange.settled.remove(&waiting.number) {
                return Poll::Ready(answer);
            }
            match exchange.waiting.get_mut(&waiting.number) {
                Some(waker) => {
                    *waker = Some(context.waker().clone());
                    Poll::Pending
                }
                // The round was given up.
                None => Poll::Ready(Err(true)),
            }
        })
        .await
    }
}

/// One who waits, and may stop to.
struct Waiting {
    wire: Wire,
    number: u32,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut exchange = self.wire.lock();
        exchange.settled.remove(&self.number);
        if exchange.waiting.remove(&self.number).is_some() {
            exchange.forgotten.insert(self.number);
        }
    }
}

impl Transport for Wire {
    async fn send(&self, request: Request) -> Result<Response, Lost> {
        let answer = self.wait(|number| Frame::Request { number, request });
        answer.await.map_err(|maybe_sent| Lost {
            maybe_sent,
            hopeless: false,
            source: "the network cannot be used, or the server cannot be reached".into(),
        })
    }

    async fn pause(&self, time: Duration) {
        let _over = self.wait(|number| Frame::Pause { number, time }).await;
    }

    fn now(&self) -> Duration {
        crate::platform::now()
    }

    fn spawn(&self, _: impl Future<Output = ()> + MaybeSend + 'static) -> bool {
        false
    }
}
