//! Every directory is below the root.

use rusqlite::params;
use tarbox_store::{FileKind, Ino, Result};

use super::names::NameFault;
use crate::fsck::finding::Fault;
use crate::fsck::scope::Scope;
use crate::sql::engine;

/// Directories with a name that the root does not lead to: they are in a circle, or below something without a name.
/// What has no name itself is another finding. SQLite keeps what it has reached in a table that can spill.
const APART: &str = "WITH RECURSIVE reached(key) AS (VALUES (?3) UNION \
     SELECT ?1 + d.ino FROM reached r JOIN dentry d ON d.dir = r.key WHERE d.kind = ?4) \
     SELECT i.key FROM inode i WHERE i.key >= ?1 AND i.key < ?2 AND i.kind = ?4 AND i.key NOT IN (SELECT key FROM reached) \
     AND EXISTS (SELECT 1 FROM dentry d WHERE d.dir = ?1 + i.parent AND d.cookie = i.cookie AND ?1 + d.ino = i.key)";

pub(in crate::fsck) fn check(scope: &Scope<'_>) -> Result<()> {
    let [from, to] = scope.keys();
    let mut statement = scope.c.prepare(APART).map_err(engine)?;
    let root = from + Ino::ROOT.0 as i64;
    let mut rows = statement
        .query(params![from, to, root, FileKind::Directory as u8])
        .map_err(engine)?;
    while let Some(row) = rows.next().map_err(engine)? {
        let key = row.get(0).map_err(engine)?;
        scope.found(Fault::Name(NameFault::Apart { key }));
    }
    let sql = "SELECT count(*) FROM inode WHERE key = ?1";
    let roots: i64 = scope.c.query_row(sql, [root], |row| row.get(0)).map_err(engine)?;
    if roots == 0 {
        scope.found(Fault::Name(NameFault::Root));
    }
    Ok(())
}
