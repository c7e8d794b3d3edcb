//! Trees of the workspace in the order of their names, each directory before and after what is in it, with whole paths.

use tarbox_fs::{At, Credentials, FilesystemExt, FilesystemInterface, Walk, blocking};
use tarbox_store::{Attr, DirEntry, Ino};

pub(crate) use tarbox_fs::{Step, WalkEntry};

use crate::failure::{Failure, Result};
use crate::workspace::trim_slashes;

/// A [`Walk`] that knows where it began.
pub(crate) struct Walker<'a, F> {
    walk: Walk<'a, F>,
    path: Vec<u8>,
    start_len: usize,
}

impl<'a, F: FilesystemInterface> Walker<'a, F> {
    /// A walk that begins at `path`, which has these attributes.
    pub(crate) fn new(fs: &'a F, who: &'a Credentials, path: &[u8], attr: Attr) -> Self {
        let path = trim_slashes(path).to_vec();
        Self {
            walk: Walk::new(fs, who, attr).by_name(),
            start_len: path.len(),
            path,
        }
    }

    /// Leaves out the entries for which `wanted` answers `false`, with all that is in them.
    #[must_use]
    pub(crate) fn only(self, wanted: impl Fn(&DirEntry) -> bool + Send + Sync + 'a) -> Self {
        Self {
            walk: self.walk.only(wanted),
            ..self
        }
    }

    /// The path of what was told last.
    pub(crate) fn path(&self) -> &[u8] {
        if self.path.is_empty() { b"/" } else { &self.path }
    }

    /// Leaves out what is in the directory that was just entered; its `Leave` does not come either.
    pub(crate) fn skip(&mut self) {
        self.walk.skip_dir();
    }

    /// The next step. Of a directory that cannot be listed it answers the failure between its `Enter` and its `Leave`.
    pub(crate) fn next(&mut self) -> Option<Result<WalkEntry>> {
        let next = blocking(self.walk.next());
        self.path.truncate(self.start_len);
        if !self.walk.path().is_empty() {
            self.path.push(b'/');
            self.path.extend_from_slice(self.walk.path());
        }
        next.map_err(|e| Failure::of(e, self.path())).transpose()
    }
}

/// All entries of a directory, in the order of their names.
pub(crate) fn entries<F: FilesystemInterface>(
    fs: &F,
    who: &Credentials,
    dir: Ino,
) -> tarbox_store::Result<Vec<DirEntry>> {
    let mut entries = blocking(fs.read_dir(who, At::dir(dir).path(".")))?;
    entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}
