//! A look at a host tree before anything of it is imported: how much it is, and whether its paths fit.

use std::os::fd::OwnedFd;

use rustix::fs::FileType;
use tarbox_fs::PATH_MAX;

use crate::failure::{Failure, Result};
use crate::transfer::descent::Descent;
use crate::transfer::host_reader::{Named, names_of, open_dir};
use crate::transfer::skip::Skip;

/// Counts what is below an open directory, itself included. `room` is how long the longest path below it may be.
///
/// # Errors
/// A path too long for a workspace, before anything was changed. What cannot be read is left for the import to report.
pub(crate) fn survey(root: &[u8], dir: OwnedFd, skip: &Skip, room: usize) -> Result<u64> {
    let mut count = 1;
    let mut path = Vec::new();
    let first = names_of(&dir).map_err(|e| Failure::host(root, &e))?;
    let mut stack = vec![Level {
        names: first,
        path_len: 0,
    }];
    let mut dirs = Descent::new(dir);
    while let Some(top) = stack.last_mut() {
        let (Some((name, hint)), Ok(dir)) = (top.names.pop(), dirs.last()) else {
            path.truncate(top.path_len);
            stack.pop();
            dirs.leave();
            continue;
        };
        if skip.skips(dir, &path, &name) {
            continue;
        }
        count += 1;
        if path.len() + name.len() > room.min(PATH_MAX) {
            return Err(too_long(root, &path, &name));
        }
        if hint == FileType::Directory
            && let Ok(opened) = open_dir(dir, &name)
            && let Ok(names) = names_of(&opened)
        {
            stack.push(Level {
                names,
                path_len: path.len(),
            });
            path.extend_from_slice(&name);
            path.push(b'/');
            dirs.enter(opened);
        }
    }
    Ok(count)
}

struct Level {
    names: Vec<Named>,
    path_len: usize,
}

fn too_long(root: &[u8], path: &[u8], name: &[u8]) -> Failure {
    let levels = path.iter().filter(|b| **b == b'/').count() + 1;
    // The path itself would fill the screen: its beginning says which one it is.
    let shown: Vec<u8> = path.iter().chain(name).take(60).copied().collect();
    let message = format!(
        "path too long for a workspace ({levels} levels, {} bytes; {PATH_MAX} bytes is the limit); nothing was imported",
        path.len() + name.len(),
    );
    Failure::new(tarbox_store::ErrorKind::NameTooLong, message).about([root, b"/", &shown, b"..."].concat())
}
