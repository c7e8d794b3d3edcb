//! The directory of blocks of a database that is being made.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Makes the directory before the database, so that programs of Node.js, which begin with it, and native ones see each other's
/// signs from the start. If nothing comes of it, it goes again.
#[derive(Debug)]
pub(super) struct Beginning(Option<PathBuf>);

impl Beginning {
    /// Where the database is, or is to be made; nothing where the file is something else.
    pub(super) fn of(path: &Path, blocks: &Path, create: bool) -> Self {
        let begins = is_database(path) || (create && is_blank(path));
        Self((begins && fs::create_dir(blocks).is_ok()).then(|| blocks.to_owned()))
    }

    /// The database is there.
    pub(super) fn end(mut self) {
        self.0 = None;
    }
}

impl Drop for Beginning {
    /// Directories that are not empty stay: another process has begun.
    fn drop(&mut self) {
        let Some(blocks) = &self.0 else {
            return;
        };
        let _gone = crate::holders::Holders::remove(blocks);
        let _gone = fs::remove_dir(blocks.join("sessions"));
        let _gone = fs::remove_dir(blocks);
    }
}

fn is_blank(path: &Path) -> bool {
    match fs::metadata(path) {
        Ok(meta) => meta.is_file() && meta.len() == 0,
        Err(e) => e.kind() == std::io::ErrorKind::NotFound,
    }
}

/// Whether the file says that it is one: what SQLite begins each with, and our number in it.
fn is_database(path: &Path) -> bool {
    let mut header = [0; 72];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    read.is_ok() && header.starts_with(b"SQLite format 3\0") && header.ends_with(b"TARB")
}
