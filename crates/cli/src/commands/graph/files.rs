//! The engine's files: its names begin with a directory of its own, and here the whole directory is its own.

use std::fmt;
use std::sync::Arc;

use tarbox_fs::{FilesystemInterface, FsPool};
use tarbox_pool::{OpenOptions, Pool, PoolFile, Result};

/// What the engine calls its directory.
pub(super) const DIRECTORY: &str = "graph";

/// The files of one graph as its engine names them.
pub(super) struct Files<F: FilesystemInterface + 'static>(pub(super) FsPool<F>);

impl<F: FilesystemInterface + 'static> fmt::Debug for Files<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name in the directory.
fn below(name: &str) -> &str {
    name.strip_prefix(DIRECTORY)
        .and_then(|rest| rest.strip_prefix('/'))
        .unwrap_or(name)
}

impl<F: FilesystemInterface + 'static> Pool for Files<F> {
    fn open(&self, name: &str, options: OpenOptions) -> Result<Arc<dyn PoolFile>> {
        self.0.open(below(name), options)
    }

    fn exists(&self, name: &str) -> Result<bool> {
        self.0.exists(below(name))
    }

    fn delete(&self, name: &str) -> Result<()> {
        self.0.delete(below(name))
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>> {
        let mut names = self.0.list("")?;
        names
            .iter_mut()
            .for_each(|name| name.insert_str(0, &format!("{DIRECTORY}/")));
        names.retain(|name| name.starts_with(prefix));
        Ok(names)
    }

    fn sync_names(&self) -> Result<()> {
        self.0.sync_names()
    }

    fn is_read_only(&self) -> bool {
        self.0.is_read_only()
    }
}
