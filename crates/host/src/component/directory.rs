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
    /// Names that were no UTF-8 and are still to be told.
    unspeakable: u64,
}

impl Entries {
    /// Fetches the first page, so that a directory that cannot be listed is told at once.
    pub(super) fn begin(dir: Arc<Dir>) -> Result<Self> {
        let mut entries = Self {
            dir,
            page: Vec::new().into_iter(),
            after: Cookie(0),
            complete: false,
            unspeakable: 0,
        };
        entries.fetch()?;
        Ok(entries)
    }

    /// The next entry. A name that is no UTF-8 cannot be told: for each of them one `IllegalByteSequence` comes behind all
    /// others, since most programs take the first error for the end.
    pub(super) fn next(&mut self) -> Result<Option<DirectoryEntry>> {
        loop {
            for entry in self.page.by_ref() {
                match String::from_utf8(entry.name) {
                    Ok(name) => {
                        let type_ = kind(entry.kind);
                        return Ok(Some(DirectoryEntry { type_, name }));
                    }
                    Err(_) => self.unspeakable += 1,
                }
            }
            if self.complete {
                break;
            }
            self.fetch()?;
        }
        match self.unspeakable.checked_sub(1) {
            None => Ok(None),
            Some(left) => {
                self.unspeakable = left;
                Err(ErrorCode::IllegalByteSequence.into())
            }
        }
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

#[cfg(test)]
mod tests {
    use tarbox_fs::Credentials;
    use tarbox_wasi::{Capability, Volume};

    use super::*;
    use crate::component::descriptor::Failure;

    #[test]
    fn names_that_are_no_text_are_told_one_by_one_behind_all_others() {
        let who = Credentials::root("test");
        let files = crate::temporary();
        let volume = Volume::new(files, who, Capability::ReadWrite, 1);
        let dir = Arc::new(volume.dir(b"/").unwrap());
        // More than two pages of each.
        const EACH: usize = 2 * PAGE + 1;
        for i in 0..EACH {
            dir.create_directory_at(format!("good{i}").as_bytes()).unwrap();
            dir.create_directory_at(&[b"bad\xff", i.to_string().as_bytes()].concat())
                .unwrap();
        }
        let mut entries = Entries::begin(Arc::clone(&dir)).unwrap();
        for _ in 0..EACH {
            assert!(entries.next().unwrap().unwrap().name.starts_with("good"));
        }
        for _ in 0..EACH {
            let refused = entries.next().map(|entry| entry.map(|entry| entry.name));
            assert!(matches!(
                refused,
                Err(Failure::Code(ErrorCode::IllegalByteSequence))
            ));
        }
        assert!(entries.next().unwrap().is_none() && entries.next().unwrap().is_none());
    }
}
