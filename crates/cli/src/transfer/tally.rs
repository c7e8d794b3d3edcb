//! Counts what a transfer moves, shows how far it is, and says what came of it.

use serde::Serialize;
use tarbox_fs::FilesystemInterface;
use tarbox_store::ErrorKind;

use crate::failure::{Failure, Result};
use crate::progress::Progress;
use crate::transfer::item::Item;
use crate::workspace::Workspace;

impl Item {
    /// Entries that are complete with it, and bytes in it.
    fn amount(&self) -> (u64, u64) {
        match self {
            Self::Data { bytes, .. } => (0, bytes.len() as u64),
            Self::Leave { .. } | Self::EndFile { .. } => (1, 0),
            Self::Symlink { .. } | Self::Special { .. } | Self::Again { .. } => (1, 0),
            _ => (0, 0),
        }
    }
}

/// The account of one transfer.
pub(crate) struct Tally<'a, 'w, F> {
    w: &'a Workspace<'w, F>,
    progress: Progress,
}

#[derive(Serialize)]
struct Moved {
    entries: u64,
    bytes: u64,
    seconds: f64,
    /// Entries that could not be moved; each was reported.
    failed: u64,
}

impl<'a, 'w, F: FilesystemInterface> Tally<'a, 'w, F> {
    /// Begins to count; `total` is how many entries there are, if that is known.
    pub(crate) fn new(w: &'a Workspace<'w, F>, verb: &'static str, total: Option<u64>) -> Self {
        let progress = w.progress(verb);
        if let Some(total) = total {
            progress.expect(total);
        }
        Self { w, progress }
    }

    /// Lets an item be carried out and counts it. One that fails is reported, and the transfer goes on.
    ///
    /// # Errors
    /// The failure, where every further item would fail the same way.
    pub(crate) fn count(&self, item: Item, carry_out: impl FnOnce(Item) -> Result<()>) -> Result<()> {
        let (entries, bytes) = item.amount();
        match carry_out(item) {
            Ok(()) if bytes > 0 => self.progress.add_bytes(bytes),
            Ok(()) => self.progress.add(entries),
            Err(failure) => self.report(failure)?,
        }
        Ok(())
    }

    /// Counts what was moved.
    pub(crate) fn add(&self, entries: u64, bytes: u64) {
        self.progress.add(entries);
        self.progress.add_bytes(bytes);
    }

    /// Says something that is worth knowing and is no failure.
    pub(crate) fn warn(&self, about: &[u8], what: &str) {
        self.progress.finish();
        self.w.out.warn(about, what);
    }

    /// Reports what goes wrong with one entry.
    pub(crate) fn report(&self, failure: Failure) -> Result<()> {
        if failure.is_hopeless() || failure.is(ErrorKind::ReadOnly) {
            return Err(failure);
        }
        self.progress.failed();
        self.progress.finish();
        self.w.report(failure)
    }

    /// Says what was moved.
    pub(crate) fn print(&self, verb: &str) -> Result<()> {
        self.progress.finish();
        let moved = Moved {
            entries: self.progress.done(),
            bytes: self.progress.bytes(),
            seconds: self.progress.seconds(),
            failed: self.progress.failures(),
        };
        match self.w.out.is_json() {
            true => self.w.out.document(&moved),
            false => self
                .w
                .out
                .line(format!("{verb} {}", self.progress.summary("entries"))),
        }
    }
}
