//! Inodes, and that what belongs to each adds up to what it says: content, entries, subdirectories, attributes.

mod fault;
mod version;

use rusqlite::Row;
use tarbox_store::{FileKind, Result};

use super::chunks::{self, CHUNKS, Chunk, ChunkFault};
use super::cursor::{Cursor, Keyed};
use super::entries::{self, ENTRIES, Entry};
use super::timeline::{Maxima, Sums, Timeline};
use crate::fsck::finding::{Fault, HEAD};
use crate::fsck::scope::{Scope, count};
use crate::rows::Key;
use crate::sql::engine;

pub(in crate::fsck) use fault::{InodeFault, Number};
pub(super) use version::INODES;
use version::{Version, read};

/// What a directory's size counts for one entry.
const ENTRY_SIZE: i64 = 32;

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

pub(super) const XATTRS: &str = "SELECT key, 9223372036854775807, born, length(name) + length(value) FROM xattr WHERE key >= ?1 AND key < ?2 \
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
    if scope.tenant.is_being_restored() {
        // Inode 0 says how far that has come.
        xattrs.all_of(keys[0])?;
    }
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
    /// What is reported once for each place.
    torn: Vec<(i64, i64)>,
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
            torn: Vec::new(),
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
            return self.changes_with(table, born, died);
        };
        if !self.missing.contains(&(table, view)) {
            self.missing.push((table, view));
            let key = self.key;
            self.scope
                .found(Fault::Inode(InodeFault::Missing { key, view, table }));
        }
    }

    /// Whatever changes changes its inode in the same layer.
    fn changes_with(&mut self, table: &'static str, born: i64, died: i64) {
        let Some((died, layer)) = self.line.tear(self.scope, born, died) else {
            return;
        };
        if !self.torn.contains(&(died, layer)) {
            self.torn.push((died, layer));
            let key = self.key;
            self.scope.found(Fault::Inode(InodeFault::Torn {
                key,
                died,
                layer,
                table,
            }));
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
