//! A network that loses answers, at the moments that a test says.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tarbox_store_http::{Lost, Request, Response, Transport};

use crate::server::InProcess;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It arrives, and so does the answer.
    Passes,
    /// It does not arrive.
    IsLost,
    /// It arrives, and the answer does not.
    AnswerIsLost,
    /// It arrives twice, and only the second answer is heard.
    ComesTwice,
    /// The server starts again before it arrives.
    RestartsFirst,
}

/// A server in process behind a network that fails. `decide` is asked for the fate of each request that changes something or looks,
/// not of the feed's.
#[derive(Clone)]
pub(crate) struct Faulty {
    inner: Arc<InProcess>,
    decide: Arc<dyn Fn(&Request) -> Fate + Send + Sync>,
}

impl Faulty {
    pub(crate) fn new(inner: InProcess, decide: impl Fn(&Request) -> Fate + Send + Sync + 'static) -> Self {
        Self {
            inner: Arc::new(inner),
            decide: Arc::new(decide),
        }
    }
}

/// Fates one after the other; then everything passes.
pub(crate) fn in_order(fates: &Arc<Mutex<VecDeque<Fate>>>) -> impl Fn(&Request) -> Fate + use<> {
    let fates = fates.clone();
    move |_| fates.lock().unwrap().pop_front().unwrap_or(Fate::Passes)
}

impl Transport for Faulty {
    async fn send(&self, request: Request) -> Result<Response, Lost> {
        let lost = |maybe_sent| Lost {
            maybe_sent,
            hopeless: false,
            source: "the connection was cut".into(),
        };
        match (self.decide)(&request) {
            Fate::Passes | Fate::RestartsFirst => self.inner.send(request).await,
            Fate::IsLost => Err(lost(true)),
            Fate::AnswerIsLost => {
                self.inner.send(request).await?;
                Err(lost(true))
            }
            Fate::ComesTwice => {
                self.inner.send(request.clone()).await?;
                let second = self.inner.send(request).await?;
                // What comes twice comes to one server: the one that has started meanwhile does not hear of it.
                match second.status {
                    200 => Ok(second),
                    _ => Err(lost(true)),
                }
            }
        }
    }

    async fn pause(&self, time: Duration) {
        // Retries need not be slow here.
        self.inner.pause(time.min(Duration::from_millis(5))).await;
    }

    fn now(&self) -> Duration {
        self.inner.now()
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> bool {
        self.inner.spawn(task)
    }
}
