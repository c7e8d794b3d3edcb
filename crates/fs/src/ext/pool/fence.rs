//! Notices that the workspace was switched to another layer.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tarbox_store::{Error, ErrorKind, Result, Seq};

use crate::interface::{Credentials, EventKind, FilesystemInterface, blocking};

/// Records looked at at once.
const BATCH: usize = 1024;

/// Up to where the log holds no switch. Once it holds one, nothing goes through any more.
///
/// A change that passes at the very moment of a switch finds its layer sealed, or a file that has no name any more.
#[derive(Debug)]
pub(super) struct Fence {
    agent: Box<str>,
    seen: AtomicU64,
    is_passed: AtomicBool,
}

impl Fence {
    /// From now on.
    pub(super) fn new<F: FilesystemInterface>(fs: &F, who: &Credentials) -> Result<Self> {
        Ok(Self {
            agent: who.actor.agent.as_ref().into(),
            seen: AtomicU64::new(blocking(fs.last_change())?.0),
            is_passed: AtomicBool::new(false),
        })
    }

    /// `Stale` if the workspace was switched. Costs a number that the store keeps in memory, as long as nobody else changes anything.
    pub(super) fn check<F: FilesystemInterface>(&self, fs: &F) -> Result<()> {
        if !self.is_passed.load(Ordering::Acquire) {
            let seen = Seq(self.seen.load(Ordering::Acquire));
            if blocking(fs.last_change_by_others(&self.agent))? <= seen {
                return Ok(());
            }
            if !self.look(fs, seen)? {
                return Ok(());
            }
            self.is_passed.store(true, Ordering::Release);
        }
        Err(Error::new(ErrorKind::Stale)
            .because("the workspace was switched to another layer while this was open; open it again"))
    }

    /// Whether there was a switch behind `seen`.
    fn look<F: FilesystemInterface>(&self, fs: &F, mut seen: Seq) -> Result<bool> {
        let end = blocking(fs.last_change())?;
        while seen < end {
            // Only switches are told of a path that nothing can have.
            let changes = blocking(fs.changes(b"/\0", seen, BATCH))?;
            if changes.events.iter().any(|event| event.kind == EventKind::Rescan) {
                return Ok(true);
            }
            if changes.last == seen {
                break;
            }
            seen = changes.last;
            self.seen.fetch_max(seen.0, Ordering::AcqRel);
        }
        Ok(false)
    }
}
