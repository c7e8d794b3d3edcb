//! Where a path of a request leads: from a root, from a directory that it must not leave, or into a layer.

use tarbox_fs::{At, Credentials, FilesystemInterface, Fs, PathAt};
use tarbox_store::{ErrorKind, Ino, Store};

use crate::problem::{Answer, Problem};

/// A path, and what it begins at and must not leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    at: At,
    path: Vec<u8>,
}

impl Location {
    /// A path from a root: that of the workspace, or of a layer.
    pub fn in_root(root: Ino, path: &[u8]) -> Self {
        Self {
            at: At::in_root(root),
            path: absolute(path),
        }
    }

    /// A path below a directory, from where none leads out, whoever moves directories meanwhile.
    pub fn beneath(dir: Ino, path: &[u8]) -> Self {
        let relative = path
            .iter()
            .position(|b| *b != b'/')
            .map_or(&b"."[..], |at| &path[at..]);
        Self {
            at: At::beneath(dir),
            path: if path.is_empty() {
                Vec::new()
            } else {
                relative.to_vec()
            },
        }
    }

    /// The path, for operations of the file system.
    pub fn path(&self) -> PathAt<'_> {
        self.at.path(&self.path)
    }
}

/// The path from the root. An empty one stays so: it leads nowhere.
pub fn absolute(path: &[u8]) -> Vec<u8> {
    match path.first() {
        None | Some(b'/') => path.to_vec(),
        _ => [b"/", path].concat(),
    }
}

/// The root of a sealed layer, by its name, tag or number.
///
/// # Errors
/// `NotFound` for a layer that is not there or not sealed.
pub async fn layer_root<S: Store>(fs: &Fs<S>, who: &Credentials, layer: &str) -> Answer<Ino> {
    let found = fs.store().find_layer(layer).await.map_err(Problem::from)?;
    let id = found.id.to_string();
    let snapshots: [&[u8]; 3] = [b".tarbox", b"snapshots", id.as_bytes()];
    let exempt = who.clone().already_checked();
    let steps = fs.walk(&exempt, Ino::ROOT, &snapshots).await;
    match steps.map_err(Problem::from)?.get(2) {
        Some(root) => Ok(root.ino),
        None => Err(Problem::from(ErrorKind::NotFound).because("there is no such layer")),
    }
}
