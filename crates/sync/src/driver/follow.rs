//! Which directories and inodes the records of a log are about.

use std::collections::{BTreeMap, BTreeSet};

use tarbox_store::{Ino, LogRecord, Operation};

use super::end::is_hidden_path;
use crate::Tree;

/// Paths up to this length are complete in the log.
const PATH_WHOLE: usize = 4_000;

/// The directories of a tree while records are followed: the log names parents by their paths at that moment.
pub(super) struct Shadow {
    children: BTreeMap<(Ino, Vec<u8>), Ino>,
    places: BTreeMap<Ino, (Ino, Vec<u8>)>,
    dirs: BTreeSet<Ino>,
    inos: BTreeSet<Ino>,
}

impl Shadow {
    pub(super) fn new(tree: &Tree) -> Self {
        let dirs = tree.iter().filter(|(_, node)| node.is_dir());
        let places: BTreeMap<Ino, (Ino, Vec<u8>)> = dirs
            .filter_map(|(ino, node)| Some((*ino, node.names.first()?)))
            .map(|(ino, name)| (ino, (name.dir, name.name.clone())))
            .collect();
        Self {
            children: places.iter().map(|(ino, place)| (place.clone(), *ino)).collect(),
            places,
            dirs: BTreeSet::new(),
            inos: BTreeSet::new(),
        }
    }

    /// Takes a record in; `false` if everything has to be looked at.
    pub(super) fn follow(&mut self, record: &LogRecord) -> bool {
        use Operation::*;
        if record.errno != 0 {
            return true;
        }
        let from = record.from.as_deref();
        let hidden = (is_hidden_path(&record.path), from.is_none_or(is_hidden_path));
        match record.operation {
            Create | Mkdir | Link | Unlink | Rmdir | Write | Truncate | SetAttr | Xattr | Allocate
                if hidden.0 =>
            {
                true
            }
            Rename if hidden == (true, true) => true,
            Write | Truncate | SetAttr | Xattr | Allocate => {
                self.inos.insert(record.ino);
                true
            }
            Create | Link | Unlink | Mkdir | Rmdir => {
                let Some((dir, name)) = self.place(&record.path) else {
                    return false;
                };
                self.dirs.insert(dir);
                self.inos.insert(record.ino);
                match record.operation {
                    Mkdir => self.put(record.ino, (dir, name)),
                    Rmdir => self.take(record.ino),
                    _ => {}
                }
                true
            }
            Rename => {
                self.inos.insert(record.ino);
                let places = [from, Some(&record.path[..])].map(|path| {
                    let path = path.filter(|path| !is_hidden_path(path))?;
                    Some(self.place(path))
                });
                for place in places.iter().flatten() {
                    match place {
                        Some((dir, _)) => drop(self.dirs.insert(*dir)),
                        None => return false,
                    }
                }
                if self.places.contains_key(&record.ino)
                    && let Some(Some(to)) = &places[1]
                {
                    self.put(record.ino, to.clone());
                }
                true
            }
            // They leave the files as they are: who goes back to a layer switches to it before.
            Checkpoint | Tag | DropLayer | Squash => true,
            _ => false,
        }
    }

    fn put(&mut self, dir: Ino, at: (Ino, Vec<u8>)) {
        self.take(dir);
        self.children.insert(at.clone(), dir);
        self.places.insert(dir, at);
    }

    fn take(&mut self, dir: Ino) {
        if let Some(old) = self.places.remove(&dir)
            && self.children.get(&old) == Some(&dir)
        {
            self.children.remove(&old);
        }
    }

    /// The directory and the name that a path means.
    fn place(&self, path: &[u8]) -> Option<(Ino, Vec<u8>)> {
        if path.len() > PATH_WHOLE {
            return None;
        }
        let mut names: Vec<&[u8]> = path.strip_prefix(b"/")?.split(|b| *b == b'/').collect();
        let last = names.pop().filter(|name| !name.is_empty())?;
        let dir = names.into_iter().try_fold(Ino::ROOT, |dir, name| {
            self.children.get(&(dir, name.to_vec())).copied()
        })?;
        Some((dir, last.to_vec()))
    }

    /// The directories whose entries changed, and the inodes that were changed themselves.
    pub(super) fn changed(self) -> (BTreeSet<Ino>, BTreeSet<Ino>) {
        (self.dirs, self.inos)
    }
}
