//! Mending names and the tree: entries get a name and a place that can be, what has no name is put into `/lost+found`.

use rusqlite::params;
use tarbox_store::{FileKind, Ino, Result};

use super::Mender;
use crate::fsck::check::is_name;
use crate::fsck::check::names::{NameFault, Place};
use crate::fsck::finding::HEAD;

impl Mender<'_> {
    pub(super) fn mend_name(&self, fault: &NameFault) -> Result<()> {
        match fault {
            NameFault::Name { place, name } => self.rename(*place, &self.possible_name(*place, name)?),
            NameFault::Twice { place, name } => self.rename(*place, &self.distinct_name(*place, name)?),
            NameFault::Cookie { place, .. } => match self.name_at(*place)? {
                Some(name) => self.rename(*place, &name),
                None => Ok(()),
            },
            NameFault::NotInDirectory { place } | NameFault::Dangling { place, .. } => {
                self.set_entry_aside(*place)
            }
            NameFault::Kind { place, .. } => match self.named_at(*place)? {
                Some(ino) => self.settle_kind(self.base().saturating_add(ino)),
                None => Ok(()),
            },
            NameFault::Parent { key, died } => self.remember(*key, *died),
            NameFault::Names { key, died, .. } => self.leave_one_name(*key, *died),
            NameFault::Unreachable { key } => self.reattach(*key),
            NameFault::Orphan { key, .. } => self.run("DELETE FROM orphan WHERE key = ?1", [key]).map(drop),
            NameFault::Root => self.mend_root(),
            NameFault::Apart { key } => self.open_circle(*key),
        }
    }

    fn name_at(&self, place: Place) -> Result<Option<Vec<u8>>> {
        let (table, version) = Self::table_of("dentry", place.died);
        let sql = format!("SELECT name FROM {table} WHERE dir = ?1 AND {version} AND cookie = ?3");
        self.one(&sql, params![place.dir, place.died, place.cookie])
    }

    fn named_at(&self, place: Place) -> Result<Option<i64>> {
        let (table, version) = Self::table_of("dentry", place.died);
        let sql = format!("SELECT ino FROM {table} WHERE dir = ?1 AND {version} AND cookie = ?3");
        self.one(&sql, params![place.dir, place.died, place.cookie])
    }

    /// A name like one that cannot be.
    fn possible_name(&self, place: Place, name: &[u8]) -> Result<Vec<u8>> {
        let mut possible: Vec<u8> = name
            .iter()
            .map(|b| if matches!(b, b'/' | 0) { b'_' } else { *b })
            .take(200)
            .collect();
        if !is_name(&possible) {
            possible.push(b'_');
        }
        self.distinct_name(place, &possible)
    }

    /// A name that also says which inode it names, so that no other entry has it.
    fn distinct_name(&self, place: Place, name: &[u8]) -> Result<Vec<u8>> {
        let ino = self.named_at(place)?.unwrap_or(0);
        let mut distinct = name[..name.len().min(200)].to_vec();
        distinct.extend_from_slice(format!("~{ino}").as_bytes());
        Ok(distinct)
    }

    /// Gives an entry a name, and the place that belongs to it. Inodes that remembered the old place remember the new one.
    fn rename(&self, place: Place, name: &[u8]) -> Result<()> {
        let Some(cookie) = self.free_cookie(place.dir, name)? else {
            return Ok(());
        };
        let (table, version) = Self::table_of("dentry", place.died);
        let ino = self.named_at(place)?;
        if self.name_at(place)?.is_some_and(|old| old != name) {
            let which = format!("dir = ?1 AND {version} AND cookie = ?3");
            self.note_rows(&table, &which, params![place.dir, place.died, place.cookie])?;
            self.note(format!("it is now named '{}'", name.escape_ascii()));
        }
        self.run(
            &format!(
                "UPDATE {table} SET cookie = ?4, name = ?5 WHERE dir = ?1 AND {version} AND cookie = ?3"
            ),
            params![place.dir, place.died, place.cookie, cookie, name],
        )?;
        let (dir, key) = (
            place.dir - self.base(),
            self.base().saturating_add(ino.unwrap_or(0)),
        );
        // Versions of other layers that this entry is not in are found and mended by themselves.
        let (inodes, version) = match place.died {
            HEAD => ("inode", "?2 = ?2"),
            _ => ("inode_past", "died <= ?2"),
        };
        self.run(
            &format!(
                "UPDATE {inodes} SET cookie = ?5 WHERE key = ?1 AND {version} AND parent = ?3 AND cookie = ?4"
            ),
            params![key, place.died, dir, place.cookie, cookie],
        )
        .map(drop)
    }

    /// Takes an entry out that leads nowhere, or is nowhere.
    fn set_entry_aside(&self, place: Place) -> Result<()> {
        let (table, version) = Self::table_of("dentry", place.died);
        let which = format!("dir = ?1 AND {version} AND cookie = ?3");
        let values = params![place.dir, place.died, place.cookie];
        self.set_aside(&table, &which, values)
    }

    /// The entries that name an inode in the last layer in which a version can be seen.
    fn names_of(&self, key: i64, died: i64) -> Result<Vec<Place>> {
        let [from, to] = self.keys();
        let found: Vec<[i64; 3]> = match died {
            HEAD => self.numbers(
                &format!("SELECT dir, cookie, {HEAD} FROM dentry WHERE dir >= ?2 AND dir < ?3 AND ino = ?1 ORDER BY 1, 2"),
                params![key - self.base(), from, to],
            )?,
            // What was in use at the end of the version ended no earlier.
            died => self.numbers(
                &format!(
                    "SELECT dir, cookie, {HEAD} AS died FROM dentry WHERE dir >= ?2 AND dir < ?3 AND ino = ?1 AND born < ?4 \
                     UNION ALL SELECT dir, cookie, died FROM dentry_past \
                     WHERE dir >= ?2 AND dir < ?3 AND ino = ?1 AND born < ?4 AND died >= ?4 ORDER BY 1, 2"
                ),
                params![key - self.base(), from, to, died],
            )?,
        };
        let place = |[dir, cookie, died]: [i64; 3]| Place { dir, cookie, died };
        Ok(found.into_iter().map(place).collect())
    }

    /// Makes a directory remember where its name is.
    fn remember(&self, key: i64, died: i64) -> Result<()> {
        let Some(place) = self.names_of(key, died)?.first().copied() else {
            return Ok(());
        };
        self.set_inode(key, died, "parent", place.dir - self.base())?;
        self.set_inode(key, died, "cookie", place.cookie)
    }

    /// A directory has one name: the one that it remembers, if that is among them.
    fn leave_one_name(&self, key: i64, died: i64) -> Result<()> {
        let names = self.names_of(key, died)?;
        let parent = self
            .inode_number(key, died, "parent")?
            .unwrap_or(0)
            .saturating_add(self.base());
        let cookie = self.inode_number(key, died, "cookie")?.unwrap_or(0);
        let keep = names
            .iter()
            .position(|p| (p.dir, p.cookie) == (parent, cookie))
            .unwrap_or(0);
        let mut others = names.into_iter().enumerate().filter(|(i, _)| *i != keep);
        others.try_for_each(|(_, place)| self.set_entry_aside(place))
    }

    /// Makes the root a directory that is in itself and in nothing else.
    fn mend_root(&self) -> Result<()> {
        let root = self.base() + Ino::ROOT.0 as i64;
        if self.inode_number(root, HEAD, "key")?.is_none() {
            let last: Option<i64> = self.one("SELECT max(died) FROM inode_past WHERE key = ?1", [root])?;
            self.insert_inode(root, last.unwrap_or(1), FileKind::Directory, 0o755)?;
        }
        for table in ["inode", "inode_past"] {
            let sql = format!(
                "UPDATE {table} SET kind = ?2, parent = 1, cookie = 0, nlink = max(nlink, 2) WHERE key = ?1"
            );
            self.run(&sql, params![root, FileKind::Directory as u8])?;
        }
        let [from, to] = self.keys();
        let names: Vec<[i64; 3]> = self.numbers(
            &format!(
                "SELECT dir, cookie, {HEAD} FROM dentry WHERE dir >= ?1 AND dir < ?2 AND ino = 1 UNION ALL \
                 SELECT dir, cookie, died FROM dentry_past WHERE dir >= ?1 AND dir < ?2 AND ino = 1"
            ),
            params![from, to],
        )?;
        for [dir, cookie, died] in names {
            self.set_entry_aside(Place { dir, cookie, died })?;
        }
        Ok(())
    }

    /// Where the way up from a directory goes round in circles, one of these goes to `/lost+found`.
    fn open_circle(&self, key: i64) -> Result<()> {
        let root = self.base() + Ino::ROOT.0 as i64;
        let mut way = vec![key];
        loop {
            let at = way[way.len() - 1];
            let Some(place) = self.names_of(at, HEAD)?.first().copied() else {
                // It has no name: another finding, which opens the way.
                return Ok(());
            };
            if place.dir == root {
                return Ok(());
            }
            if way.contains(&place.dir) {
                self.set_entry_aside(place)?;
                return self.reattach(at);
            }
            way.push(place.dir);
        }
    }
}
