//! Going through a tree.

use tarbox_store::{Attr, Cookie, DirEntry, ErrorKind, Ino, MaybeSend, MaybeSync, Result};

use super::tree::{PAGE, page};
use crate::interface::{Credentials, FilesystemInterface};

/// Entries that are sorted by name are so in runs of at most this many: memory stays bounded in a directory of millions.
const RUN: usize = 1 << 16;

/// Where a [`Walk`] stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// At a directory, before what is in it.
    Enter,
    /// At the same directory, after it.
    Leave,
    /// At something else.
    Leaf,
}

/// One thing found by a [`Walk`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkEntry {
    /// Whether it is a directory, and on which side of it the walk stands.
    pub step: Step,
    /// Its name; empty for what the walk began with.
    pub name: Vec<u8>,
    /// Directories between the beginning and it.
    pub depth: usize,
    /// The directory that holds it; of what the walk began with, that itself.
    pub dir: Ino,
    /// What it is, as it was when its directory was listed.
    pub attr: Attr,
    /// Nothing comes behind it in its directory, as far as the listing told.
    pub last: bool,
}

/// Which entries are told; of others nothing is, nor of what is in them.
trait Wanted: Fn(&DirEntry) -> bool + MaybeSend + MaybeSync {}

impl<W: Fn(&DirEntry) -> bool + MaybeSend + MaybeSync> Wanted for W {}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// As the file system lists them.
    Cookie,
    Name,
}

/// A walk through a tree; see [`FilesystemExt::walk_tree`](super::FilesystemExt::walk_tree).
pub struct Walk<'a, F> {
    fs: &'a F,
    who: &'a Credentials,
    start: Option<Attr>,
    levels: Vec<Level>,
    /// The path of what was told last.
    path: Vec<u8>,
    order: Order,
    wanted: Option<Box<dyn Wanted + 'a>>,
}

/// A directory that the walk is in.
struct Level {
    told: WalkEntry,
    /// What is to be told next, the first at the end.
    run: Vec<DirEntry>,
    after: Cookie,
    more: bool,
    /// The length of its path.
    path_len: usize,
}

impl<'a, F: FilesystemInterface> Walk<'a, F> {
    /// A walk that begins with what has these attributes.
    pub fn new(fs: &'a F, who: &'a Credentials, start: Attr) -> Self {
        Self {
            fs,
            who,
            start: Some(start),
            levels: Vec::new(),
            path: Vec::new(),
            order: Order::Cookie,
            wanted: None,
        }
    }

    /// The same in the order of names. In a directory of more than 65,536 entries each so many are in order.
    #[must_use]
    pub fn by_name(self) -> Self {
        Self {
            order: Order::Name,
            ..self
        }
    }

    /// The same without the entries for which `wanted` answers `false`, and without all that is in them.
    #[must_use]
    pub fn only(self, wanted: impl Fn(&DirEntry) -> bool + MaybeSend + MaybeSync + 'a) -> Self {
        Self {
            wanted: Some(Box::new(wanted)),
            ..self
        }
    }

    /// The path of what was told last, below what the walk began with, without a `/` in front.
    pub fn path(&self) -> &[u8] {
        self.path.strip_prefix(b"/").unwrap_or(&self.path)
    }

    /// The next step; `None` at the end. After an error about one directory the walk leaves it, and goes on.
    ///
    /// # Errors
    /// Those of listing a directory; what vanishes meanwhile is left out.
    pub async fn next(&mut self) -> Result<Option<WalkEntry>> {
        if let Some(attr) = self.start.take() {
            return Ok(Some(self.tell(Vec::new(), attr, attr.ino, true)));
        }
        let Some(level) = self.levels.last_mut() else {
            return Ok(None);
        };
        self.path.truncate(level.path_len);
        if level.run.is_empty() && level.more {
            level.more = false;
            let run = self.next_run().await.map_err(|e| e.about(self.path()))?;
            if let Some(level) = self.levels.last_mut() {
                (level.run, level.after, level.more) = run;
            }
        }
        let Some(level) = self.levels.last_mut() else {
            return Ok(None);
        };
        let Some(entry) = level.run.pop() else {
            return Ok(self.levels.pop().map(|level| WalkEntry {
                step: Step::Leave,
                ..level.told
            }));
        };
        let (dir, last) = (level.told.attr.ino, level.run.is_empty() && !level.more);
        self.path.push(b'/');
        self.path.extend_from_slice(&entry.name);
        Ok(Some(self.tell(entry.name, entry.attr, dir, last)))
    }

    /// Leaves out the rest of the directory that the walk is in, its `Leave` too: after an `Enter` all that is in it.
    pub fn skip_dir(&mut self) {
        self.levels.pop();
    }

    fn tell(&mut self, name: Vec<u8>, attr: Attr, dir: Ino, last: bool) -> WalkEntry {
        let entry = WalkEntry {
            step: if attr.is_dir() { Step::Enter } else { Step::Leaf },
            name,
            depth: self.levels.len(),
            dir,
            attr,
            last,
        };
        if attr.is_dir() {
            self.levels.push(Level {
                told: entry.clone(),
                run: Vec::new(),
                after: Cookie(0),
                more: true,
                path_len: self.path.len(),
            });
        }
        entry
    }

    /// The entries that come next in the innermost directory, where they end, and whether more come behind them.
    async fn next_run(&self) -> Result<(Vec<DirEntry>, Cookie, bool)> {
        let Some(level) = self.levels.last() else {
            return Ok((Vec::new(), Cookie(0), false));
        };
        let (dir, mut after, mut more) = (level.told.attr.ino, level.after, true);
        let enough = match self.order {
            Order::Cookie => 1,
            Order::Name => RUN,
        };
        let mut run = Vec::new();
        while more && run.len() < enough {
            let page = match page(self.fs, self.who, dir, after).await {
                Err(e) if e.kind() == ErrorKind::NotFound => Vec::new(),
                page => page?,
            };
            more = page.len() == PAGE;
            after = page.last().map_or(after, |entry| entry.cookie);
            run.extend(page.into_iter().filter(|entry| self.wants(entry)));
        }
        match self.order {
            Order::Cookie => run.reverse(),
            Order::Name => run.sort_unstable_by(|a, b| b.name.cmp(&a.name)),
        }
        Ok((run, after, more))
    }

    fn wants(&self, entry: &DirEntry) -> bool {
        self.wanted.as_ref().is_none_or(|wanted| wanted(entry))
    }
}
