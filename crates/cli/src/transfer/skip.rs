//! What an import leaves out: names the user excludes, and the files of the database itself.

use std::os::fd::OwnedFd;
use std::path::Path;

use crate::parse::glob::{Case, Glob};
use crate::platform::bytes_of;

/// What to leave out.
#[derive(Debug, Default)]
pub(crate) struct Skip {
    names: Vec<Glob>,
    paths: Vec<Glob>,
    database: Option<DatabaseFiles>,
}

/// The directory that the database is in, and the name its files begin with.
#[derive(Debug)]
struct DatabaseFiles {
    device: u64,
    inode: u64,
    name: Vec<u8>,
}

impl Skip {
    /// Leaves out names that match (patterns without a slash) and paths below the root that match (with one).
    ///
    /// # Errors
    /// A sentence about a pattern that is broken.
    pub(crate) fn new(patterns: &[String]) -> Result<Self, String> {
        let mut skip = Self::default();
        for pattern in patterns {
            let trimmed = pattern.trim_matches('/');
            let glob =
                Glob::parse(trimmed.as_bytes(), Case::Exact).map_err(|e| format!("'{pattern}': {e}"))?;
            let list = if pattern.trim_end_matches('/').contains('/') {
                &mut skip.paths
            } else {
                &mut skip.names
            };
            list.push(glob);
        }
        Ok(skip)
    }

    /// Leaves out the files of the database at `path`: a database that imported itself would never end.
    #[must_use]
    pub(crate) fn with_database(mut self, path: Option<&Path>) -> Self {
        let Some(path) = path else { return self };
        let dir = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        self.database = rustix::fs::stat(dir)
            .ok()
            .zip(path.file_name())
            .map(|(stat, name)| DatabaseFiles {
                device: stat.st_dev,
                inode: stat.st_ino,
                name: bytes_of(name).into_owned(),
            });
        self
    }

    /// Whether `name` in the open directory, which is `below` the root of the tree, is left out.
    pub(crate) fn skips(&self, dir: &OwnedFd, below: &[u8], name: &[u8]) -> bool {
        self.names.iter().any(|glob| glob.matches(name, Case::Exact))
            || self.skips_path(below, name)
            || self
                .database
                .as_ref()
                .is_some_and(|files| files.include(dir, name))
    }

    fn skips_path(&self, below: &[u8], name: &[u8]) -> bool {
        !self.paths.is_empty() && {
            let path = [below, name].concat();
            self.paths.iter().any(|glob| glob.matches(&path, Case::Exact))
        }
    }
}

impl DatabaseFiles {
    fn include(&self, dir: &OwnedFd, name: &[u8]) -> bool {
        let ours = match name.strip_prefix(self.name.as_slice()) {
            Some(rest) => rest.is_empty() || rest[0] == b'-' || rest[0] == b'.',
            None => false,
        };
        ours && rustix::fs::fstat(dir)
            .is_ok_and(|stat| stat.st_dev == self.device && stat.st_ino == self.inode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths() {
        let here = rustix::fs::open(".", rustix::fs::OFlags::RDONLY, rustix::fs::Mode::empty()).unwrap();
        let skip = Skip::new(&["*.o".into(), "target/".into(), "/a/b*".into()]).unwrap();
        assert!(skip.skips(&here, b"src/", b"x.o"));
        assert!(skip.skips(&here, b"", b"target"));
        assert!(skip.skips(&here, b"a/", b"bc"));
        assert!(!skip.skips(&here, b"x/a/", b"bc"));
        assert!(!skip.skips(&here, b"", b"targets"));
        assert!(Skip::new(&["[".into()]).is_err());
    }

    #[test]
    fn the_database_does_not_import_itself() {
        let dir = tempfile::tempdir().unwrap();
        let skip = Skip::default().with_database(Some(&dir.path().join("w.db")));
        let fd = rustix::fs::open(dir.path(), rustix::fs::OFlags::RDONLY, rustix::fs::Mode::empty()).unwrap();
        let other = rustix::fs::open(".", rustix::fs::OFlags::RDONLY, rustix::fs::Mode::empty()).unwrap();
        for name in ["w.db", "w.db-wal", "w.db.segments"] {
            assert!(skip.skips(&fd, b"", name.as_bytes()), "{name}");
            assert!(!skip.skips(&other, b"", name.as_bytes()), "{name}");
        }
        assert!(!skip.skips(&fd, b"", b"w.dbx"));
    }
}
