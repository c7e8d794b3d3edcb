//! Waiting for changes: one thread for everybody who waits in a tenant.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tarbox_store::{Seq, Store};
use tokio::sync::watch;

use crate::Desk;

/// How long the thread waits at once. Whoever waits is told earlier of a change.
const TURN: Duration = Duration::from_secs(5);

/// Who waits, and what they wait for.
pub(crate) struct Feed {
    last: watch::Sender<Seq>,
    closed: watch::Sender<bool>,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    count: usize,
    /// Whether the thread runs.
    watched: bool,
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            last: watch::Sender::new(Seq(0)),
            closed: watch::Sender::new(false),
            waiting: Mutex::default(),
        }
    }
}

impl Feed {
    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends every wait, now and later.
    pub(crate) fn close(&self) {
        self.closed.send_replace(true);
    }

    pub(crate) fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }
}

/// Counts one who waits, also if the request is dropped.
struct Place<'f>(&'f Feed);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.waiting().count -= 1;
    }
}

/// Returns when the tenant has a record behind `after`, or the time is up, or the server ends.
pub(crate) async fn wait<S: Store + 'static>(desk: &Arc<Desk<S>>, after: Seq, patience: Duration) {
    let feed = &desk.feed;
    let (mut last, mut closed) = (feed.last.subscribe(), feed.closed.subscribe());
    // What cannot be asked is told by the call itself.
    if desk.store.last_seq().await.map_or(true, |seq| seq > after) {
        return;
    }
    {
        let mut waiting = feed.waiting();
        waiting.count += 1;
        if !std::mem::replace(&mut waiting.watched, true) {
            let (desk, known) = (desk.clone(), after);
            let thread = std::thread::Builder::new().name("tarbox-feed".into());
            if thread.spawn(move || watch(&desk, known)).is_err() {
                waiting.watched = false;
            }
        }
    }
    let _place = Place(feed);
    let changed = last.wait_for(|seq| *seq > after);
    let ended = closed.wait_for(|closed| *closed);
    let either = async {
        tokio::select! {
            _ = changed => {}
            _ = ended => {}
        }
    };
    let _in_time = tokio::time::timeout(patience, either).await;
}

/// Watches a tenant for as long as anybody waits.
fn watch<S: Store>(desk: &Desk<S>, mut known: Seq) {
    loop {
        let seen = pollster::block_on(desk.store.changed(known, TURN));
        match seen {
            Ok(seq) => {
                known = seq;
                desk.feed.last.send_replace(seq);
            }
            Err(_) => {
                // A tenant that is suspended, say: whoever waits asks, and is told.
                desk.feed.last.send_replace(Seq(u64::MAX));
                std::thread::sleep(Duration::from_millis(100));
                desk.feed.last.send_replace(known);
            }
        }
        let mut waiting = desk.feed.waiting();
        if waiting.count == 0 || desk.feed.is_closed() {
            waiting.watched = false;
            return;
        }
    }
}
