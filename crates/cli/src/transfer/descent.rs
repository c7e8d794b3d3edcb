//! The way down into a tree of the host: every directory on it can be gone back to, but few are open at a time, however
//! deep it leads.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags};

/// Directories below the first that are open at once. Inside WebAssembly there is no way back through `..`, so all are.
const OPEN_MAX: usize = if cfg!(target_family = "wasm") { 1 << 30 } else { 32 };

/// Directories, each in the one before.
pub(crate) struct Descent {
    /// The first is always open, and so is the last unless the way back to it was lost.
    dirs: Vec<Dir>,
    /// Behind the first, none before this one is open.
    first_open: usize,
}

enum Dir {
    Open(OwnedFd),
    /// Its device and inode, by which it is known again.
    Closed(u64, u64),
}

impl Descent {
    /// Begins at an open directory.
    pub(crate) fn new(first: OwnedFd) -> Self {
        Self {
            dirs: vec![Dir::Open(first)],
            first_open: 1,
        }
    }

    /// The directory it began at.
    pub(crate) fn first(&self) -> io::Result<&OwnedFd> {
        open(self.dirs.first())
    }

    /// The directory it has come to.
    ///
    /// # Errors
    /// If the way back to it was lost because somebody moved directories meanwhile.
    pub(crate) fn last(&self) -> io::Result<&OwnedFd> {
        open(self.dirs.last())
    }

    /// Goes down into a directory of the last one.
    pub(crate) fn enter(&mut self, dir: OwnedFd) {
        self.dirs.push(Dir::Open(dir));
        if self.dirs.len() - self.first_open > OPEN_MAX
            && let Some(oldest) = self.dirs.get_mut(self.first_open)
        {
            self.first_open += 1;
            if let Dir::Open(dir) = &*oldest
                && let Ok(stat) = rustix::fs::fstat(dir)
            {
                *oldest = Dir::Closed(stat.st_dev, stat.st_ino);
            }
        }
    }

    /// Goes back up; from the first directory there is no way.
    pub(crate) fn leave(&mut self) {
        if self.dirs.len() == 1 {
            return;
        }
        let below = self.dirs.pop();
        let at = self.dirs.len() - 1;
        if let (Some(Dir::Open(below)), Some(above)) = (below, self.dirs.last_mut())
            && let Dir::Closed(dev, ino) = *above
            && let Some(reopened) = parent(&below, (dev, ino))
        {
            *above = Dir::Open(reopened);
            self.first_open = at;
        }
        self.first_open = self.first_open.min(self.dirs.len());
    }
}

fn open(dir: Option<&Dir>) -> io::Result<&OwnedFd> {
    match dir {
        Some(Dir::Open(dir)) => Ok(dir),
        _ => Err(io::Error::other("its directory was moved in the meantime")),
    }
}

/// The directory above, if it is still this one.
fn parent(dir: &OwnedFd, id: (u64, u64)) -> Option<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let parent = rustix::fs::openat(dir, "..", flags, Mode::empty()).ok()?;
    let stat = rustix::fs::fstat(&parent).ok()?;
    ((stat.st_dev, stat.st_ino) == id).then_some(parent)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::transfer::host_reader::open_dir;

    const DEPTH: usize = 200;

    fn name(level: usize) -> Vec<u8> {
        format!("level{level}").into_bytes()
    }

    /// Goes down, making directories.
    fn down(descent: &mut Descent) {
        for level in descent.dirs.len()..=DEPTH {
            let last = descent.last().unwrap();
            rustix::fs::mkdirat(last, name(level), Mode::from_raw_mode(0o700)).unwrap();
            let next = open_dir(last, &name(level)).unwrap();
            descent.enter(next);
        }
    }

    fn in_temporary_directory() -> (tempfile::TempDir, Descent) {
        let dir = tempfile::tempdir().unwrap();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let first = rustix::fs::open(dir.path(), flags, Mode::empty()).unwrap();
        (dir, Descent::new(first))
    }

    #[test]
    fn few_directories_are_open_and_each_is_found_again() {
        let (_dir, mut descent) = in_temporary_directory();
        down(&mut descent);
        let open = |descent: &Descent| {
            descent
                .dirs
                .iter()
                .filter(|dir| matches!(dir, Dir::Open(_)))
                .count()
        };
        assert!(open(&descent) <= OPEN_MAX + 1);
        for level in (2..=DEPTH).rev() {
            descent.leave();
            // It is the one that has this child.
            open_dir(descent.last().unwrap(), &name(level)).unwrap();
            assert!(open(&descent) <= OPEN_MAX + 1);
        }
        // Down once more from half-way: closing and opening again goes on as before.
        descent.leave();
        assert_eq!(descent.dirs.len(), 1);
        descent.leave();
        assert_eq!(descent.dirs.len(), 1);
    }

    #[test]
    fn what_was_moved_is_not_taken_for_what_was_there() {
        let (dir, mut descent) = in_temporary_directory();
        down(&mut descent);
        // The directory of level 100 goes elsewhere: its `..` is another one now.
        let mut path = dir.path().to_owned();
        path.extend((1..=100).map(|level| format!("level{level}")));
        std::fs::rename(&path, dir.path().join("elsewhere")).unwrap();
        for _ in 0..DEPTH - 100 {
            descent.leave();
        }
        assert!(descent.last().is_ok());
        descent.leave();
        assert!(descent.last().is_err());
        while descent.dirs.len() > 1 {
            descent.leave();
        }
        assert!(descent.last().is_ok());
    }
}
