//! Paths of inodes, from the names that their rows remember.

use std::sync::Arc;

use tarbox_store::{Error, ErrorKind, Ino, View};

use crate::op::{Op, checked};
use crate::rows::Name;
use crate::step::{Step, settled};
use crate::want::{NamePlace, Want};

/// More levels than this are a damaged tree that goes round in circles.
const DEPTH_MAX: usize = 100_000;

/// Paths in the log are cut at this length, which no path that can be resolved has.
pub(super) const PATH_MAX: usize = 8192;
/// Paths of directories that are remembered.
const PATHS: usize = 512;

/// Where an inode has a name.
struct Place {
    dir: Ino,
    cookie: u64,
    name: Name,
    /// Whether the inode's row remembers another.
    elsewhere: bool,
}

impl<'d> Op<'_, 'd> {
    /// A path of the inode.
    pub(crate) fn path_of(&mut self, view: View, ino: Ino) -> Step<Vec<u8>> {
        let place = self.place_of(view, ino)?;
        self.path_through(view, place)
    }

    /// The path of an inode of the head for the log, or, when it has lost its name, its number.
    pub(super) fn path_or_number(&mut self, ino: Ino) -> Step<Vec<u8>> {
        let path = settled(self.remembered_path(ino))?;
        Ok(path.unwrap_or_else(|_| format!("(inode {ino})").into_bytes()))
    }

    /// The path of an entry for the log.
    pub(super) fn entry_path(&mut self, (dir, name): (Ino, &[u8])) -> Step<Vec<u8>> {
        match settled(self.dir_path(dir))? {
            Ok(path) => Ok(below(&path, name)),
            Err(_) => Ok(below(format!("(inode {dir})").as_bytes(), name)),
        }
    }

    /// The path, and if another name than the one in the row had to be looked for, the row remembers it from now on.
    fn remembered_path(&mut self, ino: Ino) -> Step<Vec<u8>> {
        let Some(place) = self.place_of(View::Current, ino)? else {
            return Ok(b"/".to_vec());
        };
        if place.elsewhere {
            let key = checked(ino)?;
            let row = self.inode_mut(key)?;
            (row.parent, row.cookie) = (place.dir, place.cookie);
        }
        Ok(below(&self.dir_path(place.dir)?, &place.name))
    }

    /// The path of a directory of the head, as far as the log keeps paths.
    fn dir_path(&mut self, dir: Ino) -> Step<Arc<[u8]>> {
        let key = checked(dir)?;
        if let Some(path) = self.state.paths.get(&key) {
            return Ok(path.clone());
        }
        let mut names = Vec::new();
        let mut at = dir;
        // Up to a directory whose path is known; of the root it is empty here, so that every name follows a slash.
        let mut path = loop {
            if let Some(known) = self.state.paths.get(&checked(at)?) {
                break if at == Ino::ROOT {
                    Vec::new()
                } else {
                    known.to_vec()
                };
            }
            let Some(place) = self.place_of(View::Current, at)? else {
                break Vec::new();
            };
            names.push(place.name);
            at = place.dir;
            if names.len() > DEPTH_MAX {
                return Err(no_path(dir).into());
            }
        };
        for name in names.iter().rev() {
            if path.len() >= PATH_MAX {
                break;
            }
            path.push(b'/');
            path.extend_from_slice(name);
        }
        path.truncate(PATH_MAX);
        let path: Arc<[u8]> = if path.is_empty() {
            b"/"[..].into()
        } else {
            path.into()
        };
        if self.state.paths.len() >= PATHS {
            self.state.paths.clear();
        }
        self.state.paths.insert(key, path.clone());
        Ok(path)
    }

    fn path_through(&mut self, view: View, place: Option<Place>) -> Step<Vec<u8>> {
        let mut names: Vec<Name> = Vec::new();
        let mut next = place;
        while let Some(place) = next {
            names.push(place.name);
            if names.len() > DEPTH_MAX {
                return Err(no_path(place.dir).into());
            }
            next = self.place_of(view, place.dir)?;
        }
        if names.is_empty() {
            return Ok(b"/".to_vec());
        }
        let mut path = Vec::with_capacity(names.iter().map(|n| n.len() + 1).sum());
        for name in names.iter().rev() {
            path.push(b'/');
            path.extend_from_slice(name);
        }
        Ok(path)
    }

    /// Where an inode has its name; `None` for the root.
    fn place_of(&mut self, view: View, ino: Ino) -> Step<Option<Place>> {
        let layer = self.layer(view)?;
        let place = self.place_in(view, ino);
        self.hint(place, |_| Want::Lineage { ino, layer })
    }

    fn place_in(&mut self, view: View, ino: Ino) -> Step<Option<Place>> {
        let (parent, cookie, names) = self.inode(view, ino, |_, row| {
            (row.parent, row.cookie, if row.is_dir() { 1 } else { row.nlink })
        })?;
        if ino == Ino::ROOT {
            return Ok(None);
        }
        let dir = checked(parent)?;
        let place = match self.entry_at(view, dir, cookie)?.filter(|d| d.ino == ino) {
            Some(entry) => Some(Place {
                dir: parent,
                cookie,
                name: entry.name,
                elsewhere: false,
            }),
            None if names > 0 => self.other_place(view, ino)?,
            None => None,
        };
        place.map(Some).ok_or_else(|| no_path(ino).into())
    }

    /// Looks for a name of an inode everywhere: one of several was removed, and the row remembered just that one.
    fn other_place(&mut self, view: View, ino: Ino) -> Step<Option<Place>> {
        let layer = self.layer(view)?;
        let found = self.ask(Want::Names { ino, layer })?.names()?;
        let mut names: Vec<NamePlace> = found.clone();
        if layer.is_none() {
            for (at, slot) in self.state.tables().flat_map(|table| &table.dentries) {
                names.retain(|(place, _)| place != at);
                if let Some(entry) = slot.row.as_ref().filter(|entry| entry.ino == ino) {
                    names.push((*at, entry.name.clone()));
                }
            }
        }
        let first = names.into_iter().min_by_key(|(place, _)| *place);
        Ok(first.map(|((dir, cookie), name)| Place {
            dir,
            cookie,
            name,
            elsewhere: true,
        }))
    }
}

/// The path of a name in a directory, cut where the log cuts paths.
fn below(dir: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = Vec::with_capacity(dir.len() + 1 + name.len());
    path.extend_from_slice(dir);
    if dir.len() > 1 {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path.truncate(PATH_MAX);
    path
}

fn no_path(ino: Ino) -> Error {
    Error::new(ErrorKind::NotFound).because(format!("inode {ino} has no path"))
}
