//! The change feed of a mount: a thread that tells the kernel what others have changed.
//!
//! Others are whoever does not carry this mount's name as agent: other mounts, the command line, programs run in the
//! workspace, a server. Looking costs one number that the store keeps in memory. What this mount itself does the kernel
//! knows, but for a switch of layers, which is done by a write to a hook and changes everything.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fuser::INodeNo;
use tarbox_fs::{ChangeEvent, Credentials, EventKind, FilesystemExt, FilesystemInterface, Follow, blocking};
use tarbox_store::{Follower, Ino, Result, Seq, Unheard};

use crate::adapter::Shared;

/// How long to wait to be woken before looking. Only who was killed between a commit and waking others leaves one unheard.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two looks while the feed cannot be read.
const PAUSE: Duration = Duration::from_millis(8);
/// Between two attempts to wake the feed.
const AGAIN: Duration = Duration::from_micros(200);
/// Records considered at once.
const BATCH: usize = 1024;
/// How long somebody waits to be caught up with: far longer than it takes, and short enough to live with should the
/// kernel hold a lock that the telling needs.
const CATCH_UP_MAX: Duration = Duration::from_secs(5);
/// Where a follower is that will not be behind any more.
const END: Seq = Seq(u64::MAX);

/// How far the kernel has been told, and what else it has to be told.
pub(crate) struct Feed {
    state: Mutex<State>,
    /// Something is to be done at once.
    hurry: Condvar,
    /// The kernel has been told more, or the feed was woken.
    told: Condvar,
    /// Hears how far the kernel has been told, for those who wait for that.
    follower: Box<dyn Follower>,
    /// Ends a wait for changes that has begun.
    wake: Box<dyn Fn() + Send + Sync>,
}

#[derive(Debug)]
struct State {
    /// Everything up to here the kernel knows.
    seen: Seq,
    /// Nodes whose pages are wrong, and from where on.
    mistaken: HashMap<INodeNo, u64>,
    /// How often somebody asked that the kernel forget everything, since this mount itself may have switched layers; and
    /// how many of them have their answer.
    asked: u64,
    answered: u64,
    /// How often somebody roused the feed, and how many of those calls the latest look has heard.
    roused: u64,
    heard: u64,
    /// The feed waits for changes, or is about to.
    resting: bool,
    stop: bool,
}

impl State {
    fn is_hurried(&self) -> bool {
        self.heard < self.roused
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Feed {
    /// The feed of a mount of these files: from now on, whoever changes them waits until the kernel was told.
    pub(crate) fn begin<F>(fs: &Arc<F>) -> Result<Self>
    where
        F: FilesystemInterface + Send + Sync + 'static,
    {
        let follower = blocking(fs.follow())?;
        let seen = blocking(fs.last_change())?;
        follower.acknowledge(seen);
        let fs = fs.clone();
        Ok(Self::new(seen, follower, Box::new(move || fs.wake())))
    }

    /// Of what never changes.
    pub(crate) fn idle() -> Self {
        Self::new(END, Box::new(Unheard), Box::new(|| {}))
    }

    fn new(seen: Seq, follower: Box<dyn Follower>, wake: Box<dyn Fn() + Send + Sync>) -> Self {
        Self {
            state: Mutex::new(State {
                seen,
                mistaken: HashMap::new(),
                asked: 0,
                answered: 0,
                roused: 0,
                heard: 0,
                resting: false,
                stop: false,
            }),
            hurry: Condvar::new(),
            told: Condvar::new(),
            follower,
            wake,
        }
    }

    /// Has the kernel read the content of a node again, from an offset on.
    pub(crate) fn mistaken(&self, node: INodeNo, offset: u64) {
        let mut state = self.state();
        match state.mistaken.entry(node) {
            Entry::Vacant(place) => {
                place.insert(offset);
                drop(self.rouse(state));
            }
            // Whoever was first rouses the feed.
            Entry::Occupied(mut place) => *place.get_mut() = offset.min(*place.get()),
        }
    }

    /// Returns when the kernel has forgotten everything it was told before now.
    pub(crate) fn start_afresh(&self) {
        let mut state = self.state();
        state.asked += 1;
        let mine = state.asked;
        let state = self.rouse(state);
        let waiting = |state: &mut State| state.answered < mine && !state.stop;
        // Behind the limit the kernel learns of it a little later.
        drop(
            self.told
                .wait_timeout_while(state, CATCH_UP_MAX, waiting)
                .unwrap_or_else(PoisonError::into_inner),
        );
    }

    /// Who hears how far the kernel has been told.
    pub(crate) fn follower(&self) -> &dyn Follower {
        &*self.follower
    }

    /// Ends the thread. The kernel keeps nothing any more that others could have to wait for.
    pub(crate) fn stop(&self) {
        let mut state = self.state();
        state.stop = true;
        self.told.notify_all();
        drop(self.rouse(state));
        self.follower.acknowledge(END);
    }

    /// Has the feed look at once. One that is only about to wait does not hear that it is woken, so it is woken until a look
    /// has begun. That the feed rests again by then must not be taken for its first rest, or this goes on for as long as others
    /// rouse it, too.
    fn rouse<'s>(&self, mut state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        state.roused += 1;
        let mine = state.roused;
        self.hurry.notify_all();
        while state.resting && state.heard < mine {
            (self.wake)();
            state = self
                .told
                .wait_timeout(state, AGAIN)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        state
    }

    /// Begins a look. Answers the nodes that are mistaken, or `None` to end.
    fn next(&self) -> Option<HashMap<INodeNo, u64>> {
        let mut state = self.state();
        state.heard = state.roused;
        (!state.stop).then(|| std::mem::take(&mut state.mistaken))
    }

    /// Runs `wait`, unless somebody is in a hurry.
    fn rest(&self, wait: impl FnOnce(Seq) -> Result<Seq>) {
        let mut state = self.state();
        if state.is_hurried() || state.stop {
            return;
        }
        state.resting = true;
        let seen = state.seen;
        drop(state);
        let waited = wait(seen);
        let mut state = self.state();
        state.resting = false;
        self.told.notify_all();
        if waited.is_err() {
            let resting = |state: &mut State| !state.is_hurried() && !state.stop;
            drop(
                self.hurry
                    .wait_timeout_while(state, PAUSE, resting)
                    .unwrap_or_else(PoisonError::into_inner),
            );
        }
    }

    /// How far the kernel was told, and how many have asked to start afresh, if any still wait.
    fn position(&self) -> (Seq, Option<u64>) {
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
        drop(state);
        self.follower.acknowledge(look.seen);
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
pub(crate) fn follow<F: FilesystemInterface>(shared: &Arc<Shared<F>>) {
    let (feed, fs) = (&shared.feed, &shared.fs);
    let mut teller = Teller {
        shared,
        behind: false,
    };
    while let Some(mistaken) = feed.next() {
        let told = mistaken
            .into_iter()
            .try_for_each(|(node, offset)| shared.notifier.content_from(node, offset))
            .and_then(|()| teller.look());
        match told {
            Ok(true) => {}
            Ok(false) => feed.rest(|seen| blocking(fs.changed(seen, PATIENCE))),
            // The mount is gone.
            Err(_) => break,
        }
    }
    shared.gate.set_closed(true);
    feed.stop();
}

struct Teller<'a, F> {
    shared: &'a Arc<Shared<F>>,
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
                    self.shared.feed.follower().acknowledge(END);
                }
                Ok(false)
            }
        }
    }

    /// The changes of others since the last look.
    fn read(&self) -> Result<Option<Look>> {
        let (fs, me) = (&self.shared.fs, &self.shared.template.actor.agent);
        let (seen, asked) = self.shared.feed.position();
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
        // To forget one name the kernel waits for a lock on its directory. A request of ours may have it, and wait for another
        // mount that waits for this one.
        let without_locks = self.shared.has_others();
        if without_locks {
            self.forget_names()?;
        }
        let mut dirs = HashMap::new();
        for event in &look.events {
            if !self.one(event, &mut dirs, without_locks)? {
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
    fn one(
        &self,
        event: &ChangeEvent,
        dirs: &mut HashMap<Vec<u8>, Option<Ino>>,
        names_are_told: bool,
    ) -> io::Result<bool> {
        let node = self.shared.node(event.ino);
        if event.kind == EventKind::Modify {
            self.shared.notifier.content(node)?;
            return Ok(true);
        }
        for path in [Some(&event.path), event.from.as_ref()].into_iter().flatten() {
            let gone = event.kind == EventKind::Delete || event.from.as_ref() == Some(path);
            let (dir, name) = split(path);
            let found = dirs.entry(dir.to_vec()).or_insert_with(|| self.directory(dir));
            let Some(dir) = *found else { return Ok(false) };
            let dir = self.shared.node(dir);
            if !names_are_told {
                self.shared.notifier.entry(dir, name)?;
            }
            if gone {
                self.shared.nodes.remove_from(dir, name, node);
            }
            self.content(dir)?;
        }
        self.shared.notifier.attributes(node)?;
        Ok(true)
    }

    /// Has the kernel forget attributes and content: of a directory, its listing.
    ///
    /// A listing that is on its way to the kernel now may be kept after this. So whoever opens the directory next has it
    /// forgotten once more.
    fn content(&self, node: INodeNo) -> io::Result<()> {
        self.shared.nodes.outdate(node);
        self.shared.notifier.content(node)
    }

    fn directory(&self, path: &[u8]) -> Option<Ino> {
        let who: &Credentials = &self.shared.template;
        let attr = blocking(self.shared.fs.resolve(who, path, Follow::No)).ok()?;
        attr.is_dir().then_some(attr.ino)
    }

    /// Has the kernel forget what every name means.
    fn forget_names(&self) -> io::Result<()> {
        if self.shared.has_epochs.load(Ordering::Acquire) && self.shared.notifier.all_entries().is_err() {
            self.shared.has_epochs.store(false, Ordering::Release);
        }
        if !self.shared.has_epochs.load(Ordering::Acquire) {
            for (dir, name) in self.shared.nodes.all_names() {
                self.shared.notifier.entry(dir, &name)?;
            }
        }
        Ok(())
    }

    /// Has the kernel forget all it was told.
    fn everything(&self) -> io::Result<()> {
        self.forget_names()?;
        self.content(INodeNo::ROOT)?;
        for node in self.shared.nodes.all() {
            self.content(node)?;
            self.shared.feed.follower().go_on();
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
        let feed = Arc::new(Feed::new(Seq(1), Box::new(Unheard), Box::new(|| {})));
        let look = |seen, answered| Look {
            events: Vec::new(),
            seen: Seq(seen),
            answered,
        };
        // A look that was begun before cannot have seen what was done since.
        let (_, before) = feed.position();
        let waiting = {
            let feed = feed.clone();
            std::thread::spawn(move || feed.start_afresh())
        };
        while feed.position().1.is_none() {
            std::thread::yield_now();
        }
        feed.rest(|_| unreachable!("somebody is in a hurry"));
        assert!(feed.next().is_some());
        feed.end(&look(5, before));
        let (seen, asked) = feed.position();
        assert_eq!((seen, asked), (Seq(5), Some(1)));
        assert!(!waiting.is_finished());
        feed.end(&look(6, asked));
        waiting.join().unwrap();
        feed.stop();
        assert!(feed.next().is_none());
    }

    #[test]
    fn one_that_rests_is_woken_however_late_it_begins_to_wait() {
        use std::sync::atomic::AtomicU32;
        let woken = Arc::new(AtomicU32::new(0));
        let wake = {
            let woken = woken.clone();
            Box::new(move || {
                woken.fetch_add(1, Ordering::AcqRel);
            })
        };
        let feed = Arc::new(Feed::new(Seq(1), Box::new(Unheard), wake));
        let resting = {
            let feed = feed.clone();
            std::thread::spawn(move || {
                feed.rest(|seen| {
                    // The first call comes before anybody waits, and is not heard.
                    while woken.load(Ordering::Acquire) < 2 {
                        std::thread::yield_now();
                    }
                    Ok(seen)
                });
                feed.next()
            })
        };
        while !feed.state().resting {
            std::thread::yield_now();
        }
        feed.mistaken(INodeNo(7), 4096);
        assert_eq!(resting.join().unwrap(), Some(HashMap::from([(INodeNo(7), 4096)])));
    }

    #[test]
    fn one_who_was_heard_does_not_wait_for_the_next_rest_to_end() {
        use std::sync::atomic::AtomicU32;
        let woken = Arc::new(AtomicU32::new(0));
        let wake = {
            let woken = woken.clone();
            Box::new(move || {
                woken.fetch_add(1, Ordering::AcqRel);
            })
        };
        let feed = Arc::new(Feed::new(Seq(1), Box::new(Unheard), wake));
        feed.state().resting = true;
        let rousing = {
            let feed = feed.clone();
            std::thread::spawn(move || feed.mistaken(INodeNo(7), 4096))
        };
        while woken.load(Ordering::Acquire) == 0 {
            std::thread::yield_now();
        }
        // It looks and rests again before the other gets to see that.
        let mut state = feed.state();
        state.heard = state.roused;
        let before = woken.load(Ordering::Acquire);
        drop(state);
        while !rousing.is_finished() {
            assert_eq!(woken.load(Ordering::Acquire), before);
            std::thread::yield_now();
        }
        rousing.join().unwrap();
    }
}
