//! Listing: the regular files below a directory, by the names the pool gives them.

use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;

use crate::error::{Error, ErrorKind, Operation, Result};
use crate::name::check_name;

/// All names with `prefix`, sorted. Only the directory the prefix leads to is walked.
pub(super) fn list(root: &Path, prefix: &str) -> Result<Vec<String>> {
    let mut pending = vec![match prefix.rsplit_once('/') {
        None => String::new(),
        Some((directory, _)) if check_name(Operation::List, directory).is_ok() => directory.to_owned(),
        // No name begins with such a prefix, and following it could lead out of the pool.
        Some(_) => return Ok(Vec::new()),
    }];
    let mut names = Vec::new();
    while let Some(directory) = pending.pop() {
        for entry in entries(root, &directory)? {
            let Some(name) = name_of(&directory, &entry) else {
                continue;
            };
            let Ok(file_type) = entry.file_type() else {
                continue;
            };
            if !name.starts_with(prefix) {
                continue;
            } else if file_type.is_dir() {
                pending.push(name);
            } else if file_type.is_file() {
                names.push(name);
            }
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// The entries of a directory; none if it has gone meanwhile.
fn entries(root: &Path, directory: &str) -> Result<Vec<DirEntry>> {
    let path = if directory.is_empty() {
        root.to_owned()
    } else {
        root.join(directory)
    };
    let entries = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    match entries.map_err(|error| Error::from_io(Operation::List, directory, error)) {
        Err(error) if is_absence(&error) && !directory.is_empty() => Ok(Vec::new()),
        result => result,
    }
}

fn is_absence(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotDirectory)
}

/// The pool's name for an entry; `None` for what no pool can name.
fn name_of(directory: &str, entry: &DirEntry) -> Option<String> {
    let component = entry.file_name().into_string().ok()?;
    let name = if directory.is_empty() {
        component
    } else {
        format!("{directory}/{component}")
    };
    check_name(Operation::List, &name).is_ok().then_some(name)
}
