//! Listing directories: entries are fetched a page at a time, as the component asks for them.

use std::sync::Arc;
use std::vec::IntoIter;

use tarbox_store::{Cookie, DirName};
use tarbox_wasi::Dir;

use super::bindings::types::{DirectoryEntry, ErrorCode};
use super::descriptor::{Result, kind};

/// Entries fetched at once.
const PAGE: usize = 256;

/// A listing under way.
#[expect(unreachable_pub, reason = "generated code exports it")]
pub struct Entries {
    dir: Arc<Dir>,
    page: IntoIter<DirName>,
    after: Cookie,
    /// The page is the last.
    complete: bool,
}

impl Entries {
    /// Fetches the first page, so that a directory that cannot be listed is told at once.
    pub(super) fn begin(dir: Arc<Dir>) -> Result<Self> {
        let mut entries = Self {
            dir,
            page: Vec::new().into_iter(),
            after: Cookie(0),
            complete: false,
        };
        entries.fetch()?;
        Ok(entries)
    }

    /// The next entry; `IllegalByteSequence` for one whose name is not UTF-8, behind which it goes on.
    pub(super) fn next(&mut self) -> Result<Option<DirectoryEntry>> {
        if self.page.len() == 0 && !self.complete {
            self.fetch()?;
        }
        let Some(entry) = self.page.next() else {
            return Ok(None);
        };
        Ok(Some(DirectoryEntry {
            type_: kind(entry.kind),
            name: String::from_utf8(entry.name).map_err(|_| ErrorCode::IllegalByteSequence)?,
        }))
    }

    fn fetch(&mut self) -> Result<()> {
        let page = self.dir.read(self.after, PAGE)?;
        self.complete = page.len() < PAGE;
        if let Some(last) = page.last() {
            self.after = last.cookie;
        }
        self.page = page.into_iter();
        Ok(())
    }
}
