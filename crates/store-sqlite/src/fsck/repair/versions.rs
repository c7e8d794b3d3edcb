//! Versions: keeping what sealed layers show while the head changes.

use rusqlite::params;
use tarbox_store::Result;

use super::Mender;
use crate::fsck::finding::HEAD;

impl Mender<'_> {
    /// Before the head's version of an inode changes: sealed layers that show it keep it as it is.
    pub(super) fn begin_version(&self, key: i64) -> Result<()> {
        let head = self.tenant.head;
        let Some(born) = self.one::<i64>("SELECT born FROM inode WHERE key = ?1", [key])? else {
            return Ok(());
        };
        if born >= head {
            return Ok(());
        }
        let columns = crate::sql::inode::COLUMNS;
        self.run(
            &format!(
                "INSERT OR IGNORE INTO inode_past(key, died, {columns}) SELECT key, ?2, {columns} FROM inode WHERE key = ?1"
            ),
            params![key, head],
        )?;
        self.run("UPDATE inode SET born = ?2 WHERE key = ?1", params![key, head])
            .map(drop)
    }

    /// Makes two versions of one that should have ended in a layer. What they count differs from then on.
    pub(super) fn split_version(&self, key: i64, died: i64, layer: i64) -> Result<()> {
        let born = self.inode_number(key, died, "born")?;
        if born.is_none_or(|born| born >= layer) || layer >= died {
            return Ok(());
        }
        let (table, version) = Self::table_of("inode", died);
        let columns = crate::sql::inode::COLUMNS;
        self.run(
            &format!(
                "INSERT OR IGNORE INTO inode_past(key, died, {columns}) SELECT key, ?3, {columns} FROM {table} \
                 WHERE key = ?1 AND {version}"
            ),
            params![key, died, layer],
        )?;
        self.set_inode(key, died, "born", layer)
    }

    /// The table that holds a version, and the condition that picks it by its key column and death.
    pub(super) fn table_of(name: &str, died: i64) -> (String, &'static str) {
        match died {
            HEAD => (name.to_owned(), "?2 = ?2"),
            _ => (format!("{name}_past"), "died = ?2"),
        }
    }

    /// Sets one column of a version of an inode.
    pub(super) fn set_inode(
        &self,
        key: i64,
        died: i64,
        column: &str,
        value: impl rusqlite::ToSql,
    ) -> Result<()> {
        let (table, version) = Self::table_of("inode", died);
        self.run(
            &format!("UPDATE {table} SET {column} = ?3 WHERE key = ?1 AND {version}"),
            params![key, died, value],
        )
        .map(drop)
    }

    /// A number of a version of an inode.
    pub(super) fn inode_number(&self, key: i64, died: i64, column: &str) -> Result<Option<i64>> {
        let (table, version) = Self::table_of("inode", died);
        self.one(
            &format!("SELECT {column} FROM {table} WHERE key = ?1 AND {version}"),
            params![key, died],
        )
    }

    /// The layers `born..died` between the versions of an inode around a layer in which it has none.
    pub(super) fn gap_around(&self, key: i64, view: i64) -> Result<(i64, i64)> {
        let before: Option<i64> = self.one(
            "SELECT max(died) FROM inode_past WHERE key = ?1 AND died <= ?2",
            params![key, view],
        )?;
        let after: Option<i64> = self.one(
            "SELECT min(born) FROM (SELECT born FROM inode WHERE key = ?1 UNION ALL \
             SELECT born FROM inode_past WHERE key = ?1) WHERE born > ?2",
            params![key, view],
        )?;
        Ok((before.unwrap_or(1), after.unwrap_or(self.tenant.head)))
    }
}
