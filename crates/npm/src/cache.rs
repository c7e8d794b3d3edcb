//! Tarballs that were fetched before, on the host, by their hashes. What lies there is checked whenever it is read.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use tarbox_store::{Error, ErrorKind, Result};

use crate::integrity::Integrity;

/// A directory of tarballs, which several processes may share: files appear whole, and are never changed.
#[derive(Debug, Clone)]
pub(crate) struct Cache(PathBuf);

impl Cache {
    pub(crate) fn new(dir: &Path) -> Self {
        Self(dir.to_owned())
    }

    fn path(&self, integrity: &Integrity) -> PathBuf {
        let (algorithm, hash) = integrity.place();
        let (first, _) = hash.split_at_checked(2).unwrap_or((&hash, ""));
        self.0.join(algorithm).join(first).join(&hash)
    }

    /// What is kept of it; one that is damaged goes.
    pub(crate) fn get(&self, integrity: &Integrity) -> Option<Vec<u8>> {
        let path = self.path(integrity);
        let bytes = fs::read(&path).ok()?;
        if integrity.fits(&bytes) {
            return Some(bytes);
        }
        let _ = fs::remove_file(path);
        None
    }

    /// # Errors
    /// Why it cannot be kept.
    pub(crate) fn put(&self, integrity: &Integrity, bytes: &[u8]) -> Result<()> {
        let path = self.path(integrity);
        let dir = path.parent().unwrap_or(&self.0);
        let kept = fs::create_dir_all(dir).and_then(|()| {
            let mut file = tempfile::NamedTempFile::new_in(dir)?;
            file.write_all(bytes)?;
            file.persist(&path).map_err(|error| error.error)
        });
        kept.map(drop).map_err(|error| {
            let shown = path.as_os_str().as_encoded_bytes();
            Error::new(ErrorKind::Io).about(shown).because(error.to_string())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_damaged_is_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path());
        let integrity = Integrity::parse("sha1-qZk+NkcGgWq6PiVxeFDCbJzQ2J0=").unwrap();
        assert_eq!(cache.get(&integrity), None);
        cache.put(&integrity, b"abc").unwrap();
        assert_eq!(cache.get(&integrity).as_deref(), Some(&b"abc"[..]));
        fs::write(cache.path(&integrity), b"abd").unwrap();
        assert_eq!(cache.get(&integrity), None);
        assert!(!cache.path(&integrity).exists());
    }
}
