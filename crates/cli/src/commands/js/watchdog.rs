//! The end of a script that does not come to an end by itself.
//!
//! The engine looks at its limits between steps. A single step can take long, such as a search in an array with 2^53 holes; then the
//! process ends from here. What the script has done is brought to the device first, and is whole: each operation is atomic.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use tarbox_quickjs::{Death, Files};

/// How long the engine may take to see by itself that its time is over.
const GRACE: Duration = Duration::from_secs(2);

/// Ends the process unless it is dropped in time.
pub(super) struct Watchdog(#[allow(dead_code, reason = "dropping it is the message")] Sender<()>);

impl Watchdog {
    pub(super) fn begin(timeout: Duration, files: Arc<dyn Files>) -> Self {
        let (alive, ended) = channel::<()>();
        let watch = move || {
            if ended.recv_timeout(timeout.saturating_add(GRACE)) == Err(RecvTimeoutError::Timeout) {
                let _ = files.syncfs();
                eprintln!(
                    "tarbox: the script was stopped after {} s (--timeout)",
                    timeout.as_secs_f64()
                );
                std::process::exit(Death::Timeout.exit_code());
            }
        };
        // Without a thread the engine's own looks remain.
        let _ = std::thread::Builder::new()
            .name("tarbox-js-watchdog".into())
            .spawn(watch);
        Self(alive)
    }
}
