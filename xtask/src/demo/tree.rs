//! Trees of files on the host: this checkout's own, and the hash that tells whether two are the same.

use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// Copies every file that git tracks in `root` to `into`; returns how many there are and their bytes.
///
/// # Errors
/// When `root` is not a git checkout or a file cannot be copied.
pub(super) fn copy_tracked(root: &Path, into: &Path) -> Result<(u64, u64)> {
    let listed = std::process::Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root)
        .output()?;
    ensure!(
        listed.status.success(),
        "the demo imports what git tracks, and this directory is no git checkout"
    );
    let (mut files, mut bytes) = (0, 0);
    for name in listed
        .stdout
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
    {
        let name = PathBuf::from(std::ffi::OsString::from_vec(name.to_vec()));
        let Ok(metadata) = root.join(&name).symlink_metadata() else {
            continue;
        };
        copy(&root.join(&name), &into.join(&name), &metadata)
            .with_context(|| format!("cannot copy {}", name.display()))?;
        files += 1;
        bytes += metadata.len();
    }
    Ok((files, bytes))
}

fn copy(from: &Path, to: &Path, metadata: &fs::Metadata) -> Result<()> {
    fs::create_dir_all(to.parent().context("a path without a directory")?)?;
    if metadata.is_symlink() {
        symlink(fs::read_link(from)?, to)?;
    } else {
        fs::copy(from, to)?;
    }
    Ok(())
}

/// A hash over every name, kind, permission and byte below `root`.
///
/// # Errors
/// When something cannot be read.
pub(super) fn hash(root: &Path) -> Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    hash_dir(root, &mut hasher)?;
    Ok(hasher.finalize())
}

fn hash_dir(dir: &Path, hasher: &mut blake3::Hasher) -> Result<()> {
    let mut entries = fs::read_dir(dir)?.collect::<std::io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let metadata = path.symlink_metadata()?;
        field(hasher, entry.file_name().as_bytes());
        field(hasher, &metadata.mode().to_le_bytes());
        if metadata.is_dir() {
            hash_dir(&path, hasher)?;
            field(hasher, b"");
        } else if metadata.is_symlink() {
            field(hasher, fs::read_link(&path)?.as_os_str().as_bytes());
        } else {
            field(hasher, &fs::read(&path)?);
        }
    }
    Ok(())
}

/// Lengths go in front, so that no two trees give the same bytes. A name is never empty: an empty one ends a
/// directory.
fn field(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(edit: impl FnOnce(&Path)) -> blake3::Hash {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("a")).unwrap();
        fs::write(dir.path().join("a/x"), "one").unwrap();
        fs::write(dir.path().join("y"), "two").unwrap();
        symlink("y", dir.path().join("link")).unwrap();
        edit(dir.path());
        hash(dir.path()).unwrap()
    }

    #[test]
    fn every_kind_of_change_changes_the_hash() {
        let before = sample(|_| {});
        assert_eq!(before, sample(|_| {}));
        let edits: [&dyn Fn(&Path); 5] = [
            &|dir| fs::write(dir.join("y"), "tw0").unwrap(),
            &|dir| fs::rename(dir.join("y"), dir.join("z")).unwrap(),
            &|dir| fs::rename(dir.join("y"), dir.join("a/y")).unwrap(),
            &|dir| fs::create_dir(dir.join("empty")).unwrap(),
            &|dir| {
                fs::remove_file(dir.join("link")).unwrap();
                symlink("a", dir.join("link")).unwrap();
            },
        ];
        for edit in edits {
            assert_ne!(before, sample(edit));
        }
    }
}
