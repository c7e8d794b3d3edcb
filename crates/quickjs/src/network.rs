//! Requests over HTTP, as far as the host lets a script send them.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Sends the requests of scripts. Without one they have no network.
///
/// Whom a script may ask is decided here, for each request: also for one that a redirect leads to.
pub trait Network: Send + Sync {
    /// Begins a request. The bell is rung whenever there is something new.
    fn send(&self, request: Request, bell: Arc<Bell>) -> Box<dyn Exchange>;
}

/// A request on its way. It is given up when this is dropped.
pub trait Exchange {
    /// What has come next, if it has come.
    fn next(&mut self) -> Option<Event>;
}

/// A request, with all of its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// `http:` or `https:`, without a fragment.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What becomes of a request, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The beginning of the response: status code, names and values.
    Head(u16, Vec<(String, Vec<u8>)>),
    /// A part of the body.
    Data(Vec<u8>),
    /// The body is complete.
    End,
    /// The script may not ask this host.
    Denied,
    /// It failed: a code as Node.js has them, and a sentence.
    Failed(&'static str, String),
}

/// Wakes the script that waits.
#[derive(Debug, Default)]
pub struct Bell {
    rung: Mutex<bool>,
    wake: Condvar,
}

impl Bell {
    /// There is something new.
    pub fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.wake.notify_all();
    }

    /// Waits until it is rung, or was since the last time, but no longer than this.
    pub(crate) fn wait(&self, patience: Duration) {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.wake.wait_timeout_while(rung, patience, |rung| !*rung);
        *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
    }
}

impl fmt::Debug for dyn Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network")
    }
}
