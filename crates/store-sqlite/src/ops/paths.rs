//! Paths of inodes, from the names that their rows remember.

use std::collections::BTreeMap;

use tarbox_store::{Error, ErrorKind, Ino, Result, View};

use crate::rows::Key;
use crate::shared::Op;
use crate::sql;

/// More levels than this are a damaged tree that goes round in circles.
const DEPTH_MAX: usize = 100_000;

/// Where an inode has a name.
struct Place {
    dir: Ino,
    cookie: u64,
    name: Box<[u8]>,
    /// Whether the inode's row remembers another.
    elsewhere: bool,
}

impl Op<'_> {
    /// A path of the inode.
    pub(crate) fn path_of(&mut self, view: View, ino: Ino) -> Result<Vec<u8>> {
        let place = self.place_of(view, ino)?;
        self.path_through(view, place)
    }

    /// The path of an inode of the head, or, when it has lost its name, its number.
    pub(super) fn path_or_number(&mut self, ino: Ino) -> Vec<u8> {
        self.remembered_path(ino)
            .unwrap_or_else(|_| format!("(inode {ino})").into_bytes())
    }

    /// The path of an entry.
    pub(super) fn entry_path(&mut self, (dir, name): (Ino, &[u8])) -> Result<Vec<u8>> {
        let mut path = self.path_or_number(dir);
        if path.len() > 1 {
            path.push(b'/');
        }
        path.extend_from_slice(name);
        Ok(path)
    }

    /// The path, and if another name than the one in the row had to be looked for, the row remembers it from now on.
    fn remembered_path(&mut self, ino: Ino) -> Result<Vec<u8>> {
        let place = self.place_of(View::Current, ino)?;
        if let Some(place) = place.as_ref().filter(|place| place.elsewhere) {
            let (dir, cookie, key) = (place.dir, place.cookie, self.key(ino)?);
            let row = self.inode_mut(key)?;
            (row.parent, row.cookie) = (dir, cookie);
        }
        self.path_through(View::Current, place)
    }

    fn path_through(&mut self, view: View, place: Option<Place>) -> Result<Vec<u8>> {
        let mut names: Vec<Box<[u8]>> = Vec::new();
        let mut next = place;
        while let Some(place) = next {
            names.push(place.name);
            if names.len() > DEPTH_MAX {
                return Err(no_path(place.dir));
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
    fn place_of(&mut self, view: View, ino: Ino) -> Result<Option<Place>> {
        let (parent, cookie, names) = self.inode(view, ino, |_, row| {
            (row.parent, row.cookie, if row.is_dir() { 1 } else { row.nlink })
        })?;
        if ino == Ino::ROOT {
            return Ok(None);
        }
        let dir = self.key(parent)?;
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
        place.map(Some).ok_or_else(|| no_path(ino))
    }

    /// Looks for a name of an inode everywhere: one of several was removed, and the row remembered just that one.
    fn other_place(&mut self, view: View, ino: Ino) -> Result<Option<Place>> {
        let layer = self.layer(view)?;
        let found = self
            .shared
            .engine
            .read(|c| sql::dentry::names_of(c, self.tenant, ino, layer))?;
        let mut names: BTreeMap<(Key, u64), Box<[u8]>> = found.into_iter().collect();
        if layer.is_none() {
            for (at, slot) in self.state.tables().flat_map(|table| &table.dentries) {
                match &slot.row {
                    Some(entry) if entry.ino == ino && at.0.tenant() == self.tenant => {
                        names.insert(*at, entry.name.clone());
                    }
                    _ => drop(names.remove(at)),
                }
            }
        }
        Ok(names.pop_first().map(|((dir, cookie), name)| Place {
            dir: dir.ino(),
            cookie,
            name,
            elsewhere: true,
        }))
    }
}

fn no_path(ino: Ino) -> Error {
    Error::new(ErrorKind::NotFound).because(format!("inode {ino} has no path"))
}
