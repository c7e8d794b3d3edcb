//! What the tests of this crate share.
#![allow(dead_code)]

pub(crate) mod workload;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, OpenFlags};
use tarbox_pool::{MemoryPool, OpenOptions, Pool, PoolFile, Result};
use tarbox_sqlite_vfs::{Options, Registration, register};

/// How a database is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A rollback journal that is deleted at each commit.
    Rollback,
    /// A rollback journal that is kept and overwritten.
    Persist,
    /// A rollback journal that is cut off at each commit.
    Truncate,
    /// A log, with exclusive locking.
    Wal,
    /// A log that connections share.
    SharedWal,
}

impl Mode {
    pub(crate) const ALL: [Self; 5] = [
        Self::Rollback,
        Self::Persist,
        Self::Truncate,
        Self::Wal,
        Self::SharedWal,
    ];

    pub(crate) fn pragmas(self) -> &'static str {
        match self {
            Self::Rollback => "PRAGMA journal_mode = DELETE;",
            Self::Persist => "PRAGMA journal_mode = PERSIST;",
            Self::Truncate => "PRAGMA journal_mode = TRUNCATE;",
            Self::SharedWal => "PRAGMA journal_mode = WAL;",
            Self::Wal => "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;",
        }
    }
}

/// Registers a pool under a name of its own.
pub(crate) fn register_pool(pool: Arc<dyn Pool>) -> Registration {
    register_with(pool, Options::default())
}

pub(crate) fn register_with(pool: Arc<dyn Pool>, options: Options) -> Registration {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("test-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    register(&name, pool, options).unwrap()
}

/// Opens `a.db` in the pool, without setting anything.
pub(crate) fn open_plainly(vfs: &Registration) -> rusqlite::Result<Connection> {
    Connection::open_with_flags_and_vfs("a.db", OpenFlags::default(), vfs.name())
}

/// Opens `a.db` in the pool.
pub(crate) fn open(vfs: &Registration, mode: Mode) -> rusqlite::Result<Connection> {
    let db = open_plainly(vfs)?;
    db.execute_batch(mode.pragmas())?;
    Ok(db)
}

pub(crate) fn integrity(db: &Connection) -> String {
    db.query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap()
}

pub(crate) fn count(db: &Connection, table: &str) -> i64 {
    db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
        .unwrap()
}

/// A pool that stands for another one, which can be exchanged: a test that starts a machine thousands of
/// times needs one registration for all of them.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    current: Arc<Mutex<Arc<dyn Pool>>>,
}

impl Slot {
    pub(crate) fn new() -> Self {
        Self {
            current: Arc::new(Mutex::new(Arc::new(MemoryPool::new()))),
        }
    }

    pub(crate) fn put(&self, pool: impl Pool + 'static) {
        *self.current.lock().unwrap() = Arc::new(pool);
    }

    fn get(&self) -> Arc<dyn Pool> {
        self.current.lock().unwrap().clone()
    }
}

impl Pool for Slot {
    fn open(&self, name: &str, options: OpenOptions) -> Result<Arc<dyn PoolFile>> {
        self.get().open(name, options)
    }

    fn exists(&self, name: &str) -> Result<bool> {
        self.get().exists(name)
    }

    fn delete(&self, name: &str) -> Result<()> {
        self.get().delete(name)
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>> {
        self.get().list(prefix)
    }

    fn sync_names(&self) -> Result<()> {
        self.get().sync_names()
    }

    fn is_read_only(&self) -> bool {
        self.get().is_read_only()
    }
}
