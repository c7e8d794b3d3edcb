//! The engine: SQLite with a connection that writes and, where processes share the file, one that reads beside it.

pub(crate) mod admin;
pub(crate) mod api_key;
mod apply;
#[cfg_attr(
    all(not(target_os = "linux"), not(target_family = "wasm")),
    path = "bell_looking.rs"
)]
#[cfg_attr(target_family = "wasm", path = "bell_alone.rs")]
mod bell;
pub(crate) mod chunk;
pub(crate) mod dentry;
mod error;
#[cfg(target_os = "linux")]
mod host;
pub(crate) mod inode;
pub(crate) mod layers;
mod load;
pub(crate) mod log;
mod open;
pub(crate) mod orphan;
#[cfg_attr(all(target_family = "wasm", target_os = "unknown"), path = "past_none.rs")]
pub(crate) mod past;
mod reader;
mod schema;
pub(crate) mod tenant;
mod version;
pub(crate) mod xattr;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use tarbox_store::Result;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
use tarbox_store::{Error, ErrorKind};

pub(crate) use apply::apply;
pub(crate) use error::{damaged, device, engine};
pub(crate) use load::load;
pub(crate) use open::Place;
use reader::Reader;
use tarbox_store_core::Durability;
use version::WalIndex;

/// The longest log where room is scarce.
const LOG_SCARCE: u64 = 1024 * 1024;

/// The database's connections.
///
/// Field order matters: `wal` points into memory that `writer` keeps mapped.
#[derive(Debug)]
pub(crate) struct Connections {
    wal: Option<WalIndex>,
    /// Where no process shares the wal-index: the number of commits.
    commits: AtomicU32,
    reader: Option<Reader>,
    writer: Mutex<Writer>,
}

#[derive(Debug)]
struct Writer {
    connection: Connection,
    /// What `PRAGMA synchronous` was set to last.
    durability: Durability,
}

impl Connections {
    /// Reads committed rows. Nothing in `f` may write.
    pub(crate) fn read<R>(&self, f: impl FnOnce(&Connection) -> Result<R>) -> Result<R> {
        let Some(reader) = &self.reader else {
            return f(&lock(&self.writer).connection);
        };
        if reader.opened().is_none()
            && let Some(writer) = try_lock(&self.writer)
        {
            return f(&writer.connection);
        }
        f(&lock(reader.get()?))
    }

    /// Reads rows of one moment: `f` sees nothing that is committed while it runs.
    pub(crate) fn snapshot<R>(&self, f: impl FnOnce(&Connection) -> Result<R>) -> Result<R> {
        self.read(|c| {
            let transaction = c.unchecked_transaction().map_err(engine)?;
            let result = f(&transaction)?;
            transaction.commit().map_err(engine)?;
            Ok(result)
        })
    }

    /// Runs `f` in a transaction that writes.
    ///
    /// # Errors
    /// After one, the database is as it was before.
    pub(crate) fn write<R>(
        &self,
        durability: Durability,
        f: impl FnOnce(&Connection) -> Result<R>,
    ) -> Result<R> {
        let result = lock(&self.writer).run(durability, f)?;
        if self.wal.is_none() {
            self.commits.fetch_add(1, Ordering::Release);
        }
        self.wake();
        Ok(result)
    }

    /// The number of commits by any process, as a word in memory that they share.
    fn commits(&self) -> &AtomicU32 {
        self.wal.as_ref().map_or(&self.commits, WalIndex::commits)
    }

    /// What [`wait`](Self::wait) is to see change.
    pub(crate) fn now(&self) -> u32 {
        self.commits().load(Ordering::Acquire)
    }

    /// Returns when somebody has committed since `then`, or after `patience`, or for no reason.
    pub(crate) fn wait(&self, then: u32, patience: Duration) {
        bell::wait(self.commits(), then, patience);
    }

    /// Ends every wait that has begun, in this process and in others.
    pub(crate) fn wake(&self) {
        bell::wake(self.commits());
    }

    /// Gives back the room of a log that has grown, unless somebody reads it right now.
    pub(crate) fn shorten_log(&self) {
        lock(&self.writer).shorten_log();
    }

    /// Changes with every commit, also of other processes; always the same where there are none.
    pub(crate) fn stamp(&self) -> u64 {
        self.wal.as_ref().map_or(0, WalIndex::stamp)
    }

    /// The file, where more connections to it can be opened.
    pub(crate) fn file(&self) -> Option<std::path::PathBuf> {
        self.reader.as_ref()?;
        let writer = lock(&self.writer);
        writer.connection.path().map(Into::into)
    }

    /// A connection of its own for whoever reads for long.
    ///
    /// # Errors
    /// `Unsupported` where there can only be one.
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))] // nothing is copied there
    pub(crate) fn beside(&self) -> Result<Connection> {
        let alone = || {
            Error::new(ErrorKind::Unsupported).because(
                "nothing can be read beside what is written: the database is in memory or in a pool, or its device is full",
            )
        };
        open::connect_beside(&Place::File(self.file().ok_or_else(alone)?))
    }

    /// Whether the writer's sorts go to a temporary file when they outgrow memory, where there is one to be had.
    pub(crate) fn sort_on_disk(&self, on_disk: bool) -> Result<()> {
        let place = match on_disk && self.reader.is_some() {
            true => "PRAGMA temp_store = FILE",
            false => "PRAGMA temp_store = MEMORY",
        };
        lock(&self.writer).connection.execute_batch(place).map_err(engine)
    }
}

impl Writer {
    /// What is left is tried again with the next commit.
    fn shorten_log(&self) {
        let Some(path) = self.connection.path().filter(|path| !path.is_empty()) else {
            return;
        };
        let is_long = std::fs::metadata(format!("{path}-wal")).is_ok_and(|meta| meta.len() > LOG_SCARCE);
        if is_long && self.connection.busy_timeout(std::time::Duration::ZERO).is_ok() {
            let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
            let _shortened = self.connection.query_row(checkpoint, [], |_| Ok(()));
            let _as_before = self.connection.busy_timeout(open::BUSY);
        }
    }

    fn run<R>(&mut self, durability: Durability, f: impl FnOnce(&Connection) -> Result<R>) -> Result<R> {
        if self.durability != durability {
            open::prepare_for(&self.connection, durability)?;
            self.durability = durability;
        }
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(engine)?;
        let result = f(&transaction)?;
        transaction.commit().map_err(engine)?;
        Ok(result)
    }
}

/// A change without meaning, so that a commit has something to make durable.
pub(crate) fn touch(c: &Connection) -> Result<()> {
    c.execute("UPDATE durable SET commits = commits + 1", [])
        .map_err(engine)?;
    Ok(())
}

/// The last epoch of the redo log whose records the database has.
pub(crate) fn redone(c: &Connection) -> Result<u64> {
    c.query_row("SELECT redo FROM durable", [], |row| row.get::<_, i64>(0))
        .map(|epoch| epoch as u64)
        .map_err(engine)
}

/// Says that the database has the records of this epoch.
pub(crate) fn set_redone(c: &Connection, epoch: u64) -> Result<()> {
    c.execute("UPDATE durable SET redo = ?1", [epoch as i64])
        .map_err(engine)?;
    Ok(())
}

/// A mutex here only guards against concurrent use: what a panicking thread left behind is a rolled-back transaction.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The same, unless someone holds it.
fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}
