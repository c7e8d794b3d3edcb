//! One for each tenant waits for changes, however many watch.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tarbox_fs::{FilesystemInterface, blocking};
use tarbox_store::{Result, Seq, Store};
use tokio::sync::watch;

use crate::app::{App, Backend};
use crate::auth::Caller;
use crate::files::Files;

/// How long a thread waits before it looks whether anybody still watches.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often is looked where there is no thread.
const LOOK: Duration = Duration::from_millis(20);

/// The position of the last change of a tenant, for all that watch it.
pub(crate) struct Feed {
    position: watch::Sender<Seq>,
    followed: AtomicBool,
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            position: watch::Sender::new(Seq(0)),
            followed: AtomicBool::new(false),
        }
    }
}

impl Feed {
    /// Whether nobody watches any more. Then whoever comes next begins anew.
    fn is_over(&self) -> bool {
        if self.position.receiver_count() > 0 {
            return false;
        }
        self.followed.store(false, Ordering::Release);
        // Somebody may have come between the two.
        self.position.receiver_count() == 0 || self.followed.swap(true, Ordering::AcqRel)
    }

    /// Tells those that watch; `false` if there was nothing to tell, or no way to know.
    fn tell(&self, looked: Result<Seq>) -> bool {
        match looked {
            Ok(now) => self
                .position
                .send_if_modified(|position| std::mem::replace(position, now) != now),
            // The tenant is suspended or gone, or the database away: those that watch find out for themselves.
            Err(_) => {
                self.position.send_modify(|_| {});
                false
            }
        }
    }
}

/// Follows the changes of the caller's tenant.
pub(crate) fn follow<D: Backend>(app: &App<D>, caller: &Caller<D::Store>) -> watch::Receiver<Seq> {
    let feed = &caller.files.feed;
    let receiver = feed.position.subscribe();
    if !feed.followed.swap(true, Ordering::AcqRel) {
        let (app, files) = (app.clone(), caller.files.clone());
        match app.feed_thread() {
            Some(permit) => drop(tokio::task::spawn_blocking(move || {
                wait(&app, &files);
                drop(permit);
            })),
            None => drop(tokio::spawn(look(app, files))),
        }
    }
    receiver
}

/// Waits for changes on this thread.
fn wait<D: Backend>(app: &App<D>, files: &Files<D::Store>) {
    let feed = &files.feed;
    while !app.is_ending() && !feed.is_over() {
        let last = *feed.position.borrow();
        let looked = blocking(files.fs.changed(last, PATIENCE));
        let failed = looked.is_err();
        feed.tell(looked);
        if failed {
            std::thread::sleep(PATIENCE);
        }
    }
}

/// Looks for changes now and then.
async fn look<D: Backend>(app: App<D>, files: Arc<Files<D::Store>>) {
    let feed = &files.feed;
    while !app.is_ending() && !feed.is_over() {
        let looked = files.fs.store().last_seq().await;
        if !feed.tell(looked) {
            tokio::time::sleep(LOOK).await;
        }
    }
}
