//! A directory of a user's cache whose files are as safe as the programs that use them.
//!
//! Compiled code cannot be verified when it is loaded. So the directory must belong to this user, and nobody else may enter it, else
//! it is not used; the same is asked of each file. A file is complete before it gets its name. What goes wrong while something is
//! kept only means that it has to be made again.
//!
//! What the files are, and whether what was read is of any use, their users know.
#![forbid(unsafe_code)]

mod private;

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// How old the time of a file may be before a use renews it.
const RENEW_AFTER: Duration = Duration::from_secs(60 * 60);

/// A directory for files of one kind, or nowhere.
#[derive(Debug, Clone)]
pub struct Directory {
    path: Option<PathBuf>,
}

impl Directory {
    /// `$XDG_CACHE_HOME/tarbox/NAME`, or `~/.cache/tarbox/NAME`; nowhere if there is neither.
    pub fn of_user(name: &str) -> Self {
        Self {
            path: base().map(|base| base.join("tarbox").join(name)),
        }
    }

    /// This directory, which is made with its parents when it is first needed.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: Some(path.into()),
        }
    }

    /// Nowhere: nothing is kept.
    pub const fn none() -> Self {
        Self { path: None }
    }

    /// Where it is, whether or not it can be trusted.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The file of that name and where it is, if only this user can have written it. It counts as used.
    pub fn open(&self, name: &str) -> Option<(File, PathBuf)> {
        let dir = self.path.as_deref().filter(|dir| private::directory(dir))?;
        let path = dir.join(name);
        let file = File::open(&path).ok()?;
        if !private::file(&file) {
            return None;
        }
        renew(&file);
        Some((file, path))
    }

    /// What is in that file, unless it has more than `limit` bytes.
    pub fn read(&self, name: &str, limit: u64) -> Option<Vec<u8>> {
        let (file, _) = self.open(name)?;
        let length = file.metadata().ok()?.len();
        if length > limit {
            return None;
        }
        let mut bytes = Vec::with_capacity(usize::try_from(length).ok()?);
        file.take(limit).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    /// Writes a file under a temporary name, and gives it its own when it is on the device. One of that name is replaced.
    ///
    /// # Errors
    /// If there is no directory that can be trusted, or the file cannot be written.
    pub fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.put(name, bytes, File::sync_all)
    }

    /// The same without waiting for the device, for content that tells by itself whether it is whole.
    ///
    /// # Errors
    /// As above.
    pub fn write_soon(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.put(name, bytes, |_| Ok(()))
    }

    fn put(&self, name: &str, bytes: &[u8], settle: fn(&File) -> io::Result<()>) -> io::Result<()> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let dir = self.path.as_deref().ok_or(io::ErrorKind::NotFound)?;
        private::create(dir)?;
        if !private::directory(dir) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let unique = NEXT.fetch_add(1, Ordering::Relaxed);
        let temporary = dir.join(format!("{name}.{}.{unique}", std::process::id()));
        let mut file = private::create_file(&temporary)?;
        let written = file
            .write_all(bytes)
            .and_then(|()| settle(&file))
            .and_then(|()| fs::rename(&temporary, dir.join(name)));
        if written.is_err() {
            // Whatever is left of it goes when the directory is trimmed.
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// Removes what was unused for longest, until no more than `limit` bytes are left.
    pub fn trim(&self, limit: u64) {
        let Some(entries) = self.path.as_deref().and_then(|dir| fs::read_dir(dir).ok()) else {
            return;
        };
        let mut files: Vec<_> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let metadata = entry.metadata().ok()?;
                Some((metadata.modified().ok()?, metadata.len(), entry.path()))
            })
            .collect();
        files.sort();
        let mut total: u64 = files.iter().map(|(_, len, _)| len).sum();
        for (_, len, path) in files {
            if total <= limit {
                break;
            }
            // Another process may have been faster.
            let _ = fs::remove_file(path);
            total -= len;
        }
    }
}

/// The user's cache directory.
fn base() -> Option<PathBuf> {
    let absolute = |path: PathBuf| path.is_absolute().then_some(path);
    let named = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .and_then(absolute);
    named.or_else(|| Some(std::env::home_dir().and_then(absolute)?.join(".cache")))
}

/// Marks a file as used. If that fails it may go a little early.
fn renew(file: &File) {
    let modified = file.metadata().and_then(|metadata| metadata.modified());
    let age = modified.ok().and_then(|modified| modified.elapsed().ok());
    if age.is_some_and(|age| age > RENEW_AFTER) {
        let _ = file.set_modified(SystemTime::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first() {
        let dir = tempfile::tempdir().unwrap();
        for (age, name) in [(3, "a"), (1, "b"), (2, "c")] {
            let file = File::create(dir.path().join(name)).unwrap();
            file.set_len(100).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1000 - age))
                .unwrap();
        }
        Directory::at(dir.path()).trim(250);
        let left = |name: &str| dir.path().join(name).exists();
        assert_eq!((left("a"), left("b"), left("c")), (false, true, true));
    }

    #[test]
    #[cfg(unix)]
    fn what_others_could_have_written_is_not_there() {
        use std::os::unix::fs::PermissionsExt as _;
        let parent = tempfile::tempdir().unwrap();
        let at = parent.path().join("cache");
        let dir = Directory::at(&at);
        assert_eq!(dir.read("a", 10), None);
        dir.write("a", b"one").unwrap();
        dir.write("a", b"two").unwrap();
        assert_eq!(dir.read("a", 10).unwrap(), b"two");
        assert_eq!(dir.read("a", 2), None, "more than the limit");
        let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        mode(&at.join("a"), 0o620);
        assert_eq!(dir.read("a", 10), None, "the group can write the file");
        mode(&at.join("a"), 0o600);
        mode(&at, 0o750);
        assert_eq!(dir.read("a", 10), None, "the group can enter the directory");
        assert!(dir.write("b", b"").is_err());
    }
}
