//! The kernel's requests, one method each: what they ask for is worked out beside this file, by kind, and answered here.

mod content;
mod directories;
mod names;
mod requests;
mod xattrs;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fuser::{FileAttr, Generation, INodeNo, Request};
use tarbox_fs::{Credentials, FilesystemInterface, Handle, Realm, blocking};
use tarbox_store::{Attr, Error, ErrorKind, FileKind, Ino, Result};

use crate::convert;
use crate::feed::Feed;
use crate::gate::{Answering, Gate};
use crate::nodes::Nodes;
use crate::notifier::Notifier;
use crate::serving::Serving;
use crate::settling::Settling;

/// How long the kernel may believe what it is told of changes to.
const KEPT: Duration = Duration::from_secs(3600);
/// How long it may believe what a snapshot holds: that never changes, but the layer may be dropped.
const SNAPSHOT_KEPT: Duration = Duration::from_secs(1);
/// An inode number stands for one inode for ever, so there is one generation of each.
const GENERATION: Generation = Generation(0);

/// Setuid and setgid.
const SETID: u32 = 0o6000;

/// What the requests and the change feed of one mount share.
pub(crate) struct Shared<F> {
    pub(crate) fs: Arc<F>,
    pub(crate) nodes: Nodes,
    pub(crate) gate: Gate,
    pub(crate) feed: Feed,
    pub(crate) notifier: Notifier,
    pub(crate) settling: Settling,
    /// The inode that the kernel knows as number 1.
    root: Ino,
    /// Root, with this mount's name as agent.
    pub(crate) template: Credentials,
    /// Where others see that the mount is served; until it has ended, and everything is on the device.
    serving_at: String,
    serving: Mutex<Option<Arc<Serving>>>,
    ended: Mutex<Result<()>>,
    /// Whether the kernel can be made to forget every name at once, so that it may keep those that mean nothing too.
    pub(crate) has_epochs: AtomicBool,
}

/// A file system as `fuser` wants it.
pub(crate) struct Adapter<F>(pub(crate) Arc<Shared<F>>);

impl Entry {
    /// How long the kernel may believe it, if it may at all.
    fn kept_if(&self, keeps: bool) -> Duration {
        if keeps { self.kept } else { Duration::ZERO }
    }
}

/// An inode as it is told to the kernel, and for how long.
struct Entry {
    attr: FileAttr,
    kept: Duration,
}

/// Why something could not be done with an inode, for which the kernel has a name: if it is gone, the name is out of date.
fn stale(error: Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound => ErrorKind::Stale.into(),
        _ => error,
    }
}

impl<F: FilesystemInterface> Shared<F> {
    pub(crate) fn new(
        fs: Arc<F>,
        root: Ino,
        agent: &str,
        (feed, notifier): (Feed, Notifier),
        serving: Arc<Serving>,
    ) -> Self {
        Self {
            fs,
            nodes: Nodes::default(),
            gate: Gate::default(),
            feed,
            notifier,
            settling: Settling::default(),
            root,
            serving_at: serving.place(),
            serving: Mutex::new(Some(serving)),
            ended: Mutex::new(Ok(())),
            template: Credentials::root(agent).with_umask(0).already_checked(),
            has_epochs: AtomicBool::new(false),
        }
    }

    /// The inode behind a number of the kernel's.
    fn ino(&self, node: INodeNo) -> Ino {
        match node {
            INodeNo::ROOT => self.root,
            node => Ino(node.0),
        }
    }

    /// The kernel's number of an inode.
    pub(crate) fn node(&self, ino: Ino) -> INodeNo {
        match ino == self.root {
            true => INodeNo::ROOT,
            false => INodeNo(ino.0),
        }
    }

    /// Whether the mount shows a past state only.
    pub(crate) fn is_snapshot(&self) -> bool {
        Realm::of(self.root) == Realm::Snapshot
    }

    fn kept(&self, ino: Ino, answering: &Answering<'_>) -> Duration {
        match Realm::of(ino) {
            Realm::Workspace if answering.keeps => KEPT,
            Realm::Snapshot if self.is_snapshot() => KEPT,
            Realm::Snapshot => SNAPSHOT_KEPT,
            Realm::Workspace | Realm::Hook => Duration::ZERO,
        }
    }

    fn entry(&self, attr: &Attr, answering: &Answering<'_>) -> Entry {
        if attr.kind == FileKind::File && attr.mode & SETID != 0 {
            self.nodes.note_setid(self.node(attr.ino));
        }
        Entry {
            attr: convert::file_attr(self.node(attr.ino), attr),
            kept: self.kept(attr.ino, answering),
        }
    }

    /// An entry under a name, which the kernel knows from now on.
    fn named(&self, dir: INodeNo, name: &[u8], attr: &Attr, answering: &Answering<'_>) -> Entry {
        let entry = self.entry(attr, answering);
        self.nodes.learn(dir, name, entry.attr.ino);
        entry
    }

    /// On whose behalf a request is made. The kernel has checked what they may do.
    fn who(&self, request: &Request) -> Credentials {
        let mut who = self.template.clone();
        who.actor.uid = request.uid();
        who.actor.gid = request.gid();
        who
    }

    /// Whether the kernel knows the inode by a name that somebody else has removed or given to another since. Told that
    /// this is stale, it looks the name up again.
    fn is_stale(&self, node: INodeNo) -> bool {
        self.nodes.is_named(node) && self.is_nameless(node)
    }

    /// Whether the kernel can only have come to the inode by a name that somebody else has removed, perhaps a moment before
    /// it was told: nobody here has the inode open, and it was not removed here.
    fn came_by_lost_name(&self, node: INodeNo) -> bool {
        (self.nodes.is_named(node) || self.nodes.is_unused(node)) && self.is_nameless(node)
    }

    fn is_nameless(&self, node: INodeNo) -> bool {
        match blocking(self.fs.getattr(self.ino(node))) {
            Ok(attr) => attr.nlink == 0,
            Err(e) => e.kind() == ErrorKind::NotFound,
        }
    }

    /// Why something could not be done in a directory.
    fn stale_or(&self, node: INodeNo, error: Error) -> Error {
        match error.kind() {
            ErrorKind::NotFound if self.is_stale(node) => ErrorKind::Stale.into(),
            _ => error,
        }
    }

    /// Whether the kernels behind other mounts have to be told of what is done here. Where a kernel has no epochs, telling it
    /// can wait for a lock that a request waiting here holds there; then they learn of it a little later.
    pub(crate) fn has_others(&self) -> bool {
        self.has_epochs.load(Ordering::Acquire) && self.fs.is_followed(Some(self.feed.follower()))
    }

    /// Gives the answer to a request that has changed something when other mounts show it. By then what the answer says may
    /// be out of date, so the kernel must not keep it: the answer is told whether it may.
    fn answer(&self, answering: Option<Answering<'_>>, answer: impl FnOnce(bool) + Send + 'static) {
        if self.has_others() {
            // The feed must not wait for this answer.
            drop(answering);
            self.settling.later(Box::new(move || answer(false)));
        } else {
            answer(true);
        }
    }

    fn keeps_missing_names(&self, dir: INodeNo, answering: &Answering<'_>) -> bool {
        let workspace = Realm::of(self.ino(dir)) == Realm::Workspace;
        workspace && answering.keeps && self.has_epochs.load(Ordering::Acquire)
    }

    /// The kernel asks no more: brings what was written to the device, and tells whoever waits for that.
    fn end(&self) {
        let synced = blocking(self.fs.syncfs());
        if let Some(serving) = self.serving.lock().unwrap_or_else(PoisonError::into_inner).take() {
            serving.end(&synced);
        }
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = synced;
    }

    /// How the mount ended. Each problem is told once.
    pub(crate) fn take_end(&self) -> Result<()> {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *ended, Ok(()))
    }

    pub(crate) fn release(&self, handle: Handle) -> Result<()> {
        blocking(self.fs.release(handle))
    }

    /// Lets go of what only the kernel's knowledge kept. There is nobody to be told if that fails.
    fn let_go(&self, handle: Option<Handle>) {
        if let Some(handle) = handle {
            drop(self.release(handle));
        }
    }
}
