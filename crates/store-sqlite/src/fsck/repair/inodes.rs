//! Mending inodes: missing ones are made again from what belongs to them, numbers are set to what they count, and data
//! that does not match its checksum is set aside and stays an error for whoever reads it.

use rusqlite::params;
use tarbox_store::{FileKind, Result};

use super::Mender;
use crate::fsck::check::inodes::{InodeFault, Number};
use crate::fsck::finding::HEAD;
use crate::rows::{CHUNK, Map};

impl Mender<'_> {
    pub(super) fn mend_inode(&self, fault: &InodeFault) -> Result<()> {
        match *fault {
            InodeFault::Missing { key, view, table } => self.make_again(key, view, table),
            InodeFault::Torn { key, died, layer, .. } => self.split_version(key, died, layer),
            InodeFault::Field {
                key,
                died,
                field,
                found,
            } => self.mend_field(key, died, field, found),
            InodeFault::Sum { key, died } | InodeFault::Content { key, died } => self.mend_content(key, died),
            InodeFault::Number {
                key,
                died,
                number,
                expected,
                ..
            } => self.mend_number(key, died, number, expected),
        }
    }

    fn mend_number(&self, key: i64, died: i64, number: Number, expected: i64) -> Result<()> {
        self.set_inode(key, died, number.column(), expected)
    }

    fn mend_field(&self, key: i64, died: i64, field: &str, found: i64) -> Result<()> {
        match field {
            "kind" => self.settle_kind(key),
            "mode" => self.set_inode(key, died, field, found & 0o7777),
            "parent" => self.set_inode(key, died, field, 1),
            "version" => self.set_inode(key, died, field, None::<i64>),
            // What these count is found in the rounds that follow.
            _ => self.set_inode(key, died, field, 0),
        }
    }

    /// Makes a version of an inode for the layers around one in which rows belong to it, and it is not there.
    fn make_again(&self, key: i64, view: i64, table: &str) -> Result<()> {
        let known =
            "SELECT key FROM inode WHERE key = ?1 UNION ALL SELECT key FROM inode_past WHERE key = ?1";
        if self.one::<i64>(known, [key])?.is_none() {
            return self.make_bare(key, table);
        }
        let (born, died) = if view == HEAD {
            let last: Option<i64> = self.one("SELECT max(died) FROM inode_past WHERE key = ?1", [key])?;
            (last.unwrap_or(1), HEAD)
        } else {
            self.gap_around(key, view)?
        };
        if born >= died || self.inode_number(key, died, "key")?.is_some() {
            return Ok(());
        }
        let columns = crate::sql::inode::COLUMNS;
        let rest = columns.strip_prefix("born, ").unwrap_or(columns);
        let (target, value) = match died {
            HEAD => ("inode(key, born", ""),
            _ => ("inode_past(key, died, born", "?3, "),
        };
        // The version that is nearest says most of what this one was; its content need not be the same.
        self.run(
            &format!(
                "INSERT INTO {target}, {rest}) SELECT key, {value}?2, {rest} FROM \
                 (SELECT key, {HEAD} AS died, {columns} FROM inode UNION ALL SELECT key, died, {columns} FROM inode_past) \
                 WHERE key = ?1 AND ?3 = ?3 ORDER BY died >= ?3 DESC, died LIMIT 1"
            ),
            params![key, born, died],
        )?;
        if self.inode_number(key, died, "kind")? == Some(FileKind::File as i64) {
            self.set_inode(key, died, "data", None::<i64>)?;
            self.set_inode(key, died, "sum", None::<i64>)?;
        }
        Ok(())
    }

    /// Makes an inode of which nothing is left but rows that belong to it.
    fn make_bare(&self, key: i64, table: &str) -> Result<()> {
        let kind = match (table, self.likely_kind(key)?) {
            ("dentry", _) => FileKind::Directory,
            ("chunk", _) => FileKind::File,
            (_, kind) => kind,
        };
        let sql = "SELECT min(born) FROM (SELECT born FROM dentry WHERE dir = ?1 UNION ALL \
                   SELECT born FROM dentry_past WHERE dir = ?1 UNION ALL SELECT born FROM chunk WHERE file = ?1 UNION ALL \
                   SELECT born FROM chunk_past WHERE file = ?1 UNION ALL SELECT born FROM xattr WHERE key = ?1 UNION ALL \
                   SELECT born FROM xattr_past WHERE key = ?1)";
        let born: Option<i64> = self.one(sql, [key])?;
        let mode = if kind == FileKind::Directory { 0o700 } else { 0o600 };
        self.insert_inode(key, born.unwrap_or(self.tenant.head), kind, mode)?;
        if kind == FileKind::File {
            self.set_inode(key, HEAD, "data", None::<i64>)?;
            self.set_inode(key, HEAD, "sum", None::<i64>)?;
        }
        self.note(format!(
            "inode {} was missing; it was recreated from the rows that belong to it",
            key - self.base()
        ));
        Ok(())
    }

    /// Data that is damaged, or is where no data can be: a copy goes to `/lost+found`, and what remains is an error for
    /// whoever reads it, or, where nobody can, nothing.
    fn mend_content(&self, key: i64, died: i64) -> Result<()> {
        let (table, version) = Self::table_of("inode", died);
        let data: Option<Vec<u8>> = self.one(
            &format!("SELECT data FROM {table} WHERE key = ?1 AND {version}"),
            params![key, died],
        )?;
        let ino = key - self.base();
        if let Some(data) = data.as_ref().filter(|data| !data.is_empty()) {
            let until = if died == HEAD {
                String::new()
            } else {
                format!("-until-{died}")
            };
            let name = format!("#{ino}-data{until}");
            self.note(format!(
                "the data of inode {ino} is damaged; what is left of it is in {name}"
            ));
            self.put_bytes(&name, data)?;
        }
        let kind = self.inode_number(key, died, "kind")?;
        let size = self.inode_number(key, died, "size")?.unwrap_or(0);
        let held = data.map_or(0, |data| data.len() as i64);
        let readable = [FileKind::File as i64, FileKind::Symlink as i64].contains(&kind.unwrap_or(0));
        let len = size.max(held).min(CHUNK as i64);
        if readable && len > 0 {
            self.set_inode(key, died, "data", None::<i64>)?;
            self.set_inode(key, died, "sum", None::<i64>)?;
            return self.lose_content(key, died, len as u32);
        }
        self.set_inode(key, died, "data", Vec::new())?;
        self.set_inode(key, died, "sum", 0)
    }

    /// Puts a lost block where the content of a version was.
    fn lose_content(&self, key: i64, died: i64, len: u32) -> Result<()> {
        let born = self.inode_number(key, died, "born")?.unwrap_or(1);
        self.set_inode(key, died, "stored", len)?;
        let fragment = self.lost_fragment(key, 0, died, (0, len))?;
        let map = Map {
            fragments: vec![fragment],
            born: tarbox_store::LayerId(born as u64),
        };
        let there = match died {
            HEAD => self.one::<i64>("SELECT 1 FROM chunk WHERE file = ?1 AND idx = 0", [key])?,
            _ => self.one(
                "SELECT 1 FROM chunk_past WHERE file = ?1 AND idx = 0 AND died = ?2",
                params![key, died],
            )?,
        };
        if there.is_some() {
            return Ok(());
        }
        let bytes = map.encode(key as u64, 0);
        match died {
            HEAD => self.run(
                "INSERT INTO chunk(file, idx, born, map) VALUES (?1, 0, ?2, ?3)",
                params![key, born, bytes],
            )?,
            _ => self.run(
                "INSERT INTO chunk_past(file, idx, died, born, map) VALUES (?1, 0, ?2, ?3, ?4)",
                params![key, died, born, bytes],
            )?,
        };
        Ok(())
    }
}
