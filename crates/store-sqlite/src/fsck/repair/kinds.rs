//! What an inode is, when its rows disagree. The kind of an inode never changes, so all its versions and all its names
//! are witnesses; what it holds shows what it cannot be.

use rusqlite::params;
use tarbox_store::{FileKind, Result};

use super::Mender;

impl Mender<'_> {
    /// Decides what an inode is, and makes all its versions and names say so.
    pub(super) fn settle_kind(&self, key: i64) -> Result<()> {
        let kind = self.likely_kind(key)? as i64;
        let ino = key - self.base();
        let [from, to] = self.keys();
        for table in ["inode", "inode_past"] {
            let sql = format!("UPDATE {table} SET kind = ?2 WHERE key = ?1 AND kind <> ?2");
            self.run(&sql, params![key, kind])?;
        }
        for table in ["dentry", "dentry_past"] {
            let sql = format!(
                "UPDATE {table} SET kind = ?2 WHERE dir >= ?3 AND dir < ?4 AND ino = ?1 AND kind <> ?2"
            );
            self.run(&sql, params![ino, kind, from, to])?;
        }
        Ok(())
    }

    pub(super) fn likely_kind(&self, key: i64) -> Result<FileKind> {
        let possible = self.possible_kinds(key)?;
        let own = self.witnesses(
            "SELECT kind FROM inode WHERE key = ?1 UNION ALL SELECT kind FROM inode_past WHERE key = ?1 AND ?2 = ?2 AND ?3 = ?3",
            key,
        )?;
        let names = self.witnesses(
            "SELECT kind FROM dentry WHERE dir >= ?2 AND dir < ?3 AND ino = ?1 UNION ALL \
             SELECT kind FROM dentry_past WHERE dir >= ?2 AND dir < ?3 AND ino = ?1",
            key - self.base(),
        )?;
        let votes = |kind: FileKind| own.iter().chain(&names).filter(|k| **k == kind).count();
        let links: i64 = self
            .one("SELECT nlink FROM inode WHERE key = ?1", [key])?
            .unwrap_or(0);
        let tie = |kind: FileKind| match kind {
            // One name and two links is what an empty directory has.
            FileKind::Directory => links >= 2,
            kind => own.contains(&kind),
        };
        let best = possible
            .iter()
            .copied()
            .max_by_key(|kind| (votes(*kind), tie(*kind)));
        Ok(best.unwrap_or(FileKind::File))
    }

    fn witnesses(&self, sql: &str, first: i64) -> Result<Vec<FileKind>> {
        let [from, to] = self.keys();
        let kinds = self.numbers::<1>(sql, params![first, from, to])?;
        let known = |[kind]: [i64; 1]| u8::try_from(kind).ok().and_then(FileKind::from_number);
        Ok(kinds.into_iter().filter_map(known).collect())
    }

    /// What it can be, given what it holds; what is more likely comes last.
    fn possible_kinds(&self, key: i64) -> Result<Vec<FileKind>> {
        use FileKind::*;
        let holds = |sql: &str| -> Result<bool> { Ok(self.one::<i64>(sql, [key])?.is_some()) };
        let has_entries =
            "SELECT 1 FROM dentry WHERE dir = ?1 UNION ALL SELECT 1 FROM dentry_past WHERE dir = ?1";
        let has_chunks =
            "SELECT 1 FROM chunk WHERE file = ?1 UNION ALL SELECT 1 FROM chunk_past WHERE file = ?1";
        let has_data = "SELECT 1 FROM inode WHERE key = ?1 AND length(data) > 0 UNION ALL \
                        SELECT 1 FROM inode_past WHERE key = ?1 AND length(data) > 0";
        if holds(has_entries)? {
            return Ok(vec![Directory]);
        }
        if holds(has_chunks)? || holds(has_data)? {
            return Ok(vec![Symlink, File]);
        }
        Ok(vec![
            Symlink,
            Fifo,
            Socket,
            CharDevice,
            BlockDevice,
            Directory,
            File,
        ])
    }
}
