//! Trees of the workspace in the order of their names, each directory before and after what is in it.

use tarbox_fs::{At, Credentials, FilesystemExt, FilesystemInterface, Handle, OpenFlags, blocking};
use tarbox_store::{Attr, Cookie, DirEntry, Ino};

use crate::failure::{Failure, Result};
use crate::transfer::CONTROL;

/// Entries are sorted in runs of at most this many, so that memory stays bounded in a directory of millions.
const RUN: usize = 1 << 16;
const PAGE: usize = 1024;

/// Where the walk stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// A directory, before what is in it.
    Enter,
    /// The same directory, after it.
    Leave,
    /// Something else.
    Leaf,
}

/// One thing on the way.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) step: Step,
    /// Its name; empty for the start.
    pub(crate) name: Vec<u8>,
    pub(crate) attr: Attr,
    /// The directory it is in; of the start, the start itself.
    pub(crate) dir: Ino,
    /// Directories between the start and it.
    pub(crate) depth: usize,
    /// Nothing comes behind it in its directory.
    pub(crate) last: bool,
}

/// A walk; nothing in it follows a symbolic link, and it never enters the control directory from above.
pub(crate) struct Walker<'a, F> {
    fs: &'a F,
    who: &'a Credentials,
    start: Option<Attr>,
    levels: Vec<Level>,
    /// A directory that was told and is to be entered next.
    pending: Option<(Attr, Vec<u8>, Ino, bool)>,
    path: Vec<u8>,
    wanted: Wanted<'a>,
}

/// Which entries are told; of others nothing is, nor of what is in them.
type Wanted<'a> = Box<dyn Fn(&DirEntry) -> bool + 'a>;

struct Level {
    attr: Attr,
    name: Vec<u8>,
    outer: Ino,
    last: bool,
    /// `None` where it could not be opened: then there is nothing in it.
    handle: Option<Handle>,
    run: Vec<DirEntry>,
    after: Cookie,
    more: bool,
    /// The length of the path of this directory.
    path_len: usize,
}

impl<'a, F: FilesystemInterface> Walker<'a, F> {
    /// A walk that begins at `path`, which has these attributes.
    pub(crate) fn new(fs: &'a F, who: &'a Credentials, path: &[u8], attr: Attr) -> Self {
        let path = crate::workspace::trim_slashes(path).to_vec();
        Self {
            fs,
            who,
            start: Some(attr),
            levels: Vec::new(),
            pending: None,
            path,
            wanted: Box::new(|_| true),
        }
    }

    /// Leaves out the entries for which `wanted` answers `false`, with all that is in them.
    #[must_use]
    pub(crate) fn only(self, wanted: impl Fn(&DirEntry) -> bool + 'a) -> Self {
        Self {
            wanted: Box::new(wanted),
            ..self
        }
    }

    /// The path of what was told last.
    pub(crate) fn path(&self) -> &[u8] {
        if self.path.is_empty() { b"/" } else { &self.path }
    }

    /// Leaves out what is in the directory that was just entered; its `Leave` does not come either.
    pub(crate) fn skip(&mut self) {
        self.pending = None;
    }

    /// The next step. Of a directory that cannot be listed it answers the failure between its `Enter` and its `Leave`.
    pub(crate) fn next(&mut self) -> Option<Result<Visit>> {
        if let Some(attr) = self.start.take() {
            return Some(Ok(self.tell(Vec::new(), attr, attr.ino, true)));
        }
        if let Some((attr, name, outer, last)) = self.pending.take()
            && let Err(failure) = self.enter(attr, name, outer, last)
        {
            return Some(Err(failure));
        }
        let fs = self.fs;
        let level = self.levels.last_mut()?;
        self.path.truncate(level.path_len);
        match next_entry(fs, level, &self.wanted) {
            Ok(Some((entry, last))) => {
                let dir = level.attr.ino;
                self.path.push(b'/');
                self.path.extend_from_slice(&entry.name);
                Some(Ok(self.tell(entry.name, entry.attr, dir, last)))
            }
            Ok(None) => self.leave().map(Ok),
            Err(e) => {
                level.more = false;
                Some(Err(Failure::of(e, &self.path)))
            }
        }
    }

    fn tell(&mut self, name: Vec<u8>, attr: Attr, dir: Ino, last: bool) -> Visit {
        let step = if attr.is_dir() { Step::Enter } else { Step::Leaf };
        if step == Step::Enter {
            self.pending = Some((attr, name.clone(), dir, last));
        }
        Visit {
            step,
            name,
            attr,
            dir,
            depth: self.levels.len(),
            last,
        }
    }

    fn enter(&mut self, attr: Attr, name: Vec<u8>, outer: Ino, last: bool) -> Result<()> {
        let opened = blocking(self.fs.open(self.who, attr.ino, OpenFlags::DIRECTORY));
        let (handle, failed) = match opened {
            Ok(handle) => (Some(handle), Ok(())),
            Err(e) => (None, Err(Failure::of(e, self.path()))),
        };
        self.levels.push(Level {
            attr,
            name,
            outer,
            last,
            handle,
            run: Vec::new(),
            after: Cookie(0),
            more: handle.is_some(),
            path_len: self.path.len(),
        });
        failed
    }

    fn leave(&mut self) -> Option<Visit> {
        let level = self.levels.pop()?;
        if let Some(handle) = level.handle {
            // It was only read: closing it can lose nothing.
            let _ = blocking(self.fs.release(handle));
        }
        Some(Visit {
            step: Step::Leave,
            name: level.name,
            attr: level.attr,
            dir: level.outer,
            depth: self.levels.len(),
            last: level.last,
        })
    }
}

fn next_entry<F: FilesystemInterface>(
    fs: &F,
    level: &mut Level,
    wanted: &Wanted<'_>,
) -> tarbox_store::Result<Option<(DirEntry, bool)>> {
    while level.run.is_empty() && level.more {
        level.more = next_run(fs, level, wanted)?;
    }
    let last = level.run.len() == 1 && !level.more;
    Ok(level.run.pop().map(|entry| (entry, last)))
}

/// Fills the run; answers whether more comes behind it.
fn next_run<F: FilesystemInterface>(
    fs: &F,
    level: &mut Level,
    wanted: &Wanted<'_>,
) -> tarbox_store::Result<bool> {
    let root = level.attr.ino == Ino::ROOT;
    let Some(handle) = level.handle else {
        return Ok(false);
    };
    let mut more = true;
    while more && level.run.len() < RUN {
        let page = blocking(fs.readdir(handle, level.after, PAGE))?;
        more = page.len() == PAGE;
        level.after = page.last().map_or(level.after, |entry| entry.cookie);
        let told = page
            .into_iter()
            .filter(|entry| wanted(entry) && !(root && entry.name == CONTROL));
        level.run.extend(told);
    }
    level.run.sort_unstable_by(|a, b| b.name.cmp(&a.name));
    Ok(more)
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
