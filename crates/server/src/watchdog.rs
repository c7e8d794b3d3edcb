//! Whether the keys of streams may still be used: looked at once in a while for each key, however many streams it has.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tarbox_store::Key;
use tokio::sync::watch;

use crate::app::{App, Backend};

/// How soon a stream ends whose key was revoked or has expired.
const RECHECK: Duration = Duration::from_secs(1);

/// The keys that streams have.
#[derive(Debug, Default)]
pub(crate) struct Guards(Mutex<HashMap<String, Weak<Guard>>>);

/// One key, for as long as a stream has it.
#[derive(Debug)]
struct Guard {
    is_gone: watch::Sender<bool>,
}

impl Guards {
    fn of<D: Backend>(&self, app: &App<D>, id: &str) -> Arc<Guard> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(guard) = all.get(id).and_then(Weak::upgrade) {
            return guard;
        }
        let guard = Arc::new(Guard {
            is_gone: watch::Sender::new(false),
        });
        all.retain(|_, guard| guard.strong_count() > 0);
        all.insert(id.to_owned(), Arc::downgrade(&guard));
        tokio::spawn(look(app.clone(), id.to_owned(), Arc::downgrade(&guard)));
        guard
    }
}

/// Looks again and again, until nobody needs it any more.
async fn look<D: Backend>(app: App<D>, id: String, guard: Weak<Guard>) {
    loop {
        tokio::time::sleep(RECHECK).await;
        let Some(guard) = guard.upgrade() else { return };
        // While the database cannot be asked nobody is thrown out.
        let is_valid = app.valid_key(&id).await.map_or(true, |key| key.is_some());
        if !is_valid {
            tracing::warn!(key = id, "streams end: their key is not valid any more");
            guard.is_gone.send_replace(true);
            return;
        }
    }
}

/// Knows, while a stream lasts, whether its key may still be used.
#[derive(Debug)]
pub(crate) struct Watchdog {
    id: String,
    gone: Option<(Arc<Guard>, watch::Receiver<bool>)>,
}

impl Watchdog {
    pub(crate) fn of(key: &Key) -> Self {
        Self {
            id: key.id.clone(),
            gone: None,
        }
    }

    fn gone<D: Backend>(&mut self, app: &App<D>) -> &mut watch::Receiver<bool> {
        let begin = || {
            let guard = app.guards().of(app, &self.id);
            let receiver = guard.is_gone.subscribe();
            (guard, receiver)
        };
        &mut self.gone.get_or_insert_with(begin).1
    }

    /// Whether the stream may go on, as of a moment ago.
    pub(crate) fn allows<D: Backend>(&mut self, app: &App<D>) -> bool {
        !*self.gone(app).borrow()
    }

    /// Returns when it may not.
    pub(crate) async fn ended<D: Backend>(&mut self, app: &App<D>) {
        // The sender goes with this.
        let _gone = self.gone(app).wait_for(|is_gone| *is_gone).await;
    }
}
