//! Where the data goes.

use std::fs::File;
use std::path::{Path, PathBuf};

use tarbox_bench_work::Result;
use tempfile::TempDir;

use crate::left_over;

/// A directory of this run, removed at its end. The process works in it, so that paths on the host have as many
/// components as everywhere else.
#[derive(Debug)]
pub(crate) struct Place {
    dir: TempDir,
    /// Locked as long as the run lasts, however it ends.
    _sign: File,
}

/// What the directories of runs are called.
pub(crate) const PREFIX: &str = "bench-";

impl Place {
    /// Makes one in `parent`; by default beside the program, which is on a disk where `/tmp` may not be.
    pub(crate) fn new(parent: Option<&Path>) -> Result<Self> {
        let parent = match parent {
            Some(parent) => parent.to_owned(),
            None => beside_program()?,
        };
        std::fs::create_dir_all(&parent).map_err(|e| format!("{}: {e}", parent.display()))?;
        let parent = parent.canonicalize()?;
        left_over::clear(&parent)?;
        let dir = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
        let sign = left_over::sign(dir.path())?;
        left_over::clear_at_signals(dir.path())?;
        std::env::set_current_dir(dir.path())?;
        Ok(Self { dir, _sign: sign })
    }

    /// A directory for one group, removed with the value.
    pub(crate) fn group(&self, name: &str) -> Result<TempDir> {
        Ok(tempfile::Builder::new()
            .prefix(name)
            .tempdir_in(self.dir.path())?)
    }
}

/// The folder of the built programs, and `tarbox-bench` itself in it.
pub(crate) fn beside_program() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let dir = program.parent().ok_or("the program is in no directory")?;
    Ok(dir.to_owned())
}
