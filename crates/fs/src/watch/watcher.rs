//! Waiting for changes.

use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

use tarbox_store::{Result, Seq};

use crate::interface::{ChangeEvent, FilesystemInterface};

/// The shortest and the longest pause between two looks. While changes come it is short; it doubles while none do.
const PAUSE_MIN: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(50);
/// How long a thread waits for the store to tell of a change before it looks by itself.
#[cfg(not(target_family = "wasm"))]
const PATIENCE: Duration = Duration::from_millis(50);
/// Records considered at once.
const BATCH: usize = 1024;

/// Changes of one path and of what is below it, in the order they were made; see
/// [`FilesystemExt::watch`](crate::FilesystemExt::watch).
///
/// A thread that waits is woken by the store. Where nothing can wake the caller, waiting is looking again after a pause:
/// 1 ms while changes come, up to 50 ms when nothing happens; looking costs one number that the store keeps in memory.
/// Nothing is lost between two looks, whoever made the change, since the events come from the log.
pub struct Watch<'f, F> {
    fs: &'f F,
    path: Vec<u8>,
    last: Seq,
    ready: VecDeque<ChangeEvent>,
    pause: Duration,
}

impl<'f, F: FilesystemInterface> Watch<'f, F> {
    pub(crate) fn new(fs: &'f F, path: &[u8], after: Seq) -> Self {
        Self {
            fs,
            path: path.to_vec(),
            last: after,
            ready: VecDeque::new(),
            pause: PAUSE_MIN,
        }
    }

    /// The position up to which changes were looked at: pass it to another watch to go on there later.
    pub fn position(&self) -> Seq {
        match self.ready.front() {
            Some(next) => Seq(next.seq.0.saturating_sub(1)),
            None => self.last,
        }
    }

    /// The next change, if there is one already. Never waits for one.
    ///
    /// # Errors
    /// Those of the store; the watch can be used again afterwards and has lost nothing.
    pub async fn try_next(&mut self) -> Result<Option<ChangeEvent>> {
        while self.ready.is_empty() && self.fs.last_change().await? > self.last {
            let changes = self.fs.changes(&self.path, self.last, BATCH).await?;
            if changes.last == self.last {
                break;
            }
            self.last = changes.last;
            self.ready.extend(changes.events);
        }
        let next = self.ready.pop_front();
        if next.is_some() {
            self.pause = PAUSE_MIN;
        }
        Ok(next)
    }

    /// Waits for the next change, pausing with the caller's timer (`setTimeout`, a runtime's `sleep`).
    ///
    /// # Errors
    /// Those of the store.
    pub async fn next_with<T: Future<Output = ()>>(
        &mut self,
        mut sleep: impl FnMut(Duration) -> T,
    ) -> Result<ChangeEvent> {
        loop {
            if let Some(event) = self.try_next().await? {
                return Ok(event);
            }
            sleep(self.take_pause(PAUSE_MAX)).await;
        }
    }

    /// Waits for the next change on this thread, at most `timeout`; `None` if there was none.
    ///
    /// # Errors
    /// Those of the store.
    #[cfg(not(target_family = "wasm"))]
    pub fn next_timeout(&mut self, timeout: Duration) -> Result<Option<ChangeEvent>> {
        let start = std::time::Instant::now();
        loop {
            if let Some(event) = crate::interface::blocking(self.try_next())? {
                return Ok(Some(event));
            }
            let left = timeout.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Ok(None);
            }
            crate::interface::blocking(self.fs.changed(self.last, left.min(PATIENCE)))?;
        }
    }

    fn take_pause(&mut self, most: Duration) -> Duration {
        let pause = self.pause.min(most);
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        pause
    }
}
