//! Bare SQLite: the least schema that holds files, tuned, and no file system around it.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};
use tarbox_bench_work::{Files, Result};

/// Bytes of a row of content of a file that is not small.
const CHUNK: usize = 4096;
const ROOT: i64 = 1;
const SCHEMA: &str = "
    CREATE TABLE inode (ino INTEGER PRIMARY KEY, mode INTEGER, size INTEGER, mtime INTEGER, data BLOB);
    CREATE TABLE dentry (dir INTEGER, name TEXT, ino INTEGER, PRIMARY KEY (dir, name)) WITHOUT ROWID;
    CREATE TABLE chunk (id INTEGER PRIMARY KEY, data BLOB);
    INSERT INTO inode VALUES (1, 16877, 0, 0, NULL);";

/// When changes are committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Commit {
    /// A thousand operations in one transaction, never waiting for the device.
    Thousand,
    /// Each operation, `synchronous=NORMAL`.
    Normal,
    /// Each operation, `synchronous=FULL`: on the device when it returns.
    Full,
}

/// A database that holds files.
pub(crate) struct Sqlite {
    connection: Connection,
    commit: Commit,
    pending: usize,
    open: Option<i64>,
}

impl Sqlite {
    /// Makes a database at this path.
    pub(crate) fn create(path: &Path, commit: Commit) -> Result<Self> {
        let connection = Connection::open(path)?;
        connection.set_prepared_statement_cache_capacity(64);
        let synchronous = if commit == Commit::Full { "FULL" } else { "NORMAL" };
        connection.execute_batch(&format!(
            "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous};
             PRAGMA cache_size = -65536; PRAGMA mmap_size = 1073741824; PRAGMA wal_autocheckpoint = 8192;
             PRAGMA temp_store = MEMORY; {SCHEMA}"
        ))?;
        Ok(Self {
            connection,
            commit,
            pending: 0,
            open: None,
        })
    }

    fn find(&self, path: &str) -> Result<i64> {
        self.look_up(path)?
            .ok_or_else(|| format!("{path}: not found").into())
    }

    fn look_up(&self, path: &str) -> Result<Option<i64>> {
        let mut lookup = self
            .connection
            .prepare_cached("SELECT ino FROM dentry WHERE dir = ? AND name = ?")?;
        let mut at = ROOT;
        for name in path.split('/') {
            match lookup.query_row(params![at, name], |row| row.get(0)).optional()? {
                Some(ino) => at = ino,
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    fn parent<'p>(&self, path: &'p str) -> Result<(i64, &'p str)> {
        match path.rsplit_once('/') {
            Some((dir, name)) => Ok((self.find(dir)?, name)),
            None => Ok((ROOT, path)),
        }
    }

    fn make(&self, path: &str, mode: u32, content: Option<&[u8]>) -> Result<i64> {
        let (dir, name) = self.parent(path)?;
        let size = content.map_or(0, <[u8]>::len) as i64;
        self.connection
            .prepare_cached("INSERT INTO inode (mode, size, mtime, data) VALUES (?, ?, ?, ?)")?
            .execute(params![mode, size, now(), content])?;
        let ino = self.connection.last_insert_rowid();
        self.connection
            .prepare_cached("INSERT INTO dentry (dir, name, ino) VALUES (?, ?, ?)")?
            .execute(params![dir, name, ino])?;
        Ok(ino)
    }

    /// Does one change in the transaction it belongs to.
    fn change<T>(&mut self, change: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.pending == 0 {
            self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        }
        self.pending += 1;
        let value = change(self)?;
        if self.commit != Commit::Thousand || self.pending == 1000 {
            self.commit()?;
        }
        Ok(value)
    }

    fn commit(&mut self) -> Result<()> {
        if self.pending > 0 {
            self.pending = 0;
            self.connection.prepare_cached("COMMIT")?.execute([])?;
        }
        Ok(())
    }

    fn opened(&self) -> Result<i64> {
        self.open.ok_or_else(|| "no file is open".into())
    }
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |d| d.as_nanos() as i64)
}

/// The row of a chunk: files of up to 2^32 chunks.
fn chunk_id(ino: i64, offset: u64) -> i64 {
    (ino << 32) | (offset / CHUNK as u64) as i64
}

impl Files for Sqlite {
    async fn mkdir(&mut self, path: &str) -> Result<()> {
        self.change(|s| s.make(path, 0o040_755, None).map(drop))
    }

    async fn create(&mut self, path: &str, content: &[u8]) -> Result<()> {
        self.change(|s| s.make(path, 0o100_644, Some(content)).map(drop))
    }

    async fn create_synced(&mut self, path: &str, content: &[u8]) -> Result<()> {
        self.create(path, content).await?;
        self.commit()
    }

    async fn stat(&mut self, path: &str) -> Result<u64> {
        let ino = self.find(path)?;
        let mut attr = self
            .connection
            .prepare_cached("SELECT size, mode, mtime FROM inode WHERE ino = ?")?;
        Ok(attr.query_row([ino], |row| row.get::<_, i64>(0))? as u64)
    }

    async fn list(&mut self, path: &str) -> Result<usize> {
        let dir = self.find(path)?;
        let mut list = self
            .connection
            .prepare_cached("SELECT name, ino FROM dentry WHERE dir = ?")?;
        let names: Vec<String> = list
            .query_map([dir], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        Ok(names.len())
    }

    async fn list_long(&mut self, path: &str) -> Result<u64> {
        let dir = self.find(path)?;
        let mut list = self.connection.prepare_cached(
            "SELECT name, size, mode, mtime FROM dentry JOIN inode USING (ino) WHERE dir = ?",
        )?;
        let entries: Vec<(String, i64)> = list
            .query_map([dir], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        Ok(entries.iter().map(|(_, size)| *size as u64).sum())
    }

    async fn read(&mut self, path: &str, buffer: &mut [u8]) -> Result<usize> {
        let ino = self.find(path)?;
        let mut read = self
            .connection
            .prepare_cached("SELECT data FROM inode WHERE ino = ?")?;
        Ok(read.query_row([ino], |row| {
            let data = row.get_ref(0)?.as_blob()?;
            buffer[..data.len()].copy_from_slice(data);
            Ok(data.len())
        })?)
    }

    async fn delete(&mut self, path: &str) -> Result<()> {
        self.change(|s| {
            let (dir, name) = s.parent(path)?;
            let ino = s.find(path)?;
            let c = &s.connection;
            c.prepare_cached("DELETE FROM dentry WHERE dir = ? AND name = ?")?
                .execute(params![dir, name])?;
            c.prepare_cached("DELETE FROM inode WHERE ino = ?")?
                .execute([ino])?;
            Ok(())
        })
    }

    async fn open(&mut self, path: &str, truncate: bool) -> Result<()> {
        let ino = match self.look_up(path)? {
            Some(ino) => ino,
            None if truncate => self.change(|s| s.make(path, 0o100_644, None))?,
            None => return Err(format!("{path}: not found").into()),
        };
        if truncate {
            self.change(|s| {
                let range = params![chunk_id(ino, 0), chunk_id(ino + 1, 0)];
                s.connection
                    .prepare_cached("DELETE FROM chunk WHERE id >= ? AND id < ?")?
                    .execute(range)?;
                s.connection
                    .prepare_cached("UPDATE inode SET size = 0 WHERE ino = ?")?
                    .execute([ino])?;
                Ok(())
            })?;
        }
        self.open = Some(ino);
        Ok(())
    }

    async fn write_at(&mut self, offset: u64, data: &[u8]) -> Result<()> {
        let ino = self.opened()?;
        self.change(|s| {
            let mut put = s.connection.prepare_cached(
                "INSERT INTO chunk (id, data) VALUES (?, ?) ON CONFLICT DO UPDATE SET data = excluded.data",
            )?;
            for (n, chunk) in data.chunks(CHUNK).enumerate() {
                put.execute(params![chunk_id(ino, offset + (n * CHUNK) as u64), chunk])?;
            }
            s.connection
                .prepare_cached("UPDATE inode SET size = max(size, ?), mtime = ? WHERE ino = ?")?
                .execute(params![(offset + data.len() as u64) as i64, now(), ino])?;
            Ok(())
        })
    }

    async fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let ino = self.opened()?;
        let end = chunk_id(ino, offset + buffer.len() as u64);
        let mut read = self
            .connection
            .prepare_cached("SELECT data FROM chunk WHERE id >= ? AND id < ? ORDER BY id")?;
        let mut rows = read.query([chunk_id(ino, offset), end])?;
        let mut len = 0;
        while let Some(row) = rows.next()? {
            let data = row.get_ref(0)?.as_blob()?;
            buffer[len..len + data.len()].copy_from_slice(data);
            len += data.len();
        }
        Ok(len)
    }

    async fn close(&mut self) -> Result<()> {
        self.open = None;
        Ok(())
    }

    async fn settle(&mut self) -> Result<()> {
        self.commit()
    }
}
