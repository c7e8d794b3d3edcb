//! By owner and mode.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Makes the directory and its parents, for this user alone.
pub(crate) fn create(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Makes a file for this user alone.
pub(crate) fn create_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Whether only this user can enter the directory.
pub(crate) fn directory(dir: &Path) -> bool {
    dir.symlink_metadata()
        .is_ok_and(|metadata| metadata.is_dir() && ours(&metadata, 0o077))
}

/// Whether only this user can write the file.
pub(crate) fn file(file: &File) -> bool {
    file.metadata()
        .is_ok_and(|metadata| metadata.is_file() && ours(&metadata, 0o022))
}

fn ours(metadata: &Metadata, forbidden: u32) -> bool {
    metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & forbidden == 0
}
