//! Names from the other end: how many each inode has, and that it has any.

use std::fmt;

use rusqlite::Row;
use tarbox_store::{FileKind, Ino, Result};

use super::cursor::{Cursor, Keyed};
use super::inodes::{InodeFault, Number};
use super::timeline::{Sums, Timeline};
use crate::fsck::finding::{At, Fault, HEAD, Until};
use crate::fsck::scope::Scope;
use crate::rows::Key;
use crate::sql::engine;

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::fsck) struct Place {
    pub(in crate::fsck) dir: i64,
    pub(in crate::fsck) cookie: i64,
    pub(in crate::fsck) died: i64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dir = Key(self.dir as u64).ino();
        write!(f, "entry {} of directory {dir}{}", self.cookie, Until(self.died))
    }
}

/// What is wrong with a name, or with an inode's place in the tree.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::fsck) enum NameFault {
    /// Nothing can be called that.
    Name { place: Place, name: Vec<u8> },
    /// The directory has another entry of this name.
    Twice { place: Place, name: Vec<u8> },
    /// It stands outside the bucket of its name, so that looking it up does not find it.
    Cookie { place: Place, bucket: i64 },
    /// What it is in is no directory.
    NotInDirectory { place: Place },
    /// It names an inode that is missing in this layer.
    Dangling { place: Place, ino: i64, view: i64 },
    /// Its kind is not that of the inode.
    Kind { place: Place, found: i64, expected: i64 },
    /// A directory does not remember where its name is.
    Parent { key: i64, died: i64 },
    /// A directory has several names.
    Names { key: i64, died: i64, names: i64 },
    /// An inode has no name, and is not known to wait for its last holder.
    Unreachable { key: i64 },
    /// What is noted as waiting for its last holder has names, or is gone.
    Orphan { key: i64, names: i64 },
    /// There is no root directory, or it is in another.
    Root,
    /// A directory has a name, but the way up from it does not lead to the root.
    Apart { key: i64 },
}

impl NameFault {
    pub(in crate::fsck) fn invariant(&self) -> &'static str {
        match self {
            Self::Name { .. } | Self::Twice { .. } => "name",
            Self::Cookie { .. } => "cookie",
            Self::NotInDirectory { .. } | Self::Dangling { .. } => "reference",
            Self::Kind { .. } => "kind",
            Self::Parent { .. } => "parent",
            Self::Unreachable { .. } | Self::Orphan { .. } => "orphan",
            Self::Names { .. } | Self::Root | Self::Apart { .. } => "tree",
        }
    }
}

impl fmt::Display for NameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ino = |key: &i64| Key(*key as u64).ino();
        match self {
            Self::Name { place, name } => {
                write!(f, "{place}: '{}' is not a valid name", name.escape_ascii())
            }
            Self::Twice { place, name } => {
                write!(
                    f,
                    "{place}: the directory has another entry '{}'",
                    name.escape_ascii()
                )
            }
            Self::Cookie { place, bucket } => write!(
                f,
                "{place}: expected a cookie from {bucket} to {}, by the hash of its name",
                bucket + 255
            ),
            Self::NotInDirectory { place } => write!(f, "{place}: that inode is not a directory"),
            Self::Dangling { place, ino, view } => {
                write!(f, "{place}: it refers to inode {ino}, which is missing")?;
                match *view {
                    HEAD => Ok(()),
                    layer => write!(f, " in layer {layer}"),
                }
            }
            Self::Kind {
                place,
                found,
                expected,
            } => write!(
                f,
                "{place}: its kind is {found}, expected {expected}, that of its inode"
            ),
            Self::Parent { key, died } => write!(
                f,
                "{}: it has no entry in the directory that it refers to as its parent",
                At(*key, *died)
            ),
            Self::Names { key, died, names } => {
                write!(
                    f,
                    "{}: the directory has {names} names, expected 1",
                    At(*key, *died)
                )
            }
            Self::Unreachable { key } => write!(f, "inode {}: no entry refers to it", ino(key)),
            Self::Orphan { key, names } => write!(
                f,
                "inode {}: marked as having no name, but {}",
                ino(key),
                if *names == 0 { "it is gone" } else { "it is in use" }
            ),
            Self::Root => f.write_str("the root directory is missing or is not its own parent"),
            Self::Apart { key } => {
                write!(f, "inode {}: the directory is not below the root", ino(key))
            }
        }
    }
}

/// One version of an inode.
struct Version {
    key: i64,
    died: i64,
    born: i64,
    kind: i64,
    nlink: i64,
    parent: i64,
    cookie: i64,
}

pub(super) const INODES: &str = "SELECT key, 9223372036854775807, born, kind, nlink, parent, cookie FROM inode WHERE key >= ?1 AND key < ?2 \
     UNION ALL SELECT key, died, born, kind, nlink, parent, cookie FROM inode_past WHERE key >= ?1 AND key < ?2 ORDER BY 1, 2";

/// One version of an entry, by what it names.
struct Name {
    key: i64,
    place: Place,
    born: i64,
    kind: i64,
}

/// Sorted by what they name; that is the one sort a check needs.
const NAMES: &str = "SELECT ino, dir, cookie, 9223372036854775807, born, kind FROM dentry WHERE dir >= ?1 AND dir < ?2 \
     UNION ALL SELECT ino, dir, cookie, died, born, kind FROM dentry_past WHERE dir >= ?1 AND dir < ?2 ORDER BY 1";

struct Orphan(i64);

const ORPHANS: &str = "SELECT key FROM orphan WHERE key >= ?1 AND key < ?2 ORDER BY 1";

impl Keyed for Version {
    fn key(&self) -> i64 {
        self.key
    }
}

impl Keyed for Name {
    fn key(&self) -> i64 {
        self.key
    }
}

impl Keyed for Orphan {
    fn key(&self) -> i64 {
        self.0
    }
}

fn read_version(row: &Row<'_>) -> rusqlite::Result<Version> {
    Ok(Version {
        key: row.get(0)?,
        died: row.get(1)?,
        born: row.get(2)?,
        kind: row.get(3)?,
        nlink: row.get(4)?,
        parent: row.get(5)?,
        cookie: row.get(6)?,
    })
}

pub(in crate::fsck) fn check(scope: &Scope<'_>) -> Result<()> {
    let prepare = |sql| scope.c.prepare(sql).map_err(engine);
    let mut statements = (prepare(INODES)?, prepare(NAMES)?, prepare(ORPHANS)?);
    let keys = scope.keys();
    let base = keys[0];
    let mut versions = Cursor::new(&mut statements.0, keys, read_version)?;
    let mut names = Cursor::new(&mut statements.1, keys, move |row| {
        // A number that is no inode of the tenant meets none.
        let ino: i64 = row.get(0)?;
        Ok(Name {
            key: base.saturating_add(ino),
            place: Place {
                dir: row.get(1)?,
                cookie: row.get(2)?,
                died: row.get(3)?,
            },
            born: row.get(4)?,
            kind: row.get(5)?,
        })
    })?;
    let mut orphans = Cursor::new(&mut statements.2, keys, |row| Ok(Orphan(row.get(0)?)))?;
    loop {
        let next = [versions.key(), names.key(), orphans.key()];
        let Some(key) = next.into_iter().flatten().min() else {
            return Ok(());
        };
        let mut group = Group::new(scope, key, versions.all_of(key)?);
        while let Some(name) = names.next_of(key)? {
            group.name(&name);
        }
        group.finish(orphans.next_of(key)?.is_some());
    }
}

/// One inode and all its names.
struct Group<'a> {
    scope: &'a Scope<'a>,
    key: i64,
    versions: Vec<Version>,
    line: Timeline,
    names: Sums,
    /// Whether a name stands where a version remembers it.
    remembered: Vec<bool>,
}

impl<'a> Group<'a> {
    fn new(scope: &'a Scope<'a>, key: i64, versions: Vec<Version>) -> Self {
        let line = Timeline::new(scope, versions.iter().map(|v| (v.born, v.died)));
        Self {
            scope,
            key,
            names: Sums::new(&line),
            remembered: vec![false; line.len()],
            versions,
            line,
        }
    }

    fn name(&mut self, name: &Name) {
        self.scope.progress.step();
        let place = name.place;
        if let Some(view) = self.line.gap(self.scope, name.born, place.died) {
            let ino = self.key - self.scope.keys()[0];
            self.scope
                .found(Fault::Name(NameFault::Dangling { place, ino, view }));
        }
        if let Some((died, layer)) = self.line.tear(self.scope, name.born, place.died) {
            let (key, table) = (self.key, "dentry");
            self.scope.found(Fault::Inode(InodeFault::Torn {
                key,
                died,
                layer,
                table,
            }));
        }
        let span = self.line.span(name.born, place.died);
        self.names.add(&span, 1);
        let mut wrong = None;
        for (at, version) in span.filter_map(|at| Some((at, self.line.version(at)?))) {
            let version = &self.versions[version];
            let dir = Key(place.dir as u64).ino().0 as i64;
            self.remembered[at] |= (version.parent, version.cookie) == (dir, place.cookie);
            wrong = Some(version.kind).filter(|kind| *kind != name.kind).or(wrong);
        }
        if let Some(expected) = wrong {
            let found = name.kind;
            self.scope.found(Fault::Name(NameFault::Kind {
                place,
                found,
                expected,
            }));
        }
    }

    fn finish(self, orphaned: bool) {
        let names = self.names.finish();
        for (at, v) in self.line.versions() {
            self.scope.progress.step();
            let version = &self.versions[v];
            if Key(self.key as u64).ino() == Ino::ROOT {
                version.check_root(self.scope, names[at]);
            } else if version.kind == FileKind::Directory as i64 {
                version.check_directory(self.scope, names[at], self.remembered[at], orphaned);
            } else {
                version.check_file(self.scope, names[at], orphaned);
            }
        }
        let head = self.versions.last().filter(|v| v.died == HEAD);
        if orphaned && head.is_none_or(|head| head.nlink != 0) {
            let names = head.map_or(0, |head| head.nlink);
            self.scope
                .found(Fault::Name(NameFault::Orphan { key: self.key, names }));
        }
    }
}

impl Version {
    fn check_root(&self, scope: &Scope<'_>, names: i64) {
        let fine =
            self.kind == FileKind::Directory as i64 && self.parent == Ino::ROOT.0 as i64 && self.nlink >= 2;
        if !fine || names > 0 {
            scope.found(Fault::Name(NameFault::Root));
        }
    }

    fn check_directory(&self, scope: &Scope<'_>, names: i64, remembered: bool, orphaned: bool) {
        let &Self { key, died, .. } = self;
        match names {
            0 => self.check_nameless(scope, orphaned),
            1 if !remembered => scope.found(Fault::Name(NameFault::Parent { key, died })),
            1 if self.nlink == 0 => self.links(scope, 2),
            1 => {}
            _ => scope.found(Fault::Name(NameFault::Names { key, died, names })),
        }
    }

    fn check_file(&self, scope: &Scope<'_>, names: i64, orphaned: bool) {
        match names {
            0 => self.check_nameless(scope, orphaned),
            _ if names != self.nlink => self.links(scope, names),
            _ => {}
        }
    }

    /// Only what somebody had open may have no name. Sealed layers keep it as it was.
    fn check_nameless(&self, scope: &Scope<'_>, orphaned: bool) {
        if self.died == HEAD && !(orphaned && self.nlink == 0) {
            scope.found(Fault::Name(NameFault::Unreachable { key: self.key }));
        } else if self.died != HEAD && self.nlink != 0 && self.kind != FileKind::Directory as i64 {
            // A directory counts what is in it, whether or not it has a name; its parent's size tells if that is gone.
            self.links(scope, 0);
        }
    }

    fn links(&self, scope: &Scope<'_>, expected: i64) {
        scope.found(Fault::Inode(InodeFault::Number {
            key: self.key,
            died: self.died,
            number: Number::Links,
            found: self.nlink,
            expected,
        }));
    }
}
