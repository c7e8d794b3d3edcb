//! Whose files they are, and what of them a client sees.

use tarbox_fs::Fs;
use tarbox_store::{FsckReport, GcReport, Ino, Result, Store};

/// The files of a workspace, and the upkeep of where they are kept.
pub trait Place {
    /// How they are stored.
    type Store: Store;
    /// Whether clients are kept apart here. Where the only one has everything, code for that is left out.
    const IS_SHARED: bool;

    /// The file system.
    fn fs(&self) -> &Fs<Self::Store>;

    /// Frees what is no longer used.
    ///
    /// # Errors
    /// Those of the device; `NotPermitted` where that is not the client's business.
    fn gc(&self) -> Result<GcReport>;

    /// Checks everything, and repairs nothing.
    ///
    /// # Errors
    /// As [`gc`](Self::gc).
    fn fsck(&self) -> Result<FsckReport>;
}

/// A directory that a client does not get out of, and does not see to be one: its paths begin there.
#[derive(Clone, Debug)]
pub struct Bounds {
    dir: Ino,
    path: Vec<u8>,
}

impl Bounds {
    /// The directory `dir`, which is at this path of the workspace.
    pub fn new(dir: Ino, path: &[u8]) -> Self {
        let end = path.iter().rposition(|b| *b != b'/').map_or(0, |last| last + 1);
        Self {
            dir,
            path: path[..end].to_vec(),
        }
    }

    pub(crate) fn dir(&self) -> Ino {
        self.dir
    }

    /// The path in the workspace of what the client calls so.
    pub(crate) fn whole(&self, path: &[u8]) -> Vec<u8> {
        let slash: &[u8] = if path.starts_with(b"/") { b"" } else { b"/" };
        [&self.path, slash, path].concat()
    }

    /// What the client calls a path of the workspace; `None` for what lies outside.
    pub(crate) fn shown(&self, path: &[u8]) -> Option<Vec<u8>> {
        match path.strip_prefix(&*self.path)? {
            b"" => Some(b"/".to_vec()),
            rest => rest.starts_with(b"/").then(|| rest.to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_directory() {
        let bounds = Bounds::new(Ino(7), b"/site/");
        assert_eq!(bounds.whole(b"/a"), b"/site/a");
        assert_eq!(bounds.whole(b"a"), b"/site/a");
        assert_eq!(bounds.shown(b"/site/a").unwrap(), b"/a");
        assert_eq!(bounds.shown(b"/site").unwrap(), b"/");
        assert_eq!(bounds.shown(b"/sites/a"), None);
        assert_eq!(bounds.shown(b"/other"), None);
    }
}
