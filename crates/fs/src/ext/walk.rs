//! Going through a tree.

use tarbox_store::{Attr, Cookie, DirEntry, Ino, Result};

use super::tree::{PAGE, ignore_missing, page};
use crate::interface::{Credentials, FilesystemInterface};

/// One thing found by a [`Walk`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkEntry {
    /// Its path below the directory the walk began in, without a `/` in front; empty for that directory itself.
    pub path: Vec<u8>,
    /// Names in that path.
    pub depth: usize,
    /// The directory that holds it; of the directory the walk began in, itself.
    pub dir: Ino,
    /// What it is.
    pub attr: Attr,
}

impl WalkEntry {
    /// Its name; empty for the directory the walk began in.
    pub fn name(&self) -> &[u8] {
        self.path.rsplit(|b| *b == b'/').next().unwrap_or_default()
    }
}

/// A walk through a tree; see [`FilesystemExt::walk_tree`](super::FilesystemExt::walk_tree).
pub struct Walk<'a, F> {
    fs: &'a F,
    who: &'a Credentials,
    start: Option<Attr>,
    levels: Vec<Level>,
    /// The path of the directory at the top of `levels`.
    path: Vec<u8>,
}

struct Level {
    dir: Ino,
    entries: std::vec::IntoIter<DirEntry>,
    after: Cookie,
    more: bool,
    /// The length of `Walk::path` in the level above.
    outer_path: usize,
}

impl<'a, F: FilesystemInterface> Walk<'a, F> {
    pub(super) fn new(fs: &'a F, who: &'a Credentials, start: Attr) -> Self {
        Self {
            fs,
            who,
            start: Some(start),
            levels: Vec::new(),
            path: Vec::new(),
        }
    }

    /// The next thing; `None` at the end. After an error about one directory the walk goes on behind it.
    ///
    /// # Errors
    /// Those of listing a directory; what vanishes meanwhile is left out.
    pub async fn next(&mut self) -> Result<Option<WalkEntry>> {
        if let Some(attr) = self.start.take() {
            if attr.is_dir() {
                self.go_into(attr.ino, 0);
            }
            return Ok(Some(WalkEntry {
                path: Vec::new(),
                depth: 0,
                dir: attr.ino,
                attr,
            }));
        }
        while let Some(level) = self.levels.last_mut() {
            if let Some(entry) = level.entries.next() {
                level.after = entry.cookie;
                let dir = level.dir;
                return Ok(Some(self.found(dir, entry)));
            }
            if level.more {
                self.turn_page().await?;
            } else {
                self.skip_dir();
            }
        }
        Ok(None)
    }

    /// Leaves out the rest of the directory that the walk is in: after a directory was found, all that is in it.
    pub fn skip_dir(&mut self) {
        if let Some(level) = self.levels.pop() {
            self.path.truncate(level.outer_path);
        }
    }

    async fn turn_page(&mut self) -> Result<()> {
        let Some(level) = self.levels.last_mut() else {
            return Ok(());
        };
        match page(self.fs, self.who, level.dir, level.after).await {
            Ok(entries) => {
                level.more = entries.len() == PAGE;
                level.entries = entries.into_iter();
                Ok(())
            }
            Err(e) => {
                let path = self.path.clone();
                self.skip_dir();
                ignore_missing(Err(e.about(path)))
            }
        }
    }

    fn found(&mut self, dir: Ino, entry: DirEntry) -> WalkEntry {
        let depth = self.levels.len();
        let outer_path = self.path.len();
        let mut path = Vec::with_capacity(outer_path + 1 + entry.name.len());
        path.extend_from_slice(&self.path);
        if outer_path > 0 {
            path.push(b'/');
        }
        path.extend_from_slice(&entry.name);
        if entry.attr.is_dir() {
            self.path.clone_from(&path);
            self.go_into(entry.attr.ino, outer_path);
        }
        WalkEntry {
            path,
            depth,
            dir,
            attr: entry.attr,
        }
    }

    fn go_into(&mut self, dir: Ino, outer_path: usize) {
        self.levels.push(Level {
            dir,
            entries: Vec::new().into_iter(),
            after: Cookie(0),
            more: true,
            outer_path,
        });
    }
}
