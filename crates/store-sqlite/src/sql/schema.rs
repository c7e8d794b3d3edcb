//! The schema and its versions. `docs/format.md` draws it.
//!
//! What a layer can change stands in two tables: the head's version of each row in `x`, all earlier ones in `x_past`,
//! each valid in the layers `born <= layer < died`. So the head never meets history, however long that is.
//!
//! A key is `tenant << 44 | inode`; indexes by layer begin with `key >> 44`. Rows of the first layer are left out of the
//! indexes by birth, since nothing is older than they are.

use rusqlite::Connection;
use tarbox_store::{Error, ErrorKind, Result};

use super::error::{damaged, engine};

/// "TARB": says in the file's header that this is a Tarbox database.
const APPLICATION_ID: i32 = 0x5441_5242;

/// The steps from each version to the next; the number of steps is the current version.
const MIGRATIONS: &[&str] = &[VERSION_1, VERSION_2];

const VERSION_1: &str = "
CREATE TABLE tenant(
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, state INTEGER NOT NULL, created INTEGER NOT NULL,
  quota_bytes INTEGER, quota_inodes INTEGER, quota_layers INTEGER, quota_log INTEGER,
  bytes INTEGER NOT NULL, inodes INTEGER NOT NULL, layers INTEGER NOT NULL,
  head INTEGER NOT NULL, current INTEGER NOT NULL, next_ino INTEGER NOT NULL, next_seq INTEGER NOT NULL,
  secret BLOB NOT NULL, segment INTEGER NOT NULL, segment_len INTEGER NOT NULL) STRICT;
CREATE TABLE layer(
  tenant INTEGER NOT NULL, id INTEGER NOT NULL, name TEXT NOT NULL, description TEXT, sealed INTEGER NOT NULL,
  PRIMARY KEY(tenant, id)) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX layer_name ON layer(tenant, name);
CREATE TABLE tag(
  tenant INTEGER NOT NULL, name TEXT NOT NULL, layer INTEGER NOT NULL,
  PRIMARY KEY(tenant, name)) STRICT, WITHOUT ROWID;
CREATE TABLE inode(
  key INTEGER PRIMARY KEY, born INTEGER NOT NULL, kind INTEGER NOT NULL, mode INTEGER NOT NULL,
  uid INTEGER NOT NULL, gid INTEGER NOT NULL, nlink INTEGER NOT NULL, size INTEGER NOT NULL, stored INTEGER NOT NULL,
  rdev INTEGER NOT NULL, atime INTEGER NOT NULL, mtime INTEGER NOT NULL, ctime INTEGER NOT NULL,
  btime INTEGER NOT NULL, parent INTEGER NOT NULL, cookie INTEGER NOT NULL, xattrs INTEGER NOT NULL, data BLOB, sum INTEGER) STRICT;
CREATE INDEX inode_born ON inode(key >> 44, born) WHERE born > 1;
CREATE TABLE inode_past(
  key INTEGER NOT NULL, died INTEGER NOT NULL, born INTEGER NOT NULL, kind INTEGER NOT NULL, mode INTEGER NOT NULL,
  uid INTEGER NOT NULL, gid INTEGER NOT NULL, nlink INTEGER NOT NULL, size INTEGER NOT NULL, stored INTEGER NOT NULL,
  rdev INTEGER NOT NULL, atime INTEGER NOT NULL, mtime INTEGER NOT NULL, ctime INTEGER NOT NULL,
  btime INTEGER NOT NULL, parent INTEGER NOT NULL, cookie INTEGER NOT NULL, xattrs INTEGER NOT NULL, data BLOB, sum INTEGER,
  PRIMARY KEY(key, died)) STRICT, WITHOUT ROWID;
CREATE INDEX inode_past_died ON inode_past(key >> 44, died);
CREATE INDEX inode_past_born ON inode_past(key >> 44, born) WHERE born > 1;
CREATE TABLE dentry(
  dir INTEGER NOT NULL, cookie INTEGER NOT NULL, born INTEGER NOT NULL, ino INTEGER NOT NULL, kind INTEGER NOT NULL,
  name BLOB NOT NULL, PRIMARY KEY(dir, cookie)) STRICT, WITHOUT ROWID;
CREATE INDEX dentry_born ON dentry(dir >> 44, born) WHERE born > 1;
CREATE TABLE dentry_past(
  dir INTEGER NOT NULL, cookie INTEGER NOT NULL, died INTEGER NOT NULL, born INTEGER NOT NULL, ino INTEGER NOT NULL,
  kind INTEGER NOT NULL, name BLOB NOT NULL, PRIMARY KEY(dir, cookie, died)) STRICT, WITHOUT ROWID;
CREATE INDEX dentry_past_died ON dentry_past(dir >> 44, died);
CREATE INDEX dentry_past_born ON dentry_past(dir >> 44, born) WHERE born > 1;
CREATE TABLE chunk(
  file INTEGER NOT NULL, idx INTEGER NOT NULL, born INTEGER NOT NULL, map BLOB NOT NULL,
  PRIMARY KEY(file, idx)) STRICT, WITHOUT ROWID;
CREATE INDEX chunk_born ON chunk(file >> 44, born) WHERE born > 1;
CREATE TABLE chunk_past(
  file INTEGER NOT NULL, idx INTEGER NOT NULL, died INTEGER NOT NULL, born INTEGER NOT NULL, map BLOB NOT NULL,
  PRIMARY KEY(file, idx, died)) STRICT, WITHOUT ROWID;
CREATE INDEX chunk_past_died ON chunk_past(file >> 44, died);
CREATE INDEX chunk_past_born ON chunk_past(file >> 44, born) WHERE born > 1;
CREATE TABLE xattr(
  key INTEGER NOT NULL, name BLOB NOT NULL, born INTEGER NOT NULL, value BLOB NOT NULL,
  PRIMARY KEY(key, name)) STRICT, WITHOUT ROWID;
CREATE INDEX xattr_born ON xattr(key >> 44, born) WHERE born > 1;
CREATE TABLE xattr_past(
  key INTEGER NOT NULL, name BLOB NOT NULL, died INTEGER NOT NULL, born INTEGER NOT NULL, value BLOB NOT NULL,
  PRIMARY KEY(key, name, died)) STRICT, WITHOUT ROWID;
CREATE INDEX xattr_past_died ON xattr_past(key >> 44, died);
CREATE INDEX xattr_past_born ON xattr_past(key >> 44, born) WHERE born > 1;
CREATE TABLE block(
  tenant INTEGER NOT NULL, hash BLOB NOT NULL, segment INTEGER NOT NULL, offset INTEGER NOT NULL, len INTEGER NOT NULL,
  refs INTEGER NOT NULL, PRIMARY KEY(tenant, hash)) STRICT, WITHOUT ROWID;
CREATE TABLE segment(
  tenant INTEGER NOT NULL, id INTEGER NOT NULL, live INTEGER NOT NULL,
  PRIMARY KEY(tenant, id)) STRICT, WITHOUT ROWID;
CREATE TABLE log(
  tenant INTEGER NOT NULL, seq INTEGER NOT NULL, time INTEGER NOT NULL, uid INTEGER NOT NULL, agent TEXT NOT NULL,
  operation INTEGER NOT NULL, ino INTEGER NOT NULL, path BLOB NOT NULL, source BLOB, bytes INTEGER NOT NULL,
  layer INTEGER NOT NULL, errno INTEGER NOT NULL, PRIMARY KEY(tenant, seq)) STRICT, WITHOUT ROWID;
CREATE TABLE durable(commits INTEGER NOT NULL, redo INTEGER NOT NULL) STRICT;
INSERT INTO durable VALUES (0, abs(random() >> 1));
CREATE TABLE orphan(key INTEGER PRIMARY KEY) STRICT;
";

/// Inodes have versions. Rows that are older keep none, and one follows from the layer in which they began: no row is rewritten.
///
/// This is what `ALTER TABLE … ADD COLUMN` does, which SQLite's build for browsers leaves out: another text in the schema, which making
/// and dropping a view announces.
const VERSION_2: &str = "
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, 'sum INTEGER', 'sum INTEGER, version INTEGER')
  WHERE type = 'table' AND name IN ('inode', 'inode_past');
CREATE VIEW version_2 AS SELECT 1;
DROP VIEW version_2;
PRAGMA writable_schema = RESET;
";

/// Refuses a file that is something else, newer, or empty unless it is to be made; answers the version of its format.
pub(super) fn identify(connection: &Connection, create: bool) -> Result<i32> {
    // One look: another process may be making the database.
    let snapshot = connection.unchecked_transaction().map_err(engine)?;
    let id = pragma(&snapshot, "application_id")?;
    let version = pragma(&snapshot, "user_version")?;
    let current = MIGRATIONS.len() as i32;
    match (id, version) {
        (0, 0) if is_empty(&snapshot)? => match create {
            true => Ok(0),
            false => {
                Err(Error::new(ErrorKind::NotFound).because("the file contains no Tarbox database yet"))
            }
        },
        (APPLICATION_ID, version) if version > current => {
            Err(Error::new(ErrorKind::Unsupported).because(format!(
                "the database has format {version}, and this program supports formats up to {current}: use a newer Tarbox"
            )))
        }
        (APPLICATION_ID, version) if version > 0 => Ok(version),
        (APPLICATION_ID, version) => {
            Err(damaged(format!("the database has format {version}, which does not exist")))
        }
        _ => Err(
            Error::new(ErrorKind::Invalid).because("this is an SQLite database, but not a Tarbox database")
        ),
    }
}

/// Brings the database to the current version, unless others have an older one open: what they write would have no versions.
pub(super) fn prepare(connection: &mut Connection, create: bool, is_alone: &dyn Fn() -> bool) -> Result<()> {
    let current = MIGRATIONS.len() as i32;
    let found = identify(connection, create)?;
    if found == current {
        return Ok(());
    }
    if found > 0 && !is_alone() {
        return Err(Error::new(ErrorKind::Busy).because(format!(
            "the database has format {found} and is to get format {current}, but processes of an older Tarbox have it open: end them first"
        )));
    }
    let transaction = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(engine)?;
    // Another process may have done it while this one waited for the lock.
    let version: i32 = pragma(&transaction, "user_version")?;
    for step in MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(0)) {
        transaction.execute_batch(step).map_err(engine)?;
    }
    let identity = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {current}");
    transaction.execute_batch(&identity).map_err(engine)?;
    transaction.commit().map_err(engine)
}

fn pragma(connection: &Connection, name: &str) -> Result<i32> {
    connection
        .pragma_query_value(None, name, |row| row.get(0))
        .map_err(engine)
}

fn is_empty(connection: &Connection) -> Result<bool> {
    connection
        .query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| {
            row.get(0)
        })
        .map_err(engine)
}
