//! The change feed of a mount: a thread that tells the kernel what others have changed.
//!
//! Others are whoever does not carry this mount's name as agent: other mounts, the command line, programs run in the
//! workspace, a server. Looking costs one number that the store keeps in memory. What this mount itself does the kernel
//! knows, but for a switch of layers, which is done by a write to a hook and changes everything.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fuser::INodeNo;
use tarbox_fs::{ChangeEvent, Credentials, EventKind, FilesystemExt, FilesystemInterface, Follow, blocking};
use tarbox_store::{Ino, Result, Seq};

use crate::adapter::Shared;
use crate::notifier::Notifier;
use std::sync::atomic::Ordering;

/// Between two looks: short while changes come, longer while none do.
const PAUSE_MIN: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(8);
/// Records considered at once.
const BATCH: usize = 1024;
/// How long somebody waits to be caught up with: far longer than it takes, and short enough to live with should the
/// kernel hold a lock that the telling needs.
const CATCH_UP_MAX: Duration = Duration::from_secs(2);

/// How far the kernel has been told, and what else it has to be told.
#[derive(Debug)]
pub(crate) struct Feed {
    state: Mutex<State>,
    /// Something is to be done at once.
    wake: Condvar,
    /// The kernel has been told more.
    told: Condvar,
}

#[derive(Debug)]
struct State {
    /// Everything up to here the kernel knows.
    seen: Seq,
    /// Nodes whose pages are wrong.
    mistaken: Vec<INodeNo>,
    /// How often somebody asked that the kernel forget everything, since this mount itself may have switched layers; and
    /// how many of them have their answer.
    asked: u64,
    answered: u64,
    hurry: bool,
    stop: bool,
}

impl Feed {
    /// A feed that begins behind `seen`.
    pub(crate) fn new(seen: Seq) -> Self {
        Self {
            state: Mutex::new(State {
                seen,
                mistaken: Vec::new(),
                asked: 0,
                answered: 0,
                hurry: false,
                stop: false,
            }),
            wake: Condvar::new(),
            told: Condvar::new(),
        }
    }

    /// Has the kernel read the content of a node again.
    pub(crate) fn mistaken(&self, node: INodeNo) {
        let mut state = self.state();
        state.mistaken.push(node);
        state.hurry = true;
        self.wake.notify_all();
    }

    /// Returns when the kernel has forgotten everything it was told before now.
    pub(crate) fn start_afresh(&self) {
        let mut state = self.state();
        state.asked += 1;
        state.hurry = true;
        let mine = state.asked;
        self.wake.notify_all();
        let waiting = |state: &mut State| state.answered < mine && !state.stop;
        // Behind the limit the kernel learns of it a little later.
        drop(
            self.told
                .wait_timeout_while(state, CATCH_UP_MAX, waiting)
                .unwrap_or_else(PoisonError::into_inner),
        );
    }

    /// Ends the thread.
    pub(crate) fn stop(&self) {
        self.state().stop = true;
        self.wake.notify_all();
        self.told.notify_all();
    }

    /// Waits for the next look. Answers the nodes that are mistaken, or `None` to end.
    fn rest(&self, pause: Duration) -> Option<Vec<INodeNo>> {
        let resting = |state: &mut State| !state.hurry && !state.stop;
        let (mut state, _) = self
            .wake
            .wait_timeout_while(self.state(), pause, resting)
            .unwrap_or_else(PoisonError::into_inner);
        state.hurry = false;
        (!state.stop).then(|| std::mem::take(&mut state.mistaken))
    }

    /// How far the kernel was told, and how many have asked to start afresh, if any still wait.
    fn begin(&self) -> (Seq, Option<u64>) {
        let state = self.state();
        (state.seen, (state.asked > state.answered).then_some(state.asked))
    }

    /// The kernel was told of everything up to here, and so many have their answer.
    fn end(&self, look: &Look) {
        let mut state = self.state();
        state.seen = look.seen;
        if let Some(asked) = look.answered {
            state.answered = asked;
        }
        self.told.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one look at the feed found.
struct Look {
    events: Vec<ChangeEvent>,
    /// Everything up to here was considered.
    seen: Seq,
    /// Who asked to start afresh before the look: then the kernel forgets everything.
    answered: Option<u64>,
}

/// Follows the feed until it is stopped or the mount is gone.
pub(crate) fn follow<F: FilesystemInterface>(shared: &Arc<Shared<F>>, notifier: &Notifier) {
    let mut teller = Teller {
        shared,
        notifier,
        behind: false,
    };
    let mut pause = PAUSE_MIN;
    while let Some(mistaken) = shared.feed.rest(pause) {
        let told = mistaken
            .into_iter()
            .try_for_each(|node| notifier.content(node))
            .and_then(|()| teller.look());
        match told {
            Ok(true) => pause = PAUSE_MIN,
            Ok(false) => pause = (pause * 2).min(PAUSE_MAX),
            // The mount is gone.
            Err(_) => break,
        }
    }
    shared.gate.set_closed(true);
    shared.feed.stop();
}

struct Teller<'a, F> {
    shared: &'a Arc<Shared<F>>,
    notifier: &'a Notifier,
    /// The feed could not be read: the kernel keeps nothing until it can, and then forgets everything.
    behind: bool,
}

impl<F: FilesystemInterface> Teller<'_, F> {
    /// Tells of what is new. Answers whether something was.
    fn look(&mut self) -> io::Result<bool> {
        match self.read() {
            Ok(None) => Ok(false),
            Ok(Some(look)) => {
                self.tell(&look)?;
                self.shared.feed.end(&look);
                Ok(true)
            }
            Err(_) => {
                if !std::mem::replace(&mut self.behind, true) {
                    // A tenant that is suspended, say: what the kernel still keeps is not to be seen either.
                    self.shared.gate.set_closed(true);
                    self.shared.gate.pass();
                    self.everything()?;
                }
                Ok(false)
            }
        }
    }

    /// The changes of others since the last look.
    fn read(&self) -> Result<Option<Look>> {
        let (fs, me) = (&self.shared.fs, &self.shared.template.actor.agent);
        let (seen, asked) = self.shared.feed.begin();
        let last = blocking(fs.last_change())?.max(seen);
        let nothing = Look {
            events: Vec::new(),
            seen: last,
            answered: asked,
        };
        if asked.is_some() || self.behind {
            return Ok(Some(nothing));
        }
        if last == seen {
            return Ok(None);
        }
        if blocking(fs.last_change_by_others(me))? <= seen {
            return Ok(Some(nothing));
        }
        let changes = blocking(fs.changes(b"/", seen, BATCH))?;
        let mut events = changes.events;
        events.retain(|event| event.kind == EventKind::Rescan || *event.agent != **me);
        Ok(Some(Look {
            events,
            seen: changes.last.max(seen),
            answered: None,
        }))
    }

    fn tell(&mut self, look: &Look) -> io::Result<()> {
        let afresh = std::mem::take(&mut self.behind) || look.answered.is_some();
        if afresh {
            self.shared.gate.set_closed(false);
        } else if look.events.is_empty() {
            return Ok(());
        }
        self.shared.gate.pass();
        if afresh || look.events.iter().any(|event| self.moves_names_below(event)) {
            return self.everything();
        }
        let mut dirs = HashMap::new();
        for event in &look.events {
            if !self.one(event, &mut dirs)? {
                return self.everything();
            }
        }
        Ok(())
    }

    /// Whether a change gives other paths to more than what it names.
    fn moves_names_below(&self, event: &ChangeEvent) -> bool {
        match event.kind {
            EventKind::Rescan => true,
            // What is gone by now was not moved with anything below it.
            EventKind::Rename => blocking(self.shared.fs.getattr(event.ino)).is_ok_and(|attr| attr.is_dir()),
            EventKind::Create | EventKind::Modify | EventKind::Delete => false,
        }
    }

    /// Tells of one change. Answers `false` if it cannot be told where it was made.
    fn one(&self, event: &ChangeEvent, dirs: &mut HashMap<Vec<u8>, Option<Ino>>) -> io::Result<bool> {
        let node = self.shared.node(event.ino);
        if event.kind == EventKind::Modify {
            self.notifier.content(node)?;
            return Ok(true);
        }
        for path in [Some(&event.path), event.from.as_ref()].into_iter().flatten() {
            let (dir, name) = split(path);
            let found = dirs.entry(dir.to_vec()).or_insert_with(|| self.directory(dir));
            let Some(dir) = *found else { return Ok(false) };
            let dir = self.shared.node(dir);
            self.notifier.entry(dir, name)?;
            self.content(dir)?;
        }
        self.notifier.attributes(node)?;
        Ok(true)
    }

    /// Has the kernel forget attributes and content: of a directory, its listing.
    ///
    /// A listing that is on its way to the kernel now may be kept after this. So whoever opens the directory next has it
    /// forgotten once more.
    fn content(&self, node: INodeNo) -> io::Result<()> {
        self.shared.nodes.outdate(node);
        self.notifier.content(node)
    }

    fn directory(&self, path: &[u8]) -> Option<Ino> {
        let who: &Credentials = &self.shared.template;
        let attr = blocking(self.shared.fs.resolve(who, path, Follow::No)).ok()?;
        attr.is_dir().then_some(attr.ino)
    }

    /// Has the kernel forget all it was told.
    fn everything(&self) -> io::Result<()> {
        if self.shared.has_epochs.load(Ordering::Acquire) && self.notifier.all_entries().is_err() {
            self.shared.has_epochs.store(false, Ordering::Release);
        }
        if !self.shared.has_epochs.load(Ordering::Acquire) {
            for (dir, name) in self.shared.nodes.all_names() {
                self.notifier.entry(dir, &name)?;
            }
        }
        self.content(INodeNo::ROOT)?;
        for node in self.shared.nodes.all() {
            self.content(node)?;
        }
        Ok(())
    }
}

/// The directory and the last name of an absolute path.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|b| *b == b'/') {
        Some(0) | None => (b"/", path.strip_prefix(b"/").unwrap_or(path)),
        Some(slash) => (&path[..slash], &path[slash + 1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_split_before_their_last_name() {
        assert_eq!(split(b"/a"), (&b"/"[..], &b"a"[..]));
        assert_eq!(split(b"/a/b c"), (&b"/a"[..], &b"b c"[..]));
    }

    #[test]
    fn one_who_waits_is_woken_when_a_later_look_was_told() {
        let feed = Arc::new(Feed::new(Seq(1)));
        let look = |seen, answered| Look {
            events: Vec::new(),
            seen: Seq(seen),
            answered,
        };
        // A look that was begun before cannot have seen what was done since.
        let (_, before) = feed.begin();
        let waiting = {
            let feed = feed.clone();
            std::thread::spawn(move || feed.start_afresh())
        };
        assert!(feed.rest(Duration::from_secs(60)).is_some());
        feed.end(&look(5, before));
        let (seen, asked) = feed.begin();
        assert_eq!((seen, asked), (Seq(5), Some(1)));
        assert!(!waiting.is_finished());
        feed.end(&look(6, asked));
        waiting.join().unwrap();
        feed.stop();
        assert!(feed.rest(Duration::from_secs(60)).is_none());
    }
}
