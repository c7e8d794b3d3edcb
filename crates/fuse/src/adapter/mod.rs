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
use tarbox_store::{Attr, Ino, Result};

use crate::convert;
use crate::feed::Feed;
use crate::gate::{Answering, Gate};
use crate::nodes::Nodes;
use crate::serving::Serving;

/// How long the kernel may believe what it is told of changes to.
const KEPT: Duration = Duration::from_secs(3600);
/// How long it may believe what a snapshot holds: that never changes, but the layer may be dropped.
const SNAPSHOT_KEPT: Duration = Duration::from_secs(1);
/// An inode number stands for one inode for ever, so there is one generation of each.
const GENERATION: Generation = Generation(0);

/// What the requests and the change feed of one mount share.
pub(crate) struct Shared<F> {
    pub(crate) fs: Arc<F>,
    pub(crate) nodes: Nodes,
    pub(crate) gate: Gate,
    pub(crate) feed: Feed,
    /// The inode that the kernel knows as number 1.
    root: Ino,
    /// Root, with this mount's name as agent.
    pub(crate) template: Credentials,
    /// Where others see that the mount is served; until it has ended, and everything is on the device.
    serving_at: String,
    serving: Mutex<Option<Serving>>,
    ended: Mutex<Result<()>>,
    /// Whether the kernel can be made to forget every name at once, so that it may keep those that mean nothing too.
    pub(crate) has_epochs: AtomicBool,
}

/// A file system as `fuser` wants it.
pub(crate) struct Adapter<F>(pub(crate) Arc<Shared<F>>);

/// An inode as it is told to the kernel, and for how long.
struct Entry {
    attr: FileAttr,
    kept: Duration,
}

impl<F: FilesystemInterface> Shared<F> {
    pub(crate) fn new(fs: Arc<F>, root: Ino, agent: &str, feed: Feed, serving: Serving) -> Self {
        Self {
            fs,
            nodes: Nodes::default(),
            gate: Gate::default(),
            feed,
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
