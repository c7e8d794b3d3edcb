//! A directory of the host, by the standard library.

use std::collections::hash_map::RandomState;
use std::fs::{self, File};
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use super::Ground;

/// A directory of the host, and its clocks.
#[derive(Debug)]
pub struct DirectoryGround {
    dir: PathBuf,
    began: Instant,
}

impl DirectoryGround {
    /// This directory.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            began: Instant::now(),
        }
    }
}

impl Ground for DirectoryGround {
    fn make_dir(&self, path: &str) -> io::Result<()> {
        fs::create_dir(self.dir.join(path))
    }

    fn make_file(&self, path: &str) -> io::Result<()> {
        File::create_new(self.dir.join(path)).map(drop)
    }

    fn first_entry(&self, path: &str) -> io::Result<Option<String>> {
        let first = fs::read_dir(self.dir.join(path))?.next().transpose()?;
        Ok(first.map(|entry| entry.file_name().to_string_lossy().into_owned()))
    }

    fn touched(&self, path: &str) -> Option<i128> {
        let time = fs::metadata(self.dir.join(path)).ok()?.modified().ok()?;
        Some(since_1970(time))
    }

    /// By a write: some hosts cannot set times.
    fn touch(&self, path: &str) -> io::Result<()> {
        let mut file = File::options().write(true).open(self.dir.join(path))?;
        file.write_all(b".")
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.dir.join(from), self.dir.join(to))
    }

    fn remove_file(&self, path: &str) -> io::Result<()> {
        fs::remove_file(self.dir.join(path))
    }

    fn remove_dir(&self, path: &str) -> io::Result<()> {
        fs::remove_dir(self.dir.join(path))
    }

    /// From 1 on.
    fn monotonic(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).map_or(u64::MAX, |nanos| nanos + 1)
    }

    fn wall(&self) -> i128 {
        since_1970(SystemTime::now())
    }

    fn pause(&self, duration: Duration) {
        std::thread::sleep(duration);
    }

    fn random(&self) -> u64 {
        // Keys of hash tables are random numbers of the system's.
        RandomState::new().build_hasher().finish()
    }
}

fn since_1970(time: SystemTime) -> i128 {
    let nanos = |duration: Duration| i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX);
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => nanos(since),
        Err(before) => -nanos(before.duration()),
    }
}
