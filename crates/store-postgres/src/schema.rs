//! The schema and its versions. `docs/postgres.md` draws it.
//!
//! Everything is in the schema `tarbox`. The tenant comes first in every key, and every statement names it, so that the tables
//! may be spread by tenant over many machines. What a layer can change stands in two tables: the head's version of each row in
//! `x`, all earlier ones in `x_past`, each valid in the layers `born <= layer < died`.

use tarbox_store::{Error, ErrorKind, Result};

use crate::error::{failed, is_missing};
use crate::session::DEAD;
use crate::wire::{Pool, Request, Step, Template};

/// The steps from each version to the next; the number of steps is the current version.
const MIGRATIONS: &[&str] = &[VERSION_1, VERSION_2];

const VERSION_1: &str = "
CREATE SCHEMA tarbox;
CREATE TABLE tarbox.meta(
  id smallint PRIMARY KEY, version integer NOT NULL, next_tenant bigint NOT NULL);
CREATE TABLE tarbox.tenant_name(name text PRIMARY KEY, tenant bigint NOT NULL);
CREATE TABLE tarbox.session(session bigint PRIMARY KEY, seen timestamptz NOT NULL);
CREATE TABLE tarbox.tenant(
  tenant bigint PRIMARY KEY, name text NOT NULL, state smallint NOT NULL, created bigint NOT NULL,
  quota_bytes bigint, quota_inodes bigint, quota_layers bigint, quota_log bigint,
  bytes bigint NOT NULL, inodes bigint NOT NULL, layers bigint NOT NULL,
  head bigint NOT NULL, current bigint NOT NULL, next_ino bigint NOT NULL, next_seq bigint NOT NULL, secret bytea NOT NULL,
  epoch bigint NOT NULL CHECK (epoch > 0), holder bigint NOT NULL, wanted bigint NOT NULL, answered bigint NOT NULL,
  commits bigint NOT NULL, stamp bigint NOT NULL, syncs bigint NOT NULL);
CREATE TABLE tarbox.layer(
  tenant bigint NOT NULL, id bigint NOT NULL, name text NOT NULL, description bytea, sealed bigint NOT NULL,
  PRIMARY KEY(tenant, id));
CREATE UNIQUE INDEX layer_name ON tarbox.layer(tenant, name);
CREATE TABLE tarbox.tag(
  tenant bigint NOT NULL, name text NOT NULL, layer bigint NOT NULL, PRIMARY KEY(tenant, name));
CREATE TABLE tarbox.inode(
  tenant bigint NOT NULL, ino bigint NOT NULL, born bigint NOT NULL, kind smallint NOT NULL, mode integer NOT NULL,
  uid bigint NOT NULL, gid bigint NOT NULL, nlink bigint NOT NULL, size bigint NOT NULL, stored bigint NOT NULL,
  rdev bigint NOT NULL, atime bigint NOT NULL, mtime bigint NOT NULL, ctime bigint NOT NULL, btime bigint NOT NULL,
  parent bigint NOT NULL, cookie bigint NOT NULL, xattrs bigint NOT NULL, data bytea, sum bigint,
  PRIMARY KEY(tenant, ino));
CREATE INDEX inode_born ON tarbox.inode(tenant, born) WHERE born > 1;
CREATE TABLE tarbox.inode_past(
  tenant bigint NOT NULL, ino bigint NOT NULL, died bigint NOT NULL, born bigint NOT NULL, kind smallint NOT NULL,
  mode integer NOT NULL, uid bigint NOT NULL, gid bigint NOT NULL, nlink bigint NOT NULL, size bigint NOT NULL,
  stored bigint NOT NULL, rdev bigint NOT NULL, atime bigint NOT NULL, mtime bigint NOT NULL, ctime bigint NOT NULL,
  btime bigint NOT NULL, parent bigint NOT NULL, cookie bigint NOT NULL, xattrs bigint NOT NULL, data bytea, sum bigint,
  PRIMARY KEY(tenant, ino, died));
CREATE INDEX inode_past_died ON tarbox.inode_past(tenant, died);
CREATE INDEX inode_past_born ON tarbox.inode_past(tenant, born) WHERE born > 1;
CREATE TABLE tarbox.dentry(
  tenant bigint NOT NULL, dir bigint NOT NULL, cookie bigint NOT NULL, born bigint NOT NULL, ino bigint NOT NULL,
  kind smallint NOT NULL, name bytea NOT NULL, PRIMARY KEY(tenant, dir, cookie));
CREATE INDEX dentry_born ON tarbox.dentry(tenant, born) WHERE born > 1;
CREATE TABLE tarbox.dentry_past(
  tenant bigint NOT NULL, dir bigint NOT NULL, cookie bigint NOT NULL, died bigint NOT NULL, born bigint NOT NULL,
  ino bigint NOT NULL, kind smallint NOT NULL, name bytea NOT NULL, PRIMARY KEY(tenant, dir, cookie, died));
CREATE INDEX dentry_past_died ON tarbox.dentry_past(tenant, died);
CREATE INDEX dentry_past_born ON tarbox.dentry_past(tenant, born) WHERE born > 1;
CREATE TABLE tarbox.chunk(
  tenant bigint NOT NULL, file bigint NOT NULL, idx bigint NOT NULL, born bigint NOT NULL, map bytea NOT NULL,
  PRIMARY KEY(tenant, file, idx));
CREATE INDEX chunk_born ON tarbox.chunk(tenant, born) WHERE born > 1;
CREATE TABLE tarbox.chunk_past(
  tenant bigint NOT NULL, file bigint NOT NULL, idx bigint NOT NULL, died bigint NOT NULL, born bigint NOT NULL,
  map bytea NOT NULL, PRIMARY KEY(tenant, file, idx, died));
CREATE INDEX chunk_past_died ON tarbox.chunk_past(tenant, died);
CREATE INDEX chunk_past_born ON tarbox.chunk_past(tenant, born) WHERE born > 1;
CREATE TABLE tarbox.xattr(
  tenant bigint NOT NULL, ino bigint NOT NULL, name bytea NOT NULL, born bigint NOT NULL, value bytea NOT NULL,
  PRIMARY KEY(tenant, ino, name));
CREATE INDEX xattr_born ON tarbox.xattr(tenant, born) WHERE born > 1;
CREATE TABLE tarbox.xattr_past(
  tenant bigint NOT NULL, ino bigint NOT NULL, name bytea NOT NULL, died bigint NOT NULL, born bigint NOT NULL,
  value bytea NOT NULL, PRIMARY KEY(tenant, ino, name, died));
CREATE INDEX xattr_past_died ON tarbox.xattr_past(tenant, died);
CREATE INDEX xattr_past_born ON tarbox.xattr_past(tenant, born) WHERE born > 1;
CREATE TABLE tarbox.block(
  tenant bigint NOT NULL, hash bytea NOT NULL, len integer NOT NULL, refs bigint NOT NULL, bytes bytea NOT NULL,
  PRIMARY KEY(tenant, hash));
CREATE TABLE tarbox.log(
  tenant bigint NOT NULL, seq bigint NOT NULL, time bigint NOT NULL, uid bigint NOT NULL, agent bytea NOT NULL,
  operation smallint NOT NULL, ino bigint NOT NULL, path bytea NOT NULL, source bytea, bytes bigint NOT NULL,
  layer bigint NOT NULL, errno integer NOT NULL, PRIMARY KEY(tenant, seq));
CREATE TABLE tarbox.orphan(tenant bigint NOT NULL, ino bigint NOT NULL, PRIMARY KEY(tenant, ino));
CREATE TABLE tarbox.member(tenant bigint NOT NULL, session bigint NOT NULL, PRIMARY KEY(tenant, session));
CREATE TABLE tarbox.hold(
  tenant bigint NOT NULL, ino bigint NOT NULL, session bigint NOT NULL, PRIMARY KEY(tenant, ino, session));
CREATE TABLE tarbox.follower(
  tenant bigint NOT NULL, session bigint NOT NULL, number bigint NOT NULL, position bigint NOT NULL,
  given_up bigint NOT NULL, steps bigint NOT NULL, PRIMARY KEY(tenant, session, number));
ALTER TABLE tarbox.inode ALTER data SET STORAGE MAIN;
ALTER TABLE tarbox.inode_past ALTER data SET STORAGE MAIN;
ALTER TABLE tarbox.block ALTER bytes SET STORAGE EXTERNAL;
INSERT INTO tarbox.meta VALUES (1, 0, 1);
";

/// Inodes have versions; those that are older keep none, and one follows from the layer in which their row began.
const VERSION_2: &str = "
ALTER TABLE tarbox.inode ADD COLUMN version bigint;
ALTER TABLE tarbox.inode_past ADD COLUMN version bigint;
";

/// The first number that a statement answers; 0 where there are no tables of ours.
async fn number(pool: &Pool, sql: &str) -> Result<usize> {
    let template = Template::once(sql, Vec::new());
    let steps = [Step::Bound(Request {
        template: template.into(),
        values: Vec::new(),
    })];
    match pool.once(&steps).await {
        Ok(rows) => {
            let row = rows.first().and_then(|rows| rows.first());
            let number = row
                .map(|row| row.try_get::<_, i32>(0))
                .transpose()
                .map_err(failed)?;
            Ok(usize::try_from(number.unwrap_or(0)).unwrap_or(0))
        }
        Err(e) if is_missing(&e) => Ok(0),
        Err(e) => Err(failed(e)),
    }
}

/// How many processes live. Of an older Tarbox, they would go on writing as the older schema has it.
fn in_use() -> String {
    format!("SELECT count(*)::integer FROM tarbox.session WHERE seen > now() - {DEAD}")
}

/// Sees that the schema is the current one, and makes or migrates it if that is wanted.
pub(crate) async fn prepare(pool: &Pool, create: bool) -> Result<()> {
    let current = MIGRATIONS.len();
    for attempt in 0.. {
        let version = number(pool, "SELECT version FROM tarbox.meta").await?;
        if version > current {
            return Err(Error::new(ErrorKind::Unsupported).because(format!(
                "the database has schema {version}, this program knows schemas up to {current}: use a newer Tarbox"
            )));
        }
        if version == current {
            return Ok(());
        }
        if version == 0 && !create {
            return Err(Error::new(ErrorKind::NotFound)
                .because("the database holds no Tarbox tables yet; make them with 'tarbox init'"));
        }
        if version > 0 && number(pool, &in_use()).await? > 0 {
            return Err(Error::new(ErrorKind::Busy).because(format!(
                "the database has schema {version} and is to get schema {current}, but other processes use it: end them first"
            )));
        }
        let steps: String = MIGRATIONS[version..].concat();
        // One transaction: another process may be doing the same, and one of the two finds the other's work.
        let sql = format!("BEGIN; {steps} UPDATE tarbox.meta SET version = {current}; COMMIT");
        let connection = pool.connect(None).await.map_err(failed)?;
        match pool.set_up(&connection, &sql).await {
            Ok(()) => return Ok(()),
            Err(e) if attempt == 2 => return Err(failed(e)),
            Err(e) if crate::error::is_forbidden(&e) => return Err(failed(e)),
            Err(_) => {}
        }
    }
    Ok(())
}
