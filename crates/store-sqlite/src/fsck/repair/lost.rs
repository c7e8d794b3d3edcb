//! `/lost+found`: where a repair puts what has lost its place.

use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension, Params, params};
use tarbox_store::{FileKind, Ino, LayerId, Operation, Result};

use super::Mender;
use tarbox_store_core::Appender as _;
use tarbox_store_core::{Fragment, INLINE_MAX};

use crate::blocks::Appender;
use crate::fsck::check::blocks::LOST;
use crate::fsck::scope::INO_LIKELY;
use crate::rows::{BUCKET, CHUNK, Key, LogRow, Map, bucket_of};
use crate::sql::{self, engine};

const NAME: &str = "lost+found";

impl Mender<'_> {
    /// The key of `/lost+found`, which is made if need be. A file of that name stays what it is.
    fn directory(&self) -> Result<i64> {
        let root = self.base() + Ino::ROOT.0 as i64;
        for n in 0u32.. {
            let name = if n == 0 {
                NAME.to_owned()
            } else {
                format!("{NAME}~{n}")
            };
            let Some((ino, kind)) = self.entry(root, name.as_bytes())? else {
                let key = self.new_inode(FileKind::Directory, 0o700)?;
                self.attach(root, key, FileKind::Directory as i64, name.as_bytes())?;
                return Ok(key);
            };
            if kind == FileKind::Directory as i64 {
                return Ok(self.base() + ino);
            }
        }
        Ok(root)
    }

    fn entry(&self, dir: i64, name: &[u8]) -> Result<Option<(i64, i64)>> {
        let first = bucket_of(&self.tenant.secret(), name) as i64;
        self.c
            .prepare_cached(
                "SELECT ino, kind FROM dentry WHERE dir = ?1 AND cookie BETWEEN ?2 AND ?3 AND name = ?4",
            )
            .map_err(engine)?
            .query_row(params![dir, first, first + BUCKET as i64 - 1, name], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()
            .map_err(engine)
    }

    /// A free cookie for a name; none that any version of the directory ever used.
    pub(super) fn free_cookie(&self, dir: i64, name: &[u8]) -> Result<Option<i64>> {
        let first = bucket_of(&self.tenant.secret(), name) as i64;
        for cookie in first..=first + (BUCKET as i64 - 1) {
            let used = "SELECT 1 FROM dentry WHERE dir = ?1 AND cookie = ?2 UNION ALL \
                        SELECT 1 FROM dentry_past WHERE dir = ?1 AND cookie = ?2";
            if self.one::<i64>(used, params![dir, cookie])?.is_none() {
                return Ok(Some(cookie));
            }
        }
        Ok(None)
    }

    /// Gives an inode the name in a directory, and makes it remember that one.
    fn attach(&self, dir: i64, key: i64, kind: i64, name: &[u8]) -> Result<()> {
        let Some(cookie) = self.free_cookie(dir, name)? else {
            return Ok(());
        };
        self.begin_version(dir)?;
        self.begin_version(key)?;
        let base = self.base();
        self.run(
            "INSERT INTO dentry(dir, cookie, born, ino, kind, name) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![dir, cookie, self.tenant.head, key - base, kind, name],
        )?;
        self.run(
            "UPDATE inode SET parent = ?2, cookie = ?3, nlink = max(nlink, 1) WHERE key = ?1",
            params![key, dir - base, cookie],
        )?;
        self.run("DELETE FROM orphan WHERE key = ?1", [key]).map(drop)
    }

    /// Puts an inode into `/lost+found`, under this name or one like it.
    pub(super) fn put_inode(&self, key: i64, kind: i64, name: &str) -> Result<()> {
        let dir = self.directory()?;
        for n in 0u32.. {
            let name = if n == 0 {
                name.to_owned()
            } else {
                format!("{name}~{n}")
            };
            if self.entry(dir, name.as_bytes())?.is_none() {
                return self.attach(dir, key, kind, name.as_bytes());
            }
        }
        Ok(())
    }

    /// Puts an inode that has no name into `/lost+found`.
    pub(super) fn reattach(&self, key: i64) -> Result<()> {
        let key = self.likely_number(key)?;
        let kind: Option<i64> = self.one("SELECT kind FROM inode WHERE key = ?1", [key])?;
        match kind {
            Some(kind) => self.put_inode(key, kind, &format!("#{}", key - self.base())),
            None => Ok(()),
        }
    }

    /// Gives an inode whose number cannot have been given out yet the next one.
    fn likely_number(&self, key: i64) -> Result<i64> {
        if key - self.base() < INO_LIKELY {
            return Ok(key);
        }
        let new = self.new_inode(FileKind::File, 0o600)?;
        self.run("DELETE FROM inode WHERE key = ?1", [new])?;
        for (table, column) in [
            ("inode", "key"),
            ("dentry", "dir"),
            ("chunk", "file"),
            ("xattr", "key"),
        ] {
            for suffix in ["", "_past"] {
                let sql = format!("UPDATE {table}{suffix} SET {column} = ?2 WHERE {column} = ?1");
                self.run(&sql, params![key, new])?;
            }
        }
        let base = self.base();
        self.note(format!("inode {} is now inode {}", key - base, new - base));
        Ok(new)
    }

    /// Puts bytes into a file in `/lost+found`.
    pub(super) fn put_bytes(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let key = self.new_inode(FileKind::File, 0o600)?;
        let size = bytes.len() as i64;
        if bytes.len() as u64 <= INLINE_MAX {
            self.run(
                "UPDATE inode SET size = ?2, data = ?3, sum = ?4 WHERE key = ?1",
                params![key, size, bytes, sql::inode::checksum(Key(key as u64), bytes)],
            )?;
        } else {
            self.run(
                "UPDATE inode SET size = ?2, stored = ?2, data = NULL, sum = NULL WHERE key = ?1",
                params![key, size],
            )?;
            self.store(key, bytes)?;
        }
        self.put_inode(key, FileKind::File as i64, name)
    }

    /// Stores the content of a new file as blocks, durably.
    fn store(&self, key: i64, bytes: &[u8]) -> Result<()> {
        let at: Vec<[i64; 2]> = self.numbers(
            "SELECT segment, segment_len FROM tenant WHERE id = ?1",
            [self.tenant.id],
        )?;
        let [segment, len] = at.first().copied().unwrap_or([1, 0]);
        let mut appender = Appender::new(&self.shared.blocks, self.id(), segment as u64, len as u64);
        for (idx, part) in (0i64..).zip(bytes.chunks(CHUNK as usize)) {
            let hash = *blake3::hash(part).as_bytes();
            let stored: Option<i64> = self.one(
                "SELECT segment FROM block WHERE tenant = ?1 AND hash = ?2",
                params![self.tenant.id, hash],
            )?;
            if stored.is_none_or(|segment| segment <= LOST) {
                appender.append(hash, part)?;
                if let Some(block) = appender.added(&hash) {
                    sql::chunk::put_block(self.c, self.id(), &hash, &block)?;
                }
            }
            let fragment = Fragment {
                start: 0,
                len: part.len() as u32,
                skip: 0,
                hash,
            };
            self.put_chunk(key, idx, vec![fragment])?;
        }
        appender.sync_now()?;
        let (segment, len) = appender.position();
        self.run(
            "UPDATE tenant SET segment = ?2, segment_len = ?3 WHERE id = ?1",
            params![self.tenant.id, segment as i64, len as i64],
        )
        .map(drop)
    }

    /// Puts a chunk of the head.
    pub(super) fn put_chunk(&self, key: i64, idx: i64, fragments: Vec<Fragment>) -> Result<()> {
        let map = Map {
            fragments,
            born: LayerId(self.tenant.head as u64),
        };
        self.run(
            "INSERT OR REPLACE INTO chunk(file, idx, born, map) VALUES (?1, ?2, ?3, ?4)",
            params![key, idx, self.tenant.head, map.encode(key as u64, idx as u64)],
        )
        .map(drop)
    }

    /// Makes an inode of the head without a name.
    pub(super) fn new_inode(&self, kind: FileKind, mode: u32) -> Result<i64> {
        let next: Option<i64> = self.one("SELECT next_ino FROM tenant WHERE id = ?1", [self.tenant.id])?;
        // The counter itself may be wrong.
        let last = "SELECT max(key) FROM (SELECT max(key) AS key FROM inode WHERE key < ?1 \
                    UNION ALL SELECT max(key) FROM inode_past WHERE key < ?1)";
        let base = self.base();
        let last: Option<i64> = self.one(last, [base + INO_LIKELY])?;
        let ino = next
            .filter(|next| *next < INO_LIKELY)
            .unwrap_or(0)
            .max(last.unwrap_or(base).saturating_sub(base) + 1)
            .max(2);
        self.run(
            "UPDATE tenant SET next_ino = ?2 WHERE id = ?1",
            params![self.tenant.id, ino + 1],
        )?;
        self.insert_inode(base + ino, self.tenant.head, kind, mode)?;
        Ok(base + ino)
    }

    /// Puts a bare inode row of the head.
    pub(super) fn insert_inode(&self, key: i64, born: i64, kind: FileKind, mode: u32) -> Result<()> {
        let now = self.shared.now().0;
        let is_dir = kind == FileKind::Directory;
        self.run(
            "INSERT INTO inode(key, born, kind, mode, uid, gid, nlink, size, stored, rdev, atime, mtime, ctime, btime, \
             parent, cookie, xattrs, data, sum) VALUES (?1,?2,?3,?4,0,0,?5,0,0,0,?6,?6,?6,?6,1,0,0,x'',0)",
            params![key, born, kind as u8, mode, if is_dir { 2 } else { 0 }, now],
        )
        .map(drop)
    }

    /// Notes every column of the rows that a condition picks from a table, which are about to go.
    pub(super) fn note_rows(&self, table: &str, condition: &str, values: impl Params) -> Result<()> {
        let sql = format!("SELECT * FROM {table} WHERE {condition}");
        let mut statement = self.c.prepare(&sql).map_err(engine)?;
        let columns: Vec<String> = statement.column_names().map(Into::into).collect();
        let mut rows = statement.query(values).map_err(engine)?;
        while let Some(row) = rows.next().map_err(engine)? {
            let mut line = format!("set aside from table {table}:");
            for (i, column) in columns.iter().enumerate() {
                line.push_str(&format!(" {column}={}", text(row.get_ref(i).map_err(engine)?)));
            }
            self.note(line);
        }
        Ok(())
    }

    /// Takes rows out, and notes every column of them.
    pub(super) fn set_aside(&self, table: &str, condition: &str, values: impl Params + Clone) -> Result<()> {
        self.note_rows(table, condition, values.clone())?;
        self.run(&format!("DELETE FROM {table} WHERE {condition}"), values)
            .map(drop)
    }

    /// Leaves word of the repair: a file that tells what was set aside, a log record, and a new version of every inode, since any of
    /// them may not be what somebody has seen.
    pub(super) fn sign(&self, lines: &[String]) -> Result<()> {
        let seq = self.tenant.next_seq.clamp(1, i64::MAX - 1);
        let mut what = format!("{} items set aside", lines.len());
        if !lines.is_empty() {
            let name = format!("set-aside-{seq}.txt");
            let mut text = lines.join("\n");
            text.push('\n');
            self.put_bytes(&name, text.as_bytes())?;
            what.push_str(&format!(", described in /{NAME}/{name}"));
        }
        let record = LogRow {
            seq: seq as u64,
            time: self.shared.now(),
            uid: 0,
            agent: "fsck".into(),
            operation: Operation::Maintenance,
            ino: Ino(0),
            path: format!("repaired; {what}").into_bytes(),
            from: None,
            bytes: 0,
            layer: LayerId(self.tenant.current.max(0) as u64),
            errno: 0,
        };
        sql::log::put(self.c, self.id(), &record)?;
        let [first, last] = self.keys();
        self.run(
            "UPDATE inode SET version = ?3 WHERE key >= ?1 AND key < ?2",
            params![first, last, seq],
        )?;
        self.run(
            "UPDATE tenant SET next_seq = ?2 WHERE id = ?1",
            params![self.tenant.id, seq + 1],
        )
        .map(drop)
    }
}

/// A value as SQL writes it.
fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".into(),
        ValueRef::Integer(n) => n.to_string(),
        ValueRef::Real(n) => n.to_string(),
        ValueRef::Text(text) => format!("'{}'", text.escape_ascii()),
        ValueRef::Blob(bytes) => {
            let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
            match bytes.iter().all(|b| b.is_ascii_graphic() || *b == b' ') {
                true if !bytes.is_empty() => format!("x'{hex}' (\"{}\")", bytes.escape_ascii()),
                _ => format!("x'{hex}'"),
            }
        }
    }
}
