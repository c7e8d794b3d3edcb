//! Listing directories: entries are fetched a page at a time, as the program asks for them.

use std::sync::Arc;
use std::vec::IntoIter;

use tarbox_store::{Cookie, DirName, FileKind};

use super::{Failure, Result};
use crate::Dir;

/// Entries fetched at once.
const PAGE: usize = 256;

/// A listing under way.
#[derive(Debug)]
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
    ///
    /// # Errors
    /// That, and those of reading the directory.
    pub fn next_entry(&mut self) -> Result<Option<(FileKind, String)>> {
        loop {
            for entry in self.page.by_ref() {
                match String::from_utf8(entry.name) {
                    Ok(name) => return Ok(Some((entry.kind, name))),
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
                Err(Failure::IllegalByteSequence)
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
    use tarbox_fs::{Credentials, Fs, blocking};
    use tarbox_store::{Database as _, Quota};
    use tarbox_store_sqlite::{Options, SqliteDatabase};

    use super::*;
    use crate::{Capability, Volume};

    #[test]
    fn names_that_are_no_text_are_told_one_by_one_behind_all_others() {
        let database = SqliteDatabase::in_memory(&Options::new()).unwrap();
        blocking(database.create_tenant("test", Quota::default())).unwrap();
        let files = Arc::new(Fs::new(blocking(database.open_tenant("test")).unwrap()));
        let volume = Volume::new(files, Credentials::root("test"), Capability::ReadWrite, 1);
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
            let (kind, name) = entries.next_entry().unwrap().unwrap();
            assert!(kind == FileKind::Directory && name.starts_with("good"));
        }
        for _ in 0..EACH {
            assert_eq!(entries.next_entry(), Err(Failure::IllegalByteSequence));
        }
        assert!(entries.next_entry().unwrap().is_none() && entries.next_entry().unwrap().is_none());
    }
}
