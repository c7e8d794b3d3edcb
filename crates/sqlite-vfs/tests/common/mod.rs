//! What the tests of this crate share.
#![allow(dead_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::{Connection, OpenFlags};
use tarbox_pool::Pool;
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
}

impl Mode {
    pub(crate) const ALL: [Self; 4] = [Self::Rollback, Self::Persist, Self::Truncate, Self::Wal];

    pub(crate) fn pragmas(self) -> &'static str {
        match self {
            Self::Rollback => "PRAGMA journal_mode = DELETE;",
            Self::Persist => "PRAGMA journal_mode = PERSIST;",
            Self::Truncate => "PRAGMA journal_mode = TRUNCATE;",
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
