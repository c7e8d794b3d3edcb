//! What was read before, for as long as it is known to hold.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use quick_cache::Weighter;
use quick_cache::sync::Cache as Kept;
use tarbox_store::{Attr, Ino, Seq, View};
use tokio::sync::watch;

use crate::stamps::{Stamps, Subject};

/// Content is kept in blocks of this many bytes.
pub(crate) const BLOCK: u64 = 64 << 10;
/// What an item costs beside its content.
const OVERHEAD: u64 = 200;

/// The moment before something was asked for, and how far the answer goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) changes: u64,
    pub(crate) position: Seq,
    pub(crate) time: Duration,
}

impl Moment {
    /// Before everything.
    pub(crate) const NEVER: Self = Self {
        changes: 0,
        position: Seq(0),
        time: Duration::ZERO,
    };
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Attr(View, Ino),
    Entry(View, Ino, Box<[u8]>),
    Block(View, Ino, u64),
}

#[derive(Debug, Clone)]
enum Value {
    Attr(Attr),
    /// The inode, or that there is no such entry.
    Entry(Option<Ino>),
    /// A block, shorter than [`BLOCK`] at the end of the file.
    Block(Arc<[u8]>),
}

#[derive(Clone)]
struct Weight;

impl Weighter<Key, (Value, Moment)> for Weight {
    fn weight(&self, key: &Key, (value, _): &(Value, Moment)) -> u64 {
        let content = match (key, value) {
            (Key::Entry(_, _, name), _) => name.len(),
            (_, Value::Block(block)) => block.len(),
            _ => 0,
        };
        OVERHEAD + content as u64
    }
}

/// The cache of one tenant.
pub(crate) struct Cache {
    kept: Option<Kept<Key, (Value, Moment), Weight>>,
    ttl: Duration,
    stamps: RwLock<Stamps>,
    /// The feed went so far.
    applied: watch::Sender<Seq>,
    /// An answer went so far: what is older is not used until the feed has caught up.
    seen: AtomicU64,
    /// Until when, in milliseconds, the feed counts as connected.
    connected_until: AtomicU64,
}

impl Cache {
    pub(crate) fn new(bytes: u64, ttl: Duration) -> Self {
        let items = (bytes / 4_096).clamp(64, 1 << 20) as usize;
        Self {
            kept: (bytes > 0 && !ttl.is_zero()).then(|| Kept::with_weighter(items, bytes, Weight)),
            ttl,
            stamps: RwLock::default(),
            applied: watch::Sender::new(Seq(0)),
            seen: AtomicU64::new(0),
            connected_until: AtomicU64::new(0),
        }
    }

    fn stamps(&self) -> std::sync::RwLockReadGuard<'_, Stamps> {
        self.stamps.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn stamps_mut(&self) -> std::sync::RwLockWriteGuard<'_, Stamps> {
        self.stamps.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether anything is kept at all.
    pub(crate) fn is_on(&self) -> bool {
        self.kept.is_some()
    }

    /// How many changes there were so far.
    pub(crate) fn changes(&self) -> u64 {
        self.stamps().now()
    }

    /// How far the feed went, and word of when it goes on.
    pub(crate) fn applied(&self) -> watch::Receiver<Seq> {
        self.applied.subscribe()
    }

    pub(crate) fn is_connected(&self, now: Duration) -> bool {
        millis(now) < self.connected_until.load(Ordering::Acquire)
    }

    /// An answer goes so far.
    pub(crate) fn see(&self, position: Seq) {
        self.seen.fetch_max(position.0, Ordering::AcqRel);
    }

    /// The feed tells of what follows `applied` from now on; whatever is older may be out of date.
    pub(crate) fn connect(&self, applied: Seq, until: Duration) {
        self.stamps_mut().note(Subject::All);
        self.applied.send_replace(applied);
        self.connected_until.store(millis(until), Ordering::Release);
    }

    /// The feed told of everything up to here, and lasts until then.
    pub(crate) fn apply<'a>(
        &self,
        subjects: impl Iterator<Item = Subject<'a>>,
        applied: Seq,
        until: Duration,
    ) {
        let mut stamps = self.stamps_mut();
        subjects.for_each(|subject| stamps.note(subject));
        drop(stamps);
        self.applied.send_if_modified(|last| {
            let more = applied > *last;
            *last = applied.max(*last);
            more
        });
        self.connected_until.store(millis(until), Ordering::Release);
    }

    /// Nothing is told any more.
    pub(crate) fn disconnect(&self) {
        self.connected_until.store(0, Ordering::Release);
    }

    /// An own change was made, and its only record is the one at `after`.
    pub(crate) fn claim(&self, before: Seq, after: Seq) {
        if after.0 == before.0 + 1 {
            self.applied.send_if_modified(|last| {
                let next = *last == before;
                if next {
                    *last = after;
                }
                next
            });
        }
    }

    /// An own change was made. Attributes that it answered are kept, unless another change was made meanwhile.
    pub(crate) fn change(&self, subjects: &[Subject<'_>], answered: Option<Attr>, at: Moment) {
        let mut stamps = self.stamps_mut();
        let alone = answered.filter(|attr| stamps.attr_holds(attr.ino, attr.is_dir(), at.changes));
        subjects.iter().for_each(|subject| stamps.note(*subject));
        let changes = stamps.now();
        drop(stamps);
        if let Some(attr) = alone {
            self.keep(
                Key::Attr(View::Current, attr.ino),
                Value::Attr(attr),
                Moment { changes, ..at },
            );
        }
    }

    fn keep(&self, key: Key, value: Value, at: Moment) {
        if let Some(kept) = &self.kept {
            kept.insert(key, (value, at));
        }
    }

    pub(crate) fn keep_attr(&self, view: View, attr: Attr, at: Moment) {
        self.keep(Key::Attr(view, attr.ino), Value::Attr(attr), at);
    }

    pub(crate) fn keep_entry(&self, view: View, dir: Ino, name: &[u8], ino: Option<Ino>, at: Moment) {
        self.keep(Key::Entry(view, dir, name.into()), Value::Entry(ino), at);
    }

    pub(crate) fn keep_block(&self, view: View, ino: Ino, index: u64, block: &[u8], at: Moment) {
        self.keep(Key::Block(view, ino, index), Value::Block(block.into()), at);
    }

    /// What is kept under a key, if it may be used but for its stamp.
    fn get(&self, key: &Key, now: Duration) -> Option<(Value, Moment)> {
        let kept = self.kept.as_ref()?;
        if !self.is_connected(now) {
            return None;
        }
        let (value, at) = kept.get(key)?;
        let seen = self.seen.load(Ordering::Acquire);
        let is_recent = self.applied.borrow().0 >= seen || at.position.0 >= seen;
        (is_recent && now.saturating_sub(at.time) < self.ttl).then_some((value, at))
    }

    pub(crate) fn attr(&self, view: View, ino: Ino, now: Duration) -> Option<Attr> {
        let (Value::Attr(attr), at) = self.get(&Key::Attr(view, ino), now)? else {
            return None;
        };
        let holds = self.stamps().attr_holds(ino, attr.is_dir(), at.changes);
        holds.then_some(attr)
    }

    /// The inode under a name, or `Some(None)` where it is known that there is none.
    pub(crate) fn entry(&self, view: View, dir: Ino, name: &[u8], now: Duration) -> Option<Option<Ino>> {
        let (Value::Entry(entry), at) = self.get(&Key::Entry(view, dir, name.into()), now)? else {
            return None;
        };
        let holds = self.stamps().entry_holds(name, at.changes);
        holds.then_some(entry)
    }

    pub(crate) fn block(&self, view: View, ino: Ino, index: u64, now: Duration) -> Option<Arc<[u8]>> {
        let (Value::Block(block), at) = self.get(&Key::Block(view, ino, index), now)? else {
            return None;
        };
        let holds = self.stamps().content_holds(ino, at.changes);
        holds.then_some(block)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
