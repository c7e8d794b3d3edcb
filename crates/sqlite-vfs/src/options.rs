//! How a registered VFS behaves.

use std::sync::Arc;

use crate::environment::Environment;

/// Where SQLite's temporary files go: spilled sorts and statement journals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TempFiles {
    /// In memory, each as large as it gets. They cost the device nothing.
    #[default]
    Memory,
    /// In the pool, nameless from the moment they are open. For sorts larger than memory.
    Pool,
}

/// How a registered VFS behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Time and randomness.
    pub environment: Arc<dyn Environment>,
    /// The most bytes a connection holds back to make one write of them. A larger transaction takes several
    /// writes.
    pub gather_limit: usize,
    /// Where temporary files go.
    pub temp_files: TempFiles,
    /// Makes this the VFS of connections that name none.
    pub make_default: bool,
}

impl Options {
    /// The default of [`gather_limit`](Self::gather_limit): 4 MiB.
    pub const DEFAULT_GATHER_LIMIT: usize = 4 * 1024 * 1024;

    /// The defaults, in the given surroundings.
    pub fn new(environment: Arc<dyn Environment>) -> Self {
        Self {
            environment,
            gather_limit: Self::DEFAULT_GATHER_LIMIT,
            temp_files: TempFiles::default(),
            make_default: false,
        }
    }
}

impl Default for Options {
    /// The defaults, with the clock and the randomness of the host.
    fn default() -> Self {
        Self::new(Arc::new(crate::SystemEnvironment))
    }
}
