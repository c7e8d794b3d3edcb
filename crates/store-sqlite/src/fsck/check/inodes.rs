//! Inodes, and that what belongs to each adds up to what it says: content, entries, subdirectories, attributes.

use std::fmt;

use rusqlite::Row;
use tarbox_store::{FileKind, Result};

use super::chunks::{self, CHUNKS, Chunk, ChunkFault};
use super::cursor::{Cursor, Keyed};
use super::entries::{self, ENTRIES, Entry};
use super::timeline::{Maxima, Sums, Timeline};
use crate::fsck::finding::{At, Fault, HEAD};
use crate::fsck::scope::{Scope, count};
use crate::rows::Key;
use crate::sql::{self, engine};

/// What a directory's size counts for one entry.
const ENTRY_SIZE: i64 = 32;

/// What is wrong with an inode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::fsck) enum InodeFault {
    /// Rows belong to it that can be seen in this layer, in which there is no such inode.
    Missing {
        key: i64,
        view: i64,
        table: &'static str,
    },
    /// A column holds what it cannot.
    Field {
        key: i64,
        died: i64,
        field: &'static str,
        found: i64,
    },
    /// Its data does not match the checksum.
    Sum { key: i64, died: i64 },
    /// Its content is not where content of its kind is.
    Content { key: i64, died: i64 },
    /// A number that follows from other rows.
    Number {
        key: i64,
        died: i64,
        number: Number,
        found: i64,
        expected: i64,
    },
}

/// The numbers of an inode that follow from other rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::fsck) enum Number {
    Size,
    Stored,
    Xattrs,
    Links,
}

impl Number {
    /// The column it is in.
    pub(in crate::fsck) fn column(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Stored => "stored",
            Self::Xattrs => "xattrs",
            Self::Links => "nlink",
        }
    }
}

impl InodeFault {
    pub(in crate::fsck) fn invariant(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "reference",
            Self::Field { .. } | Self::Content { .. } => "inode",
            Self::Sum { .. } => "checksum",
            Self::Number { number, .. } => match number {
                Number::Size => "size",
                Number::Stored => "stored",
                Number::Xattrs => "xattr-count",
                Number::Links => "link-count",
            },
        }
    }
}

impl fmt::Display for InodeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { key, view, table } => {
                write!(
                    f,
                    "rows of table {table} belong to inode {}, which is missing",
                    Key(*key as u64).ino()
                )?;
                match *view {
                    HEAD => Ok(()),
                    layer => write!(f, " in layer {layer}"),
                }
            }
            Self::Field {
                key,
                died,
                field,
                found,
            } => write!(f, "{}: {field} is {found}, which cannot be", At(*key, *died)),
            Self::Sum { key, died } => {
                write!(f, "{}: its data does not match its checksum", At(*key, *died))
            }
            Self::Content { key, died } => {
                write!(
                    f,
                    "{}: its content is not where content of its kind is",
                    At(*key, *died)
                )
            }
            Self::Number {
                key,
                died,
                number,
                found,
                expected,
            } => {
                let column = number.column();
                write!(f, "{}: {column} is {found}, expected {expected}", At(*key, *died))
            }
        }
    }
}

/// One version of an inode, without its data.
#[derive(Debug)]
struct Version {
    key: i64,
    died: i64,
    born: i64,
    kind: i64,
    mode: i64,
    nlink: i64,
    size: i64,
    stored: i64,
    parent: i64,
    xattrs: i64,
    /// Bytes of inline data, and whether they match the checksum.
    inline: Option<(i64, bool)>,
    rdev: i64,
}

impl Keyed for Version {
    fn key(&self) -> i64 {
        self.key
    }
}

const INODES: &str = "SELECT key, 9223372036854775807, born, kind, mode, nlink, size, stored, parent, xattrs, data, sum, rdev \
     FROM inode WHERE key >= ?1 AND key < ?2 UNION ALL \
     SELECT key, died, born, kind, mode, nlink, size, stored, parent, xattrs, data, sum, rdev \
     FROM inode_past WHERE key >= ?1 AND key < ?2 ORDER BY 1, 2";

fn read(row: &Row<'_>) -> rusqlite::Result<Version> {
    let data = row.get_ref(10)?.as_blob_or_null()?;
    let sum: Option<i64> = row.get(11)?;
    Ok(Version {
        key: row.get(0)?,
        died: row.get(1)?,
        born: row.get(2)?,
        kind: row.get(3)?,
        mode: row.get(4)?,
        nlink: row.get(5)?,
        size: row.get(6)?,
        stored: row.get(7)?,
        parent: row.get(8)?,
        xattrs: row.get(9)?,
        inline: data.map(|data| (data.len() as i64, sum == Some(sql::inode::checksum(data)))),
        rdev: row.get(12)?,
    })
}

/// One version of an extended attribute.
struct Xattr {
    key: i64,
    died: i64,
    born: i64,
    bytes: i64,
}

impl Keyed for Xattr {
    fn key(&self) -> i64 {
        self.key
    }
}

const XATTRS: &str = "SELECT key, 9223372036854775807, born, length(name) + length(value) FROM xattr WHERE key >= ?1 AND key < ?2 \
     UNION ALL SELECT key, died, born, length(name) + length(value) FROM xattr_past WHERE key >= ?1 AND key < ?2 ORDER BY 1";

fn read_xattr(row: &Row<'_>) -> rusqlite::Result<Xattr> {
    Ok(Xattr {
        key: row.get(0)?,
        died: row.get(1)?,
        born: row.get(2)?,
        bytes: row.get(3)?,
    })
}

pub(in crate::fsck) fn check(scope: &Scope<'_>) -> Result<()> {
    let prepare = |sql| scope.c.prepare(sql).map_err(engine);
    let mut statements = (
        prepare(INODES)?,
        prepare(CHUNKS)?,
        prepare(XATTRS)?,
        prepare(ENTRIES)?,
    );
    let keys = scope.keys();
    let mut inodes = Cursor::new(&mut statements.0, keys, read)?;
    let mut chunks = Cursor::new(&mut statements.1, keys, chunks::read)?;
    let mut xattrs = Cursor::new(&mut statements.2, keys, read_xattr)?;
    let mut entries = Cursor::new(&mut statements.3, keys, entries::reader(scope))?;
    loop {
        let next = [inodes.key(), chunks.key(), xattrs.key(), entries.key()];
        let Some(key) = next.into_iter().flatten().min() else {
            return Ok(());
        };
        let mut group = Group::new(scope, key, inodes.all_of(key)?);
        while let Some(chunk) = chunks.next_of(key)? {
            group.chunk(&chunk);
        }
        while let Some(xattr) = xattrs.next_of(key)? {
            group.xattr(&xattr);
        }
        let mut names = entries::Names::default();
        while let Some(entry) = entries.next_of(key)? {
            names.check(scope, &entry);
            group.entry(&entry);
        }
        group.finish();
    }
}

/// All rows that belong to one inode.
struct Group<'a> {
    scope: &'a Scope<'a>,
    key: i64,
    versions: Vec<Version>,
    line: Timeline,
    stored: Sums,
    xattrs: Sums,
    entries: Sums,
    subdirs: Sums,
    /// Where the content ends, and the chunk that says so.
    ends: Maxima,
    /// What is reported once for each table and layer.
    missing: Vec<(&'static str, i64)>,
}

impl<'a> Group<'a> {
    fn new(scope: &'a Scope<'a>, key: i64, versions: Vec<Version>) -> Self {
        let line = Timeline::new(scope, versions.iter().map(|v| (v.born, v.died)));
        let sums = || Sums::new(&line);
        Self {
            scope,
            key,
            stored: sums(),
            xattrs: sums(),
            entries: sums(),
            subdirs: sums(),
            ends: Maxima::new(&line),
            versions,
            line,
            missing: Vec::new(),
        }
    }

    fn chunk(&mut self, chunk: &Chunk) {
        self.scope.progress.step();
        self.belongs("chunk", chunk.born, chunk.died);
        let &Chunk { file, idx, died, .. } = chunk;
        let Some((stored, end)) = chunk.facts else {
            return self
                .scope
                .found(Fault::Chunk(ChunkFault::Map { file, idx, died }));
        };
        let span = self.line.span(chunk.born, died);
        self.stored.add(&span, stored);
        self.ends.raise(&span, (end, idx));
        let inline = span
            .filter_map(|at| self.line.version(at))
            .find(|&v| self.versions[v].inline.is_some());
        if inline.is_some() {
            self.scope
                .found(Fault::Chunk(ChunkFault::Unexpected { file, idx, died }));
        }
    }

    fn xattr(&mut self, xattr: &Xattr) {
        self.scope.progress.step();
        self.scope.totals.add_bytes(xattr.bytes);
        self.belongs("xattr", xattr.born, xattr.died);
        self.xattrs.add(&self.line.span(xattr.born, xattr.died), 1);
    }

    fn entry(&mut self, entry: &Entry) {
        self.scope.progress.step();
        count(&self.scope.seen.entries, 1);
        self.scope.totals.saw_ino(entry.ino);
        self.belongs("dentry", entry.born, entry.died);
        let span = self.line.span(entry.born, entry.died);
        self.entries.add(&span, 1);
        if entry.kind == FileKind::Directory as i64 {
            self.subdirs.add(&span, 1);
        }
        let elsewhere = span
            .filter_map(|at| self.line.version(at))
            .any(|v| self.versions[v].kind != FileKind::Directory as i64);
        if elsewhere {
            self.scope.found(entry.not_in_a_directory());
        }
    }

    /// Whatever can be seen in a layer belongs to an inode of that layer.
    fn belongs(&mut self, table: &'static str, born: i64, died: i64) {
        let Some(view) = self.line.gap(self.scope, born, died) else {
            return;
        };
        if !self.missing.contains(&(table, view)) {
            self.missing.push((table, view));
            let key = self.key;
            self.scope
                .found(Fault::Inode(InodeFault::Missing { key, view, table }));
        }
    }

    fn finish(self) {
        let scope = self.scope;
        for version in &self.versions {
            scope.progress.step();
            count(&scope.seen.inodes, 1);
            scope.totals.add_bytes(version.inline.map_or(0, |(len, _)| len));
            if version.died == HEAD {
                scope.totals.inodes.set(scope.totals.inodes.get() + 1);
            }
            version.check(scope);
        }
        if !self.line.is_empty() {
            scope.totals.saw_ino(Key(self.key as u64).ino().0 as i64);
        }
        let (stored, xattrs) = (self.stored.finish(), self.xattrs.finish());
        let (entries, subdirs) = (self.entries.finish(), self.subdirs.finish());
        for (at, v) in self.line.versions() {
            let version = &self.versions[v];
            version.check_number(scope, Number::Xattrs, version.xattrs, xattrs[at]);
            if version.kind == FileKind::Directory as i64 {
                version.check_number(scope, Number::Size, version.size, entries[at] * ENTRY_SIZE);
                // One that was removed while somebody had it open has no links at all.
                let expected = if version.nlink == 0 && entries[at] == 0 {
                    0
                } else {
                    2 + subdirs[at]
                };
                version.check_number(scope, Number::Links, version.nlink, expected);
            }
            version.check_number(scope, Number::Stored, version.stored, stored[at]);
            let (end, idx) = self.ends.at(at);
            if end > version.size && version.inline.is_none() {
                scope.found(Fault::Chunk(ChunkFault::Beyond {
                    file: self.key,
                    idx,
                    died: version.died,
                    end,
                    size: version.size,
                }));
            }
        }
    }
}

impl Version {
    fn check(&self, scope: &Scope<'_>) {
        let fields = [
            ("kind", self.kind, (1..=7).contains(&self.kind)),
            ("mode", self.mode, (0..=0o7777).contains(&self.mode)),
            (
                "nlink",
                self.nlink,
                (0..=i64::from(u32::MAX)).contains(&self.nlink),
            ),
            ("size", self.size, self.size >= 0),
            (
                "parent",
                self.parent,
                (1..tarbox_store::Ino::LIMIT as i64).contains(&self.parent),
            ),
            ("rdev", self.rdev, self.rdev >= 0),
        ];
        for (field, found, _) in fields.into_iter().filter(|(.., fine)| !fine) {
            scope.found(Fault::Inode(InodeFault::Field {
                key: self.key,
                died: self.died,
                field,
                found,
            }));
        }
        self.check_content(scope);
    }

    fn check_content(&self, scope: &Scope<'_>) {
        let (key, died) = (self.key, self.died);
        let kind = u8::try_from(self.kind).ok().and_then(FileKind::from_number);
        let fine = match (kind, self.inline) {
            (_, Some((_, false))) => return scope.found(Fault::Inode(InodeFault::Sum { key, died })),
            (Some(FileKind::File), None) | (None, _) => true,
            // The target of a link that was lost is in chunks; these say what was lost.
            (Some(FileKind::Symlink), None) => self.stored > 0,
            (Some(FileKind::File | FileKind::Symlink), Some((len, _))) => {
                self.check_number(scope, Number::Size, self.size, len);
                true
            }
            (Some(FileKind::Directory), Some((len, _))) => len == 0,
            (Some(_), Some((len, _))) => {
                self.check_number(scope, Number::Size, self.size, 0);
                len == 0
            }
            (Some(_), None) => false,
        };
        if !fine {
            scope.found(Fault::Inode(InodeFault::Content { key, died }));
        }
    }

    fn check_number(&self, scope: &Scope<'_>, number: Number, found: i64, expected: i64) {
        if found != expected {
            scope.found(Fault::Inode(InodeFault::Number {
                key: self.key,
                died: self.died,
                number,
                found,
                expected,
            }));
        }
    }
}
