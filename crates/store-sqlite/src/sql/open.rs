//! Opening connections: on a file that processes share, in memory, or on a pool.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicU32;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tarbox_store::{Error, ErrorKind, Result};

use super::error::engine;
use super::reader::Reader;
use super::version::WalIndex;
use super::{Connections, Durability, Writer, schema};

/// Pages of 4 KiB: small files and their attributes fit, and a commit of one operation writes few bytes.
const PAGE_SIZE: u32 = 4096;
/// Pages in the log before it is copied into the database. Hot pages are in it many times and copied once.
const CHECKPOINT_PAGES: u32 = 8192;
/// The same where every commit waits for the device: what is overwritten is there sooner than what makes the log longer.
const CHECKPOINT_PAGES_DURABLE: u32 = 1024;
/// How long a commit waits for another process's commit.
pub(super) const BUSY: Duration = Duration::from_secs(30);

/// How soon a database that could not be opened is tried again.
const AGAIN: Duration = Duration::from_millis(2);

/// Where a database is.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// A file that several processes may share.
    File(PathBuf),
    /// A file that this process keeps to itself, as long as it is open: without room for memory that is shared.
    #[cfg_attr(
        target_family = "wasm",
        expect(dead_code, reason = "no memory is shared there")
    )]
    Unshared(PathBuf),
    /// In memory, gone with the last user.
    Memory,
    /// A file of a pool, through this registered VFS; held by one process at a time.
    Pool { vfs: String, name: String },
}

impl Connections {
    /// Opens a database, and brings it to the current format.
    ///
    /// # Errors
    /// `Busy` if its format is older and others have it open.
    pub(crate) fn open(place: &Place, create: bool, is_alone: &dyn Fn() -> bool) -> Result<Self> {
        #[cfg(target_os = "linux")]
        super::host::stand_between();
        let about = |e: Error| match place {
            Place::File(path) | Place::Unshared(path) => e.about(path.as_os_str().as_encoded_bytes()),
            Place::Pool { name, .. } => e.about(name),
            Place::Memory => e,
        };
        let shared_since = matches!(place, Place::File(_) | Place::Unshared(_)).then(Instant::now);
        let in_time = || shared_since.is_some_and(|begun| begun.elapsed() < BUSY);
        loop {
            match Self::open_unnamed(place, create, is_alone) {
                // While another process makes the database, SQLite does not wait for it by itself.
                Err(e) if is_locked(&e) && in_time() => thread::sleep(AGAIN),
                opened => return opened.map_err(about),
            }
        }
    }

    fn open_unnamed(place: &Place, create: bool, is_alone: &dyn Fn() -> bool) -> Result<Self> {
        let mut connection = connect(place, create)?;
        let exclusive = !matches!(place, Place::File(_));
        // A file that is something else must stay as it is, so nothing is configured before it is known.
        hold(&connection, exclusive)?;
        schema::identify(&connection, create)?;
        configure(&connection)?;
        schema::prepare(&mut connection, create, is_alone)?;
        let reader = match place {
            Place::File(_) => connection.path().map(PathBuf::from).map(Reader::new),
            _ => None,
        };
        // The first read maps the wal-index.
        connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| {
                row.get::<_, i64>(0)
            })
            .map_err(engine)?;
        let wal = if exclusive {
            None
        } else {
            WalIndex::of(&connection)
        };
        let writer = Mutex::new(Writer {
            connection,
            durability: Durability::Visible,
        });
        Ok(Self {
            wal,
            commits: AtomicU32::new(0),
            reader,
            writer,
        })
    }
}

/// Whether it is SQLite that says so.
fn is_locked(error: &Error) -> bool {
    error.kind() == ErrorKind::Busy && std::error::Error::source(error).is_some()
}

/// One more connection to a file that is open.
pub(super) fn connect_beside(place: &Place) -> Result<Connection> {
    let connection = connect(place, false)?;
    hold(&connection, false)?;
    configure(&connection)?;
    Ok(connection)
}

fn connect(place: &Place, create: bool) -> Result<Connection> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if create {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    match place {
        Place::File(path) | Place::Unshared(path) => Connection::open_with_flags(literal(path), flags),
        Place::Memory => Connection::open_in_memory(),
        Place::Pool { vfs, name } => Connection::open_with_flags_and_vfs(name, flags, vfs.as_str()),
    }
    .map_err(engine)
}

/// A path that SQLite cannot take for one of its special names.
fn literal(path: &Path) -> PathBuf {
    if path.is_absolute() {
        path.to_owned()
    } else {
        Path::new(".").join(path)
    }
}

/// Says who may use the file at the same time, which has to be known before the first look at it.
fn hold(c: &Connection, exclusive: bool) -> Result<()> {
    c.busy_timeout(BUSY).map_err(engine)?;
    if exclusive {
        // One owner: the wal-index lives in its memory, and no file is shared.
        c.execute_batch("PRAGMA locking_mode = EXCLUSIVE")
            .map_err(engine)?;
    }
    Ok(())
}

/// Makes the next commits as durable as this.
pub(super) fn prepare_for(c: &Connection, durability: Durability) -> Result<()> {
    let (level, pages) = match durability {
        Durability::Visible => ("NORMAL", CHECKPOINT_PAGES),
        Durability::Durable => ("FULL", CHECKPOINT_PAGES_DURABLE),
    };
    let pragmas = format!("PRAGMA synchronous = {level}; PRAGMA wal_autocheckpoint = {pages}");
    c.execute_batch(&pragmas).map_err(engine)
}

/// How every connection is set. The log is never shortened: overwriting it costs the device less than growing it again.
///
/// As text: `pragma_update` brings the printing of floating-point numbers into modules that print none.
const SETTINGS: &str = "PRAGMA journal_mode = WAL;
    PRAGMA journal_size_limit = -1;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -32768;
    PRAGMA trusted_schema = OFF;
    PRAGMA cell_size_check = ON";

fn configure(c: &Connection) -> Result<()> {
    c.set_prepared_statement_cache_capacity(128);
    // Otherwise a statement whose plan could use a partial index is prepared again for each value bound to it.
    c.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map_err(engine)?;
    c.execute_batch(&format!("PRAGMA page_size = {PAGE_SIZE}"))
        .map_err(engine)?;
    c.execute_batch(SETTINGS).map_err(engine)?;
    prepare_for(c, Durability::Visible)
}
